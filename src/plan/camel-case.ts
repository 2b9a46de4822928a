/**
 * Python's names as TypeScript writes them, for a config with `names: "camelCase"`: functions, methods and their parameters. Calls
 * go out by the names that are deployed, so a stub carries those that differ.
 */
import { type CallSignature, isNamed, printPropertyName, printString } from "../schema/index.ts";
import type { LockedFunction } from "./locked.ts";

/** `max_length` as `maxLength`; underscores at the start and the end stay. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([^_])/g, (_, letter: string) => letter.toUpperCase());
}

export interface CamelCased {
  fn: LockedFunction;
  /** As code, `{ maxLength: "max_length" }`: what can be passed by a name that the function itself does not have. */
  names?: string;
}

/** A parameter keeps its name where another one has it already. */
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
