/**
 * Decides whether every value of one type is also a value of another, and if not, where they differ. Used to compare two versions of
 * a function: the old one's arguments must fit the new one, the new one's results must fit the old one.
 *
 * It says yes only where TypeScript does; where it cannot decide (generic, conditional and mapped types, types nested too
 * deeply), it accepts only equal structure. It is stricter than TypeScript where TypeScript is lenient: a property that callers
 * pass but the new version ignores, a new `readonly` on a result, `any`.
 */

import { printPropertyName, printType } from "../print/index.ts";
import { type Declarations, MAX_DEPTH } from "../resolve.ts";
import type { Canonical, Names } from "../signature.ts";
import type {
  BuiltinType,
  EnumDeclaration,
  LiteralType,
  ObjectType,
  PropertySchema,
  ReferenceType,
  TemplateLiteralType,
  TupleElement,
  TypeSchema,
} from "../type-schema.ts";
import {
  addsToTagged,
  codecOf,
  distribute,
  enumOf,
  isEmptyObject,
  isList,
  isNamed,
  isPrimitive,
  isSomething,
  membersOf,
  mergeObjects,
  open,
  openUnion,
  orUndefined,
  primitiveOf,
  splitRest,
} from "./opened.ts";

/** One version of a function: what its references and type parameters mean. */
export interface Side {
  declarations: Declarations;
  canonical: Canonical;
  names: Names;
}

/** A difference: where in a type (`meta.size`, `[].id`, empty for the type itself), and what differs there. */
export interface Difference {
  path: string;
  what: string;
}

type Differences = readonly Difference[];

const FITS: Differences = [];

/** How deep a generic declaration is followed into itself: the arguments of `type Nest<T> = { next?: Nest<[T, T]> }` double each time. */
const MOST_NESTED = 6;

/** The difference reported for types that are too deep. */
export const TOO_DEEP = "is nested too deeply to be compared";

/** Compares in one direction: `input` from the old version to the new one, `output` from the new one to the old one. */
export class Comparison {
  readonly #source: Side;
  readonly #target: Side;
  readonly #input: boolean;
  /** Pairs that are being compared, or that fit provided those do: a recursive type fits if it fits under the assumption that it does. */
  readonly #assumed = new Set<string>();
  readonly #failed = new Map<string, Differences>();
  #depth = 0;
  /** Generic declarations that are being expanded. */
  readonly #generics: string[] = [];

  constructor(direction: "input" | "output", before: Side, after: Side) {
    this.#input = direction === "input";
    this.#source = this.#input ? before : after;
    this.#target = this.#input ? after : before;
  }

  /** The same structure, whatever the names. */
  same(source: TypeSchema, target: TypeSchema): boolean {
    return (
      this.#source.canonical.type(source, this.#source.names) ===
      this.#target.canonical.type(target, this.#target.names)
    );
  }

