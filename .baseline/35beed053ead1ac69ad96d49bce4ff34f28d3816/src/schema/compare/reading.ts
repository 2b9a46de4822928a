/** Changes that readers of a stub see but programs do not: documentation, labels, names of types, order. */

import { canonicalOf } from "../signature.ts";
import type { Declaration } from "../type-schema.ts";
import type { FunctionVersion } from "./versions.ts";

/** One line each; empty when a stub reads the same. */
export function readingChanges(before: FunctionVersion, after: FunctionVersion): string[] {
  const reasons: string[] = [];
  for (const [at, { name }] of before.fn.parameters.entries()) {
    const now = after.fn.parameters[at]?.name;
    if (now !== undefined && now !== name) reasons.push(`parameter '${name}' is called '${now}' now`);
  }
  const otherTypes = textOf(before.declarations) !== textOf(after.declarations);
  const [old, current] = [before, after].map((version) => (otherTypes ? visible(version) : [own(version)]));
  if (docs(old) !== docs(current)) reasons.push("documentation changed");
  if (reasons.length === 0 && JSON.stringify(old) !== JSON.stringify(current)) reasons.push("names or order changed");
  return reasons;
}

const texts = new WeakMap<readonly Declaration[], string>();

/** Compares all declarations at once: if none differs, as in most deploys, functions need not compare those that they reach. */
function textOf(declarations: readonly Declaration[]): string {
  const text = texts.get(declarations) ?? JSON.stringify(declarations);
  texts.set(declarations, text);
  return text;
}

function own({ fn }: FunctionVersion): object {
  const { doc, mode, keywords, overloads, typeParameters, parameters, returns, errors } = fn;
  return { doc, mode, keywords, overloads, typeParameters, parameters, returns, errors };
}

/** The parts of a version that show in its stub: the function's own and the declarations that it reaches. */
function visible(version: FunctionVersion): unknown[] {
  const shown: unknown[] = [own(version)];
  const known = canonicalOf(version.declarations).declarations;
  const seen = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { kind, name } = value as { kind?: unknown; name?: unknown };
    if (kind === "reference" && typeof name === "string" && !seen.has(name)) {
      seen.add(name);
      shown.push(known.get(name));
      visit(known.get(name));
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(shown[0]);
  return shown;
}

function docs(value: unknown): string {
  const found: unknown[] = [];
  JSON.stringify(value, (key, item) => {
    if (key === "doc" || key === "default") found.push(item);
    return item;
  });
  return JSON.stringify(found.sort());
}
