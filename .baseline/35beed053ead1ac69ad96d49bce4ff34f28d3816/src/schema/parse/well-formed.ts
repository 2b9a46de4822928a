/**
 * Checks what the shapes of parse.ts cannot: that a manifest's names are in scope and distinct, and that its types are combined as
 * TypeScript allows. A manifest that passes prints as a valid program, and following its types terminates.
 * Only a compiler can check whether an argument satisfies a constraint, or a global type exists.
 */
import { kindText } from "../../text/index.ts";
import type { AppManifest, CallSignature, ParameterSchema } from "../manifest.ts";
import { isOptional, isPositional } from "../parameters.ts";
import { inferredNames } from "../resolve.ts";
import type {
  Declaration,
  FunctionType,
  IndexSignature,
  PropertySchema,
  TupleElement,
  TypeParameterSchema,
  TypeSchema,
} from "../type-schema.ts";
import type { Place } from "./shape.ts";

/** Adds a problem to `at` for everything that would not be a valid program. The manifest's shape has been checked. */
export function checkWellFormed({ declarations, functions, classes = [] }: AppManifest, at: Place): void {
  const walk = new Walk(declarations, at);
  const each = <T>(key: string, items: readonly T[], check: (item: T) => void) =>
    at.into(key, items, () => {
      for (const [index, item] of items.entries()) at.into(index, item, () => check(item));
    });
  each("declarations", declarations, (item) => walk.declaration(item));
  each("functions", functions, (fn) => {
    walk.call(fn);
    for (const call of fn.overloads ?? []) walk.call(call);
    for (const error of fn.errors ?? []) walk.error(error);
  });
  each("classes", classes, (of) => {
    for (const { parameters } of of.constructors) walk.parameters(parameters);
  });
}

/** Generic since some version of TypeScript, or always; others take no argument. */
const MOST_ARGUMENTS: { readonly [name: string]: number | undefined } = {
  Map: 2,
  ReadonlyMap: 2,
  Set: 1,
  ReadonlySet: 1,
};
const BUFFERS = /Array$|^(DataView|Buffer)$/;

const OBJECTS: ReadonlySet<TypeSchema["kind"]> = new Set(["array", "tuple", "object", "builtin", "function"]);
const NO_LISTS: ReadonlySet<TypeSchema["kind"]> = new Set([
  ...(["literal", "templateLiteral", "object", "builtin", "keyof", "function"] as const),
]);
const IN_TEMPLATES: ReadonlySet<string> = new Set("string number boolean bigint null undefined any never".split(" "));
const KEYS: ReadonlySet<string> = new Set(["string", "number", "symbol"]);

class Walk {
  readonly #declared: ReadonlyMap<string, Declaration>;
  readonly #endless: ReadonlySet<string>;
  readonly #at: Place;
  /** Names of type parameters in scope. */
  #scope: readonly string[] = [];
  /** Inside the `extends` of a conditional type. */
  #infers = false;

  constructor(declarations: readonly Declaration[], at: Place) {
    this.#declared = new Map(declarations.map((declaration) => [declaration.name, declaration]));
    this.#endless = endless(declarations);
    this.#at = at;
  }

