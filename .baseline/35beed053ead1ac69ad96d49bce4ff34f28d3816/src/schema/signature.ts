/**
 * A function's signature: a hash of everything its callers' types depend on. Two deploys with the same signature can be
 * called through the same stub; compatibility.ts compares two with different ones.
 *
 * In it: mode, type parameters, overloads, parameters (type, optional, rest; names only where a caller can pass by name), what
 * is returned, the error classes that it declares with their properties, and the structure of all declarations that these reach. Not in it: documentation, labels (they change what a
 * caller reads, not what it may pass), the names of interfaces, aliases and type parameters, order of declarations,
 * properties and union members, the place in the source, options. An enum's name is in it, since
 * enums are nominal: its author's, which the types of other functions do not change.
 *
 * Each type becomes a canonical string in which unordered parts are sorted. A declaration becomes the hash of its string; where
 * declarations refer to each other in a cycle, the strings are made in rounds, each with the hashes of the round before,
 * until a round distinguishes no more of them (partition refinement).
 */
import { constructorOf } from "./classes.ts";
import type { CallSignature, ClassSchema, FunctionSchema, ParameterSchema } from "./manifest.ts";
import { isNamed, isOptional } from "./parameters.ts";
import { type Declarations, declarationsByName, inferredNames, membersOf, ownMembers, partsOf } from "./resolve.ts";
import type {
  AliasDeclaration,
  Declaration,
  ObjectType,
  PropertySchema,
  ReferenceType,
  TypeParameterSchema,
  TypeSchema,
} from "./type-schema.ts";

/**
 * 16 hexadecimal digits. `declarations` must be complete and must not change afterwards: work on them is kept for
 * the functions that follow. `owner`: the class of a method, whose constructor a caller of the method depends on too.
 */
export function signatureOf(
  fn: Omit<FunctionSchema, "signature" | "options">,
  declarations: readonly Declaration[],
  owner?: Pick<ClassSchema, "name" | "constructors">,
): string {
  const own = owner === undefined ? "" : `${signatureOf(constructorOf(owner), declarations)} `;
  const canonical = canonicalOf(declarations);
  const keywords = fn.keywords === true;
  const calls = (fn.overloads ?? [fn]).map((call) => canonical.call(call, keywords));
  const errors = (fn.errors ?? []).map((error) => `${quote(thrownAs(error, declarations))}:${canonical.type(error)}`);
  const throws = errors.length > 0 ? ` throws ${errors.sort().join()}` : "";
  return hash(`${own}1 ${fn.mode}${keywords ? " keywords" : ""} ${calls.join(" ")}${throws}`);
}

/** The name that an error class's instances have on the wire. */
export function thrownAs({ name }: ReferenceType, declarations: readonly Declaration[]): string {
  const declaration = canonicalOf(declarations).declarations.get(name);
  return (declaration?.kind === "interface" ? declaration.error : undefined) ?? name;
}

const cache = new WeakMap<readonly Declaration[], { canonical: Canonical; length: number }>();

export function canonicalOf(declarations: readonly Declaration[]): Canonical {
  const known = cache.get(declarations);
  if (known && known.length === declarations.length) return known.canonical;
  const canonical = new Canonical(declarationsByName(declarations));
  cache.set(declarations, { canonical, length: declarations.length });
  return canonical;
}

/** A type parameter is written as its position, since its name does not matter. */
export type Names = ReadonlyMap<string, string>;

const NONE: Names = new Map();

/** Canonical strings for one manifest's types. Equal strings mean equal types. */
export class Canonical {
  readonly declarations: Declarations;
  readonly #hashes = new Map<string, string>();
  /** Hashes of the round before, while declarations in a circle are worked on. */
  #round: ReadonlyMap<string, string> | undefined;
  readonly #members = new Map<string, ObjectType | undefined>();
  readonly #endless = new Map<string, boolean>();

  constructor(declarations: Declarations) {
    this.declarations = declarations;
  }

