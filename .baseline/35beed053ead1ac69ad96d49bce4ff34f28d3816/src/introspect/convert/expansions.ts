/**
 * Types that may contain themselves: computed aliases and types without a name, while they are written out. One that has no end is
 * named instead, by the alias or the declaration around it.
 */
import type { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Findings } from "./findings.ts";
import type { Use } from "./owners.ts";

/** A computed alias whose result is being written out. */
interface Expansion {
  alias: ts.Symbol;
  type: ts.Type;
  isRecursive: boolean;
}

/** What an alias came to: what it stands for, with the declarations used in that, or that it has no end. */
type Expanded = { schema: TypeSchema; uses: readonly Use[] } | "endless";

/** Where an alias is written out. */
export interface Surroundings {
  /** In a description other types stay names. */
  isDescribing: boolean;
  /** What depends on type parameters is different elsewhere. */
  hasTypeParameters: boolean;
}

/** Deeper nesting of one alias in its own result than this has no end. */
const MAX_NESTING = 4;

export class Expansions {
  readonly #findings: Findings;
  /** Outermost first. */
  #expanding: Expansion[] = [];
  readonly #crossingAliases = new Map<ts.Symbol, Map<ts.Type, Expanded>>();
  readonly #describedAliases = new Map<ts.Symbol, Map<ts.Type, Expanded>>();
  /** The type of the alias that is being declared, until it is met. */
  #body: ts.Type | undefined;
  /** Computed types that a declaration around here is a name for. */
  readonly #named = new Map<ts.Type, ts.Symbol>();
  /** Types without a name that are being written out. */
  readonly #anonymous = new Set<ts.Type>();
  /** Those of them that contain themselves and are named after the property that declares them. */
  readonly #endless = new Set<ts.Type>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Converts a declaration: what is being written out around it has no part in it. */
  apart(convert: () => void): void {
    const [expanding, body] = [this.#expanding, this.#body];
    this.#expanding = [];
    this.#body = undefined;
    convert();
    this.#expanding = expanding;
    this.#body = body;
  }

  /** Converts what an alias is declared as. What is resolved has this very alias as its name: `isBody` says it, once. */
  withBody(type: ts.Type | undefined, convert: () => TypeSchema): TypeSchema {
    this.#body = type;
    const converted = convert();
    this.#body = undefined;
    return converted;
  }

  isBody(type: ts.Type): boolean {
    if (type !== this.#body) return false;
    this.#body = undefined;
    return true;
  }

  /** Inside of it, a computed type that contains itself has the name of what is being declared. */
  withName<T>(type: ts.Type, name: ts.Symbol, convert: () => T): T {
    this.#named.set(type, name);
    const converted = convert();
    this.#named.delete(type);
    return converted;
  }

  nameOf(type: ts.Type): ts.Symbol | undefined {
    return this.#named.get(type);
  }

  /**
   * What an alias stands for, written out; by its name where that has no end. Worked out once for each type, since aliases that
   * use each other in many places (a schema's `allOf`, `anyOf`, `not`, …) come to the same types again and again.
   */
  expand(
    alias: ts.Symbol,
    type: ts.Type,
    { isDescribing, hasTypeParameters }: Surroundings,
    named: () => TypeSchema,
    convert: () => TypeSchema,
  ): TypeSchema {
    const known = this.#expanded(alias, isDescribing);
    const before = known.get(type);
    if (before === "endless") return named();
    if (before) {
      this.#findings.useAgain(before.uses);
      return before.schema;
    }
    const outer = this.#expanding.filter((each) => each.alias === alias);
    if (outer.length >= MAX_NESTING || outer.some((each) => each.type === type)) {
      outer[0]!.isRecursive = true;
      return named();
    }
    const entry: Expansion = { alias, type, isRecursive: false };
    const mark = this.#findings.mark();
    this.#expanding.push(entry);
    const result = this.#findings.tentatively(() => {
      const converted = convert();
      return entry.isRecursive ? undefined : converted;
    });
    this.#expanding.pop();
    if (!result) {
      known.set(type, "endless");
      return named();
    }
    // What depends on where it is cannot be kept, nor what is inside something endless, which may be only a part of it.
    if (hasTypeParameters || this.#expanding.some(({ isRecursive }) => isRecursive)) return result;
    const { refusals, uses } = this.#findings.since(mark);
    // What is refused has its place.
    if (refusals.length > 0) return result;
    const { length } = this.#findings.path;
    known.set(type, { schema: result, uses: uses.map((use) => ({ ...use, path: use.path.slice(length) })) });
    return result;
  }

  #expanded(alias: ts.Symbol, isDescribing: boolean): Map<ts.Type, Expanded> {
    const all = isDescribing ? this.#describedAliases : this.#crossingAliases;
    let known = all.get(alias);
    if (!known) {
      known = new Map();
      all.set(alias, known);
    }
    return known;
  }

  /**
   * Writes out a type that has no name; `again` is for where it contains itself, and no alias around it can stand for it.
   * @param named makes it a declaration of its own, named after the property that declares it, if it contains itself
   */
  writeOut(
    type: ts.Type,
    convert: () => TypeSchema,
    again: () => TypeSchema,
    named: (() => TypeSchema) | undefined,
  ): TypeSchema {
    if (named && this.#endless.has(type)) return named();
    if (this.#anonymous.has(type)) {
      if (named) {
        this.#endless.add(type);
        return named();
      }
      const around = this.#expanding.at(-1);
      if (!around) return again();
      around.isRecursive = true; // its name is used instead
      return { kind: "primitive", name: "unknown" };
    }
    this.#anonymous.add(type);
    const converted = this.#findings.tentatively(() => {
      const result = convert();
      return this.#endless.has(type) ? undefined : result;
    });
    this.#anonymous.delete(type);
    return converted ?? named!(); // only what has one is found endless
  }
}