  declaration(declaration: Declaration): void {
    if (declaration.kind === "enum") {
      this.#distinct("member", declaration.members);
      return;
    }
    this.#generic(declaration.typeParameters, () => {
      if (declaration.kind === "alias") {
        this.type(declaration.type);
        return;
      }
      for (const base of declaration.extends ?? []) {
        const isNamed = base.kind === "reference" || base.kind === "global" || base.kind === "builtin";
        if (!isNamed) this.#problem(`an interface cannot extend a type of kind ${base.kind}`);
        this.type(base);
      }
      this.#members(declaration);
    });
    if (this.#endless.has(declaration.name))
      this.#problem(`${kindText(declaration.name)} refers to itself without end`);
  }

  call({ typeParameters, parameters, returns }: CallSignature): void {
    this.#generic(typeParameters, () => {
      this.parameters(parameters);
      this.type(returns);
    });
  }

  error(type: TypeSchema): void {
    const declaration = type.kind === "reference" ? this.#declared.get(type.name) : undefined;
    const isError = declaration?.kind === "interface" && declaration.error !== undefined;
    if (!isError || declaration.typeParameters?.length) this.#problem("what is thrown is not a declared error class");
  }

  parameters(parameters: readonly ParameterSchema[]): void {
    this.#distinct("parameter", parameters);
    for (let index = 0; index < parameters.length; index++) {
      const parameter = parameters[index]!;
      this.type(parameter.type);
      if (parameter.rest) {
        this.#list(parameter.type);
        const isLast = parameters.slice(index + 1).every((after) => !isPositional(after));
        if (!isLast || parameter.keywordOnly)
          this.#problem(`the rest parameter ${kindText(parameter.name)} is not the last`);
      }
      if (parameter.keywordRest || parameter.positionalOnly) this.#named(parameters, index);
    }
  }

  /** Checks that the flags for how an argument may be passed agree with each other and with the order of the parameters. */
  #named(parameters: readonly ParameterSchema[], index: number): void {
    const parameter = parameters[index]!;
    const { rest, keywordOnly, positionalOnly, keywordRest } = parameter;
    const name = kindText(parameter.name);
    if ([rest, keywordOnly, positionalOnly, keywordRest].filter(Boolean).length > 1)
      this.#problem(`the parameter ${name} is passed in ways that exclude each other`);
    if (keywordRest && isOptional(parameter)) this.#problem(`the keyword rest parameter ${name} is optional`);
    if (keywordRest && index < parameters.length - 1)
      this.#problem(`the keyword rest parameter ${name} is not the last`);
    if (positionalOnly && !parameters.slice(0, index).every((before) => before.positionalOnly))
      this.#problem(`the positional-only parameter ${name} comes after one that has a name`);
  }

  type(type: TypeSchema): void {
    switch (type.kind) {
      case "primitive":
      case "literal":
        return;
      case "typeParameter":
        if (!this.#scope.includes(type.name))
          this.#problem(`the type parameter ${kindText(type.name)} is not in scope`);
        return;
      case "array":
        this.type(type.element);
        return;
      case "tuple":
        this.#elements(type.elements);
        return;
      case "object":
        this.#members(type);
        return;
      case "union":
      case "intersection":
        this.#all(type.members);
        return;
      case "templateLiteral":
        for (const part of type.types) {
          if (OBJECTS.has(part.kind) || (part.kind === "primitive" && !IN_TEMPLATES.has(part.name)))
            this.#problem("a template literal type contains a type that cannot be part of a string");
        }
        this.#all(type.types);
        return;
      case "reference":
        this.#arguments(type.name, type.typeArguments?.length ?? 0);
        this.#all(type.typeArguments);
        return;
      case "builtin": {
        const most = MOST_ARGUMENTS[type.name] ?? (BUFFERS.test(type.name) ? 1 : 0);
        if ((type.typeArguments?.length ?? 0) > most) this.#problem(`${type.name} has too many type arguments`);
        this.#all(type.typeArguments);
        return;
      }
      case "global":
        this.#all(type.typeArguments);
        return;
      case "keyof":
        this.type(type.type);
        return;
      case "indexedAccess":
        this.type(type.object);
        this.type(type.index);
        return;
      case "mapped":
        if (OBJECTS.has(type.constraint.kind))
          this.#problem("the keys of a mapped type are not strings, numbers or symbols");
        this.type(type.constraint);
        this.#with([type.parameter], () => {
          if (type.nameType) this.type(type.nameType);
          this.type(type.type);
        });
        return;
      case "conditional": {
        this.type(type.check);
        const inferred = inferredNames(type.extends);
        this.#with(inferred, () => {
          const outer = this.#infers;
          this.#infers = true;
          this.type(type.extends);
          this.#infers = outer;
          this.type(type.whenTrue);
        });
        this.type(type.whenFalse);
        return;
      }
      case "infer":
        if (!this.#infers) this.#problem(`infer ${type.name} is outside the extends clause of a conditional type`);
        if (type.constraint) this.type(type.constraint);
        return;
      case "function":
        this.#function(type);
        return;
    }
  }

  #function({ typeParameters, parameters, returns }: FunctionType): void {
    this.#generic(typeParameters, () => {
      this.#elements(parameters);
      const rest = parameters.findIndex((parameter) => parameter.rest);
      if (rest >= 0 && rest < parameters.length - 1) this.#problem("a function type's rest parameter is not the last");
      this.type(returns);
    });
  }

  #elements(elements: readonly TupleElement[]): void {
    let optional = false;
    let rest = false;
    for (const element of elements) {
      this.type(element.type);
      // A type parameter's value may have other forms.
      const isOpen = element.rest === true && element.type.kind !== "array";
      if (element.rest) this.#list(element.type);
      if (isOpen) continue;
      if (element.rest ? rest : element.optional ? rest : optional)
        this.#problem("the elements of a tuple are in an impossible order");
      rest ||= element.rest === true;
      optional ||= element.optional === true && !element.rest;
    }
  }

  /** Checks the type of a spread. */
  #list(type: TypeSchema): void {
    const isPlain = type.kind === "primitive" && type.name !== "any" && type.name !== "never";
    if (isPlain || NO_LISTS.has(type.kind))
      this.#problem("the type of a rest parameter or element is not an array or tuple");
  }

  #members({
    properties,
    indexes = [],
    calls = [],
  }: {
    properties: readonly PropertySchema[];
    indexes?: readonly IndexSignature[];
    calls?: readonly FunctionType[];
  }): void {
    // A method may have overloads.
    this.#distinct(
      "property",
      properties.filter(({ type }) => type.kind !== "function"),
    );
    for (const { type } of properties) this.type(type);
    for (const { key, value } of indexes) {
      const isKey = key.kind === "primitive" ? KEYS.has(key.name) : key.kind !== "literal" && !OBJECTS.has(key.kind);
      if (!isKey) this.#problem("the key of an index signature is not a string, number, symbol or template");
      this.type(key);
      this.type(value);
    }
    for (const call of calls) this.type(call);
  }

  #generic(parameters: readonly TypeParameterSchema[] | undefined, inside: () => void): void {
    if (!parameters?.length) {
      inside();
      return;
    }
    this.#distinct("type parameter", parameters);
    this.#with(
      parameters.map(({ name }) => name),
      () => {
        let hasDefault = false;
        for (const { name, constraint, default: byDefault } of parameters) {
          if (constraint) this.type(constraint);
          if (constraint?.kind === "typeParameter" && constraint.name === name)
            this.#problem(`the type parameter ${name} is its own constraint`);
          if (byDefault) this.type(byDefault);
          else if (hasDefault)
            this.#problem(`the type parameter ${name} needs a default, as the one before it has one`);
          hasDefault ||= byDefault !== undefined;
        }
        inside();
      },
    );
  }

  #with(names: readonly string[], inside: () => void): void {
    const outer = this.#scope;
    this.#scope = [...outer, ...names];
    inside();
    this.#scope = outer;
  }

  #arguments(name: string, given: number): void {
    const declaration = this.#declared.get(name)!;
    const own = declaration.kind === "enum" ? [] : (declaration.typeParameters ?? []);
    const needed = own.filter((parameter) => parameter.default === undefined).length;
    if (given < needed || given > own.length)
      this.#problem(`${kindText(name)} has ${own.length} type parameters; ${given} are given`);
  }

  #all(types: readonly TypeSchema[] | undefined): void {
    if (types) for (const type of types) this.type(type);
  }

  #distinct(what: string, items: readonly { name: string }[]): void {
    if (items.length < 2) return;
    const seen = new Set<string>();
    for (const { name } of items) {
      if (seen.has(name)) this.#problem(`the ${what} ${kindText(name)} appears twice`);
      seen.add(name);
    }
  }

  #problem(message: string): void {
    this.#at.problem(message);
  }
}