  call(call: CallSignature, keywords: boolean): string {
    const names = bindNames(call.typeParameters, "f", NONE);
    const parameters = call.parameters.map((parameter) => this.#parameter(parameter, keywords, names));
    return `${this.typeParameters(call.typeParameters, names)}(${parameters.join()}):${this.type(call.returns, names)}`;
  }

  typeParameters(parameters: readonly TypeParameterSchema[] | undefined, names: Names): string {
    if (!parameters?.length) return "";
    const texts = parameters.map((parameter) => {
      const constraint = parameter.constraint ? this.type(parameter.constraint, names) : "";
      const byDefault = parameter.default ? this.type(parameter.default, names) : "";
      return `${parameter.const ? "const" : ""} ${constraint}=${byDefault}`;
    });
    return `<${texts.join()}>`;
  }

  #parameter(parameter: ParameterSchema, keywords: boolean, names: Names): string {
    const optional = !parameter.rest && isOptional(parameter);
    const marks =
      (parameter.rest ? "..." : "") +
      (optional ? "?" : "") +
      (parameter.keywordOnly ? "*" : "") +
      (parameter.keywordRest ? "**" : "");
    // The name of a rest parameter has always been a part of it, although callers do not see it.
    const hasLabel = isNamed(parameter, keywords) || (keywords && parameter.rest);
    const label = hasLabel ? `${quote(parameter.name)}:` : "";
    if (!optional) return marks + label + this.type(parameter.type, names);
    // A caller can pass `undefined` for an optional parameter, whether its type says so or not.
    return marks + label + this.#union([parameter.type], names, ["undefined"]);
  }

  type(type: TypeSchema, names: Names = NONE): string {
    return shorten(this.#text(type, names));
  }

  #text(type: TypeSchema, names: Names): string {
    switch (type.kind) {
      case "primitive":
        return type.name === "boolean" ? this.#union([type], names) : type.name;
      case "literal": {
        const { value } = type;
        return typeof value === "object"
          ? `${BigInt(value.bigint)}n`
          : typeof value === "string"
            ? quote(value)
            : `#${value}`;
      }
      case "templateLiteral":
        return `\`${type.texts.map(quote).join("")}${this.#list(type.types, names)}`;
      case "array":
        return `${type.readonly ? "r" : ""}[]${this.type(type.element, names)}`;
      case "tuple": {
        const elements = type.elements.map(
          (element) => (element.rest ? "..." : element.optional ? "?" : "") + this.type(element.type, names),
        );
        return `${type.readonly ? "r" : ""}[${elements.join()}]`;
      }
      case "object":
        return this.#object(type, names);
      case "union":
        return this.#union(type.members, names);
      case "intersection": {
        const members = new Set(type.members.map((member) => this.type(member, names)));
        return members.size === 1 ? [...members][0]! : `&(${[...members].sort().join()})`;
      }
      case "reference": {
        const name = this.#declaration(type.name);
        const member = type.member === undefined ? "" : `.${quote(type.member)}`;
        return name + member + (type.typeArguments?.length ? this.#list(type.typeArguments, names) : "");
      }
      case "global":
        return `:${quote(type.name)}${this.#list(type.typeArguments, names)}`;
      case "builtin":
        return `:${type.name}${type.typeArguments?.length ? this.#list(type.typeArguments, names) : ""}`;
      case "typeParameter":
        return names.get(type.name) ?? `'${quote(type.name)}`;
      case "keyof":
        return `keyof(${this.type(type.type, names)})`;
      case "indexedAccess":
        return `at(${this.type(type.object, names)},${this.type(type.index, names)})`;
      case "mapped": {
        const inner = new Map(names).set(type.parameter, `'${names.size}`);
        const name = type.nameType ? this.type(type.nameType, inner) : "";
        const marks = `${type.readonly ?? ""}/${type.optional ?? ""}`;
        return `mapped(${this.type(type.constraint, names)},${name},${marks},${this.type(type.type, inner)})`;
      }
      case "conditional": {
        const inner = new Map(names);
        for (const name of inferredNames(type.extends)) inner.set(name, `'${inner.size}`);
        const branches = `${this.type(type.whenTrue, inner)},${this.type(type.whenFalse, names)}`;
        return `if(${this.type(type.check, names)},${this.type(type.extends, inner)},${branches})`;
      }
      case "infer": {
        const constraint = type.constraint ? this.type(type.constraint, names) : "";
        return `infer(${names.get(type.name) ?? quote(type.name)},${constraint})`;
      }
      case "function": {
        const inner = bindNames(type.typeParameters, `f${names.size}.`, names);
        const parameters = this.type({ kind: "tuple", elements: type.parameters }, inner);
        const own = `${type.constructs ? `new${type.constructs}` : ""}${this.typeParameters(type.typeParameters, inner)}`;
        return `${own}(${parameters})=>${this.type(type.returns, inner)}`;
      }
    }
  }

  #list(types: readonly TypeSchema[], names: Names): string {
    return `<${types.map((type) => this.type(type, names)).join()}>`;
  }

