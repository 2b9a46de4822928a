/**
 * Resolves a use of a declaration: its members, inherited ones included, with type arguments in place of type parameters.
 */
import type {
  Declaration,
  FunctionType,
  IndexSignature,
  InterfaceDeclaration,
  ObjectType,
  PropertySchema,
  ReferenceType,
  TypeParameterSchema,
  TypeSchema,
} from "./type-schema.ts";

export type Declarations = ReadonlyMap<string, Declaration>;
/** Each type parameter's type. */
export type Bindings = ReadonlyMap<string, TypeSchema>;

/** Nested uses of declarations that are followed before giving up. */
export const MAX_DEPTH = 50;

export function declarationsByName(declarations: readonly Declaration[]): Declarations {
  return new Map(declarations.map((declaration) => [declaration.name, declaration]));
}

/**
 * The type behind a reference to an alias or an interface. `undefined` for an enum, for a name that is not declared, and for
 * types that cannot be expanded: an interface that extends something other than objects, and a generic declaration with a
 * mapped or conditional type in it, since its meaning changes when a union replaces its parameter.
 */
export function expand(reference: ReferenceType, declarations: Declarations): TypeSchema | undefined {
  const declaration = declarations.get(reference.name);
  if (!declaration || declaration.kind === "enum") return undefined;
  const body = declaration.kind === "alias" ? declaration.type : membersOf(declaration, declarations);
  if (!body || !declaration.typeParameters?.length) return body;
  const bindings = bind(declaration.typeParameters, reference.typeArguments);
  return bindings && !isDeferred(body) ? substitute(body, bindings) : undefined;
}

/** The type arguments of a reference, with defaults filled in; `undefined` when they do not fit. */
function bind(
  parameters: readonly TypeParameterSchema[],
  given: readonly TypeSchema[] | undefined,
): Bindings | undefined {
  const bindings = new Map<string, TypeSchema>();
  for (const [at, parameter] of parameters.entries()) {
    let value = given?.[at];
    if (!value) {
      if (!parameter.default || isDeferred(parameter.default)) return undefined;
      value = substitute(parameter.default, bindings);
    }
    bindings.set(parameter.name, value);
  }
  return bindings;
}

function isDeferred(type: TypeSchema): boolean {
  return type.kind === "mapped" || type.kind === "conditional" || partsOf(type).some(isDeferred);
}

/** An interface's own and inherited members. `undefined` when its base types cannot be expanded. */
export function membersOf(
  declaration: InterfaceDeclaration,
  declarations: Declarations,
  inside: readonly string[] = [],
): ObjectType | undefined {
  const own = ownMembers(declaration);
  if (!declaration.extends?.length) return own;
  if (own.calls) return undefined;
  if (inside.includes(declaration.name)) return undefined; // extends itself, which is not a valid program
  const properties = new Map<string, PropertySchema>();
  const indexes: IndexSignature[] = [];
  for (const base of declaration.extends) {
    const inherited = objectBehind(base, declarations, [...inside, declaration.name]);
    if (!inherited || inherited.calls) return undefined;
    for (const property of inherited.properties) properties.set(property.name, property);
    indexes.push(...(inherited.indexes ?? []));
  }
  for (const property of declaration.properties) properties.set(property.name, property);
  // An own index signature replaces an inherited one for the same key.
  const ownKeys = new Set(own.indexes?.map((index) => JSON.stringify(index.key)));
  const kept = indexes.filter((index) => !ownKeys.has(JSON.stringify(index.key)));
  return object([...properties.values()], [...(own.indexes ?? []), ...kept]);
}

/** An interface's own members. */
export function ownMembers({ properties, indexes = [], calls = [] }: InterfaceDeclaration): ObjectType {
  return calls.length > 0 ? { ...object(properties, indexes), calls } : object(properties, indexes);
}

function objectBehind(type: TypeSchema, declarations: Declarations, inside: readonly string[]): ObjectType | undefined {
  if (type.kind === "object") return type;
  if (type.kind !== "reference") return undefined;
  const declaration = declarations.get(type.name);
  if (!declaration || declaration.kind === "enum" || inside.includes(type.name)) return undefined;
  const body =
    declaration.kind === "alias"
      ? objectBehind(declaration.type, declarations, [...inside, type.name])
      : membersOf(declaration, declarations, inside);
  if (!body || !declaration.typeParameters?.length) return body;
  const bindings = bind(declaration.typeParameters, type.typeArguments);
  return bindings && !isDeferred(body) ? (substitute(body, bindings) as ObjectType) : undefined; // an object stays one
}

function object(properties: PropertySchema[], indexes: IndexSignature[]): ObjectType {
  return indexes.length > 0 ? { kind: "object", properties, indexes } : { kind: "object", properties };
}

/**
 * Puts types in place of type parameters. Below a mapped or conditional type they must be type parameters of names that it
 * does not bind: see `expand`.
 */
export function substitute(type: TypeSchema, bindings: Bindings): TypeSchema {
  return bindings.size === 0 ? type : replace(type, bindings);
}

