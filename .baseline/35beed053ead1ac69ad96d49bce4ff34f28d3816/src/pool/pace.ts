/** How long inputs take lately, and what follows: how many may be sent ahead, so that a container need not wait a round trip for the next. */

/** Work to have lying in a container, in milliseconds, and the most inputs that may be. */
const AHEAD_MS = 2;
export const MAX_AHEAD = 128;
/** Longer inputs are not sent ahead. */
const SHORT_MS = 5;

export class Pace {
  #average: number | undefined;
  #lastEnd = 0;

  /** Milliseconds that an input takes, a moving average; undefined before the first. */
  get ms(): number | undefined {
    return this.#average;
  }

  /** When an input last ended, by performance.now(). */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  ended(now: number): void {
    this.#lastEnd = now;
  }

  took(elapsedMs: number): void {
    this.#average = this.#average === undefined ? elapsedMs : this.#average + (elapsedMs - this.#average) / 16;
  }

  /** An input that runs has taken so long already. */
  atLeast(elapsedMs: number): void {
    this.#average = Math.max(this.#average ?? 0, elapsedMs);
  }

  /** How many inputs may wait in a container behind those that run. */
  get ahead(): number {
    const average = this.#average;
    if (average === undefined || average > SHORT_MS) return 0;
    return Math.min(MAX_AHEAD, Math.max(1, Math.floor(AHEAD_MS / average)));
  }
}
