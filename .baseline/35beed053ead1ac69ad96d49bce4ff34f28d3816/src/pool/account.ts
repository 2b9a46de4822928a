/** How much work the callers of a pool have been given, so that shares are of work rather than of inputs. */

/** A caller that has had more than others owes them no more than this, in milliseconds of work. */
const MAX_DEBT_MS = 1_000;

/** What one caller has had. */
export class Account {
  #usedMs = 0;

  get usedMs(): number {
    return this.#usedMs;
  }

  /** An input takes, or turned out to take, so much. */
  charge(ms: number): void {
    this.#usedMs += ms;
  }

  /** The caller waits again. @param least what the one of the others has had that has had the least */
  enter(least: number): void {
    this.#usedMs = Math.min(Math.max(this.#usedMs, least), least + MAX_DEBT_MS);
  }
}
