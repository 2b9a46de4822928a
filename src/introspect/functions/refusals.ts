/** What cannot cross the wire, as problems of the functions that it would cross for. */
import { type Refusal, reached, refusalsOf } from "../convert/conversion.ts";
import { type Problem, placeOf } from "../problems.ts";
import type { AppProgram } from "../source/program.ts";
import type { FoundFunction } from "./functions.ts";
import type { SignatureOwner } from "./signatures.ts";

type Registered = Pick<FoundFunction, "name" | "call" | "owners">;

/** One problem, and all that it concerns. */
interface Found {
  problem: Problem;
  /** The function that has its path. */
  first: string;
  /** Overloads of the first one that have the problem, of so many. */
  overloads: Set<number>;
  of: number;
  others: Set<string>;
}

/** A problem that many functions share is told once, with their names. */
export function problemsOf(app: AppProgram, functions: readonly Registered[]): Problem[] {
  const found = new Map<string, Found>();
  for (const fn of functions) {
    for (const { refusal, path, overload } of refusedIn(fn)) {
      const isOwn = app.isOwn(refusal.node.getSourceFile());
      const place = placeOf(app.root, isOwn ? refusal.node : fn.call);
      const { severity, reason, message, hint } = refusal;
      // In a package's file, the place is that of the registration, and only the path tells two apart.
      const key = [place.file, place.line, place.column, message, isOwn ? "" : path].join("\n");
      let known = found.get(key);
      if (!known) {
        const problem = { severity, reason, ...place, path, message, hint };
        known = { problem, first: fn.name, overloads: new Set(), of: overload?.of ?? 0, others: new Set() };
        found.set(key, known);
      }
      if (known.first !== fn.name) known.others.add(fn.name);
      else if (overload) known.overloads.add(overload.at);
    }
  }
  return withOverloads([...found.values()]).map(({ problem, others }) =>
    others.size === 0 ? problem : { ...problem, message: `${problem.message}; also in ${list([...others])}` },
  );
}

/** Says which overloads are at fault, and whether the others can do without them. */
function withOverloads(all: readonly Found[]): readonly Found[] {
  const faulty = new Map<string, Set<number>>();
  for (const { problem, first, overloads } of all) {
    if (problem.severity === "error") faulty.set(first, new Set([...(faulty.get(first) ?? []), ...overloads]));
  }
  return all.map((each): Found => {
    const { problem, first, overloads, of } = each;
    if (overloads.size === of) return each;
    const noun = overloads.size === 1 ? "overload" : "overloads";
    const message = `${problem.message}, in ${noun} ${list([...overloads].map(String))} of ${of}`;
    const isRest = problem.severity === "error" && faulty.get(first)!.size < of;
    const hint = isRest ? `${problem.hint}; or register a function that has the other overloads alone` : problem.hint;
    return { ...each, problem: { ...problem, message, ...(hint !== undefined && { hint }) } };
  });
}

const MOST_NAMES = 3;

function list(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(", ")} and ${more} more` : names.join(", ");
}

interface Refused {
  refusal: Refusal;
  path: string;
  overload: SignatureOwner["overload"];
}

/** Everything refused in a function's types and in the declarations that they use, once an overload, by the shortest path. */
function* refusedIn({ owners }: Registered): Iterable<Refused> {
  const seen = new Map<number, Set<Refusal>>();
  for (const owner of owners) {
    const { overload } = owner;
    const told = seen.get(overload?.at ?? 0) ?? new Set();
    seen.set(overload?.at ?? 0, told);
    for (const { owner: at, inside, isCompared } of reached(owner)) {
      for (const refusal of refusalsOf(at, isCompared)) {
        if (told.has(refusal)) continue;
        told.add(refusal);
        yield { refusal, path: owner.path(inside + refusal.path), overload };
      }
    }
  }
}
