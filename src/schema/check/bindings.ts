/** What type parameters stand for. */
import type { TypeSchema } from "../index.ts";

export type Bindings = ReadonlyMap<string, TypeSchema>;

export const UNBOUND: Bindings = new Map();

/** Replaces bound type parameters; unbound ones stay. */
export function substitute(type: TypeSchema, bindings: Bindings): TypeSchema {
  if (bindings.size === 0) return type;
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    const { kind, name } = node as { kind?: string; name?: string };
    if (kind === "typeParameter" && name !== undefined && bindings.has(name)) return bindings.get(name);
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, walk(member)]));
  };
  return walk(type) as TypeSchema; // same shape, with type parameters replaced
}
