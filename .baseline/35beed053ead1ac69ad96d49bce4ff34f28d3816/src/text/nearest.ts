/** "Did you mean": which known names look most like an unknown one. */

/**
 * The candidates that a user may have meant by `name`, best first, at most `limit`; empty when none is close.
 * Close means equal but for case, one contained in the other, or a few edits apart (insert, delete, replace, swap of neighbours).
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.toLowerCase();
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    if (candidate === name) continue;
    const known = candidate.toLowerCase();
    let distance = editDistance(wanted, known, allowed);
    // A name contained in another is probably an abbreviation, but a typo is more likely.
    const short = Math.min(wanted.length, known.length);
    if (distance > allowed && short >= 3 && (known.includes(wanted) || wanted.includes(known))) {
      distance = allowed + 1 / short;
    } else if (distance > allowed) {
      continue;
    }
    found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, limit).map((item) => item.candidate);
}

/** Optimal string alignment distance; anything above `limit` comes out as `limit + 1`, early. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, beforePrevious[j - 2]! + 1);
      }
      row.push(distance);
      if (distance < best) best = distance;
    }
    if (best > limit) return limit + 1;
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length]!;
}
