/** What cannot cross the wire, as problems of the functions that it would cross for. */
import { ts } from "ts-morph";
import { list } from "../../text/index.ts";
import { isUncrossable, type Refusal, reached, refusalsOf } from "../convert/index.ts";
import type { Fault } from "../problems.ts";
import type { AppProgram } from "../source/index.ts";
import type { FoundFunction } from "./functions.ts";
import type { SignatureOwner } from "./signatures.ts";

/** So many functions or overloads are listed at most. */
const MOST_NAMES = 3;

const OR_OMIT =
  'Or leave optional properties like this one out for callers, by the function option omit: "uncrossable".';

type Registered = Pick<FoundFunction, "name" | "call" | "owners">;

/** One fault, and all that it concerns. */
interface Found {
  fault: Fault;
  /** The function that has its path. */
  first: string;
  /** The overloads of the first function that have the problem, and how many overloads it has. */
  overloads: Set<number>;
  of: number;
  others: Set<string>;
}

/** `app.class` has no option `omit`. */
function isOfClass({ call: { expression } }: Registered): boolean {
  return ts.isPropertyAccessExpression(expression) && expression.name.text === "class";
}

/** A fault that many functions share is reported once, with their names. */
export function faultsOf(app: AppProgram, functions: readonly Registered[]): Fault[] {
  const found = new Map<string, Found>();
  for (const fn of functions) {
    for (const { refusal, path, overload, isOptional } of refusedIn(fn)) {
      const isOwn = app.isOwn(refusal.node.getSourceFile());
      const node = isOwn ? refusal.node : fn.call;
      const { severity, reason, message } = refusal;
      const canOmit = isOptional && isUncrossable(refusal) && !isOfClass(fn);
      const hint = canOmit ? `${refusal.hint} ${OR_OMIT}` : refusal.hint;
      // One cause, wherever it is met; what the author wrote can come to many nodes that the compiler made.
      const { fileName } = refusal.node.getSourceFile();
      const key = [fileName, refusal.node.getStart(), message].join("\n");
      let known = found.get(key);
      if (!known) {
        const fault = { severity, reason, node, path, message, hint };
        known = { fault, first: fn.name, overloads: new Set(), of: overload?.of ?? 0, others: new Set() };
        found.set(key, known);
      }
      if (known.first !== fn.name) known.others.add(fn.name);
      else if (overload) known.overloads.add(overload.at);
    }
  }
  return withOverloads([...found.values()]).map(({ fault, others }) => {
    if (others.size === 0) return fault;
    const alsoIn = [...others];
    return { ...fault, message: `${fault.message}; also in ${list(alsoIn, MOST_NAMES)}`, alsoIn };
  });
}

/** Says which overloads are at fault, and whether the others can do without them. */
function withOverloads(all: readonly Found[]): readonly Found[] {
  const faulty = new Map<string, Set<number>>();
  for (const { fault, first, overloads } of all) {
    if (fault.severity === "error") faulty.set(first, new Set([...(faulty.get(first) ?? []), ...overloads]));
  }
  return all.map((each): Found => {
    const { fault, first, overloads, of } = each;
    if (overloads.size === of) return each;
    const noun = overloads.size === 1 ? "overload" : "overloads";
    const message = `${fault.message}, in ${noun} ${list([...overloads].map(String), MOST_NAMES)} of ${of}`;
    const isRest = fault.severity === "error" && faulty.get(first)!.size < of;
    const hint = isRest ? `${fault.hint} Or register a function that has only the other overloads.` : fault.hint;
    return { ...each, fault: { ...fault, message, ...(hint !== undefined && { hint }) } };
  });
}

interface Refused {
  refusal: Refusal;
  path: string;
  overload: SignatureOwner["overload"];
  /** In an optional property. */
  isOptional: boolean;
}

/** Everything refused in a function's types and in the declarations that they use, once an overload, by the shortest path. */
function* refusedIn({ owners }: Registered): Iterable<Refused> {
  const seen = new Map<number, Set<Refusal>>();
  for (const owner of owners) {
    const { overload } = owner;
    const known = seen.get(overload?.at ?? 0) ?? new Set();
    seen.set(overload?.at ?? 0, known);
    for (const { owner: at, inside, isCompared, isOptional } of reached(owner)) {
      for (const refusal of refusalsOf(at, isCompared)) {
        if (known.has(refusal)) continue;
        known.add(refusal);
        yield {
          refusal,
          path: owner.path(inside + refusal.path),
          overload,
          isOptional: isOptional || refusal.isOptional === true,
        };
      }
    }
  }
}
