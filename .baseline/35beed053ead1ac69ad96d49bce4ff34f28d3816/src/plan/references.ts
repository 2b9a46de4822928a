/** A type's references: the declarations and global types that it uses. */
import type { Declaration, TypeParameterSchema, TypeSchema } from "../schema/index.ts";
import { Scope } from "./names.ts";

/** The declarations that the functions need, directly or through others. */
export function neededDeclarations(declarations: readonly Declaration[], functions: readonly object[]): Declaration[] {
  const byName = new Map(declarations.map((declaration) => [declaration.name, declaration]));
  const needed = new Set<string>();
  const queue: object[] = [...functions];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (const name of typeUses(node).references) {
      const declaration = needed.has(name) ? undefined : byName.get(name);
      if (!declaration) continue;
      needed.add(name);
      queue.push(declaration);
    }
  }
  return declarations.filter((declaration) => needed.has(declaration.name));
}

/**
 * A declaration may have the name of a global type that another part of the same app uses: `interface Map` in one module, the
 * class `Map` in another. The global one is then written `globalThis.Map`.
 */
export function qualifyGlobals<T>(node: T, declared: ReadonlySet<string>): T {
  return rewriteTypes(node, (type) => {
    if ((type.kind !== "builtin" && type.kind !== "global") || !declared.has(type.name.split(".", 1)[0]!)) return type;
    return { kind: "global", name: `globalThis.${type.name}`, typeArguments: type.typeArguments ?? [] };
  });
}

/**
 * Renames type parameters that have the name of a declaration their signature also uses, which they would hide.
 * @param taken names that are taken
 */
export function renameHiding<T extends { typeParameters?: TypeParameterSchema[] | undefined }>(
  node: T,
  declared: ReadonlySet<string>,
  taken: ReadonlySet<string>,
): T {
  const hiding =
    node.typeParameters?.filter(({ name }) => declared.has(name) && typeUses(node).references.includes(name)) ?? [];
  if (hiding.length === 0) return node;
  const scope = new Scope([...declared, ...taken]);
  const renamed = new Map(hiding.map(({ name }) => [name, scope.claim(name)]));
  const binders = (own: TypeParameterSchema[]) =>
    own.map((each) => ({ ...each, name: renamed.get(each.name) ?? each.name }));
  const copy = rewriteTypes(node, (type) => {
    if (type.kind === "typeParameter") return { ...type, name: renamed.get(type.name) ?? type.name };
    // A nested type binds the name again.
    return "typeParameters" in type && type.typeParameters
      ? { ...type, typeParameters: binders(type.typeParameters) }
      : type;
  });
  return { ...copy, typeParameters: binders(copy.typeParameters!) };
}

/** The type parameters that types name, directly or in the constraints and defaults of others that they name. */
export function usedTypeParameters(own: readonly TypeParameterSchema[], types: unknown): TypeParameterSchema[] {
  if (own.length === 0) return [];
  const used = new Set<TypeParameterSchema>();
  const queue: unknown[] = [types];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    visitTypes(node, (type) => {
      const parameter = type.kind === "typeParameter" ? own.find(({ name }) => name === type.name) : undefined;
      if (!parameter || used.has(parameter)) return;
      used.add(parameter);
      queue.push({ ...parameter });
    });
  }
  return own.filter((parameter) => used.has(parameter));
}

/** Underscores the names of type parameters that nothing uses, without which they do not compile under noUnusedParameters. */
export function markUnused(own: readonly TypeParameterSchema[], types: unknown): TypeParameterSchema[] {
  const used = new Set(
    usedTypeParameters(own, [types, own.map(({ constraint }) => constraint), own.map((each) => each.default)]),
  );
  return own.map((parameter) =>
    used.has(parameter) || parameter.name.startsWith("_") ? parameter : { ...parameter, name: `_${parameter.name}` },
  );
}

export interface TypeUses {
  /** Names of declarations; some may occur several times. */
  references: string[];
  /** The first names of global types: `Intl` for `Intl.NumberFormatOptions`; some may occur several times. */
  globals: string[];
  /** Whether a type binds names inside itself: `infer U`, `<T>(value: T) => T`. */
  binds: boolean;
}

const usesOfNodes = new WeakMap<object, TypeUses>();

/** What the types in a function or declaration use. Each is walked once, since a manifest may have many thousand types. */
export function typeUses(node: object): TypeUses {
  let uses = usesOfNodes.get(node);
  if (!uses) {
    uses = { references: [], globals: [], binds: false };
    collectUses(node, uses);
    usesOfNodes.set(node, uses);
  }
  return uses;
}

function collectUses(node: object, uses: TypeUses): void {
  visitTypes(node, (type) => {
    if (type.kind === "reference") uses.references.push(type.name);
    else if (type.kind === "builtin" || type.kind === "global") uses.globals.push(type.name.split(".", 1)[0]!);
    else uses.binds ||= bindsNames(type);
  });
}

/** Whether a type binds names that only it can use. */
function bindsNames(type: TypeSchema): boolean {
  return type.kind === "infer" || (type.kind === "function" && type.typeParameters !== undefined);
}

function visitTypes(node: unknown, visit: (type: TypeSchema) => void): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) visitTypes(item, visit);
    return;
  }
  if ("kind" in node) visit(node as TypeSchema);
  for (const key in node) {
    const value = (node as Record<string, unknown>)[key];
    if (typeof value === "object") visitTypes(value, visit);
  }
}

export function rewriteTypes<T>(node: T, rewrite: (type: TypeSchema) => TypeSchema): T {
  if (typeof node !== "object" || node === null) return node;
  // Rewritten from the leaves up; values that are not types keep their shape.
  if (Array.isArray(node)) return node.map((item) => rewriteTypes(item, rewrite)) as T;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, rewriteTypes(value, rewrite)])) as T;
  return "kind" in node ? (rewrite(copy as TypeSchema) as T) : copy;
}
