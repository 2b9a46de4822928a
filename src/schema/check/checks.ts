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
import { type Bindings, substitute, UNBOUND } from "./bindings.ts";
import { lazy, leaf, type ValueCheck } from "./check.ts";
import { iterableCheck, mapCheck, setCheck } from "./collections.ts";
import { isAtom, isObject } from "./kinds.ts";
import {
  anything,
  builtinPredicate,
  isKey,
  isNotNothing,
  literalPredicate,
  literalValue,
  primitives,
} from "./predicates.ts";
import { arrayCheck, intersectionCheck, objectCheck, tupleCheck, unionCheck } from "./structures.ts";
import { templatePredicate } from "./template.ts";

/** @param codec its name */
export type IsOfCodec = (codec: string, value: unknown) => boolean;

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

  get #known() {
    return { declarations: this.#declarations, constraints: this.#constraints };
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
        return leaf(
          type,
          templatePredicate(
            type.texts,
            type.types.map((each) => substitute(each, bindings)),
            this.#declarations,
          ),
        );
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
    return leaf(type, !of || isObject(of, bindings, this.#known) ? isNotNothing : anything);
  }

  #array(type: TypeSchema, element: TypeSchema, bindings: Bindings): ValueCheck {
    return arrayCheck(type, this.compile(element, bindings));
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
    return tupleCheck(type, { before, rest, after });
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
      type: property.type,
    }));
    const keyed = indexes.map((index) => ({
      key: this.#key(index.key, bindings),
      check: this.compile(index.value, bindings),
    }));
    return objectCheck(type, bases, own, keyed);
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
    return unionCheck(type, literals, members);
  }

  #intersection(type: Extract<TypeSchema, { kind: "intersection" }>, bindings: Bindings): ValueCheck {
    const atoms = type.members.filter((member) => isAtom(member, bindings, this.#declarations));
    const members = (atoms.length > 0 ? atoms : type.members).map((member) => this.compile(member, bindings));
    return intersectionCheck(members);
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
        return iterableCheck(type, item);
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
        return leaf(type, of && isObject(of, UNBOUND, this.#known) ? isNotNothing : anything); // those of what is none give it back
      default:
        return leaf(type, anything);
    }
  }

  #builtin(type: Extract<TypeSchema, { kind: "builtin" }>, bindings: Bindings): ValueCheck {
    const [first, second] = type.typeArguments ?? [];
    if (type.name === "Map" || type.name === "ReadonlyMap") {
      const key = first ? this.compile(first, bindings) : leaf(type, anything);
      const member = second ? this.compile(second, bindings) : leaf(type, anything);
      return mapCheck(type, key, member);
    }
    if (type.name === "Set" || type.name === "ReadonlySet") {
      const item = first ? this.compile(first, bindings) : leaf(type, anything);
      return setCheck(type, item);
    }
    return leaf(type, builtinPredicate(type.name));
  }
}