  /** Empty when all values of `source` are values of `target`, otherwise the differences. */
  differences(source: TypeSchema, target: TypeSchema): Differences {
    if (this.same(source, target)) return FITS;
    if (isPrimitive(target, "unknown") || isPrimitive(target, "any") || isPrimitive(source, "never")) return FITS;
    if (isNamed(source, this.#source.declarations) || isNamed(target, this.#target.declarations)) {
      return this.#references(source, target);
    }
    if (source.kind === "union" || isPrimitive(source, "boolean")) return this.#fromUnion(source, target);
    if (target.kind === "union" || isPrimitive(target, "boolean")) return this.#toUnion(source, target);
    if (source.kind === "intersection" || target.kind === "intersection") return this.#intersections(source, target);
    const from = codecOf(source, this.#source.declarations);
    const to = codecOf(target, this.#target.declarations);
    if (!from && !to) return this.#structures(source, target);
    // What one side's codec writes, the other's has to read.
    return from && to && from.name === to.name ? this.differences(from.type, to.type) : this.#changed(source, target);
  }

  // ---- declarations -------------------------------------------------------------------------------------------

  #references(source: TypeSchema, target: TypeSchema): Differences {
    const from = enumOf(source, this.#source.declarations);
    const to = enumOf(target, this.#target.declarations);
    if (from && to) return this.#enums(from, source as ReferenceType, to, target as ReferenceType);
    if (from) return this.#fromEnum(from, source as ReferenceType, target);
    if (to && source.kind === "union") return this.#fromUnion(source, target);
    const opened = open(source, this.#source.declarations);
    const wanted = to ? target : open(target, this.#target.declarations);
    if (!opened || !wanted || (to && opened === source)) return this.#changed(source, target);

    const pair = JSON.stringify([source, target]);
    if (this.#assumed.has(pair)) return FITS;
    const failed = this.#failed.get(pair);
    if (failed) return failed;
    const generic = [source, target].find((type) => type.kind === "reference" && type.typeArguments?.length);
    const name = generic?.kind === "reference" ? generic.name : "";
    const isNested = name !== "" && this.#generics.filter((each) => each === name).length >= MOST_NESTED;
    if (this.#depth >= MAX_DEPTH || isNested) return [{ path: "", what: TOO_DEEP }];
    const assumedBefore = this.#assumed.size;
    this.#assumed.add(pair);
    this.#depth++;
    this.#generics.push(name);
    let found = this.differences(opened, wanted);
    this.#generics.pop();
    this.#depth--;
    if (found.length > 0) {
      // Pairs that fitted on the way may have done so only because this pair was assumed to fit.
      for (const later of [...this.#assumed].slice(assumedBefore)) this.#assumed.delete(later);
      // If the type as a whole differs, name it as the author does.
      if (found.some((difference) => difference.path === "" && difference.what.startsWith("was "))) {
        found = this.#changed(source, target);
      }
      this.#failed.set(pair, found);
    }
    return found;
  }

  #enums(from: EnumDeclaration, source: ReferenceType, to: EnumDeclaration, target: ReferenceType): Differences {
    if ((from.authoredName ?? from.name) !== (to.authoredName ?? to.name)) return this.#changed(source, target);
    const values = new Map(to.members.map((member) => [member.name, member.value]));
    for (const { name, value } of from.members) {
      if (values.get(name) === value) continue;
      const change = values.has(name) ? "has another value" : this.#input ? "was removed" : "was added";
      return [{ path: "", what: `changed: member ${from.name}.${name} ${change}` }];
    }
    if (target.member === undefined || source.member === target.member) return FITS;
    return this.#changed(source, target);
  }

  #fromEnum(from: EnumDeclaration, source: ReferenceType, target: TypeSchema): Differences {
    const wanted = openUnion(target, this.#target.declarations);
    const members = from.members.filter(({ name }) => source.member === undefined || source.member === name);
    const fits = members.every(({ name, value }) =>
      wanted.some((item) => {
        if (item.kind === "primitive")
          return item.name === typeof value || item.name === "unknown" || item.name === "any";
        if (isEmptyObject(item)) return true;
        const to = enumOf(item, this.#target.declarations);
        const member: ReferenceType = { kind: "reference", name: from.name, member: name };
        return to !== undefined && this.#enums(from, member, to, item as ReferenceType).length === 0;
      }),
    );
    return fits ? FITS : this.#changed(source, target);
  }

  // ---- unions and intersections -------------------------------------------------------------------------------

  #fromUnion(source: TypeSchema, target: TypeSchema): Differences {
    const found: Difference[] = [];
    for (const member of membersOf(source)) {
      const differences = this.differences(member, target);
      // Report a member without a counterpart; a member that changed inside has its own differences.
      if (differences.some((difference) => difference.path === "")) {
        found.push({ path: "", what: `${this.#input ? "can no longer be" : "may now be"} ${brief(member)}` });
      } else {
        found.push(...differences);
      }
    }
    return found;
  }

  #toUnion(source: TypeSchema, target: TypeSchema): Differences {
    const tries: Differences[] = [];
    for (const member of membersOf(target)) {
      const differences = this.differences(source, member);
      if (differences.length === 0) return FITS;
      if (differences.every((difference) => difference.path !== "")) tries.push(differences);
    }
    // Report the differences to the closest member, if there is one.
    const least = Math.min(...tries.map((differences) => differences.length));
    const nearest = tries.filter((differences) => differences.length === least);
    return nearest.length === 1 ? nearest[0]! : this.#changed(source, target);
  }

  #intersections(source: TypeSchema, target: TypeSchema): Differences {
    const alternatives = distribute(source, this.#source.declarations);
    const allowed = distribute(target, this.#target.declarations);
    if (alternatives !== source || allowed !== target) return this.differences(alternatives, allowed);
    const from = source.kind === "intersection" ? mergeObjects(source, this.#source.declarations) : source;
    const to = target.kind === "intersection" ? mergeObjects(target, this.#target.declarations) : target;
    if (!to) return this.#changed(source, target);
    if (from && from.kind !== "intersection" && to.kind !== "intersection") return this.differences(from, to);
    const given = from ?? source;
    const fits = membersOf(to).every((wanted) =>
      membersOf(given).some((member) => this.differences(member, wanted).length === 0 && !addsToTagged(given, wanted)),
    );
    return fits ? FITS : this.#changed(source, target);
  }

  // ---- everything else ----------------------------------------------------------------------------------------

  #structures(source: TypeSchema, target: TypeSchema): Differences {
    if (source.kind === "object" && target.kind === "object") return this.#objects(source, target);
    if (isList(source) && isList(target)) {
      if (source.readonly && !target.readonly) return this.#changed(source, target);
      if (source.kind === "array" && target.kind === "array") {
        return inside("[]", this.differences(source.element, target.element));
      }
      if (source.kind === "tuple") {
        const wanted = target.kind === "tuple" ? target.elements : [{ type: target, rest: true as const }];
        return [...this.elements(source.elements, wanted)].flatMap(([at, found]) => inside(`[${at}]`, found));
      }
    }
    const fits =
      (source.kind === "literal" && isPrimitive(target, primitiveOf(source.value))) ||
      (source.kind === "templateLiteral" && isPrimitive(target, "string")) ||
      (source.kind === "literal" && target.kind === "templateLiteral" && isWrittenAs(source.value, target)) ||
      (isPrimitive(source, "undefined") && isPrimitive(target, "void")) ||
      (isPrimitive(target, "object") && (source.kind === "object" || source.kind === "builtin" || isList(source))) ||
      (isEmptyObject(target) && isSomething(source));
    if (fits) return FITS;
    const [given, wanted] = [iteratedBy(source), target.kind === "global" ? iteratedBy(target) : undefined];
    if (given && wanted) return inside("[]", this.differences(given, wanted));
    if (source.kind === "builtin" && target.kind === "builtin") return this.#builtins(source, target);
    return this.#changed(source, target);
  }

  #objects(source: ObjectType, target: ObjectType): Differences {
    if (source.calls || target.calls) return this.#changed(source, target);
    const found: Difference[] = [];
    const add = (name: string, differences: Differences): void => {
      found.push(...inside(printPropertyName(name), differences));
    };
    const given = new Map(source.properties.map((property) => [property.name, property]));
    const wanted = new Map(target.properties.map((property) => [property.name, property]));
    const inCommon = target.properties.some((property) => given.has(property.name));
    for (const to of target.properties) {
      const from = given.get(to.name);
      if (from) {
        add(to.name, this.#properties(from, to));
      } else if (!to.optional) {
        add(to.name, [{ path: "", what: this.#input ? "was added and is required" : "was removed" }]);
      } else if ((!this.#input && !inCommon) || to.name in Object.prototype) {
        // TypeScript does not accept a type with no common property where all properties are optional, and
        // sees inherited properties on every object.
        add(to.name, [{ path: "", what: this.#input ? "was added" : "was removed" }]);
      } else {
        for (const index of source.indexes ?? []) add(to.name, this.differences(index.value, to.type));
      }
    }
    for (const { name } of this.#input ? source.properties : []) {
      if (!wanted.has(name)) add(name, [{ path: "", what: "was removed" }]);
    }
    for (const to of target.indexes ?? []) {
      const from = source.indexes?.find((index) => this.same(index.key, to.key));
      if (!from || (from.readonly && !to.readonly && !this.#input)) return this.#changed(source, target);
      found.push(...inside("[]", this.differences(from.value, to.value)));
      for (const { name, type } of source.properties) {
        if (!wanted.has(name)) add(name, this.differences(type, to.value));
      }
    }
    const indexRemoved = source.indexes?.some((from) => !target.indexes?.some((to) => this.same(from.key, to.key)));
    return this.#input && indexRemoved ? this.#changed(source, target) : found;
  }

  #properties(from: PropertySchema, to: PropertySchema): Differences {
    if (from.optional && !to.optional) return [{ path: "", what: this.#input ? "became required" : "became optional" }];
    if (from.readonly && !to.readonly && !this.#input) return [{ path: "", what: "became readonly" }];
    return this.differences(from.type, to.type);
  }

  /** The differences between two tuples, or two lists of parameters, by the element's index. */
  elements(source: readonly TupleElement[], target: readonly TupleElement[]): Map<number, Differences> {
    const found = new Map<number, Differences>();
    const add = (at: number, differences: Differences): void => {
      if (differences.length > 0) found.set(at, differences);
    };
    const event = (at: number, inInput: string, inOutput: string): void => {
      add(at, [{ path: "", what: this.#input ? inInput : inOutput }]);
    };
    const from = splitRest(source);
    const to = splitRest(target);
    if (!from || !to) {
      if (!this.same({ kind: "tuple", elements: [...source] }, { kind: "tuple", elements: [...target] })) {
        event(
          Math.max(
            0,
            source.findIndex((element) => element.rest),
          ),
          "changed",
          "changed",
        );
      }
      return found;
    }
    const end = Math.max(from.fixed.length, to.fixed.length);
    for (let at = 0; at < end; at++) {
      const given = from.fixed[at];
      const wanted = to.fixed[at];
      if (given && wanted) {
        if (given.optional && !wanted.optional) event(at, "became required", "became optional");
        else add(at, this.differences(given.type, wanted.type));
      } else if (given) {
        if (!to.rest) event(at, "was removed", "was added");
        else add(at, this.differences(given.optional ? orUndefined(given.type) : given.type, to.rest));
      } else if (wanted) {
        if (!wanted.optional) event(at, "was added and is required", "was removed");
        else if (from.rest) add(at, this.differences(from.rest, wanted.type));
      }
    }
    if (from.rest && to.rest) add(end, this.differences(from.rest, to.rest));
    else if (from.rest) event(end, "can no longer be repeated", "may now be repeated");
    return found;
  }

  #builtins(source: BuiltinType, target: BuiltinType): Differences {
    if (source.name !== target.name && !WIDER[source.name]?.includes(target.name)) return this.#changed(source, target);
    const given = source.typeArguments ?? [];
    return (target.typeArguments ?? []).flatMap((wanted, at) => {
      const one = given[at];
      if (!one) return this.#changed(source, target);
      const isKey = given.length > 1 && at === 0;
      return inside(isKey ? "keys()" : "values()", this.differences(one, wanted));
    });
  }

  #changed(source: TypeSchema, target: TypeSchema): Differences {
    const [old, now] = this.#input ? [brief(source), brief(target)] : [brief(target), brief(source)];
    return [{ path: "", what: old === now ? `was another ${old}` : `was ${old}, is now ${now}` }];
  }
}

/** The same differences, with an outer path. */
function inside(key: string, differences: Differences): Differences {
  return differences.map(({ path, what }) => ({
    path: path === "" || path.startsWith("[") ? key + path : `${key}.${path}`,
    what,
  }));
}

/** Whether a string is one of `a-${string}`; a template with other types in it is left to the compiler. */
function isWrittenAs(value: LiteralType["value"], { texts, types }: TemplateLiteralType): boolean {
  if (typeof value !== "string" || !types.every((type) => isPrimitive(type, "string"))) return false;
  const [first, last] = [texts[0]!, texts.at(-1)!];
  let at = first.length;
  for (const text of texts.slice(1, -1)) {
    // Of two adjacent types, the first takes one character.
    const found = text === "" ? at + 1 : value.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return value.startsWith(first) && value.endsWith(last) && at + last.length <= value.length;
}

/** The type of the items of a list, a set or another iterable. */
function iteratedBy(type: TypeSchema): TypeSchema | undefined {
  if (type.kind === "array") return type.element;
  if (type.kind === "global") return type.name === "Iterable" ? type.typeArguments[0] : undefined;
  return type.kind === "builtin" && /^(Readonly)?Set$/.test(type.name) ? type.typeArguments?.[0] : undefined;
}

/** Other types that an instance also has, for the compiler and for the codec. */
const WIDER: { readonly [name: string]: readonly string[] | undefined } = {
  Map: ["ReadonlyMap"],
  Set: ["ReadonlySet"],
  Buffer: ["Uint8Array"],
  EvalError: ["Error"],
  RangeError: ["Error"],
  ReferenceError: ["Error"],
  SyntaxError: ["Error"],
  TypeError: ["Error"],
  URIError: ["Error"],
  AggregateError: ["Error"],
};

const BRIEF = 80;

function brief(type: TypeSchema): string {
  const text = printType(type);
  return text.length > BRIEF ? `${text.slice(0, BRIEF - 1)}…` : text;
}
