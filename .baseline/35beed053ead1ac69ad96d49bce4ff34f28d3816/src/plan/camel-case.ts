/**
 * Python names in TypeScript's style, for a config with `names: "camelCase"`: functions, methods and their parameters. Calls
 * use the deployed names, so a stub carries those that differ.
 */
import { type CallSignature, isNamed, printPropertyName, printString } from "../schema/index.ts";
import type { LockedFunction } from "./locked.ts";

/** `max_length` as `maxLength`; leading and trailing underscores stay. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([^_])/g, (_, letter: string) => letter.toUpperCase());
}

export interface CamelCased {
  fn: LockedFunction;
  /** As code, `{ maxLength: "max_length" }`: the arguments whose names the function itself does not know. */
  names?: string;
}

/** A parameter keeps its deployed name if another one already has the new name. */
export function camelCaseParameters(fn: LockedFunction): CamelCased {
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  const all = new Set(calls.flatMap(({ parameters }) => parameters.map(({ name }) => name)));
  const shown = new Map<string, string>();
  const taken = new Set(all);
  for (const name of all) {
    const wanted = camelCase(name);
    if (wanted === name || taken.has(wanted)) continue;
    taken.add(wanted);
    shown.set(name, wanted);
  }
  if (shown.size === 0) return { fn };
  const rename = <C extends CallSignature>(call: C): C => ({
    ...call,
    parameters: call.parameters.map((parameter) => ({
      ...parameter,
      name: shown.get(parameter.name) ?? parameter.name,
    })),
  });
  const byName = new Set(
    calls.flatMap(({ parameters }) =>
      parameters.filter((parameter) => isNamed(parameter, fn.keywords ?? false)).map(({ name }) => name),
    ),
  );
  const entries = [...shown].filter(([name]) => byName.has(name));
  const names = entries.map(([name, camel]) => `${printPropertyName(camel)}: ${printString(name)}`);
  return {
    fn: { ...rename(fn), ...(fn.overloads && { overloads: fn.overloads.map(rename) }) },
    ...(names.length > 0 && { names: `{ ${names.join(", ")} }` }),
  };
}
