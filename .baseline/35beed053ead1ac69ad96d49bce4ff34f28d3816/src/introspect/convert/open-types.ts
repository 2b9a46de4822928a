/** What depends on type parameters, and so stays unresolved. */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { refuseUnwritable } from "./refusals.ts";

const { TypeFlags, ObjectFlags } = ts;

export function isOpenMapped(cx: Conversion, type: ts.ObjectType): boolean {
  // Resolving its members sets the constraint.
  cx.checker.getPropertiesOfType(type);
  const { constraintType } = type as { constraintType?: ts.Type };
  return (
    constraintType !== undefined &&
    (constraintType.flags & TypeFlags.Instantiable) !== 0 &&
    isOpenType(cx, constraintType)
  );
}

export function isOpenType(cx: Conversion, type: ts.Type): boolean {
  if (!cx.hasTypeParameters) return false;
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
export function convertOpen(cx: Conversion, type: ts.Type, node: ts.Node | undefined): TypeSchema {
  const written = cx.checker.typeToTypeNode(type, undefined, PRINT_FLAGS);
  if (!written) return refuseUnwritable(cx, node);
  return cx.node(written);
}
