/**
 * The state of turning an app's types into schema: which declarations were met, what was refused where, and the place in
 * the type that is being looked at. nodes.ts and types.ts do the turning.
 */
import type { ts } from "@ts-morph/common";
import type { Declaration, ReferenceType, TypeSchema } from "../schema/index.ts";

/** Something in a type that cannot cross the wire, or hides whether it can. */
export interface Refusal {
  severity: "error" | "warning";
  /** Inside the owner: `.items[].next`. */
  path: string;
  node: ts.Node;
  message: string;
  hint: string;
}

/** What types are part of: a function, or a declaration that functions use. */
export interface Owner {
  refusals: Refusal[];
  /** Declarations that it uses, and where. */
  uses: { path: string; declaration: DeclarationRecord }[];
}

export interface DeclarationRecord extends Owner {
  symbol: ts.Symbol;
  /** As authored; the final one is decided when all are known, see declarations.ts. */
  name: string;
  references: ReferenceType[];
  /** Undefined while it is being converted. */
  schema: Declaration | undefined;
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
  refuse(node: ts.Node | undefined, message: string, hint: string): TypeSchema {
    this.#note("error", node, message, hint);
    return { kind: "primitive", name: "never" };
  }

  warn(node: ts.Node | undefined, message: string, hint: string): void {
    this.#note("warning", node, message, hint);
  }

  #note(severity: Refusal["severity"], node: ts.Node | undefined, message: string, hint: string): void {
    // Nodes that the compiler makes have no place.
    const place = node && node.pos >= 0 ? node : this.#site!;
    this.#owner.refusals.push({ severity, path: this.#path.join(""), node: place, message, hint });
  }

  reference(declaration: DeclarationRecord, typeArguments: TypeSchema[], member?: string): ReferenceType {
    this.#owner.uses.push({ path: this.#path.join(""), declaration });
    const reference: ReferenceType = { kind: "reference", name: declaration.name };
    if (typeArguments.length > 0) reference.typeArguments = typeArguments;
    if (member !== undefined) reference.member = member;
    declaration.references.push(reference);
    return reference;
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
    const seen = new Set<Owner>();
    const fails = (owner: Owner): boolean => {
      if (seen.has(owner)) return false;
      seen.add(owner);
      return owner.refusals.some(isError) || owner.uses.some(({ declaration }) => fails(declaration));
    };
    return (
      this.#owner.refusals.slice(refusals).some(isError) ||
      this.#owner.uses.slice(uses).some(({ declaration }) => fails(declaration))
    );
  }
}

function isError({ severity }: Refusal): boolean {
  return severity === "error";
}