/** The declarations that depend on themselves. A cycle through members is fine. */
function endless(declarations: readonly Declaration[]): Set<string> {
  const open = new Map<string, number>();
  const users = new Map<string, string[]>();
  for (const declaration of declarations) {
    const needed = heads(declaration);
    open.set(declaration.name, needed.size);
    for (const name of needed) {
      const known = users.get(name);
      if (known) known.push(declaration.name);
      else users.set(name, [declaration.name]);
    }
  }
  const ready = [...open.keys()].filter((name) => open.get(name) === 0);
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    open.delete(name);
    for (const user of users.get(name) ?? []) {
      const left = open.get(user)! - 1;
      open.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return new Set(open.keys());
}

const NOTHING: ReadonlySet<string> = new Set();

/** The types that an alias stands for or an interface extends, through unions and intersections. */
function heads(declaration: Declaration): ReadonlySet<string> {
  // As most are.
  if (declaration.kind === "interface" && !declaration.extends) return NOTHING;
  const names = new Set<string>();
  const visit = (type: TypeSchema): void => {
    if (type.kind === "reference") names.add(type.name);
    else if (type.kind === "union" || type.kind === "intersection") type.members.forEach(visit);
  };
  if (declaration.kind === "alias") visit(declaration.type);
  if (declaration.kind === "interface") declaration.extends?.forEach(visit);
  return names;
}
