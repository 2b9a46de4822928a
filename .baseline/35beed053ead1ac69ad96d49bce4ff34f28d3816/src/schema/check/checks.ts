/**
 * Compiles a schema type to a check of values: closures made once, so that a check costs little more than the property
 * reads it needs. `is` answers fast; `explain` runs only for a value that failed and finds where and why.
 *
 * A check is never stricter than the compiler: a type parameter of the function counts as its constraint, and a type
 * computed from it as what all outcomes have in common; extra properties are allowed, and of brands
 * (`string & { __brand: … }`) only the part that exists at run time counts.
 */
import {
  type Declaration,
  EncodedValue,
  expandGlobal,
  type GlobalType,
  type IndexSignature,
  inferredNames,
  type MappedType,
  type PropertySchema,
  type TypeParameterSchema,
  type TypeSchema,
} from "../index.ts";
import { collection, hasTags, keyText, lazy, leaf, noTags, propertyPath, type Tag, type ValueCheck } from "./check.ts";
import {
  anything,
  builtinPredicate,
  escape,
  isIterable,
  isKey,
  isNotNothing,
  literalPredicate,
  literalValue,
  type Predicate,
  primitives,
  textPatterns,
} from "./predicates.ts";

/** @param codec its name */
export type IsOfCodec = (codec: string, value: unknown) => boolean;

type Bindings = ReadonlyMap<string, TypeSchema>;

const UNBOUND: Bindings = new Map();
const UNKNOWN: TypeSchema = { kind: "primitive", name: "unknown" };

export class CheckCompiler {
  readonly #declarations = new Map<string, Declaration>();
  /** By reference with its type arguments; also ends the recursion of recursive types. */
  #references = new Map<string, ValueCheck>();
  /** The constraints of the function's type parameters. */
  #constraints: Bindings = UNBOUND;

  readonly #isOfCodec: IsOfCodec;

  /** @param isOfCodec whether a value is of the type that a codec is for; by default only what is encoded can be told */
  constructor(declarations: readonly Declaration[], isOfCodec: IsOfCodec = () => false) {
    this.#isOfCodec = isOfCodec;
    for (const declaration of declarations) this.#declarations.set(declaration.name, declaration);
  }

