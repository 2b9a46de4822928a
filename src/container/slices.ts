/**
 * Slices of time: long runs of short inputs give way to the event loop, so that cancellations are seen and results leave.
 */

/** Longest that inputs run before the event loop gets its turn, in milliseconds. */
const SLICE_MS = 5;
/** Longest that a finished result waits for others to leave together with, in milliseconds. */
const GATHER_MS = 1;

export class Slices {
  readonly #flush: () => void;
  #start = 0;
  #flushedAt = 0;

  /** @param flush lets finished results leave */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** A turn of the event loop has begun. */
  begin(): void {
    this.#start = performance.now();
  }

  /** Also lets finished results leave that have waited long enough. */
  isOver(): boolean {
    const now = performance.now();
    if (now - this.#flushedAt > GATHER_MS) {
      this.#flushedAt = now;
      this.#flush();
    }
    return now - this.#start > SLICE_MS;
  }

  /** Resolves in the next one. */
  async next(): Promise<void> {
    await new Promise<void>(afterPolling);
    this.begin();
  }
}

/** An immediate that is set while data arrives runs before more is read; one that it sets runs after. */
export function afterPolling(run: () => void): void {
  setImmediate(() => setImmediate(run));
}
