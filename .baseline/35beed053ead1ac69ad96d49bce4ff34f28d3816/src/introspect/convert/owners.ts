/** What types are part of, and what was found wrong in them: functions' parts and the declarations that these use. */
import type { ts } from "ts-morph";
import type { Declaration, ReferenceType } from "../../schema/index.ts";
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
  /** Only a value of it cannot cross: other types may be compared with it. */
  isComparable?: true;
  /** It is in an optional property, which the function could do without. */
  isOptional?: true;
  /** The optional property that has been left out because of it. */
  omitted?: string;
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
  /** In an optional property. */
  isOptional?: true;
}

export interface DeclarationRecord extends Owner {
  symbol: ts.Symbol;
  /** As authored; the final one is decided when all are known, see naming.ts. */
  name: string;
  references: ReferenceType[];
  /** Undefined while it is being converted. */
  schema: Declaration | undefined;
  /** A package's type with behaviour: its first error says all, and its members matter only where types are compared with it. */
  isBehaviour?: true;
  /** It, or something that it uses, has lost properties for a function that leaves out what cannot cross. */
  isReduced?: true;
  /** Fills in the members of such a type. */
  complete?: (() => void) | undefined;
}

/** A codec of the app, as its types say. */
export interface FoundCodec {
  name: string;
  /** What it makes of values. */
  encoded: ts.Type;
  /** The package from which callers import the type, and its name there. */
  from: string;
  exported: string;
  /** Where the codec is listed. */
  site: ts.Node;
}

/**
 * An owner and all that it uses, each once as what crosses and once as what types are compared with; the nearest first.
 * @param known what need not be looked at
 */
export function* reached(
  owner: Owner,
  known?: { has(owner: Owner): boolean },
): Iterable<{ owner: Owner; inside: string; isCompared: boolean; isOptional: boolean }> {
  const seen = [new Set<Owner>(), new Set<Owner>()];
  const queue = [{ owner, inside: "", isCompared: false, isOptional: false }];
  for (const item of queue) {
    yield item;
    if (isRefusedWhole(item.owner, item.isCompared)) continue;
    for (const { path, declaration, isCompared, isOptional } of item.owner.uses) {
      const next = {
        owner: declaration,
        inside: item.inside + path,
        isCompared: item.isCompared || isCompared,
        isOptional: item.isOptional || isOptional === true,
      };
      const before = seen[Number(next.isCompared)]!;
      if (before.has(declaration) || known?.has(declaration)) continue;
      before.add(declaration);
      queue.push(next);
    }
  }
}

/** Fills in the members of what types are compared with. */
export function completeCompared(owner: Owner): void {
  for (const { owner: at, isCompared } of reached(owner)) {
    if (isCompared) (at as Partial<DeclarationRecord>).complete?.(); // only declarations have it
  }
}

function isRefusedWhole(owner: Owner, isCompared: boolean): boolean {
  return !isCompared && (owner as Partial<DeclarationRecord>).isBehaviour === true; // only declarations have it
}

/** What is wrong with an owner where it is used so. */
export function refusalsOf(owner: Owner, isCompared: boolean): Refusal[] {
  const { refusals } = owner;
  if (isRefusedWhole(owner, isCompared)) return refusals.filter(({ severity }) => severity === "error").slice(0, 1);
  return isCompared ? refusals.filter(({ severity, isComparable }) => severity === "error" && !isComparable) : refusals;
}

/** Declarations that are known to have no error, neither of their own nor in what they use: there is no need to look again. */
const sound = new WeakSet<Owner>();

/** What cannot cross the wire in an owner and in all that it uses. */
export function* errors(owner: Owner): Generator<Refusal, void> {
  const seen: Owner[] = [];
  let isSound = true;
  for (const { owner: at, isCompared } of reached(owner, sound)) {
    if (at !== owner) {
      seen.push(at);
      isSound &&= (at as DeclarationRecord).schema !== undefined; // what is used are declarations
    }
    isSound &&= at.refusals.every(({ severity }) => severity !== "error");
    for (const refusal of refusalsOf(at, isCompared)) if (refusal.severity === "error") yield refusal;
  }
  if (isSound) for (const each of seen) sound.add(each);
}

/** Of values that the wire does not carry, in whatever way they are declared. */
const UNCROSSABLE: ReadonlySet<RefusalReason> = new Set([
  "function",
  "symbol",
  "class",
  "iterator",
  "promise",
  "stream",
  "weak",
  "signal",
  "module",
  "wrapper",
]);

/** Whether it is values that cannot cross, and not a type that callers could not be given. */
export function isUncrossable({ severity, reason }: Refusal): boolean {
  return severity === "error" && UNCROSSABLE.has(reason);
}
