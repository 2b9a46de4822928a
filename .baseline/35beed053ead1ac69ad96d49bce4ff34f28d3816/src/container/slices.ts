/**
 * Time slices: a long run of short inputs yields to the event loop, so that cancellations are noticed and results are sent.
 */

/** How long inputs run before the event loop gets its turn, at most, in milliseconds. */
const SLICE_MS = 5;
/** How long a finished result waits to be sent together with others, at most, in milliseconds. */
const GATHER_MS = 1;

export class Slices {
  readonly #flush: () => void;
  #start = 0;
  #flushedAt = 0;

  /** @param flush sends finished results */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** A turn of the event loop has begun. */
  begin(): void {
    this.#start = performance.now();
  }

  /** Also sends finished results that have waited long enough. */
  isOver(): boolean {
    const now = performance.now();
    if (now - this.#flushedAt > GATHER_MS) {
      this.#flushedAt = now;
      this.#flush();
    }
    return now - this.#start > SLICE_MS;
  }

  /** Resolves in the next turn. */
  async next(): Promise<void> {
    await new Promise<void>(afterPolling);
    this.begin();
  }
}

/** An immediate that is set while data arrives runs before more is read; one that it sets runs after. */
export function afterPolling(run: () => void): void {
  setImmediate(() => setImmediate(run));
}
