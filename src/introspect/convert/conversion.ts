/**
 * The state of turning an app's types into schema: which declarations were met, what was refused where, and the place in
 * the type that is being looked at. How each kind of type is turned, the visitors know (nodes.ts, types.ts, declarations.ts);
 * they call each other through here, `cx.node()` and `cx.type()`, and not directly.
 */
import type { ts } from "ts-morph";
import type { Declaration, ReferenceType, TypeSchema } from "../../schema/index.ts";
import type { RefusalReason } from "../problems.ts";
import {
  type DeclarationRecord,
  errors,
  type FoundCodec,
  isUncrossable,
  type Owner,
  type Refusal,
  type Use,
} from "./owners.ts";
import { stepOf } from "./paths.ts";

export interface TypeOptions {
  /** An alias that is not to be used for the type: what it stands for is wanted. */
  opaque?: ts.Symbol;
  /** Write out the members of an interface rather than use its name. */
  expanded?: boolean;
  /** The type of something optional: the `undefined` that says so is left out. */
  optional?: "property" | "parameter";
}

export interface Visitors {
  /** A type as the author wrote it. */
  node(cx: Conversion, node: ts.TypeNode): TypeSchema;
  /** A type that the checker found or computed. `site` is where it is used, for problems. */
  type(cx: Conversion, type: ts.Type, site: ts.Node | undefined, options: TypeOptions): TypeSchema;
  /** What is named: an interface, an alias, an enum, a class. */
  declaration(cx: Conversion, record: DeclarationRecord): void;
  /** A type that crosses by a codec. */
  custom(cx: Conversion, record: DeclarationRecord): void;
  isTemporal(cx: Conversion, symbol: ts.Symbol): boolean;
  /** A class of errors that a function declares. */
  error(cx: Conversion, record: DeclarationRecord): void;
}

/** A computed alias whose result is being written out. */
interface Expansion {
  alias: ts.Symbol;
  type: ts.Type;
  isRecursive: boolean;
}

/** What an alias came to: what it stands for, with the declarations used in that, or that it has no end. */
type Expanded = { schema: TypeSchema; uses: readonly Use[] } | "endless";

/** Deeper nesting of one alias in its own result than this has no end. */
const MAX_NESTING = 4;

export interface ConversionOptions {
  program: ts.Program;
  checker: ts.TypeChecker;
  /** By the type that each is for. */
  codecs?: ReadonlyMap<ts.Symbol, FoundCodec>;
  /** Leave out optional properties that cannot cross. */
  omits?: boolean;
}

export class Conversion {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly #visitors: Visitors;
  readonly #records = new Map<ts.Symbol, DeclarationRecord>();
  /** Apart from those, since what a class is as data is something else. */
  readonly #errors = new Map<ts.Symbol, DeclarationRecord>();
  readonly #customs = new Map<ts.Symbol, DeclarationRecord>();
  /** The app's, by the type that each is for. */
  readonly codecs: ReadonlyMap<ts.Symbol, FoundCodec>;
  readonly #targets = new WeakMap<ReferenceType, DeclarationRecord>();
  /** Type parameters that a type may name here. */
  #scope: ReadonlySet<ts.Symbol> = new Set();
  /** Above zero inside constraints and the like. */
  #describing = 0;
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
  #owner: Owner = { refusals: [], uses: [] };
  #path: string[] = [];
  #site: ts.Node | undefined;
  readonly #omits: boolean;
  #omitting: Conversion | undefined;

  constructor({ program, checker, codecs = new Map(), omits = false }: ConversionOptions, visitors: Visitors) {
    this.program = program;
    this.checker = checker;
    this.codecs = codecs;
    this.#omits = omits;
    this.#visitors = visitors;
  }

  /**
   * The same, but for optional properties that cannot cross: they are left out. It has declarations of its own, since those of other
   * functions keep all their properties or are refused.
   */
  get omitting(): Conversion {
    const { program, checker, codecs } = this;
    this.#omitting ??= new Conversion({ program, checker, codecs, omits: true }, this.#visitors);
    return this.#omitting;
  }

