/** Unions that the checker made, as their author would write them: booleans and enums whole, `undefined` and `null` at the end. */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import { parentOf } from "../source/index.ts";
import type { Conversion, TypeOptions } from "./conversion.ts";
import { hasMissing, isExact, isMissing } from "./optional.ts";

const { TypeFlags } = ts;

export function convertUnion(
  cx: Conversion,
  type: ts.UnionType,
  node: ts.Node | undefined,
  options: TypeOptions,
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
      members.push(cx.type(wholeEnum, node));
    } else members.push(distinct(cx, each, cx.type(each, node), members, node));
  }
  // `undefined` and `null` read best at the end.
  const rank = (member: TypeSchema): number =>
    member.kind === "primitive" && (member.name === "undefined" || member.name === "null") ? 1 : 0;
  members.sort((a, b) => rank(a) - rank(b));
  return members.length === 1 ? members[0]! : { kind: "union", members };
}

/**
 * The compiler keeps two members apart when one has its default type arguments from a conditional type and the other from its
 * declaration. Printed, they differ only when the arguments are written out.
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
  return given.length === 0 ? member : { ...member, typeArguments: given.map((each) => cx.type(each, node)) };
}

/** The enum of a member whose other members are in the union too. */
function wholeEnumOf(cx: Conversion, member: ts.Type, types: readonly ts.Type[]): ts.UnionType | undefined {
  const parent = parentOf(member.symbol);
  const declared = parent && cx.checker.getDeclaredTypeOfSymbol(parent);
  return declared?.isUnion() && declared.types.every((each) => types.includes(each)) ? declared : undefined;
}
