/** `undefined`, and the lack of a property: one and the same without exactOptionalPropertyTypes, two things with it. */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";

const { TypeFlags } = ts;

export function isExact({ program }: Conversion): boolean {
  return program.getCompilerOptions().exactOptionalPropertyTypes === true;
}

/** Under exactOptionalPropertyTypes, a property's own `undefined` is not the one that being optional adds. */
export function isMissing(cx: Conversion, type: ts.Type, of: "property" | "parameter"): boolean {
  if (!(type.flags & TypeFlags.Undefined)) return false;
  return of === "parameter" || !isExact(cx) || type !== cx.checker.getUndefinedType();
}

export function hasMissing(cx: Conversion, type: ts.Type): boolean {
  return type.isUnion() && type.types.some((each) => isMissing(cx, each, "property"));
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

export function orUndefined(type: TypeSchema): TypeSchema {
  const members = type.kind === "union" ? type.members : [type];
  const has = members.some(
    (each) => each.kind === "primitive" && (each.name === "undefined" || each.name === "unknown"),
  );
  return has ? type : { kind: "union", members: [...members, { kind: "primitive", name: "undefined" }] };
}
