/**
 * A type parameter stands for values that its constraint allows. Where none of these can cross the wire (`F extends () => void`),
 * no value of the type parameter can.
 */
import type { CallSignature, Declaration, PropertySchema, TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { FUNCTION_REFUSED, ITERATED, KEPT_ALIASES, REFUSED_GLOBALS } from "./globals.ts";
import { isMethodOfAll } from "./keys.ts";

/** The type parameters whose values would cross, and cannot. */
export function unfitParameters(cx: Conversion, { typeParameters = [], parameters, returns }: CallSignature): string[] {
  const types = [...parameters.map(({ type }) => type), returns];
  return typeParameters
    .filter(({ constraint }) => constraint && isUnfit(cx, constraint, "every"))
    .map(({ name }) => name)
    .filter((name) => types.some((type) => hasValueOf(name, type)));
}

export function refuseUnfit(cx: Conversion, name: string): void {
  cx.refuse(
    undefined,
    "function",
    `${name} stands for functions, or for objects that have some, which cannot cross the wire`,
    FUNCTION_REFUSED.hint,
  );
}

/**
 * Whether values of a type cannot cross: of a union, when `every` or `some` member is such a type. A caller chooses the member
 * that a type parameter stands for; what its properties may be, the author has said.
 */
function isUnfit(
  cx: Conversion,
  type: TypeSchema,
  members: "every" | "some",
  inside: readonly Declaration[] = [],
): boolean {
  const unfit = (part: TypeSchema): boolean => isUnfit(cx, part, members, inside);
  const hasUnfit = (properties: readonly PropertySchema[], deeper = inside): boolean =>
    properties.some(({ name, type }) => !isMethodOfAll(name) && isUnfit(cx, type, "some", deeper));
  switch (type.kind) {
    case "function":
      return true;
    case "primitive":
      return type.name === "symbol";
    case "union":
      return type.members.filter((member) => !isNothing(member))[members](unfit);
    case "intersection":
      return type.members.some(unfit);
    case "array":
      return unfit(type.element);
    case "tuple":
      return type.elements.some((element) => unfit(element.type));
    case "object":
      return type.calls !== undefined || hasUnfit(type.properties);
    case "global":
      return REFUSED_GLOBALS.has(type.name) && !ITERATED.has(type.name);
    case "reference": {
      if (cx.recordOf(type)?.complete) return true;
      const declaration = cx.declarationOf(type);
      if (!declaration || declaration.kind === "enum" || inside.includes(declaration)) return false;
      const deeper = [...inside, declaration];
      if (declaration.kind === "alias") return isUnfit(cx, declaration.type, members, deeper);
      const inherits = declaration.extends?.some((base) => isUnfit(cx, base, members, deeper)) ?? false;
      return inherits || declaration.calls !== undefined || hasUnfit(declaration.properties, deeper);
    }
    default:
      return false;
  }
}

function isNothing(type: TypeSchema): boolean {
  return type.kind === "primitive" && (type.name === "undefined" || type.name === "null");
}

/** Whether a value of the type parameter would cross in a value of the type. */
function hasValueOf(name: string, type: TypeSchema): boolean {
  const has = (part: TypeSchema): boolean => hasValueOf(name, part);
  switch (type.kind) {
    case "typeParameter":
      return type.name === name;
    case "array":
      return has(type.element);
    case "tuple":
      return type.elements.some((element) => has(element.type));
    case "object":
      return (
        type.properties.some((property) => has(property.type)) || (type.indexes ?? []).some(({ value }) => has(value))
      );
    case "union":
    case "intersection":
      return type.members.some(has);
    case "reference":
    case "builtin":
      return (type.typeArguments ?? []).some(has);
    case "global":
      return KEPT_ALIASES.has(type.name) && type.typeArguments.some(has);
    case "conditional":
      return has(type.whenTrue) || has(type.whenFalse);
    default:
      return false;
  }
}
