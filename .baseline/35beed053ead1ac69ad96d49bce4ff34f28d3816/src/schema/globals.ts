/** Expands a global type whose arguments are known: `Partial<Options>` is an object type. */
import { type Declarations, expand, MAX_DEPTH } from "./resolve.ts";
import type { GlobalType, ObjectType, PropertySchema, TypeSchema } from "./type-schema.ts";

/** `undefined` if the arguments are not known, and for types without an expansion, such as `Iterable<T>`. */
export function expandGlobal(type: GlobalType, declarations: Declarations): TypeSchema | undefined {
  const [first, second] = type.typeArguments;
  if (!first) return undefined;
  switch (type.name) {
    case "NoInfer":
      return first;
    case "Array":
      return { kind: "array", element: first };
    case "ReadonlyArray":
      return { kind: "array", element: first, readonly: true };
    case "Record":
      return second && recordOf(first, second, declarations);
    case "Readonly":
      if (first.kind === "array" || first.kind === "tuple") return { ...first, readonly: true };
      return mapProperties(first, declarations, (property) => ({ ...property, readonly: true }));
    case "Partial":
      return mapProperties(first, declarations, (property) => ({ ...property, optional: true }));
    case "Required":
      return mapProperties(first, declarations, ({ optional, ...property }) => property);
    case "Pick":
    case "Omit": {
      const names = second && namesIn(second, declarations);
      const isPick = type.name === "Pick";
      return (
        names &&
        mapProperties(first, declarations, (property) => (names.has(property.name) === isPick ? property : undefined))
      );
    }
    default:
      return undefined;
  }
}

/** The properties of an object type that has nothing else. */
function mapProperties(
  type: TypeSchema,
  declarations: Declarations,
  map: (property: PropertySchema) => PropertySchema | undefined,
  depth = 0,
): ObjectType | undefined {
  if (type.kind === "object") {
    if (type.indexes || type.calls) return undefined;
    return { kind: "object", properties: type.properties.flatMap((property) => map(property) ?? []) };
  }
  if (depth > MAX_DEPTH || (type.kind !== "reference" && type.kind !== "global")) return undefined;
  const behind = type.kind === "reference" ? expand(type, declarations) : expandGlobal(type, declarations);
  return behind && mapProperties(behind, declarations, map, depth + 1);
}

function recordOf(key: TypeSchema, value: TypeSchema, declarations: Declarations): ObjectType | undefined {
  const names = namesIn(key, declarations);
  if (names) return { kind: "object", properties: [...names].map((name) => ({ name, type: value })) };
  const isIndex = (key.kind === "primitive" && (key.name === "string" || key.name === "number")) || isTemplate(key);
  return isIndex ? { kind: "object", properties: [], indexes: [{ key, value }] } : undefined;
}

function isTemplate(type: TypeSchema): boolean {
  return type.kind === "templateLiteral" && type.types.every(({ kind }) => kind === "primitive");
}

/** The names in a union of literals, behind aliases too; undefined for other types. */
function namesIn(type: TypeSchema, declarations: Declarations, depth = 0): ReadonlySet<string> | undefined {
  if (depth > MAX_DEPTH) return undefined;
  switch (type.kind) {
    case "literal":
      return typeof type.value === "string" || typeof type.value === "number"
        ? new Set([String(type.value)])
        : undefined;
    case "union": {
      const names = type.members.map((member) => namesIn(member, declarations, depth + 1));
      return names.every((each) => each !== undefined) ? new Set(names.flatMap((each) => [...each])) : undefined;
    }
    case "reference": {
      const declaration = declarations.get(type.name);
      if (declaration?.kind === "enum") {
        const members = declaration.members.filter(({ name }) => type.member === undefined || name === type.member);
        return new Set(members.map(({ value }) => String(value)));
      }
      const behind = expand(type, declarations);
      return behind && namesIn(behind, declarations, depth + 1);
    }
    default:
      return undefined;
  }
}
