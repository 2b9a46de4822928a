/**
 * Calls whose time has not come. Times are of the wall clock, which jumps, and machines sleep: so the clock is looked at now and
 * then, and a call begins at the first look at which it shows the call's time or a later one.
 */

/** How often the clock is looked at, at least, in milliseconds. */
const MAX_WAIT_MS = 30_000;

/** A call that waits for its time. */
export interface DueCall {
  begin(): void;
}

export class DueCalls {
  readonly #calls = new Map<number, Set<DueCall>>();
  /** The keys of `#calls`, and perhaps others: a binary heap, the first of all first. */
  readonly #times: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param at in milliseconds since 1970 */
  add(call: DueCall, at: number): void {
    const calls = this.#calls.get(at);
    if (calls) {
      calls.add(call);
      return;
    }
    this.#calls.set(at, new Set([call]));
    this.#push(at);
    if (this.#times[0] === at) this.#wait();
  }

  remove(call: DueCall, at: number): void {
    const calls = this.#calls.get(at);
    calls?.delete(call);
    if (calls?.size === 0) this.#calls.delete(at);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#calls.clear();
    this.#times.length = 0;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = Date.now();
    for (let at = this.#times[0]; at !== undefined && at <= now; at = this.#times[0]) {
      this.#shift();
      const calls = this.#calls.get(at);
      this.#calls.delete(at);
      for (const call of calls ?? []) call.begin();
    }
    this.#wait();
  };

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first] = this.#times;
    if (first === undefined) return;
    this.#timer = setTimeout(this.#look, Math.min(Math.max(1, first - Date.now()), MAX_WAIT_MS)).unref();
  }

  // ---- the heap

  #push(at: number): void {
    const times = this.#times;
    let i = times.push(at) - 1;
    for (let above = (i - 1) >> 1; i > 0 && times[above]! > at; above = (i - 1) >> 1) {
      times[i] = times[above]!;
      i = above;
    }
    times[i] = at;
  }

  #shift(): void {
    const times = this.#times;
    const last = times.pop()!;
    if (times.length === 0) return;
    let i = 0;
    for (let below = 1; below < times.length; below = 2 * i + 1) {
      if (below + 1 < times.length && times[below + 1]! < times[below]!) below++;
      if (times[below]! >= last) break;
      times[i] = times[below]!;
      i = below;
    }
    times[i] = last;
  }
}