function replace(type: TypeSchema, bindings: Bindings): TypeSchema {
  const sub = (inner: TypeSchema): TypeSchema => replace(inner, bindings);
  const all = (inner: readonly TypeSchema[]): TypeSchema[] => inner.map(sub);
  switch (type.kind) {
    case "primitive":
    case "literal":
      return type;
    case "typeParameter":
      return bindings.get(type.name) ?? type;
    case "array":
      return { ...type, element: sub(type.element) };
    case "tuple":
      return { ...type, elements: type.elements.map((element) => ({ ...element, type: sub(element.type) })) };
    case "object": {
      const result = { ...type };
      result.properties = type.properties.map((property) => ({ ...property, type: sub(property.type) }));
      if (type.indexes) {
        result.indexes = type.indexes.map((index) => ({ ...index, key: sub(index.key), value: sub(index.value) }));
      }
      if (type.calls) result.calls = type.calls.map((call) => sub(call) as FunctionType); // stays one
      return result;
    }
    case "union":
    case "intersection":
      return { ...type, members: all(type.members) };
    case "templateLiteral":
      return { ...type, types: all(type.types) };
    case "reference":
    case "builtin":
      return type.typeArguments ? { ...type, typeArguments: all(type.typeArguments) } : type;
    case "global":
      return { ...type, typeArguments: all(type.typeArguments) };
    case "keyof":
      return { ...type, type: sub(type.type) };
    case "indexedAccess":
      return { ...type, object: sub(type.object), index: sub(type.index) };
    case "infer":
      return type.constraint ? { ...type, constraint: sub(type.constraint) } : type;
    case "function": {
      const inner = without(bindings, type.typeParameters?.map(({ name }) => name) ?? []);
      const parameters = type.parameters.map((parameter) => ({
        ...parameter,
        type: substitute(parameter.type, inner),
      }));
      const result = { ...type, parameters, returns: substitute(type.returns, inner) };
      if (type.typeParameters) {
        result.typeParameters = type.typeParameters.map((parameter) => ({
          ...parameter,
          ...(parameter.constraint && { constraint: substitute(parameter.constraint, inner) }),
          ...(parameter.default && { default: substitute(parameter.default, inner) }),
        }));
      }
      return result;
    }
    case "mapped": {
      const inner = without(bindings, [type.parameter]);
      const result = { ...type, constraint: sub(type.constraint), type: substitute(type.type, inner) };
      return type.nameType ? { ...result, nameType: substitute(type.nameType, inner) } : result;
    }
    case "conditional": {
      const inner = without(bindings, inferredNames(type.extends));
      return {
        ...type,
        check: sub(type.check),
        extends: substitute(type.extends, inner),
        whenTrue: substitute(type.whenTrue, inner),
        whenFalse: sub(type.whenFalse),
      };
    }
  }
}

/** Names that a type binds itself hide outer ones. */
function without(bindings: Bindings, names: readonly string[]): Bindings {
  const inner = new Map(bindings);
  for (const name of names) inner.delete(name);
  return inner;
}

/** The names that `infer` brings into a conditional type, in order. */
export function inferredNames(type: TypeSchema): string[] {
  const names: string[] = [];
  const visit = (part: TypeSchema): void => {
    if (part.kind === "infer" && !names.includes(part.name)) names.push(part.name);
    // An inner conditional type has its own.
    if (part.kind === "conditional") visit(part.check);
    else partsOf(part).forEach(visit);
  };
  visit(type);
  return names;
}

/** The types directly inside a type. */
export function partsOf(type: TypeSchema): readonly TypeSchema[] {
  switch (type.kind) {
    case "primitive":
    case "literal":
    case "typeParameter":
      return [];
    case "array":
      return [type.element];
    case "tuple":
      return type.elements.map((element) => element.type);
    case "object": {
      const properties = type.properties.map((property) => property.type);
      if (!type.indexes && !type.calls) return properties;
      return [
        ...properties,
        ...(type.indexes ?? []).flatMap((index) => [index.key, index.value]),
        ...(type.calls ?? []),
      ];
    }
    case "union":
    case "intersection":
      return type.members;
    case "templateLiteral":
      return type.types;
    case "reference":
    case "builtin":
    case "global":
      return type.typeArguments ?? [];
    case "keyof":
      return [type.type];
    case "indexedAccess":
      return [type.object, type.index];
    case "infer":
      return type.constraint ? [type.constraint] : [];
    case "function":
      return [
        ...(type.typeParameters ?? []).flatMap(({ constraint, default: byDefault }) =>
          [constraint, byDefault].filter((part) => part !== undefined),
        ),
        ...type.parameters.map((parameter) => parameter.type),
        type.returns,
      ];
    case "mapped":
      return type.nameType ? [type.constraint, type.nameType, type.type] : [type.constraint, type.type];
    case "conditional":
      return [type.check, type.extends, type.whenTrue, type.whenFalse];
  }
}
