/**
 * Work that comes in bulk (many frames in one chunk, many outcomes of one transaction) is done in slices: a turn of the event
 * loop spends so much time on it, and the rest waits until whatever else has come in the meantime is read. So one lone call is
 * not held up by another program's hundred thousand.
 */
// Taken when farcall is loaded: fake timers of a user's test must not hold up a call.
const { setImmediate } = globalThis;

/** Of all such work in one turn, in milliseconds. */
const SLICE_MS = 0.5;

let needed = true;

/** Whether anybody could be held up: slices cost time where all work is one client's. */
export function sliceWork(isNeeded: boolean): void {
  needed = isNeeded;
}

/** When the slice of this turn began, by performance.now(); 0 before. */
let begunAt = 0;
let waiting: (() => void)[] = [];
let scheduled = false;

/** Whether the rest should wait for `inNextSlice`. The first to ask begins the slice. */
export function isSliceOver(): boolean {
  if (!needed) return false;
  const now = performance.now();
  if (begunAt > 0) return now - begunAt > SLICE_MS;
  begunAt = now;
  schedule();
  return false;
}

/** `run` goes on with what it has left, until the slice is over again. */
export function inNextSlice(run: () => void): void {
  waiting.push(run);
  schedule();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(next);
}

function next(): void {
  scheduled = false;
  begunAt = 0;
  const runs = waiting;
  waiting = [];
  let begun = 0;
  try {
    while (begun < runs.length && (begun === 0 || !isSliceOver())) runs[begun++]!();
  } finally {
    // Before those that want to go on once more.
    if (begun < runs.length) {
      waiting = [...runs.slice(begun), ...waiting];
      schedule();
    }
  }
}
