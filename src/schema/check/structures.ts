/** Checks of arrays, tuples, objects, unions and intersections, made of the checks of their parts. */
import type { TypeSchema } from "../index.ts";
import { hasTags, noTags, propertyPath, type Tag, type ValueCheck } from "./check.ts";
import { isUnit } from "./kinds.ts";
import type { Predicate } from "./predicates.ts";

export function arrayCheck(type: TypeSchema, item: ValueCheck): ValueCheck {
  const is = item.is;
  return {
    is: (value) => {
      if (!Array.isArray(value)) return false;
      for (let i = 0; i < value.length; i++) if (!is(value[i])) return false;
      return true;
    },
    explain: (value, path) => {
      if (!Array.isArray(value)) return { path, expected: type, received: value };
      const at = value.findIndex((one) => !is(one));
      return item.explain(value[at], `${path}[${at}]`);
    },
    shape: () => "array",
    tags: noTags,
  };
}

interface Element {
  check: ValueCheck;
  optional: boolean;
}

/** @param parts the elements before the rest element, the rest's own, and those after it */
export function tupleCheck(
  type: TypeSchema,
  { before, rest, after }: { before: readonly Element[]; rest: ValueCheck | undefined; after: readonly ValueCheck[] },
): ValueCheck {
  const least = before.filter((element) => !element.optional).length + after.length;
  const most = rest ? Number.POSITIVE_INFINITY : before.length;
  const checkAt = (index: number, length: number): Element => {
    if (rest && index >= length - after.length)
      return { check: after[index - (length - after.length)]!, optional: false };
    return before[index] ?? { check: rest!, optional: false };
  };
  const passes = (value: readonly unknown[], index: number): boolean => {
    const { check, optional } = checkAt(index, value.length);
    return check.is(value[index]) || (optional && value[index] === undefined);
  };
  return {
    is: (value) => {
      if (!Array.isArray(value) || value.length < least || value.length > most) return false;
      for (let i = 0; i < value.length; i++) if (!passes(value, i)) return false;
      return true;
    },
    explain: (value, path) => {
      if (!Array.isArray(value) || value.length < least || value.length > most)
        return { path, expected: type, received: value };
      const at = value.findIndex((_, index) => !passes(value, index));
      return checkAt(at, value.length).check.explain(value[at], `${path}[${at}]`);
    },
    shape: () => "array",
    tags: noTags,
  };
}

/** A property's check. */
export interface PropertyCheck {
  name: string;
  check: ValueCheck;
  optional: boolean;
  type: TypeSchema;
}

/** @param keyed checks of an index signature's values, for the property names that it covers */
export function objectCheck(
  type: TypeSchema,
  bases: readonly ValueCheck[],
  own: readonly PropertyCheck[],
  keyed: readonly { key: (name: string) => boolean; check: ValueCheck }[],
): ValueCheck {
  const checks = own.map(({ name, check, optional }) => ({ name, is: check.is, optional }));
  const named = new Set(own.map(({ name }) => name));
  const required = own.some((property) => !property.optional);
  const open = own.length === 0 && keyed.length === 0 && bases.length === 0;
  const badProperty = (value: Record<string, unknown>) =>
    own.find(({ name, check, optional }) => !(check.is(value[name]) || (optional && value[name] === undefined)));
  const badKey = (value: object): [string, ValueCheck] | undefined => {
    for (const [name, member] of Object.entries(value)) {
      if (named.has(name)) continue;
      for (const { key, check } of keyed) if (key(name) && !check.is(member)) return [name, check];
    }
    return undefined;
  };
  // A string is a `{ length: number }`; a number is not a `{ x: string | undefined }`, although it does not have an `x` either.
  const fits = (value: unknown): boolean =>
    open || (required && own.every(({ name, optional }) => optional || name in Object(value)));
  const couldBe = (value: unknown): boolean =>
    value !== null && value !== undefined && (typeof value === "object" || typeof value === "function" || fits(value));
  const tags = (): readonly Tag[] => [
    ...bases.flatMap((base) => base.tags()),
    ...own.flatMap(({ name, type, check, optional }) => (isUnit(type) && !optional ? [{ name, is: check.is }] : [])),
  ];
  return {
    is: (value) => {
      if (!couldBe(value)) return false;
      for (let i = 0; i < bases.length; i++) if (!bases[i]!.is(value)) return false;
      const object = value as Record<string, unknown>;
      for (let i = 0; i < checks.length; i++) {
        const { name, is, optional } = checks[i]!;
        const member = object[name];
        if (!is(member) && !(optional && member === undefined)) return false;
      }
      return keyed.length === 0 || badKey(object) === undefined;
    },
    explain: (value, path) => {
      if (!couldBe(value) || typeof value !== "object") return { path, expected: type, received: value };
      const base = bases.find((one) => !one.is(value));
      if (base) return base.explain(value, path);
      const object = value as Record<string, unknown>;
      const property = badProperty(object);
      if (property) return property.check.explain(object[property.name], path + propertyPath(property.name));
      const [name, check] = badKey(object)!;
      return check.explain(object[name], path + propertyPath(name));
    },
    shape: () => "object",
    tags,
  };
}

export function unionCheck(
  type: TypeSchema,
  literals: ReadonlySet<unknown>,
  members: readonly ValueCheck[],
): ValueCheck {
  const is: Predicate = (value) => {
    if (literals.has(value)) return true;
    for (let i = 0; i < members.length; i++) if (members[i]!.is(value)) return true;
    return false;
  };
  return {
    is,
    explain: (value, path) => {
      const shape = Array.isArray(value) ? "array" : typeof value === "object" && value !== null ? "object" : "other";
      const alike = shape === "other" ? [] : members.filter((member) => member.shape() === shape);
      const tagged = alike.filter((member) => hasTags(member, value));
      const meant = tagged.length === 1 ? tagged[0] : alike.length === 1 ? alike[0] : undefined;
      return meant ? meant.explain(value, path) : { path, expected: type, received: value };
    },
    shape: () => {
      const shapes = new Set(members.map((member) => member.shape()));
      const [only] = shapes;
      return only && shapes.size === 1 && literals.size === 0 ? only : "other";
    },
    tags: noTags,
  };
}

export function intersectionCheck(members: readonly ValueCheck[]): ValueCheck {
  return {
    is: (value) => {
      for (let i = 0; i < members.length; i++) if (!members[i]!.is(value)) return false;
      return true;
    },
    explain: (value, path) => members.find((member) => !member.is(value))!.explain(value, path),
    shape: () => members[0]?.shape() ?? "other",
    tags: () => members.flatMap((member) => member.tags()),
  };
}
