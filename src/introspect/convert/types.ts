/** Types that the checker found or computed, to schema: results that are inferred, what `typeof` and computed types come to. */
import { ts } from "ts-morph";
import type { ObjectType, TupleElement, TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { membersOfType } from "./members.ts";
import { convertNamed, convertTypeParameter } from "./names.ts";
import {
  convertAny,
  convertNode,
  numberLiteral,
  refuseFunction,
  refuseFunctionValue,
  refuseGlobalThis,
  refuseSymbol,
} from "./nodes.ts";

const { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags } = ts;

const PRIMITIVES: readonly (readonly [ts.TypeFlags, TypeSchema])[] = (
  [
    [TypeFlags.String, "string"],
    [TypeFlags.Number, "number"],
    [TypeFlags.Boolean, "boolean"],
    [TypeFlags.BigInt, "bigint"],
    [TypeFlags.Undefined, "undefined"],
    [TypeFlags.Null, "null"],
    [TypeFlags.Void, "void"],
    [TypeFlags.Unknown, "unknown"],
    [TypeFlags.Never, "never"],
    [TypeFlags.NonPrimitive, "object"],
  ] as const
).map(([flag, name]) => [flag, { kind: "primitive", name }]);

export interface ConvertOptions {
  /** An alias that is not to be used for the type: what it stands for is wanted. */
  opaque?: ts.Symbol;
  /** Write out the members of an interface rather than use its name. */
  expanded?: boolean;
  /** The type of something optional: the `undefined` that says so is left out. */
  optional?: "property" | "parameter";
}

/** `node` is where the type is used, for problems. */
export function convertType(
  cx: Conversion,
  type: ts.Type,
  node: ts.Node | undefined,
  options: ConvertOptions = {},
): TypeSchema {
  const { flags, aliasSymbol } = type;
  const isBody = type === cx.body;
  if (isBody) cx.body = undefined;
  // A name for what is there and for its lacking has no meaning elsewhere: `undefined` is all that can be written of the latter.
  const isWritable = options.optional !== "property" || !isExact(cx) || !hasMissing(cx, type);
  if (aliasSymbol && aliasSymbol !== options.opaque && !isBody && isWritable) {
    const given = type.aliasTypeArguments ?? [];
    return convertNamed(cx, {
      symbol: aliasSymbol,
      count: given.length,
      argument: (index) => convertType(cx, given[index]!, node),
      type: () => type,
      isOpen: () => given.some((argument) => isOpenType(cx, argument)),
      node,
    });
  }
  if (flags & TypeFlags.EnumLike && type.symbol) return convertNamed(cx, simpleUse(type, node));
  // What an object literal lacks and another one in its place has: `{ ok: true, value } | { ok: false, error }`.
  if (options.optional === "property" && isExact(cx) && isMissing(cx, type, "property")) {
    return { kind: "primitive", name: "never" };
  }
  for (const [flag, schema] of PRIMITIVES) if (flags & flag) return schema;
  if (flags & TypeFlags.Any) {
    // The checker's type of what it could not understand; the type error says so.
    if ((type as { intrinsicName?: string }).intrinsicName === "error") return { kind: "primitive", name: "any" };
    return convertAny(cx, node);
  }
  if (flags & TypeFlags.Literal) return convertLiteralType(type as ts.LiteralType);
  if (flags & TypeFlags.ESSymbolLike) return refuseSymbol(cx, node);
  if (flags & TypeFlags.Union) return convertUnion(cx, type as ts.UnionType, node, options);
  if (flags & TypeFlags.Intersection) {
    return {
      kind: "intersection",
      members: (type as ts.IntersectionType).types.map((each) => convertType(cx, each, node)),
    };
  }
  if (flags & TypeFlags.TypeParameter) return convertParameterType(cx, type, node);
  if (flags & TypeFlags.TemplateLiteral) {
    const { texts, types } = type as ts.TemplateLiteralType;
    return { kind: "templateLiteral", texts: [...texts], types: types.map((each) => convertType(cx, each, node)) };
  }
  if (flags & TypeFlags.StringMapping) {
    const { symbol, type: argument } = type as ts.StringMappingType;
    return { kind: "global", name: symbol.name, typeArguments: [convertType(cx, argument, node)] };
  }
  if (flags & TypeFlags.Substitution) return convertSubstitution(cx, type as ts.SubstitutionType, node);
  if (flags & TypeFlags.Object) return convertObject(cx, type as ts.ObjectType, node, options);
  return convertOpen(cx, type, node);
}

/** `NoInfer<Options>`, which the checker has as what stands for `Options` and is known to be no more. */
function convertSubstitution(
  cx: Conversion,
  { baseType, constraint }: ts.SubstitutionType,
  node: ts.Node | undefined,
): TypeSchema {
  const base = convertType(cx, baseType, node);
  return constraint.flags & TypeFlags.Unknown ? { kind: "global", name: "NoInfer", typeArguments: [base] } : base;
}

function simpleUse(type: ts.Type, node: ts.Node | undefined): Parameters<typeof convertNamed>[1] {
  return {
    symbol: type.symbol,
    count: 0,
    argument: () => ({ kind: "primitive", name: "never" }),
    type: () => type,
    isOpen: () => false,
    node,
  };
}

function convertLiteralType(type: ts.LiteralType): TypeSchema {
  if (type.flags & TypeFlags.BooleanLiteral) {
    return { kind: "literal", value: (type as unknown as { intrinsicName: string }).intrinsicName === "true" };
  }
  const { value } = type;
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value === "string") return { kind: "literal", value };
  return {
    kind: "literal",
    value: { bigint: `${value.negative && value.base10Value !== "0" ? "-" : ""}${value.base10Value}` },
  };
}

