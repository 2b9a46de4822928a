/**
 * The state of turning an app's types into schema: which declarations were met, what was refused where, and the place in
 * the type that is being looked at. nodes.ts and types.ts do the turning.
 */
import type { ts } from "ts-morph";
import type { Declaration, ReferenceType, TypeSchema } from "../../schema/index.ts";
import type { RefusalReason } from "../problems.ts";

/** Something in a type that cannot cross the wire, or hides whether it can. */
export interface Refusal {
  severity: "error" | "warning";
  reason: RefusalReason;
  /** Inside the owner: `.items[].next`. */
  path: string;
  node: ts.Node;
  message: string;
  hint: string;
  /** No more than a value of it cannot cross: other types may be compared with it. */
  isComparable?: true;
}

/** What types are part of: a function, or a declaration that functions use. */
export interface Owner {
  refusals: Refusal[];
  uses: Use[];
}

/** A declaration that is used, and where. */
export interface Use {
  path: string;
  declaration: DeclarationRecord;
  /** Types are compared with it; no value of it crosses. */
  isCompared: boolean;
}

export interface DeclarationRecord extends Owner {
  symbol: ts.Symbol;
  /** As authored; the final one is decided when all are known, see declarations.ts. */
  name: string;
  references: ReferenceType[];
  /** Undefined while it is being converted. */
  schema: Declaration | undefined;
  /** Of a package's type with behaviour, whose members matter only where types are compared with it: fills them in. */
  complete?: () => void;
}

export class Conversion {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly records = new Map<ts.Symbol, DeclarationRecord>();
  /** Type parameters that a type may name here. */
  scope: ReadonlySet<ts.Symbol> = new Set();
  /** Above zero inside constraints and the like, which describe types rather than values that cross. */
  describing = 0;
  /** Computed aliases whose result is being written out, outermost first. */
  readonly expanding: { alias: ts.Symbol; type: ts.Type; recursive: boolean }[] = [];
  /** The type of the alias that is being declared, until it is met. */
  body: ts.Type | undefined;
  /** Types without a name that are being written out. */
  readonly anonymous = new Set<ts.Type>();
  readonly #targets = new WeakMap<ReferenceType, DeclarationRecord>();
  #owner: Owner = { refusals: [], uses: [] };
  #path: string[] = [];
  #site: ts.Node | undefined;

  constructor(program: ts.Program, checker: ts.TypeChecker) {
    this.program = program;
    this.checker = checker;
  }

  /** Converts the types of an owner. `site` is where a problem is reported that has no place of its own. */
  own<T>(owner: Owner, site: ts.Node, scope: ReadonlySet<ts.Symbol>, convert: () => T): T {
    const before = [this.#owner, this.#path, this.#site, this.scope, this.describing] as const;
    this.#owner = owner;
    this.#path = [];
    this.#site = site;
    this.scope = scope;
    this.describing = 0;
    try {
      return convert();
    } finally {
      [this.#owner, this.#path, this.#site, this.scope, this.describing] = before;
    }
  }

  /** Goes one step into the type: `.name`, `[]`. */
  at<T>(step: string, convert: () => T): T {
    this.#path.push(step);
    const result = convert();
    this.#path.pop();
    return result;
  }

  withScope<T>(symbols: Iterable<ts.Symbol>, convert: () => T): T {
    const before = this.scope;
    this.scope = new Set([...before, ...symbols]);
    const result = convert();
    this.scope = before;
    return result;
  }

  describe<T>(convert: () => T): T {
    this.describing++;
    const result = convert();
    this.describing--;
    return result;
  }

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
    if (this.describing === 0) this.#note("error", node, reason, message, hint).isComparable = true;
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

  reference(declaration: DeclarationRecord, typeArguments: TypeSchema[], member?: string): ReferenceType {
    this.#owner.uses.push({ path: this.#path.join(""), declaration, isCompared: this.describing > 0 });
    const reference: ReferenceType = { kind: "reference", name: declaration.name };
    if (typeArguments.length > 0) reference.typeArguments = typeArguments;
    if (member !== undefined) reference.member = member;
    declaration.references.push(reference);
    this.#targets.set(reference, declaration);
    return reference;
  }

  recordOf(reference: ReferenceType): DeclarationRecord | undefined {
    return this.#targets.get(reference);
  }

  /** Undefined while it is being converted. */
  declarationOf(reference: ReferenceType): Declaration | undefined {
    return this.#targets.get(reference)?.schema;
  }

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

  /** Whether all can cross the wire that a conversion finds, of which nothing is kept. */
  accepts(convert: () => TypeSchema): boolean {
    let hasErrors = false;
    const [refusals, uses] = [this.#owner.refusals.length, this.#owner.uses.length];
    this.tentatively(() => {
      convert();
      hasErrors = this.#hasErrors(refusals, uses);
      return undefined;
    });
    return !hasErrors;
  }

  /** Takes back what the conversion noted when it returns undefined. */
  tentatively(convert: () => TypeSchema | undefined): TypeSchema | undefined {
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
    return hasErrors({ refusals: this.#owner.refusals.slice(refusals), uses: this.#owner.uses.slice(uses) });
  }
}

/** An owner and all that it uses, each once as what crosses and once as what types are compared with; the nearest first. */
export function* reached(owner: Owner): Iterable<{ owner: Owner; inside: string; isCompared: boolean }> {
  const seen = [new Set<Owner>(), new Set<Owner>()];
  const queue = [{ owner, inside: "", isCompared: false }];
  for (const item of queue) {
    yield item;
    for (const { path, declaration, isCompared } of item.owner.uses) {
      const next = { owner: declaration, inside: item.inside + path, isCompared: item.isCompared || isCompared };
      const known = seen[Number(next.isCompared)]!;
      if (known.has(declaration)) continue;
      known.add(declaration);
      queue.push(next);
    }
  }
}

/** Fills in the members of what types are compared with. */
export function completeCompared(owner: Owner): void {
  for (const { owner: at, isCompared } of reached(owner)) {
    if (isCompared) (at as Partial<DeclarationRecord>).complete?.();
  }
}

/** What is wrong with an owner where it is used so. */
export function refusalsOf({ refusals }: Owner, isCompared: boolean): Refusal[] {
  return isCompared ? refusals.filter(({ severity, isComparable }) => severity === "error" && !isComparable) : refusals;
}

export function hasErrors(owner: Owner): boolean {
  for (const { owner: at, isCompared } of reached(owner)) {
    if (refusalsOf(at, isCompared).some(({ severity }) => severity === "error")) return true;
  }
  return false;
}
