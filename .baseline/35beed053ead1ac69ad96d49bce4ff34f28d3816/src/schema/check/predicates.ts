/** Tests of single values, to which a type's leaves are compiled. */
import type { BuiltinName, TypeSchema } from "../index.ts";

export type Predicate = (value: unknown) => boolean;

export const anything: Predicate = () => true;

/** What every object type accepts, including `{}`: primitives too, since they have properties. */
export const isNotNothing: Predicate = (value) => value !== null && value !== undefined;

export const isKey: Predicate = (value) => typeof value === "string" || typeof value === "number";

export function isIterable(value: unknown): value is Iterable<unknown> {
  return isNotNothing(value) && typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
}

export const primitives: Record<Extract<TypeSchema, { kind: "primitive" }>["name"], Predicate> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  bigint: (value) => typeof value === "bigint",
  null: (value) => value === null,
  undefined: (value) => value === undefined,
  void: (value) => value === undefined,
  unknown: anything,
  any: anything,
  never: () => false,
  object: (value) => typeof value === "object" && value !== null,
  symbol: (value) => typeof value === "symbol",
};

/** What `${T}` can look like. */
export const textPatterns: Partial<Record<string, string>> = {
  number: "[+-]?(?:Infinity|NaN|0[xX][\\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)",
  bigint: "-?\\d+",
  boolean: "(?:true|false)",
  null: "null",
  undefined: "undefined",
};

type LiteralValue = Extract<TypeSchema, { kind: "literal" }>["value"];

export function literalValue(value: LiteralValue): string | number | boolean | bigint {
  return typeof value === "object" ? BigInt(value.bigint) : value;
}

export function literalPredicate(literal: LiteralValue): Predicate {
  const wanted = literalValue(literal);
  return (value) => value === wanted;
}

export function builtinPredicate(name: BuiltinName): Predicate {
  const constructor = (globalThis as Record<string, unknown>)[name];
  return typeof constructor === "function" ? (value) => value instanceof constructor : anything;
}

/** The string escaped for a pattern. */
export function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
