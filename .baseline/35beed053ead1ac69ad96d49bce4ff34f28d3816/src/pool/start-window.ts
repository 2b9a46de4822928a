/** At most so many starts of one key in any span of time: remembers the starts of the last span, in the order in which they came. */
import { Queue } from "./queue.ts";

/** A start that still counts. */
export interface Start {
  readonly key: string;
  /** In milliseconds, by the clock of `now`. */
  readonly at: number;
}

export class StartWindow {
  readonly #count: number;
  readonly #perMs: number;
  readonly #starts = new Queue<Start>();
  /** Of each key, how many of them. */
  readonly #used = new Map<string, number>();

  constructor(count: number, perMs: number) {
    this.#count = count;
    this.#perMs = perMs;
  }

  /** How many more of the key may start now. */
  room(key: string): number {
    return this.#count - (this.#used.get(key) ?? 0);
  }

  started(key: string, now: number): void {
    this.#starts.push({ key, at: now });
    this.#used.set(key, (this.#used.get(key) ?? 0) + 1);
  }

  /** Forgets what no longer counts. Gives the keys that have more room. */
  advance(now: number): Set<string> {
    const freed = new Set<string>();
    for (let first = this.#starts.peek(); first && first.at + this.#perMs <= now; first = this.#starts.peek()) {
      this.#starts.shift();
      const left = this.#used.get(first.key)! - 1;
      if (left > 0) this.#used.set(first.key, left);
      else this.#used.delete(first.key);
      freed.add(first.key);
    }
    return freed;
  }

  /** When a key next has more room; undefined when nothing counts. */
  get nextAt(): number | undefined {
    const first = this.#starts.peek();
    return first && first.at + this.#perMs;
  }

  /** Those that count, from the first to the last. */
  get starts(): Iterable<Start> {
    return this.#starts;
  }
}
