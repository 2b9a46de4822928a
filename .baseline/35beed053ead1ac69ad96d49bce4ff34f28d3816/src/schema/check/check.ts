/** The interface of a compiled check, and the simple checks that others are built from. */
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
  /** Call it only for a value that `is` refused. */
  explain(value: unknown, path: string): Mismatch;
  /** The kind of value that could pass: decides which member of a union explains a mismatch. */
  shape(): "object" | "array" | "other";
  /** Literal properties of an object, which distinguish the members of a discriminated union. */
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

/** A check made from its explanation: `fault` returns undefined for a value that passes. */
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

/** Compiled on first use: recursive types terminate, and parts that no value reaches cost nothing. */
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
