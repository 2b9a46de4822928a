/**
 * The state of turning an app's types into schema: which declarations were met, and where a type stands (in the scope of which type
 * parameters, in a description or not); what was found in it is in findings.ts, what may contain itself in expansions.ts. How each
 * kind of type is turned, the visitors know (nodes.ts, types.ts, declarations.ts); they call each other through here, `cx.node()` and
 * `cx.type()`, and not directly.
 */
import type { ts } from "ts-morph";
import type { Declaration, ReferenceType, TypeSchema } from "../../schema/index.ts";
import type { RefusalReason } from "../problems.ts";
import { Expansions } from "./expansions.ts";
import { Findings } from "./findings.ts";
import { type DeclarationRecord, errors, type FoundCodec, isUncrossable, type Owner } from "./owners.ts";
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
  readonly findings = new Findings();
  readonly expansions = new Expansions(this.findings);
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
    const before = [this.#scope, this.#describing] as const;
    this.#scope = scope;
    this.#describing = 0;
    try {
      return this.findings.in(owner, site, convert);
    } finally {
      [this.#scope, this.#describing] = before;
    }
  }

  /** Goes one step into the type: `.name`, `[]`. */
  at<T>(step: string, convert: () => T): T {
    return this.findings.at(step, convert);
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
      const before = this.findings.mark();
      const converted = convert();
      const found = this.findings.since(before);
      if (!this.#omits) {
        for (const part of [...found.refusals, ...found.uses]) part.isOptional = true;
        return converted;
      }
      const because = [...errors(found)].find(isUncrossable);
      if (!because) return converted;
      this.findings.takeBack(before);
      const message = `left out for callers: ${because.message}`;
      const hint = "Callers can neither pass it nor get it. Remove `omit` to have it refused.";
      this.findings.note("warning", node, "omitted", message, hint).omitted = name;
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
    this.findings.note("error", node, reason, message, hint);
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
    if (!this.isDescribing) this.findings.note("error", node, reason, message, hint).isComparable = true;
    return type;
  }

  warn(node: ts.Node | undefined, reason: RefusalReason, message: string, hint: string): void {
    this.findings.note("warning", node, reason, message, hint);
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
    this.findings.use(declaration, this.isDescribing);
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
    this.expansions.apart(() => convert(this, record));
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
}
