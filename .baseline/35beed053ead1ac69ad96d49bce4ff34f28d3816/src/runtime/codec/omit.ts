/** Takes properties out of values that could not cross the wire with them: see the function option `omit`. */
import { canCross } from "./prepare.ts";
import { kindOf, MAX_DEPTH } from "./scan.ts";

/**
 * The value without those properties of its objects that have one of these names and a value that cannot cross. It is copied
 * as far as it changes. What else cannot cross is left for the encoder to refuse.
 */
export function withoutUncrossable(value: unknown, names: ReadonlySet<string>, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  const inner = (part: unknown): unknown => withoutUncrossable(part, names, depth + 1);
  if (Array.isArray(value)) {
    // `map` keeps holes.
    const copy = value.map(inner);
    return copy.some((item, at) => item !== value[at]) ? copy : value;
  }
  const prototype: object | null = Object.getPrototypeOf(value);
  switch (prototype === Object.prototype ? "data" : kindOf(value, prototype)) {
    case "map": {
      const entries = [...(value as Map<unknown, unknown>)];
      const copy = entries.map(([key, item]) => [inner(key), inner(item)] as const);
      return copy.some(([key, item], at) => key !== entries[at]![0] || item !== entries[at]![1])
        ? new Map(copy)
        : value;
    }
    case "set": {
      const items = [...(value as Set<unknown>)];
      const copy = items.map(inner);
      return copy.some((item, at) => item !== items[at]) ? new Set(copy) : value;
    }
    case "data":
    case "bare":
    case "foreign object": {
      const entries = Object.entries(value);
      const copy = entries
        .map(([key, item]) => [key, inner(item)] as const)
        .filter(([key, item]) => !names.has(key) || canCross(item, 0));
      if (copy.length === entries.length && copy.every(([, item], at) => item === entries[at]![1])) return value;
      // Unlike assignment, fromEntries takes `__proto__` for a name.
      const made = Object.fromEntries(copy);
      return prototype === null ? Object.setPrototypeOf(made, null) : made;
    }
    default:
      return value;
  }
}
