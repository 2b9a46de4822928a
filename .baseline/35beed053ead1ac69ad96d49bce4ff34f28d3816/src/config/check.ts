/**
 * Checks a loaded config against the types in config.ts, and says for each mistake where it is, what was found and what
 * was expected. The only module of the generator that needs zod, so it is imported only when a config has to be checked.
 */
import { z } from "zod";
import type { Plugin } from "../plan/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import { nearest } from "../schema/index.ts";
import { thrownText, valueText } from "../text/index.ts";
import type { AppSelection, BundleOptions, Config } from "./config.ts";

const hook = z.custom<never>((value) => typeof value === "function", "a function");
const name = z.string().min(1);

const bundle = z.strictObject({
  external: z.array(name).optional(),
  loader: z
    .record(
      z.string(),
      z.custom<never>((value) => typeof value === "string", "the name of a loader"),
    )
    .optional(),
  plugins: z.array(z.custom<never>(isBundlePlugin, "an esbuild plugin: { name, setup }")).optional(),
  conditions: z.array(name).optional(),
  define: z.record(z.string(), z.string()).optional(),
});

function isBundlePlugin(value: unknown): boolean {
  const { name, setup } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof setup === "function";
}

const appSelection = z.strictObject({
  name,
  environment: name.optional(),
  functions: z.array(name).optional(),
  as: name.optional(),
  bundle: bundle.optional(),
});

const plugin = z.strictObject({
  name,
  onManifest: hook.optional(),
  onPlan: hook.optional(),
  onFile: hook.optional(),
});

const config = z.strictObject({
  extends: z.union([name, z.array(name)]).optional(),
  engine: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:/i, 'an engine\'s URL such as "local:"')
    .optional(),
  environment: name.optional(),
  apps: z.array(z.union([name, appSelection])).optional(),
  output: name.optional(),
  templates: name.optional(),
  emit: z.enum(["ts", "js"]).optional(),
  exports: z.enum(["namespaces", "flat"]).optional(),
  names: z.enum(["deployed", "camelCase"]).optional(),
  importExtension: z.enum([".ts", ".js", "none"]).optional(),
  allowOutside: z.boolean().optional(),
  rename: hook.optional(),
  format: hook.optional(),
  plugins: z.array(plugin).optional(),
  bundle: bundle.optional(),
});

// Each key is in the schema and the other way round: these lines do not compile when one is forgotten.
type SameKeys<A, B> = [Exclude<keyof A, keyof B>, Exclude<keyof B, keyof A>] extends [never, never] ? true : never;
true satisfies SameKeys<Config, z.infer<typeof config>>;
true satisfies SameKeys<AppSelection, z.infer<typeof appSelection>>;
true satisfies SameKeys<Plugin, z.infer<typeof plugin>>;
true satisfies SameKeys<BundleOptions, z.infer<typeof bundle>>;

/** Returns the configs that a file holds: one, or an array's items. Throws InvalidError that lists every mistake. */
export function checkConfig(value: unknown, file: string): readonly Config[] {
  const several = Array.isArray(value);
  const problems: string[] = [];
  for (const [index, item] of (several ? value : [value]).entries()) {
    const at = several ? [index] : [];
    const unreadable = unreadableIn(item, at);
    problems.push(...unreadable);
    if (unreadable.length > 0) continue;
    const { error } = config.safeParse(item, { error: (issue) => expectation(issue) });
    for (const issue of error?.issues ?? []) problems.push(...describe(issue, item, at));
  }
  if (problems.length > 0) {
    throw new InvalidError(
      `the config ${file} is not valid:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
      {
        hint: "See docs/config.md for each key. With defineConfig() your editor checks them.",
      },
    );
  }
  return (several ? value : [value]) as readonly Config[];
}

/** Getters that throw, as deep as a config has keys. */
function unreadableIn(value: unknown, path: readonly PropertyKey[], depth = 0): string[] {
  if (typeof value !== "object" || value === null || depth > 3) return [];
  return Object.keys(value).flatMap((key) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    try {
      return unreadableIn(value[key as keyof typeof value], at, depth + 1);
    } catch (error) {
      return [`${pathText(at)}: cannot be read: ${thrownText(error)}`];
    }
  });
}

type Issue = z.core.$ZodIssue;

function describe(issue: Issue, root: unknown, prefix: readonly PropertyKey[]): string[] {
  const path = [...prefix, ...issue.path];
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], root);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(schemaAt(issue.path).shape);
    return issue.keys.map((key) => {
      const [meant] = nearest(key, known, 1);
      return `${pathText([...path, key])}: unknown key; ${meant ? `did you mean ${meant}?` : `known keys: ${known.join(", ")}`}`;
    });
  }
  if (issue.code === "invalid_union") {
    // Report the branch that got furthest, which is the intended one: an object with a wrong key rather than "not a string".
    const deepest = issue.errors.flat().filter((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys");
    if (deepest.length > 0)
      return deepest.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, root, prefix));
    return [
      `${pathText(path)}: expected ${issue.errors
        .flat()
        .map((inner) => inner.message)
        .join(" or ")}, got ${valueText(value)}`,
    ];
  }
  return [`${pathText(path)}: expected ${issue.message}, got ${valueText(value)}`];
}

/** The expected value in words: becomes each issue's message. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return (
        { array: "an array", object: "an object", string: "a string", boolean: "true or false" }[
          issue.expected as string
        ] ?? issue.expected
      );
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "too_small":
      return "a non-empty string";
    default:
      return issue.message ?? "something else";
  }
}

function schemaAt(path: readonly PropertyKey[]): { shape: Record<string, unknown> } {
  if (path.includes("bundle")) return bundle;
  if (path[0] === "apps") return appSelection;
  return path[0] === "plugins" ? plugin : config;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "config";
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`))
    .join("");
}
