/**
 * Prepares types for the comparison of two versions: resolves names, flattens unions, merges the object types of an
 * intersection. Each function returns `undefined` where it cannot.
 */
import { expandGlobal } from "../globals.ts";
import { type Declarations, expand, MAX_DEPTH } from "../resolve.ts";
import type {
  ArrayType,
  EnumDeclaration,
  IntersectionType,
  ObjectType,
  PropertySchema,
  TupleElement,
  TupleType,
  TypeSchema,
} from "../type-schema.ts";

const BOOLEANS: readonly TypeSchema[] = [
  { kind: "literal", value: true },
  { kind: "literal", value: false },
];

/** The codec that a type crosses the wire by, and what it makes of values. */
export function codecOf(type: TypeSchema, declarations: Declarations): { name: string; type: TypeSchema } | undefined {
  const declaration = type.kind === "reference" ? declarations.get(type.name) : undefined;
  return declaration?.kind === "alias" && declaration.codec
    ? { name: declaration.codec.name, type: declaration.type }
    : undefined;
}

export function membersOf(type: TypeSchema): readonly TypeSchema[] {
  if (type.kind === "union" || type.kind === "intersection") return type.members;
  return isPrimitive(type, "boolean") ? BOOLEANS : [type];
}

/** Whether a type is a name for another one: a reference, or a global such as `Partial<Options>`. */
export function isNamed(type: TypeSchema, declarations: Declarations): boolean {
  if (codecOf(type, declarations)) return false;
  return type.kind === "reference" || (type.kind === "global" && expandGlobal(type, declarations) !== undefined);
}

/** The type behind a name, or the type itself if it is not a name; `undefined` if it cannot be determined. */
export function open(type: TypeSchema, declarations: Declarations): TypeSchema | undefined {
  if (codecOf(type, declarations)) return type;
  if (type.kind === "reference") return expand(type, declarations);
  return type.kind === "global" ? (expandGlobal(type, declarations) ?? type) : type;
}

/** `{}`, which has all values but `null` and `undefined`. */
export function isEmptyObject(type: TypeSchema): boolean {
  return type.kind === "object" && type.properties.length === 0 && !type.indexes?.length && !type.calls;
}

/** Types that are neither object types, whose properties are compared one by one, nor `null` or `undefined`. */
export function isSomething(type: TypeSchema): boolean {
  if (type.kind === "primitive") return ["string", "number", "bigint", "symbol", "object"].includes(type.name);
  return type.kind === "literal" || type.kind === "templateLiteral" || type.kind === "builtin" || isList(type);
}

export function isList(type: TypeSchema): type is ArrayType | TupleType {
  return type.kind === "array" || type.kind === "tuple";
}

export function isPrimitive(type: TypeSchema, name: string): boolean {
  return type.kind === "primitive" && type.name === name;
}

export function primitiveOf(value: string | number | boolean | { bigint: string }): string {
  return typeof value === "object" ? "bigint" : typeof value;
}

export function orUndefined(type: TypeSchema): TypeSchema {
  return { kind: "union", members: [type, { kind: "primitive", name: "undefined" }] };
}

export function enumOf(type: TypeSchema, declarations: Declarations): EnumDeclaration | undefined {
  const declaration = type.kind === "reference" ? declarations.get(type.name) : undefined;
  return declaration?.kind === "enum" ? declaration : undefined;
}

/** The members of a union, including nested ones and those behind references; another type is its own only member. */
export function openUnion(type: TypeSchema, declarations: Declarations, depth = 0): TypeSchema[] {
  if (type.kind === "union") return type.members.flatMap((member) => openUnion(member, declarations, depth));
  if (type.kind !== "reference" || depth >= MAX_DEPTH || enumOf(type, declarations) || codecOf(type, declarations))
    return [type];
  const opened = expand(type, declarations);
  return opened?.kind === "union" || opened?.kind === "reference" ? openUnion(opened, declarations, depth + 1) : [type];
}

/**
 * An intersection with its object types merged, and the one other type that it may have: `string & { brand: "id" }`.
 * `undefined` for anything more complex; TypeScript may then reduce the whole to `never`.
 */
export function mergeObjects({ members }: IntersectionType, declarations: Declarations): TypeSchema | undefined {
  const properties = new Map<string, PropertySchema>();
  const others: TypeSchema[] = [];
  for (const member of members) {
    let type: TypeSchema | undefined = member;
    for (let depth = 0; type?.kind === "reference" && depth < MAX_DEPTH; depth++) {
      if (codecOf(type, declarations)) return undefined;
      type = expand(type, declarations);
    }
    if (type?.kind === "intersection") type = mergeObjects(type, declarations);
    if (!type) return undefined;
    if (type.kind !== "object") {
      others.push(type);
      continue;
    }
    // One object type cannot express one member's property under another's index signature.
    if (type.indexes?.length) return undefined;
    for (const property of type.properties) {
      const known = properties.get(property.name);
      if (known && JSON.stringify({ ...known, doc: "" }) !== JSON.stringify({ ...property, doc: "" })) return undefined;
      properties.set(property.name, property);
    }
  }
  const object: ObjectType = { kind: "object", properties: [...properties.values()] };
  const [other, ...more] = others;
  if (!other) return object;
  return more.length === 0 && TAGGED.has(other.kind === "primitive" ? other.name : other.kind)
    ? { kind: "intersection", members: [other, object] }
    : undefined;
}

/**
 * Whether a string, array or the like with properties of its own is to have more of them, be they optional: it may have
 * inherited ones of these names.
 */
export function addsToTagged(source: TypeSchema, target: TypeSchema): boolean {
  if (source.kind !== "intersection" || target.kind !== "object") return false;
  const object = source.members.find((member) => member.kind === "object");
  return target.properties.some(({ name }) => !object?.properties.some((property) => property.name === name));
}

/** More alternatives than this are left as they are. */
const MAX_ALTERNATIVES = 32;

/** `A & (B | C)` is `(A & B) | (A & C)`, for the compiler too. */
export function distribute(type: TypeSchema, declarations: Declarations): TypeSchema {
  if (type.kind !== "intersection") return type;
  const choices = type.members.map((member) => openUnion(member, declarations));
  const count = choices.reduce((product, { length }) => product * length, 1);
  if (count === 1 || count > MAX_ALTERNATIVES) return type;
  let alternatives: TypeSchema[][] = [[]];
  for (const choice of choices) alternatives = alternatives.flatMap((one) => choice.map((member) => [...one, member]));
  return { kind: "union", members: alternatives.map((members) => ({ kind: "intersection", members })) };
}

/** Types that can have additional properties and still have values. */
const TAGGED = new Set(["string", "number", "bigint", "literal", "templateLiteral", "array", "tuple", "builtin"]);

/** The fixed elements and the rest; `undefined` when elements follow the rest, or its type is not known. */
export function splitRest(
  elements: readonly TupleElement[],
): { fixed: readonly TupleElement[]; rest?: TypeSchema } | undefined {
  const first = elements.findIndex((element) => element.rest);
  if (first < 0) return { fixed: elements };
  const { type } = elements[first]!;
  if (first < elements.length - 1 || type.kind !== "array") return undefined;
  return { fixed: elements.slice(0, first), rest: type.element };
}
