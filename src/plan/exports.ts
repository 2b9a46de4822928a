/** The names by which a file exports stubs: the deployed ones, as the config changes them and TypeScript allows. */
import { InvalidError } from "../runtime/errors.ts";
import { thrownText, valueText } from "../text/index.ts";
import { camelCase } from "./camel-case.ts";
import type { LockedManifest } from "./locked.ts";
import { canDeclare, Scope, toIdentifier } from "./names.ts";
import type { PlanSettings } from "./plan-settings.ts";

interface NamedExport {
  local: string;
  exported: string;
}

/**
 * Gives each function and class its names: the deployed one wherever TypeScript allows it.
 * @param values the file's other exports: enums and error classes
 */
export function nameExports<T extends { name: string }>(
  items: readonly T[],
  manifest: LockedManifest,
  values: readonly string[],
  settings: PlanSettings,
): Map<T, NamedExport> {
  const wanted = new Map(items.map((item) => [item, renamed(item.name, manifest, settings)]));
  const exports = new Scope(values);
  const exported = new Map<T, string>();
  const converted: [T, string][] = [];
  for (const [fn, name] of wanted) {
    // `await import()` takes a module that exports a function of this name for a promise, and a class's const is a function.
    const isThen = name === "then" && manifest.classes?.some((of) => of.name === fn.name);
    if (isThen || name !== toIdentifier(name)) {
      converted.push([fn, isThen ? `${name}_` : name]);
      continue;
    }
    if (exports.has(name)) {
      throw new InvalidError(
        `two exports would be called ${name}${values.includes(name) ? ", a function and an enum or error class" : ""}`,
        {
          hint: "Tell them apart with the config's `rename`.",
        },
      );
    }
    exported.set(fn, exports.claim(name));
  }
  for (const [fn, name] of converted) exported.set(fn, exports.claim(toIdentifier(name)));

  // A reserved word can be exported, but cannot be a const's name: `export { delete_ as delete }`.
  const locals = new Scope([...values, ...[...exported.values()].filter(canDeclare)]);
  return new Map(
    items.map((item) => {
      const name = exported.get(item)!;
      return [item, { exported: name, local: canDeclare(name) ? name : locals.claim(`${name}_`) }];
    }),
  );
}

export function camelCases({ language }: LockedManifest, { names }: PlanSettings): boolean {
  return names === "camelCase" && language === "python";
}

/** The name from the config's `rename`, or else the deployed name in the style of the config's `names`. */
export function renamed(deployed: string, manifest: LockedManifest, settings: PlanSettings): string {
  const name = renamedByConfig(deployed, manifest, settings);
  return name === deployed && camelCases(manifest, settings) ? camelCase(name) : name;
}

function renamedByConfig(name: string, { app, environment }: LockedManifest, { rename }: PlanSettings): string {
  if (!rename) return name;
  const hint = "`rename` gets a deployed name and returns the one that the stub is exported by.";
  let result: unknown;
  try {
    result = rename(name, { app, environment }) ?? name;
  } catch (cause) {
    throw new InvalidError(`the config's rename failed for ${name}: ${thrownText(cause)}`, { cause, hint });
  }
  if (typeof result === "string" && result !== "") return result;
  throw new InvalidError(
    `the config's rename returned ${valueText(result)} for ${name}: expected a name, as a string`,
    { hint },
  );
}