  #object(type: ObjectType, names: Names): string {
    const parts = type.properties.map((property) => this.#property(property, names));
    for (const index of type.indexes ?? []) {
      parts.push(`[${this.type(index.key, names)}]${index.readonly ? "r" : ""}:${this.type(index.value, names)}`);
    }
    // The order of overloads matters.
    const calls = (type.calls ?? []).map((call) => this.type(call, names)).join();
    return `{${calls}${parts.sort().join()}}`;
  }

  #property(property: PropertySchema, names: Names): string {
    const marks = (property.readonly ? "r" : "") + (property.optional ? "?" : "");
    return `${quote(property.name)}${marks}:${this.type(property.type, names)}`;
  }

  /**
   * A set: nested unions, also behind plain aliases, are opened; `boolean` is the union that it is. What would be opened again
   * inside itself stays a name: `type Json = string | { [key: string]: Json | undefined }`.
   */
  #union(members: readonly TypeSchema[], names: Names, more: readonly string[] = []): string {
    const texts = new Set(more);
    const add = (member: TypeSchema): void => {
      if (member.kind === "union") {
        member.members.forEach(add);
        return;
      }
      if (member.kind === "primitive" && member.name === "boolean") {
        texts.add("#true").add("#false");
        return;
      }
      const alias = this.#plainAlias(member);
      if (alias && !this.#isEndless(alias.name)) add(alias.type);
      else texts.add(this.type(member, names));
    };
    members.forEach(add);
    if (texts.size === 0) return "never";
    return texts.size === 1 ? [...texts][0]! : `|(${[...texts].sort().join()})`;
  }

  /** A name for a union, for a primitive type or for another name. */
  #plainAlias(type: TypeSchema): AliasDeclaration | undefined {
    const declaration = type.kind === "reference" ? this.declarations.get(type.name) : undefined;
    if (declaration?.kind !== "alias" || declaration.typeParameters?.length || declaration.codec) return undefined;
    return ["union", "reference", "primitive"].includes(declaration.type.kind) ? declaration : undefined;
  }

  /** Whether expanding an alias leads to expanding it again. */
  #isEndless(name: string): boolean {
    const known = this.#endless.get(name);
    if (known !== undefined) return known;
    const reached = new Set<string>();
    const follow = (at: string): void => {
      for (const next of this.#opens(at)) {
        if (reached.has(next)) continue;
        reached.add(next);
        follow(next);
      }
    };
    follow(name);
    this.#endless.set(name, reached.has(name));
    return reached.has(name);
  }

  /** The aliases that are opened in the text of one. */
  #opens(name: string): Set<string> {
    const found = new Set<string>();
    const visit = (type: TypeSchema): void => partsOf(type).forEach(type.kind === "union" ? member : visit);
    const member = (type: TypeSchema): void => {
      const alias = this.#plainAlias(type);
      if (alias) found.add(alias.name);
      else visit(type);
    };
    const declaration = this.declarations.get(name);
    if (declaration?.kind === "alias") member(declaration.type);
    return found;
  }

  // ---- declarations -------------------------------------------------------------------------------------------

  #declaration(name: string): string {
    const known = this.#round?.get(name) ?? this.#hashes.get(name);
    if (known !== undefined) return known;
    if (!this.declarations.has(name)) return `?${quote(name)}`;
    this.#hashAll(name);
    return this.#hashes.get(name)!;
  }

  /** Tarjan's strongly connected components from one declaration on: what a declaration needs is hashed before it. */
  #hashAll(root: string): void {
    const order = new Map<string, number>();
    const low = new Map<string, number>();
    const stack: string[] = [];
    const connect = (name: string): void => {
      order.set(name, order.size);
      low.set(name, order.get(name)!);
      stack.push(name);
      for (const next of this.#needs(name)) {
        if (this.#hashes.has(next)) continue;
        if (!order.has(next)) {
          connect(next);
          low.set(name, Math.min(low.get(name)!, low.get(next)!));
        } else if (stack.includes(next)) {
          low.set(name, Math.min(low.get(name)!, order.get(next)!));
        }
      }
      if (low.get(name) === order.get(name)) this.#hashCircle(stack.splice(stack.indexOf(name)));
    };
    connect(root);
  }

  #hashCircle(names: readonly string[]): void {
    const [only] = names;
    if (names.length === 1 && !this.#needs(only!).has(only!)) {
      this.#hashes.set(only!, this.#declared(only!));
      return;
    }
    let round = new Map(names.map((name) => [name, "@"]));
    for (let classes = 0; ; ) {
      this.#round = round;
      round = new Map(names.map((name) => [name, hash(this.#declared(name))]));
      const found = new Set(round.values()).size;
      if (found <= classes) break;
      classes = found;
    }
    this.#round = undefined;
    // Each has all hashes of the cycle in it, so that a cycle that only begins like another one differs from it.
    const all = [...new Set(round.values())].sort().join();
    for (const name of names) this.#hashes.set(name, `@${hash(`${round.get(name)} ${all}`)}`);
  }

  /** For a plain alias or interface, the string of the type that it stands for: a name changes nothing. */
  #declared(name: string): string {
    const declaration = this.declarations.get(name)!;
    if (declaration.kind === "enum") {
      const members = declaration.members.map(
        ({ name, value }) => `${quote(name)}=${typeof value === "string" ? quote(value) : value}`,
      );
      return shorten(`enum ${quote(declaration.authoredName ?? name)}{${members.sort().join()}}`);
    }
    const names = bindNames(declaration.typeParameters, "d", NONE);
    const parameters = this.typeParameters(declaration.typeParameters, names);
    if (declaration.kind === "alias") {
      const type = parameters + this.type(declaration.type, names);
      return declaration.codec ? `codec ${quote(declaration.codec.name)}:${type}` : type;
    }
    const members = this.#membersOf(name);
    if (members) return parameters + this.type(members, names);
    const bases = (declaration.extends ?? []).map((base) => this.type(base, names));
    return shorten(`${parameters}extends(${bases.sort().join()})${this.type(ownMembers(declaration), names)}`);
  }

  #needs(name: string): Set<string> {
    const found = new Set<string>();
    const visit = (type: TypeSchema): void => {
      if (type.kind === "reference" && this.declarations.has(type.name)) found.add(type.name);
      partsOf(type).forEach(visit);
    };
    const declaration = this.declarations.get(name)!;
    if (declaration.kind === "enum") return found;
    for (const parameter of declaration.typeParameters ?? []) {
      if (parameter.constraint) visit(parameter.constraint);
      if (parameter.default) visit(parameter.default);
    }
    if (declaration.kind === "alias") visit(declaration.type);
    else {
      const members = this.#membersOf(name);
      visit(members ?? ownMembers(declaration));
      if (!members) declaration.extends?.forEach(visit);
    }
    return found;
  }

  #membersOf(name: string): ObjectType | undefined {
    if (!this.#members.has(name)) {
      const declaration = this.declarations.get(name);
      this.#members.set(
        name,
        declaration?.kind === "interface" ? membersOf(declaration, this.declarations) : undefined,
      );
    }
    return this.#members.get(name);
  }
}

export function bindNames(parameters: readonly TypeParameterSchema[] | undefined, prefix: string, outer: Names): Names {
  if (!parameters?.length) return outer;
  return new Map([...outer, ...parameters.map(({ name }, at): [string, string] => [name, `'${prefix}${at}`])]);
}

/** No text in quotes can be taken for anything else. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** A long string is replaced with its hash everywhere, so that strings stay short and a type is the same inline and behind an alias. */
function shorten(text: string): string {
  return text.length > 60 ? `~${hash(text)}` : text;
}

/** 64 bits in hexadecimal, by two multiply-and-mix lanes (cyrb53's); nothing here needs to withstand an attacker. */
function hash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(16).padStart(8, "0") + (a >>> 0).toString(16).padStart(8, "0");
}