function convertUnion(
  cx: Conversion,
  type: ts.UnionType,
  node: ts.Node | undefined,
  options: ConvertOptions,
): TypeSchema {
  // The members as they were written, with their aliases, before the checker flattened them.
  const { origin } = type as { origin?: ts.Type };
  let types = origin && origin.flags & TypeFlags.Union ? (origin as ts.UnionType).types : type.types;
  if (options.optional) {
    if (isExact(cx) && types.some((each) => hasMissing(cx, each))) types = type.types;
    types = types.filter((each) => !isMissing(cx, each, options.optional!));
  }
  const members: TypeSchema[] = [];
  const rest = new Set(types);
  for (const each of types) {
    if (!rest.delete(each)) continue;
    if (each.flags & TypeFlags.BooleanLiteral) {
      const other = [...rest].find((one) => one.flags & TypeFlags.BooleanLiteral);
      if (other) {
        rest.delete(other);
        members.push({ kind: "primitive", name: "boolean" });
        continue;
      }
    }
    const wholeEnum = each.flags & TypeFlags.EnumLiteral && !each.isUnion() ? wholeEnumOf(cx, each, types) : undefined;
    if (wholeEnum) {
      for (const member of wholeEnum.types) rest.delete(member);
      members.push(convertType(cx, wholeEnum, node));
    } else members.push(distinct(cx, each, convertType(cx, each, node), members, node));
  }
  // `undefined` and `null` read best at the end.
  const rank = (member: TypeSchema): number =>
    member.kind === "primitive" && (member.name === "undefined" || member.name === "null") ? 1 : 0;
  members.sort((a, b) => rank(a) - rank(b));
  return members.length === 1 ? members[0]! : { kind: "union", members };
}

/**
 * A default type argument that a conditional type puts in is not the one that is put in where none is written: both members stay
 * in the union, and one is only told from the other when its arguments are written out.
 */
function distinct(
  cx: Conversion,
  type: ts.Type,
  member: TypeSchema,
  others: readonly TypeSchema[],
  node: ts.Node | undefined,
): TypeSchema {
  if (member.kind !== "builtin" || member.typeArguments) return member;
  const isRepeated = others.some((each) => each.kind === "builtin" && each.name === member.name);
  const given = isRepeated ? cx.checker.getTypeArguments(type as ts.TypeReference) : [];
  return given.length === 0 ? member : { ...member, typeArguments: given.map((each) => convertType(cx, each, node)) };
}

/** Under exactOptionalPropertyTypes, a property's own `undefined` is another one than that of being optional. */
function isMissing(cx: Conversion, type: ts.Type, of: "property" | "parameter"): boolean {
  if (!(type.flags & TypeFlags.Undefined)) return false;
  return of === "parameter" || !isExact(cx) || type !== cx.checker.getUndefinedType();
}

/** Being optional, to which index signatures do not object. */
export function isLeftOut(cx: Conversion, type: ts.Type): boolean {
  return isExact(cx) && isMissing(cx, type, "property");
}

