/** What all values of a type have in common: whether all are objects, or none is, or there are only a few. */
import type { Declaration, TypeSchema } from "../index.ts";
import { type Bindings, UNBOUND } from "./bindings.ts";

interface Known {
  declarations: ReadonlyMap<string, Declaration>;
  /** Of the function's type parameters. */
  constraints: Bindings;
}

/** Whether all values of a type are objects. */
export function isObject(type: TypeSchema, bindings: Bindings, known: Known): boolean {
  switch (type.kind) {
    case "object":
      return type.properties.length > 0;
    case "array":
    case "tuple":
    case "builtin":
      return true;
    case "primitive":
      return type.name === "object";
    case "intersection":
      return type.members.some((member) => isObject(member, bindings, known));
    case "global":
      return type.name === "Record";
    case "typeParameter": {
      const bound = bindings.get(type.name) ?? known.constraints.get(type.name);
      return bound !== undefined && bound.kind !== "typeParameter" && isObject(bound, UNBOUND, known);
    }
    case "reference":
      return known.declarations.get(type.name)?.kind === "interface";
    default:
      return false;
  }
}

/** A type of values that are not objects: intersected with an object type, it is branded, and the brand exists only for the compiler. */
export function isAtom(type: TypeSchema, bindings: Bindings, declarations: ReadonlyMap<string, Declaration>): boolean {
  switch (type.kind) {
    case "primitive":
      return !["object", "unknown", "any", "never"].includes(type.name);
    case "literal":
    case "templateLiteral":
      return true;
    case "union":
    case "intersection": {
      const atoms = type.members.filter((member) => isAtom(member, bindings, declarations)).length;
      return type.kind === "union" ? atoms === type.members.length : atoms > 0;
    }
    case "typeParameter": {
      const bound = bindings.get(type.name);
      return bound !== undefined && isAtom(bound, UNBOUND, declarations);
    }
    case "reference": {
      const declaration = declarations.get(type.name);
      if (declaration?.kind === "enum") return true;
      // An alias that is generic over a primitive is bound too late to matter here.
      return (
        declaration?.kind === "alias" && !declaration.typeParameters && isAtom(declaration.type, UNBOUND, declarations)
      );
    }
    default:
      return false;
  }
}

/** Whether a type has one value, or a few that are written out. */
export function isUnit(type: TypeSchema): boolean {
  return (
    type.kind === "literal" ||
    (type.kind === "reference" && type.member !== undefined) ||
    (type.kind === "primitive" && (type.name === "null" || type.name === "undefined")) ||
    (type.kind === "union" && type.members.every(isUnit))
  );
}
