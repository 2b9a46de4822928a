/** Types that the checker found or computed, to schema: results that are inferred, what `typeof` and computed types come to. */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import { convertMember } from "./brands.ts";
import type { Conversion, TypeOptions } from "./conversion.ts";
import { convertLiteralType } from "./literals.ts";
import { refuseLostProperties } from "./lost-properties.ts";
import { convertNamed, type NamedUse } from "./names.ts";
import { convertObject } from "./objects.ts";
import { convertOpen, isOpenType } from "./open-types.ts";
import { hasMissing, isExact, isMissing } from "./optional.ts";
import { convertAny, refuseSymbol, refuseThis } from "./refusals.ts";
import { convertTypeParameter } from "./type-parameters.ts";
import { convertUnion } from "./unions.ts";

const { TypeFlags } = ts;

/** By flag, the first that a type has. */
const VISITORS: readonly (readonly [ts.TypeFlags, TypeVisitor])[] = [
  ...(
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
  ).map(([flag, name]) => {
    const schema: TypeSchema = { kind: "primitive", name };
    return [flag, () => schema] as const;
  }),
  visitor(TypeFlags.Any, convertAnyType),
  visitor(TypeFlags.Literal, (_cx, type: ts.LiteralType) => convertLiteralType(type)),
  visitor(TypeFlags.ESSymbolLike, (cx, _type, site) => refuseSymbol(cx, site)),
  visitor(TypeFlags.Union, convertUnion),
  visitor(TypeFlags.Intersection, (cx, type: ts.IntersectionType, site) => {
    refuseLostProperties(cx, type, site);
    const members = type.types.map((each) => convertMember(cx, type.types, each, () => cx.type(each, site)));
    return { kind: "intersection", members };
  }),
  visitor(TypeFlags.TypeParameter, convertParameterType),
  visitor(TypeFlags.TemplateLiteral, (cx, { texts, types }: ts.TemplateLiteralType, site) => ({
    kind: "templateLiteral",
    texts: [...texts],
    types: types.map((each) => cx.type(each, site)),
  })),
  visitor(TypeFlags.StringMapping, (cx, { symbol, type }: ts.StringMappingType, site) => ({
    kind: "global",
    name: symbol.name,
    typeArguments: [cx.type(type, site)],
  })),
  visitor(TypeFlags.Substitution, convertSubstitution),
  visitor(TypeFlags.Object, convertObject),
];

type TypeVisitor<T extends ts.Type = ts.Type> = (
  cx: Conversion,
  type: T,
  site: ts.Node | undefined,
  options: TypeOptions,
) => TypeSchema;

/** A type with the flag is a T, which the compiler's declarations do not say. */
function visitor<T extends ts.Type>(flag: ts.TypeFlags, visit: TypeVisitor<T>): [ts.TypeFlags, TypeVisitor] {
  return [flag, visit as unknown as TypeVisitor];
}

export function convertType(
  cx: Conversion,
  type: ts.Type,
  site: ts.Node | undefined,
  options: TypeOptions,
): TypeSchema {
  const { flags, aliasSymbol } = type;
  const isBody = cx.expansions.isBody(type);
  const name = isBody || options.expanded ? undefined : cx.expansions.nameOf(type);
  if (name) return cx.reference(name);
  // A name for what is there and for its lacking has no meaning elsewhere: `undefined` is all that can be written of the latter.
  const isWritable = options.optional !== "property" || !isExact(cx) || !hasMissing(cx, type);
  if (aliasSymbol && aliasSymbol !== options.opaque && !isBody && isWritable) {
    const given = type.aliasTypeArguments ?? [];
    return convertNamed(cx, {
      symbol: aliasSymbol,
      count: given.length,
      argument: (index) => cx.type(given[index]!, site),
      type: () => type,
      isOpen: () => given.some((argument) => isOpenType(cx, argument)),
      node: site,
    });
  }
  if (flags & TypeFlags.EnumLike && type.symbol) return convertNamed(cx, simpleUse(type, site));
  // What an object literal lacks and another one in its place has: `{ ok: true, value } | { ok: false, error }`.
  if (options.optional === "property" && isExact(cx) && isMissing(cx, type, "property")) {
    return { kind: "primitive", name: "never" };
  }
  for (const [flag, visit] of VISITORS) if (flags & flag) return visit(cx, type, site, options);
  return convertOpen(cx, type, site);
}

function convertAnyType(cx: Conversion, type: ts.Type, site: ts.Node | undefined): TypeSchema {
  // The checker's type of what it could not understand; the type error says so.
  if ((type as { intrinsicName?: string }).intrinsicName === "error") return { kind: "primitive", name: "any" };
  return convertAny(cx, site);
}

/** `NoInfer<Options>`, which the checker has as what stands for `Options` and is known to be no more. */
function convertSubstitution(
  cx: Conversion,
  { baseType, constraint }: ts.SubstitutionType,
  node: ts.Node | undefined,
): TypeSchema {
  const base = cx.type(baseType, node);
  return constraint.flags & TypeFlags.Unknown ? { kind: "global", name: "NoInfer", typeArguments: [base] } : base;
}

function simpleUse(type: ts.Type, node: ts.Node | undefined): NamedUse {
  return {
    symbol: type.symbol,
    count: 0,
    argument: () => ({ kind: "primitive", name: "never" }),
    type: () => type,
    isOpen: () => false,
    node,
  };
}

function convertParameterType(cx: Conversion, type: ts.Type, node: ts.Node | undefined): TypeSchema {
  if ((type as { isThisType?: boolean }).isThisType) {
    const constraint = cx.isDescribing ? cx.checker.getBaseConstraintOfType(type) : undefined;
    return constraint && constraint !== type ? cx.type(constraint, node) : refuseThis(cx, node);
  }
  return convertTypeParameter(cx, type.symbol, node);
}
