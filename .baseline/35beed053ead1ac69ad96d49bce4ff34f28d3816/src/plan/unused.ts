/**
 * Prefixes the names that types bind inside themselves and never use with an underscore. Otherwise a consumer's program does not compile
 * under noUnusedLocals or noUnusedParameters: `T extends [infer U, ...infer _Rest] ? U : never`.
 */
import type { ConditionalType, InferType, TypeSchema } from "../schema/index.ts";
import { Scope } from "./names.ts";
import { markUnused, rewriteTypes, typeUses } from "./references.ts";

/** The names of each `infer` and of function types' type parameters. */
export function markUnusedInside<T extends object>(node: T): T {
  if (!typeUses(node).binds) return node;
  return rewriteTypes(node, (type) => {
    if (type.kind === "conditional") return markUnusedInferred(type);
    if (type.kind !== "function" || !type.typeParameters) return type;
    return { ...type, typeParameters: markUnused(type.typeParameters, [type.parameters, type.returns]) };
  });
}

function markUnusedInferred(type: ConditionalType): ConditionalType {
  const used = new Set<string>();
  collectFree(type.whenTrue, used);
  const inferred: InferType[] = [];
  collectInferred(type.extends, inferred);
  const unused = inferred.filter((each) => !each.name.startsWith("_") && !used.has(each.name) && !namesItself(each));
  if (unused.length === 0) return type;
  const scope = new Scope([...used, ...inferred.map(({ name }) => name)]);
  const renamed = new Map([...new Set(unused.map(({ name }) => name))].map((name) => [name, scope.claim(`_${name}`)]));
  const rename = (part: TypeSchema): TypeSchema =>
    mapInferred(part, (each) => ({ ...each, name: renamed.get(each.name) ?? each.name }));
  return { ...type, extends: rename(type.extends) };
}

/** `infer U extends Box<U>`. */
function namesItself({ name, constraint }: InferType): boolean {
  const free = new Set<string>();
  collectFree(constraint, free);
  return free.has(name);
}

/** The `infer`s that a conditional type binds, without those of nested ones, which bind their own. */
function collectInferred(node: unknown, inferred: InferType[]): void {
  mapInferred(node, (each) => {
    inferred.push(each);
    return each;
  });
}

function mapInferred<T>(node: T, map: (type: InferType) => InferType): T {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map((item) => mapInferred(item, map)) as T;
  const isConditional = "kind" in node && node.kind === "conditional";
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      isConditional && key === "extends" ? value : mapInferred(value, map),
    ]),
  ) as T;
  return "kind" in node && node.kind === "infer" ? (map(copy as InferType) as T) : copy;
}

/** The names in a type that are bound outside it. */
function collectFree(node: unknown, free: Set<string>): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) collectFree(item, free);
    return;
  }
  const type = node as Partial<TypeSchema>;
  if ((type.kind === "typeParameter" || type.kind === "reference") && type.name !== undefined) free.add(type.name);
  const bound = new Set<string>();
  if (type.kind === "mapped" && type.parameter !== undefined) bound.add(type.parameter);
  if (type.kind === "function") for (const { name } of type.typeParameters ?? []) bound.add(name);
  for (const [key, value] of Object.entries(node)) {
    const isBranch = type.kind === "conditional" && key === "whenTrue";
    const inferred: InferType[] = [];
    if (isBranch) collectInferred(type.extends, inferred);
    const hidden = isBranch ? new Set(inferred.map(({ name }) => name)) : bound;
    if (hidden.size === 0) {
      collectFree(value, free);
      continue;
    }
    const inner = new Set<string>();
    collectFree(value, inner);
    for (const name of inner) if (!hidden.has(name)) free.add(name);
  }
}