  /** Compiles types of a function with these type parameters. */
  generic<T>(parameters: readonly TypeParameterSchema[] | undefined, compile: () => T): T {
    if (!parameters?.length) return compile();
    // References may name type parameters, so another function's references mean different types.
    return this.#within(
      new Map(parameters.map(({ name, constraint = UNKNOWN }) => [name, constraint])),
      new Map(),
      compile,
    );
  }

  #within<T>(constraints: Bindings, references: Map<string, ValueCheck>, compile: () => T): T {
    const before = [this.#constraints, this.#references] as const;
    [this.#constraints, this.#references] = [constraints, references];
    const result = compile();
    [this.#constraints, this.#references] = before;
    return result;
  }

  /** Compiled later, with the current type parameters. */
  #lazy(make: () => ValueCheck): ValueCheck {
    const [constraints, references] = [this.#constraints, this.#references];
    return lazy(() => this.#within(constraints, references, make));
  }

  compile(type: TypeSchema, bindings: Bindings = UNBOUND): ValueCheck {
    switch (type.kind) {
      case "primitive":
        return leaf(type, primitives[type.name]);
      case "literal":
        return leaf(type, literalPredicate(type.value));
      case "templateLiteral":
        return leaf(type, this.#template(type.texts, type.types, bindings));
      case "builtin":
        return this.#builtin(type, bindings);
      case "array":
        return this.#array(type, type.element, bindings);
      case "tuple":
        return this.#tuple(type, bindings);
      case "object":
        return this.#object(type, [], type.properties, type.indexes ?? [], bindings);
      case "union":
        return this.#union(type, bindings);
      case "intersection":
        return this.#intersection(type, bindings);
      case "reference":
        return this.#reference(type, bindings);
      case "global":
        return this.#global(type, bindings);
      case "typeParameter": {
        const bound = bindings.get(type.name);
        if (bound) return this.compile(bound);
        const constraint = this.#constraints.get(type.name);
        return constraint ? this.#constrained(type.name, constraint) : leaf(type, anything);
      }
      case "keyof":
        return leaf(type, isKey);
      case "conditional": {
        // A type bound by `infer` is unknown, and hides type parameters of its name.
        const inner = new Map(bindings);
        for (const name of inferredNames(type.extends)) inner.set(name, UNKNOWN);
        const branches = [this.compile(type.whenTrue, inner), this.compile(type.whenFalse, bindings)];
        return leaf(type, (value) => branches.some((branch) => branch.is(value)));
      }
      case "mapped":
        return this.#mapped(type, bindings);
      default:
        // Indexed access and infer remain in a schema only where they depend on a type parameter.
        return leaf(type, anything);
    }
  }

  /** A constraint may name its own type parameter (`T extends Comparable<T>`): inside itself it is unknown. */
  #constrained(name: string, constraint: TypeSchema): ValueCheck {
    const inside = new Map([...this.#constraints, [name, UNKNOWN] as const]);
    return this.#within(inside, new Map(), () => this.compile(constraint));
  }

  /** A type mapped over a type parameter's keys is an object if the parameter is; other types map to themselves. */
  #mapped(type: MappedType, bindings: Bindings): ValueCheck {
    const of = type.constraint.kind === "keyof" ? type.constraint.type : undefined;
    const isObject = of ? this.#isObject(of, bindings) : true;
    return leaf(type, isObject ? isNotNothing : anything);
  }

  /** Whether all values of a type are objects. */
  #isObject(type: TypeSchema, bindings: Bindings): boolean {
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
        return type.members.some((member) => this.#isObject(member, bindings));
      case "global":
        return type.name === "Record";
      case "typeParameter": {
        const known = bindings.get(type.name) ?? this.#constraints.get(type.name);
        return known !== undefined && known.kind !== "typeParameter" && this.#isObject(known, UNBOUND);
      }
      case "reference":
        return this.#declarations.get(type.name)?.kind === "interface";
      default:
        return false;
    }
  }

  #array(type: TypeSchema, element: TypeSchema, bindings: Bindings): ValueCheck {
    const item = this.compile(element, bindings);
    const is = item.is;
    return {
      is: (value) => {
        if (!Array.isArray(value)) return false;
        for (let i = 0; i < value.length; i++) if (!is(value[i])) return false;
        return true;
      },
      explain: (value, path) => {
        if (!Array.isArray(value)) return { path, expected: type, received: value };
        const at = value.findIndex((one) => !is(one));
        return item.explain(value[at], `${path}[${at}]`);
      },
      shape: () => "array",
      tags: noTags,
    };
  }

  #tuple(type: Extract<TypeSchema, { kind: "tuple" }>, bindings: Bindings): ValueCheck {
    const restAt = type.elements.findIndex((element) => element.rest);
    const before = (restAt < 0 ? type.elements : type.elements.slice(0, restAt)).map((element) => ({
      check: this.compile(element.type, bindings),
      optional: element.optional === true,
    }));
    const after =
      restAt < 0 ? [] : type.elements.slice(restAt + 1).map((element) => this.compile(element.type, bindings));
    const rest = restAt < 0 ? undefined : this.#restElement(type.elements[restAt]!.type, bindings);
    const least = before.filter((element) => !element.optional).length + after.length;
    const most = rest ? Number.POSITIVE_INFINITY : before.length;
    const checkAt = (index: number, length: number): { check: ValueCheck; optional: boolean } => {
      if (rest && index >= length - after.length)
        return { check: after[index - (length - after.length)]!, optional: false };
      return before[index] ?? { check: rest!, optional: false };
    };
    const passes = (value: readonly unknown[], index: number): boolean => {
      const { check, optional } = checkAt(index, value.length);
      return check.is(value[index]) || (optional && value[index] === undefined);
    };
    return {
      is: (value) => {
        if (!Array.isArray(value) || value.length < least || value.length > most) return false;
        for (let i = 0; i < value.length; i++) if (!passes(value, i)) return false;
        return true;
      },
      explain: (value, path) => {
        if (!Array.isArray(value) || value.length < least || value.length > most)
          return { path, expected: type, received: value };
        const at = value.findIndex((_, index) => !passes(value, index));
        return checkAt(at, value.length).check.explain(value[at], `${path}[${at}]`);
      },
      shape: () => "array",
      tags: noTags,
    };
  }

  /** `...T[]` gives the check of T; a rest that is still a type parameter lets everything pass. */
  #restElement(type: TypeSchema, bindings: Bindings): ValueCheck {
    const bound = type.kind === "typeParameter" ? (bindings.get(type.name) ?? type) : type;
    return bound.kind === "array" ? this.compile(bound.element, bindings) : leaf(bound, anything);
  }

  #object(
    type: TypeSchema,
    bases: readonly ValueCheck[],
    properties: readonly PropertySchema[],
    indexes: readonly IndexSignature[],
    bindings: Bindings,
  ): ValueCheck {
    const own = properties.map((property) => ({
      name: property.name,
      check: this.compile(property.type, bindings),
      // A brand on an object type is a property that exists only for the compiler.
      optional: property.optional === true || property.name.startsWith("__"),
    }));
    const checks = own.map(({ name, check, optional }) => ({ name, is: check.is, optional }));
    const named = new Set(properties.map((property) => property.name));
    const keyed = indexes.map((index) => ({
      key: this.#key(index.key, bindings),
      check: this.compile(index.value, bindings),
    }));
    const required = own.some((property) => !property.optional);
    const open = own.length === 0 && keyed.length === 0 && bases.length === 0;
    const badProperty = (value: Record<string, unknown>) =>
      own.find(({ name, check, optional }) => !(check.is(value[name]) || (optional && value[name] === undefined)));
    const badKey = (value: object): [string, ValueCheck] | undefined => {
      for (const [name, member] of Object.entries(value)) {
        if (named.has(name)) continue;
        for (const { key, check } of keyed) if (key(name) && !check.is(member)) return [name, check];
      }
      return undefined;
    };
    // A string is a `{ length: number }`; a number is not a `{ x: string | undefined }`, although it does not have an `x` either.
    const fits = (value: unknown): boolean =>
      open || (required && own.every(({ name, optional }) => optional || name in Object(value)));
    const couldBe = (value: unknown): boolean =>
      value !== null &&
      value !== undefined &&
      (typeof value === "object" || typeof value === "function" || fits(value));
    const tags = (): readonly Tag[] => [
      ...bases.flatMap((base) => base.tags()),
      ...properties.flatMap((property, index) =>
        isUnit(property.type) && !property.optional ? [{ name: property.name, is: own[index]!.check.is }] : [],
      ),
    ];
    return {
      is: (value) => {
        if (!couldBe(value)) return false;
        for (let i = 0; i < bases.length; i++) if (!bases[i]!.is(value)) return false;
        const object = value as Record<string, unknown>;
        for (let i = 0; i < checks.length; i++) {
          const { name, is, optional } = checks[i]!;
          const member = object[name];
          if (!is(member) && !(optional && member === undefined)) return false;
        }
        return keyed.length === 0 || badKey(object) === undefined;
      },
      explain: (value, path) => {
        if (!couldBe(value) || typeof value !== "object") return { path, expected: type, received: value };
        const base = bases.find((one) => !one.is(value));
        if (base) return base.explain(value, path);
        const object = value as Record<string, unknown>;
        const property = badProperty(object);
        if (property) return property.check.explain(object[property.name], path + propertyPath(property.name));
        const [name, check] = badKey(object)!;
        return check.explain(object[name], path + propertyPath(name));
      },
      shape: () => "object",
      tags,
    };
  }

  /** The property names that an index signature covers. */
  #key(type: TypeSchema, bindings: Bindings): (name: string) => boolean {
    if (type.kind === "primitive" && type.name === "number") return (name) => String(Number(name)) === name;
    const check = this.compile(type, bindings);
    return check.is;
  }

  #union(type: Extract<TypeSchema, { kind: "union" }>, bindings: Bindings): ValueCheck {
    const literals = new Set<unknown>();
    const members: ValueCheck[] = [];
    for (const member of type.members) {
      if (member.kind === "literal") literals.add(literalValue(member.value));
      else members.push(this.compile(member, bindings));
    }
    const is: Predicate = (value) => {
      if (literals.has(value)) return true;
      for (let i = 0; i < members.length; i++) if (members[i]!.is(value)) return true;
      return false;
    };
    return {
      is,
      explain: (value, path) => {
        const shape = Array.isArray(value) ? "array" : typeof value === "object" && value !== null ? "object" : "other";
        const alike = shape === "other" ? [] : members.filter((member) => member.shape() === shape);
        const tagged = alike.filter((member) => hasTags(member, value));
        const meant = tagged.length === 1 ? tagged[0] : alike.length === 1 ? alike[0] : undefined;
        return meant ? meant.explain(value, path) : { path, expected: type, received: value };
      },
      shape: () => {
        const shapes = new Set(members.map((member) => member.shape()));
        const [only] = shapes;
        return only && shapes.size === 1 && literals.size === 0 ? only : "other";
      },
      tags: noTags,
    };
  }

  #intersection(type: Extract<TypeSchema, { kind: "intersection" }>, bindings: Bindings): ValueCheck {
    const atoms = type.members.filter((member) => this.#isAtom(member, bindings));
    const members = (atoms.length > 0 ? atoms : type.members).map((member) => this.compile(member, bindings));
    return {
      is: (value) => {
        for (let i = 0; i < members.length; i++) if (!members[i]!.is(value)) return false;
        return true;
      },
      explain: (value, path) => members.find((member) => !member.is(value))!.explain(value, path),
      shape: () => members[0]?.shape() ?? "other",
      tags: () => members.flatMap((member) => member.tags()),
    };
  }

  /** A type of values that are not objects: intersected with an object type, it is branded, and the brand exists only for the compiler. */
  #isAtom(type: TypeSchema, bindings: Bindings): boolean {
    switch (type.kind) {
      case "primitive":
        return !["object", "unknown", "any", "never"].includes(type.name);
      case "literal":
      case "templateLiteral":
        return true;
      case "union":
      case "intersection": {
        const atoms = type.members.filter((member) => this.#isAtom(member, bindings)).length;
        return type.kind === "union" ? atoms === type.members.length : atoms > 0;
      }
      case "typeParameter": {
        const bound = bindings.get(type.name);
        return bound !== undefined && this.#isAtom(bound, UNBOUND);
      }
      case "reference": {
        const declaration = this.#declarations.get(type.name);
        if (declaration?.kind === "enum") return true;
        // An alias that is generic over a primitive is bound too late to matter here.
        return declaration?.kind === "alias" && !declaration.typeParameters && this.#isAtom(declaration.type, UNBOUND);
      }
      default:
        return false;
    }
  }

  #reference(type: Extract<TypeSchema, { kind: "reference" }>, bindings: Bindings): ValueCheck {
    const declaration = this.#declarations.get(type.name);
    if (!declaration) return leaf(type, anything);
    if (declaration.kind === "enum") {
      const values = declaration.members.filter((member) => !type.member || member.name === type.member);
      const allowed = new Set<unknown>(values.map((member) => member.value));
      // Any number may be assigned to a numeric enum: flags are combined that way.
      const numeric = !type.member && values.some((member) => typeof member.value === "number");
      // The values tell a caller more than the enum's name.
      const shown: TypeSchema = numeric
        ? type
        : { kind: "union", members: values.map((member) => ({ kind: "literal", value: member.value })) };
      return leaf(shown, (value) => allowed.has(value) || (numeric && typeof value === "number"));
    }
    if (declaration.kind === "alias" && declaration.codec) {
      const { name } = declaration.codec;
      const encoded = this.compile(declaration.type);
      return leaf(type, (value) =>
        value instanceof EncodedValue ? value.codec === name && encoded.is(value.value) : this.#isOfCodec(name, value),
      );
    }
    const closed = (type.typeArguments ?? []).map((argument) => substitute(argument, bindings));
    const key = `${type.name} ${JSON.stringify(closed)}`;
    const known = this.#references.get(key);
    if (known) return known;
    const bound: Map<string, TypeSchema> = new Map();
    declaration.typeParameters?.forEach((parameter, index) => {
      const argument = closed[index] ?? (parameter.default && substitute(parameter.default, bound));
      if (argument) bound.set(parameter.name, argument);
    });
    const check = this.#lazy(() =>
      declaration.kind === "alias"
        ? this.compile(declaration.type, bound)
        : this.#object(
            { ...type, ...(closed.length > 0 && { typeArguments: closed }) },
            (declaration.extends ?? []).map((base) => this.compile(base, bound)),
            declaration.properties,
            declaration.indexes ?? [],
            bound,
          ),
    );
    this.#references.set(key, check);
    return check;
  }

  #global(type: Extract<TypeSchema, { kind: "global" }>, bindings: Bindings): ValueCheck {
    const [first] = type.typeArguments;
    switch (type.name) {
      case "Iterable": {
        const item = first ? this.compile(first, bindings) : leaf(type, anything);
        return collection((value) => {
          if (!isIterable(value)) return { path: "", expected: type, received: value };
          let index = 0;
          // Decoded values that can be iterated again: arrays, sets, maps, strings and bytes.
          for (const one of value) {
            if (!item.is(one)) return item.explain(one, `[${index}]`);
            index++;
          }
          return undefined;
        });
      }
      case "1e999":
        return leaf(type, (value) => value === Number.POSITIVE_INFINITY);
      case "-1e999":
        return leaf(type, (value) => value === Number.NEGATIVE_INFINITY);
      default:
        return this.#utility(type, bindings);
    }
  }

  /** For a known type, the resulting type; for others, an object if all possible types are objects. */
  #utility(type: GlobalType, bindings: Bindings): ValueCheck {
    const given = type.typeArguments.map((argument) => substitute(argument, bindings));
    const key = `${type.name} ${JSON.stringify(given)}`;
    const known = this.#references.get(key);
    if (known) return known;
    const behind = expandGlobal({ ...type, typeArguments: given }, this.#declarations);
    if (behind) {
      const { properties = [], indexes = [] } = behind.kind === "object" ? behind : {};
      const check = this.#lazy(() =>
        behind.kind === "object" ? this.#object(type, [], properties, indexes, UNBOUND) : this.compile(behind),
      );
      this.#references.set(key, check);
      return check;
    }
    const [of] = given;
    switch (type.name) {
      case "Record":
        return given[1] ? this.#object(type, [], [], [{ key: of!, value: given[1] }], UNBOUND) : leaf(type, anything);
      case "Readonly":
        return this.compile(of!);
      case "Pick":
      case "Omit":
        return leaf(type, isNotNothing); // objects always
      case "Partial":
      case "Required":
        return leaf(type, of && this.#isObject(of, UNBOUND) ? isNotNothing : anything); // those of what is none give it back
      default:
        return leaf(type, anything);
    }
  }

  #builtin(type: Extract<TypeSchema, { kind: "builtin" }>, bindings: Bindings): ValueCheck {
    const [first, second] = type.typeArguments ?? [];
    if (type.name === "Map" || type.name === "ReadonlyMap") {
      const key = first ? this.compile(first, bindings) : leaf(type, anything);
      const member = second ? this.compile(second, bindings) : leaf(type, anything);
      return collection((value) => {
        if (!(value instanceof Map)) return { path: "", expected: type, received: value };
        for (const [k, v] of value) {
          if (!key.is(k)) return key.explain(k, ".keys()");
          if (!member.is(v)) return member.explain(v, `.get(${keyText(k)})`);
        }
        return undefined;
      });
    }
    if (type.name === "Set" || type.name === "ReadonlySet") {
      const item = first ? this.compile(first, bindings) : leaf(type, anything);
      return collection((value) => {
        if (!(value instanceof Set)) return { path: "", expected: type, received: value };
        for (const one of value) if (!item.is(one)) return item.explain(one, ".values()");
        return undefined;
      });
    }
    return leaf(type, builtinPredicate(type.name));
  }

  #template(texts: readonly string[], types: readonly TypeSchema[], bindings: Bindings): Predicate {
    const parts = texts.map((text, index) => {
      const type = types[index];
      return escape(text) + (type ? this.#pattern(substitute(type, bindings)) : "");
    });
    const pattern = new RegExp(`^${parts.join("")}$`, "s");
    return (value) => typeof value === "string" && pattern.test(value);
  }

  #pattern(type: TypeSchema): string {
    switch (type.kind) {
      case "literal":
        return escape(typeof type.value === "object" ? type.value.bigint : String(type.value));
      case "union":
        return `(?:${type.members.map((member) => this.#pattern(member)).join("|")})`;
      case "templateLiteral":
        return type.texts
          .map((text, index) => escape(text) + (type.types[index] ? this.#pattern(type.types[index]) : ""))
          .join("");
      case "primitive":
        return textPatterns[type.name] ?? ".*";
      case "reference": {
        const declaration = this.#declarations.get(type.name);
        if (declaration?.kind === "alias" && !type.typeArguments) return this.#pattern(declaration.type);
        if (declaration?.kind === "enum") {
          const values = declaration.members.filter((member) => !type.member || member.name === type.member);
          return `(?:${values.map((member) => escape(String(member.value))).join("|")})`;
        }
        return ".*";
      }
      default:
        return ".*";
    }
  }
}

function isUnit(type: TypeSchema): boolean {
  return (
    type.kind === "literal" ||
    (type.kind === "reference" && type.member !== undefined) ||
    (type.kind === "primitive" && (type.name === "null" || type.name === "undefined")) ||
    (type.kind === "union" && type.members.every(isUnit))
  );
}

/** Replaces bound type parameters; unbound ones stay. */
function substitute(type: TypeSchema, bindings: Bindings): TypeSchema {
  if (bindings.size === 0) return type;
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    const { kind, name } = node as { kind?: string; name?: string };
    if (kind === "typeParameter" && name !== undefined && bindings.has(name)) return bindings.get(name);
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, walk(member)]));
  };
  return walk(type) as TypeSchema; // same shape, with type parameters replaced
}
