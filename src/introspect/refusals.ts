/** What cannot cross the wire, as problems of the functions that it would cross for. */
import { type Refusal, reached, refusalsOf } from "./conversion.ts";
import type { FoundFunction } from "./functions.ts";
import { type Problem, placeOf } from "./problems.ts";
import type { AppProgram } from "./program.ts";

/** A problem that many functions share is told once, with their names. */
export function problemsOf(app: AppProgram, functions: readonly FoundFunction[]): Problem[] {
  const found = new Map<string, { problem: Problem; first: string; others: Set<string> }>();
  for (const fn of functions) {
    for (const { refusal, path } of refusedIn(fn)) {
      const isOwn = app.isOwn(refusal.node.getSourceFile());
      const place = placeOf(app.root, isOwn ? refusal.node : fn.call);
      const { severity, message, hint } = refusal;
      // In a package's file, the place is that of the registration, and only the path tells two apart.
      const key = [place.file, place.line, place.column, message, isOwn ? "" : path].join("\n");
      const known = found.get(key);
      if (!known)
        found.set(key, { problem: { severity, ...place, path, message, hint }, first: fn.name, others: new Set() });
      else if (known.first !== fn.name) known.others.add(fn.name);
    }
  }
  return [...found.values()].map(({ problem, others }) =>
    others.size === 0 ? problem : { ...problem, message: `${problem.message}; also in ${list([...others])}` },
  );
}

const MOST_NAMES = 3;

function list(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(", ")} and ${more} more` : names.join(", ");
}

/** Everything refused in a function's types and in the declarations that they use, by the shortest path. */
function* refusedIn({ owners }: FoundFunction): Iterable<{ refusal: Refusal; path: string }> {
  const seen = new Set<Refusal>();
  for (const owner of owners) {
    for (const { owner: at, inside, isCompared } of reached(owner)) {
      for (const refusal of refusalsOf(at, isCompared)) {
        if (seen.has(refusal)) continue;
        seen.add(refusal);
        yield { refusal, path: owner.path(inside + refusal.path) };
      }
    }
  }
}