/** Whether `undefined` is one of the values, and not only said by being optional. */
export function hasUndefined(cx: Conversion, type: ts.Type): boolean {
  const isOne = ({ flags }: ts.Type): boolean =>
    (flags & (TypeFlags.Undefined | TypeFlags.Void | TypeFlags.Any | TypeFlags.Unknown)) !== 0;
  return (type.isUnion() ? type.types : [type]).some((each) => isOne(each) && !isLeftOut(cx, each));
}

function hasMissing(cx: Conversion, type: ts.Type): boolean {
  return type.isUnion() && type.types.some((each) => isMissing(cx, each, "property"));
}

export function isExact({ program }: Conversion): boolean {
  return program.getCompilerOptions().exactOptionalPropertyTypes === true;
}

export function orUndefined(type: TypeSchema): TypeSchema {
  const members = type.kind === "union" ? type.members : [type];
  const has = members.some(
    (each) => each.kind === "primitive" && (each.name === "undefined" || each.name === "unknown"),
  );
  return has ? type : { kind: "union", members: [...members, { kind: "primitive", name: "undefined" }] };
}

/** The enum of a member whose other members are in the union too. */
function wholeEnumOf(cx: Conversion, member: ts.Type, types: readonly ts.Type[]): ts.UnionType | undefined {
  const parent = (member.symbol as unknown as { parent?: ts.Symbol }).parent;
  const declared = parent && cx.checker.getDeclaredTypeOfSymbol(parent);
  return declared?.isUnion() && declared.types.every((each) => types.includes(each)) ? declared : undefined;
}

function convertParameterType(cx: Conversion, type: ts.Type, node: ts.Node | undefined): TypeSchema {
  if ((type as { isThisType?: boolean }).isThisType) {
    const constraint = cx.checker.getBaseConstraintOfType(type);
    if (constraint && constraint !== type) return convertType(cx, constraint, node);
  }
  return convertTypeParameter(cx, type.symbol, node);
}

/** Of a function whose type is carried over: what has more is a module in disguise. */
const MOST_PROPERTIES = 10;

// ---- objects ------------------------------------------------------------------------------------------------------

function convertObject(
  cx: Conversion,
  type: ts.ObjectType,
  node: ts.Node | undefined,
  options: ConvertOptions,
): TypeSchema {
  if (cx.checker.isTupleType(type)) return convertTupleType(cx, type as ts.TupleTypeReference, node);
  const { symbol } = type;
  const isDeclared = type.objectFlags & (ObjectFlags.Reference | ObjectFlags.ClassOrInterface);
  if (symbol && isDeclared && !options.expanded && symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface)) {
    return convertReference(cx, type, node);
  }
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) {
    if (cx.checker.getPropertiesOfType(type).length > MOST_PROPERTIES) return refuseFunction(cx, node);
    return refuseFunctionValue(
      cx,
      node,
      cx.describe(() => convertOpen(cx, type, node)),
    );
  }
  if (symbol?.escapedName === "globalThis" && symbol.flags & SymbolFlags.Module) return refuseGlobalThis(cx, node);
  if (type.objectFlags & ObjectFlags.Mapped && isOpenMapped(cx, type)) return convertOpen(cx, type, node);
  if (cx.anonymous.has(type)) {
    const around = cx.expanding.at(-1);
    if (around) {
      around.recursive = true; // its name is used instead
      return { kind: "primitive", name: "unknown" };
    }
    return cx.refuse(
      node,
      "unnamed",
      "a type that contains itself needs a name",
      "declare it as an interface, and use that as the function's return type",
    );
  }
  cx.anonymous.add(type);
  const { properties, indexes, contradicted } = membersOfType(cx, type, node);
  cx.anonymous.delete(type);
  const schema: ObjectType = { kind: "object", properties };
  const kept = indexes.filter((index) => !contradicted.has(index));
  if (kept.length > 0) schema.indexes = kept;
  if (contradicted.size === 0) return schema;
  const apart = [...contradicted].map((index): ObjectType => ({ kind: "object", properties: [], indexes: [index] }));
  return { kind: "intersection", members: [...apart, schema] };
}