  node(node: ts.TypeNode): TypeSchema {
    return this.#visitors.node(this, node);
  }

  type(type: ts.Type, site: ts.Node | undefined, options: TypeOptions = {}): TypeSchema {
    return this.#visitors.type(this, type, site, options);
  }

  // ---- where it is ------------------------------------------------------------------------------------------------

  /** Converts the types of an owner. `site` is where a problem is reported that has no place of its own. */
  own<T>(owner: Owner, site: ts.Node, scope: ReadonlySet<ts.Symbol>, convert: () => T): T {
    const before = [this.#owner, this.#path, this.#site, this.#scope, this.#describing] as const;
    this.#owner = owner;
    this.#path = [];
    this.#site = site;
    this.#scope = scope;
    this.#describing = 0;
    try {
      return convert();
    } finally {
      [this.#owner, this.#path, this.#site, this.#scope, this.#describing] = before;
    }
  }

  /** Goes one step into the type: `.name`, `[]`. */
  at<T>(step: string, convert: () => T): T {
    this.#path.push(step);
    const result = convert();
    this.#path.pop();
    return result;
  }

  /** The type of a property. Undefined for an optional one that cannot cross, where such are left out. */
  property(
    name: string,
    node: ts.Node | undefined,
    isOptional: boolean,
    convert: () => TypeSchema,
  ): TypeSchema | undefined {
    return this.at(stepOf(name), () => {
      if (!isOptional || this.isDescribing) return convert();
      const { refusals, uses } = this.#owner;
      const [hadRefusals, hadUses] = [refusals.length, uses.length];
      const converted = convert();
      const found = { refusals: refusals.slice(hadRefusals), uses: uses.slice(hadUses) };
      if (!this.#omits) {
        for (const part of [...found.refusals, ...found.uses]) part.isOptional = true;
        return converted;
      }
      const because = [...errors(found)].find(isUncrossable);
      if (!because) return converted;
      refusals.length = hadRefusals;
      uses.length = hadUses;
      const message = `left out for callers: ${because.message}`;
      const hint = "Callers can neither pass it nor get it. Remove `omit` to have it refused.";
      this.#note("warning", node, "omitted", message, hint).omitted = name;
      return undefined;
    });
  }

  withScope<T>(symbols: Iterable<ts.Symbol>, convert: () => T): T {
    const before = this.#scope;
    this.#scope = new Set([...before, ...symbols]);
    const result = convert();
    this.#scope = before;
    return result;
  }

  /** Whether a type parameter may be named here. */
  isInScope(typeParameter: ts.Symbol): boolean {
    return this.#scope.has(typeParameter);
  }

  get hasTypeParameters(): boolean {
    return this.#scope.size > 0;
  }

  /** Inside constraints and the like, which describe types rather than values that cross. */
  describe<T>(convert: () => T): T {
    this.#describing++;
    const result = convert();
    this.#describing--;
    return result;
  }

  get isDescribing(): boolean {
    return this.#describing > 0;
  }

  // ---- what is wrong ----------------------------------------------------------------------------------------------

  /** Notes what cannot cross; the type that it returns stands in for it in a schema that is not used. */
  refuse(node: ts.Node | undefined, reason: RefusalReason, message: string, hint: string): TypeSchema {
    this.#note("error", node, reason, message, hint);
    return { kind: "primitive", name: "never" };
  }

  /** As `refuse`, where a value of the type would cross. Types may be compared with it: it is returned for that. */
  refuseValue(
    node: ts.Node | undefined,
    reason: RefusalReason,
    message: string,
    hint: string,
    type: TypeSchema,
  ): TypeSchema {
    if (!this.isDescribing) this.#note("error", node, reason, message, hint).isComparable = true;
    return type;
  }

  warn(node: ts.Node | undefined, reason: RefusalReason, message: string, hint: string): void {
    this.#note("warning", node, reason, message, hint);
  }

  #note(
    severity: Refusal["severity"],
    node: ts.Node | undefined,
    reason: RefusalReason,
    message: string,
    hint: string,
  ): Refusal {
    // Nodes that the compiler makes have no place.
    const place = node && node.pos >= 0 ? node : this.#site!;
    const refusal: Refusal = { severity, reason, path: this.#path.join(""), node: place, message, hint };
    this.#owner.refusals.push(refusal);
    return refusal;
  }

  // ---- declarations -----------------------------------------------------------------------------------------------

  /** A use of a declaration, which is converted when it is first met. */
  reference(symbol: ts.Symbol, typeArguments: TypeSchema[] = [], member?: string): ReferenceType {
    const reference = this.#use(this.#declared(symbol, this.#records, this.#visitors.declaration));
    if (typeArguments.length > 0) reference.typeArguments = typeArguments;
    if (member !== undefined) reference.member = member;
    return reference;
  }

  /** A use of an error class by what may throw it. */
  errorClass(symbol: ts.Symbol): ReferenceType {
    return this.#use(this.#declared(symbol, this.#errors, this.#visitors.error));
  }

  /** A use of a type that crosses by a codec; undefined for all others. */
  custom(symbol: ts.Symbol): ReferenceType | undefined {
    if (!this.codecs.has(symbol) && !this.#visitors.isTemporal(this, symbol)) return undefined;
    return this.#use(this.#declared(symbol, this.#customs, this.#visitors.custom));
  }

  #use(declaration: DeclarationRecord): ReferenceType {
    this.#owner.uses.push({ path: this.#path.join(""), declaration, isCompared: this.isDescribing });
    const reference: ReferenceType = { kind: "reference", name: declaration.name };
    declaration.references.push(reference);
    this.#targets.set(reference, declaration);
    return reference;
  }

  #declared(
    symbol: ts.Symbol,
    records: Map<ts.Symbol, DeclarationRecord>,
    convert: Visitors["declaration"],
  ): DeclarationRecord {
    const known = records.get(symbol);
    if (known) return known;
    const record: DeclarationRecord = {
      symbol,
      name: symbol.name,
      references: [],
      refusals: [],
      uses: [],
      schema: undefined,
    };
    records.set(symbol, record);
    // What is being written out around the declaration has no part in it.
    const [expanding, body] = [this.#expanding, this.#body];
    this.#expanding = [];
    this.#body = undefined;
    convert(this, record);
    this.#expanding = expanding;
    this.#body = body;
    return record;
  }

  recordOf(reference: ReferenceType): DeclarationRecord | undefined {
    return this.#targets.get(reference);
  }

  /** What the same symbol is here that another conversion has as this. */
  counterpart(record: DeclarationRecord, of: Conversion): DeclarationRecord | undefined {
    const { symbol } = record;
    if (of.#records.get(symbol) === record) return this.#records.get(symbol);
    if (of.#errors.get(symbol) === record) return this.#errors.get(symbol);
    return this.#customs.get(symbol);
  }

  /** Undefined while it is being converted. */
  declarationOf(reference: ReferenceType): Declaration | undefined {
    return this.#targets.get(reference)?.schema;
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

  // ---- what may contain itself ------------------------------------------------------------------------------------

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
  expand(alias: ts.Symbol, type: ts.Type, named: () => TypeSchema, convert: () => TypeSchema): TypeSchema {
    const known = this.#expanded(alias);
    const before = known.get(type);
    if (before === "endless") return named();
    if (before) return this.#again(before);
    const outer = this.#expanding.filter((each) => each.alias === alias);
    if (outer.length >= MAX_NESTING || outer.some((each) => each.type === type)) {
      outer[0]!.isRecursive = true;
      return named();
    }
    const entry: Expansion = { alias, type, isRecursive: false };
    const { refusals, uses } = this.#owner;
    const [hadRefusals, hadUses, path] = [refusals.length, uses.length, this.#path.join("")];
    this.#expanding.push(entry);
    const result = this.#tentatively(() => {
      const converted = convert();
      return entry.isRecursive ? undefined : converted;
    });
    this.#expanding.pop();
    if (!result) {
      known.set(type, "endless");
      return named();
    }
    // What is refused has its place, and what is inside something endless may be only a part of it.
    const isWhole = refusals.length === hadRefusals && !this.#expanding.some(({ isRecursive }) => isRecursive);
    if (isWhole && !this.hasTypeParameters) {
      const inside = uses.slice(hadUses).map((use) => ({ ...use, path: use.path.slice(path.length) }));
      known.set(type, { schema: result, uses: inside });
    }
    return result;
  }

  /** By alias and by whether values of it cross: in a description, other types stay names. */
  #expanded(alias: ts.Symbol): Map<ts.Type, Expanded> {
    const all = this.isDescribing ? this.#describedAliases : this.#crossingAliases;
    let known = all.get(alias);
    if (!known) {
      known = new Map();
      all.set(alias, known);
    }
    return known;
  }

  #again({ schema, uses }: Exclude<Expanded, "endless">): TypeSchema {
    const path = this.#path.join("");
    for (const use of uses) this.#owner.uses.push({ ...use, path: path + use.path });
    return schema;
  }

  /** Writes out a type that has no name; `again` is for where it contains itself, and no alias around it can stand for it. */
  writeOut(type: ts.Type, convert: () => TypeSchema, again: () => TypeSchema): TypeSchema {
    if (this.#anonymous.has(type)) {
      const around = this.#expanding.at(-1);
      if (!around) return again();
      around.isRecursive = true; // its name is used instead
      return { kind: "primitive", name: "unknown" };
    }
    this.#anonymous.add(type);
    const converted = convert();
    this.#anonymous.delete(type);
    return converted;
  }

  // ---- one way or another -----------------------------------------------------------------------------------------

  /**
   * The first way, unless something in it cannot cross the wire: then the second, unless that has the same fault.
   * `Pick<Options, "width">` can cross though `Options` has a callback.
   */
  preferring(first: () => TypeSchema, second: () => TypeSchema): TypeSchema {
    const owner = this.#owner;
    const refusals = owner.refusals.length;
    const uses = owner.uses.length;
    const converted = first();
    if (!this.#hasErrors(refusals, uses)) return converted;
    const found = { refusals: owner.refusals.splice(refusals), uses: owner.uses.splice(uses) };
    const resolved = second();
    if (!this.#hasErrors(refusals, uses)) return resolved;
    owner.refusals.splice(refusals, owner.refusals.length, ...found.refusals);
    owner.uses.splice(uses, owner.uses.length, ...found.uses);
    return converted;
  }

  /** The first way, unless something in it cannot cross the wire, and all that cannot `isHopeless`: then the second. */
  unless(isHopeless: (refusal: Refusal) => boolean, first: () => TypeSchema, second: () => TypeSchema): TypeSchema {
    const { refusals, uses } = this.#owner;
    const [before, usesBefore] = [refusals.length, uses.length];
    const converted = first();
    const found = [...errors({ refusals: refusals.slice(before), uses: uses.slice(usesBefore) })];
    if (found.length === 0 || !found.every(isHopeless)) return converted;
    refusals.length = before;
    uses.length = usesBefore;
    return second();
  }

  /** Whether all can cross the wire that a conversion finds, of which nothing is kept. */
  accepts(convert: () => TypeSchema): boolean {
    let hasErrors = false;
    const [refusals, uses] = [this.#owner.refusals.length, this.#owner.uses.length];
    this.#tentatively(() => {
      convert();
      hasErrors = this.#hasErrors(refusals, uses);
      return undefined;
    });
    return !hasErrors;
  }

  /** Takes back what the conversion noted when it returns undefined. */
  #tentatively(convert: () => TypeSchema | undefined): TypeSchema | undefined {
    const owner = this.#owner;
    const refusals = owner.refusals.length;
    const uses = owner.uses.length;
    const result = convert();
    if (!result) {
      owner.refusals.length = refusals;
      owner.uses.length = uses;
    }
    return result;
  }

  #hasErrors(refusals: number, uses: number): boolean {
    const found = errors({ refusals: this.#owner.refusals.slice(refusals), uses: this.#owner.uses.slice(uses) });
    return found.next().done !== true;
  }
}
