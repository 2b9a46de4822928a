/** What a compiled check is, and the simple ones that others are made of. */
import type { TypeSchema } from "../index.ts";
import type { Predicate } from "./predicates.ts";

export interface Mismatch {
  /** Inside the checked value: `.sizes[2].width`; "" for the value itself. */
  path: string;
  expected: TypeSchema;
  received: unknown;
}

export interface ValueCheck {
  is(value: unknown): boolean;
  /** Only for a value that `is` refused. */
  explain(value: unknown, path: string): Mismatch;
  /** What kind of value could pass: decides which member of a union a mismatch is explained by. */
  shape(): "object" | "array" | "other";
  /** Literal properties of an object: what tells the members of a discriminated union apart. */
  tags(): readonly Tag[];
}

export interface Tag {
  name: string;
  is: (value: unknown) => boolean;
}

const NO_TAGS: readonly Tag[] = [];
export const noTags = (): readonly Tag[] => NO_TAGS;

export function leaf(type: TypeSchema, is: Predicate): ValueCheck {
  return {
    is,
    explain: (value, path) => ({ path, expected: type, received: value }),
    shape: () => "other",
    tags: noTags,
  };
}

/** A check whose explanation finds the fault by itself: `fault` is undefined for a value that passes. */
export function collection(fault: (value: unknown) => Mismatch | undefined): ValueCheck {
  return {
    is: (value) => fault(value) === undefined,
    explain: (value, path) => {
      const found = fault(value)!;
      return { ...found, path: path + found.path };
    },
    shape: () => "other",
    tags: noTags,
  };
}

/** Compiled on first use: recursive types end, and what no value reaches costs nothing. */
export function lazy(make: () => ValueCheck): ValueCheck {
  let made: ValueCheck | undefined;
  const get = (): ValueCheck => {
    made ??= make();
    return made;
  };
  return {
    is: (value) => (made ?? get()).is(value),
    explain: (value, path) => get().explain(value, path),
    shape: () => get().shape(),
    tags: () => get().tags(),
  };
}

export function hasTags(member: ValueCheck, value: unknown): boolean {
  const tags = member.tags();
  return tags.length > 0 && tags.every(({ name, is }) => is((value as Record<string, unknown>)[name]));
}

export function propertyPath(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

export function keyText(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : typeof key === "object" ? "…" : String(key);
}