function convertReference(cx: Conversion, type: ts.ObjectType, node: ts.Node | undefined): TypeSchema {
  const isGeneric = (type.objectFlags & ObjectFlags.Reference) !== 0;
  const { target } = type as ts.TypeReference;
  const parameters = isGeneric ? (target.typeParameters ?? []) : [];
  // The last of the checker's arguments may be `this`.
  const given = isGeneric ? cx.checker.getTypeArguments(type as ts.TypeReference).slice(0, parameters.length) : [];
  return convertNamed(cx, {
    symbol: type.symbol,
    count: withoutDefaults(cx, parameters, given),
    argument: (index) => convertType(cx, given[index]!, node),
    type: () => type,
    isOpen: () => given.some((argument) => isOpenType(cx, argument)),
    node,
  });
}

/** How many arguments have to be written: `Uint8Array<ArrayBufferLike>` is `Uint8Array`. */
function withoutDefaults(cx: Conversion, parameters: readonly ts.Type[], given: readonly ts.Type[]): number {
  let count = given.length;
  while (count > 0 && cx.checker.getDefaultFromTypeParameter(parameters[count - 1]!) === given[count - 1]) count--;
  return count;
}

function convertTupleType(cx: Conversion, type: ts.TupleTypeReference, node: ts.Node | undefined): TypeSchema {
  const { elementFlags, labeledElementDeclarations, readonly } = type.target;
  const elements = cx.checker
    .getTypeArguments(type)
    .slice(0, elementFlags.length)
    .map((each, index): TupleElement => {
      const flag = elementFlags[index]!;
      const isOptional = (flag & ElementFlags.Optional) !== 0;
      const inner = cx.at(`[${index}]`, () => convertType(cx, each, node, isOptional ? { optional: "property" } : {}));
      const element: TupleElement = { type: flag & ElementFlags.Rest ? { kind: "array", element: inner } : inner };
      const label = labeledElementDeclarations?.[index]?.name;
      if (label && ts.isIdentifier(label)) element.label = label.text;
      if (isOptional) element.optional = true;
      if (flag & ElementFlags.Variable) element.rest = true;
      return element;
    });
  return readonly ? { kind: "tuple", elements, readonly: true } : { kind: "tuple", elements };
}

// ---- what depends on type parameters -------------------------------------------------------------------------------

function isOpenMapped(cx: Conversion, type: ts.ObjectType): boolean {
  // Resolving its members sets the constraint.
  cx.checker.getPropertiesOfType(type);
  const { constraintType } = type as { constraintType?: ts.Type };
  return (
    constraintType !== undefined &&
    (constraintType.flags & TypeFlags.Instantiable) !== 0 &&
    isOpenType(cx, constraintType)
  );
}

function isOpenType(cx: Conversion, type: ts.Type): boolean {
  if (cx.scope.size === 0) return false;
  // Set by the compiler on whatever mentions a type parameter.
  const seen = new Set<ts.Type>();
  const visit = (each: ts.Type): boolean => {
    if (seen.has(each)) return false;
    seen.add(each);
    if (each.flags & TypeFlags.Instantiable) return true;
    if (each.isUnionOrIntersection()) return each.types.some(visit);
    if (each.aliasTypeArguments?.some(visit)) return true;
    if (!(each.flags & TypeFlags.Object)) return false;
    const object = each as ts.ObjectType;
    if (object.objectFlags & ObjectFlags.Reference)
      return cx.checker.getTypeArguments(object as ts.TypeReference).some(visit);
    if (object.objectFlags & ObjectFlags.Anonymous) {
      return cx.checker.getPropertiesOfType(object).some((property) => visit(cx.checker.getTypeOfSymbol(property)));
    }
    return false;
  };
  return visit(type);
}

/** Keeps aliases, and whatever else could be lost. */
export const PRINT_FLAGS =
  ts.NodeBuilderFlags.NoTruncation |
  ts.NodeBuilderFlags.UseAliasDefinedOutsideCurrentScope |
  ts.NodeBuilderFlags.IgnoreErrors |
  ts.NodeBuilderFlags.AllowUniqueESSymbolType |
  ts.NodeBuilderFlags.InTypeAlias;

/** Operators over type parameters: rare in what the checker computes, so the compiler's own way of writing them will do. */
function convertOpen(cx: Conversion, type: ts.Type, node: ts.Node | undefined): TypeSchema {
  const written = cx.checker.typeToTypeNode(type, undefined, PRINT_FLAGS);
  if (!written)
    return cx.refuse(node, "unwritable", "this type cannot be written down", "give the function a return type");
  return convertNode(cx, written);
}
