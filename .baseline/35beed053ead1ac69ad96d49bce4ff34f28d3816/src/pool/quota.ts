/**
 * How many inputs of a function may run at a time, of each key, and how many may start in a span of time. Its pools share it: an old
 * version finishes its inputs while the new one begins others.
 */
import type { ResolvedFunctionOptions } from "../schema/index.ts";
import { StartWindow } from "./start-window.ts";

/** A pool, as the quota sees it. @param key of which more or fewer inputs may begin */
type QuotaListener = (key: string) => void;

export class Quota {
  /** Inputs of one key that may run at a time. */
  readonly perKey: number;
  readonly #running = new Map<string, number>();
  readonly #window: StartWindow | undefined;
  /** Each key has a window of its own. */
  readonly #windowByKey: boolean;
  readonly #listeners = new Set<QuotaListener>();

  constructor({ concurrency, limit }: Pick<ResolvedFunctionOptions, "concurrency" | "limit">) {
    this.perKey = concurrency.key ? (concurrency.perKey ?? 1) : Number.POSITIVE_INFINITY;
    this.#window = limit && new StartWindow(limit.count, limit.perMs);
    this.#windowByKey = limit?.key !== undefined;
  }

  /** Starts are counted, so an input must begin when it is given to a container. */
  get countsStarts(): boolean {
    return this.#window !== undefined;
  }

  /** How many more inputs may begin, whatever their key. */
  get roomForAll(): number {
    return this.#window && !this.#windowByKey ? this.#window.room("") : Number.POSITIVE_INFINITY;
  }

  /** How many more of the key may begin, as far as that depends on the key. */
  room(key: string): number {
    const slots = this.perKey - (this.#running.get(key) ?? 0);
    return this.#window && this.#windowByKey ? Math.min(slots, this.#window.room(key)) : slots;
  }

  /** @param now by performance.now() */
  begin(key: string, now: number): void {
    this.#window?.started(this.#windowByKey ? key : "", now);
    if (this.perKey < Number.POSITIVE_INFINITY) this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    this.#changed(key);
  }

  end(key: string): void {
    if (this.perKey === Number.POSITIVE_INFINITY) return;
    const left = (this.#running.get(key) ?? 0) - 1;
    if (left > 0) this.#running.set(key, left);
    else this.#running.delete(key);
    this.#changed(key);
  }

  /** Time has passed. */
  advance(now: number): void {
    for (const key of this.#window?.advance(now) ?? []) this.#changed(key);
  }

  /** When time alone makes room for more, by performance.now(). */
  get nextAt(): number | undefined {
    return this.#window?.nextAt;
  }

  listen(listener: QuotaListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: QuotaListener): void {
    this.#listeners.delete(listener);
  }

  #changed(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }
}
