/**
 * A type parameter stands for values that its constraint allows. Where none of these can cross the wire (`F extends () => void`),
 * no value of the type parameter can.
 */
import type { CallSignature, PropertySchema, TypeSchema } from "../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { FUNCTION_REFUSED, ITERATED, KEPT_ALIASES, REFUSED_GLOBALS } from "./globals.ts";

/** Notes every type parameter whose values would cross, and cannot. */
export function checkBounds(cx: Conversion, { typeParameters = [], parameters, returns }: CallSignature): void {
  for (const { name, constraint } of typeParameters) {
    if (!constraint || !neverCrosses(cx, constraint)) continue;
    const isValue = [...parameters.map(({ type }) => type), returns].some((type) => hasValueOf(name, type));
    if (!isValue) continue;
    cx.refuse(
      undefined,
      `${name} stands for functions or objects with methods alone, which cannot cross the wire`,
      FUNCTION_REFUSED.hint,
    );
  }
}

function neverCrosses(cx: Conversion, type: TypeSchema, inside: readonly string[] = []): boolean {
  const never = (part: TypeSchema): boolean => neverCrosses(cx, part, inside);
  const isNeverGiven = ({ optional, type: of }: PropertySchema): boolean => !optional && never(of);
  switch (type.kind) {
    case "function":
      return true;
    case "primitive":
      return type.name === "symbol";
    case "union":
      return type.members.every(never);
    case "intersection":
      return type.members.some(never);
    case "array":
      return never(type.element);
    case "object":
      return type.properties.some(isNeverGiven);
    case "global":
      return REFUSED_GLOBALS.has(type.name) && !ITERATED.has(type.name);
    case "reference": {
      if (inside.includes(type.name)) return false;
      const record = [...cx.records.values()].find(({ schema }) => schema?.name === type.name);
      if (!record?.schema) return false;
      const { schema } = record;
      const deeper = [...inside, type.name];
      if (schema.kind === "alias") return neverCrosses(cx, schema.type, deeper);
      if (schema.kind === "enum") return false;
      return schema.properties.some(({ optional, type: of }) => !optional && neverCrosses(cx, of, deeper));
    }
    default:
      return false;
  }
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
