/**
 * Finds calls that wait for each other: whatever could make room for them is taken by inputs that have made such calls, directly or
 * through others. They would wait until the timeout; instead they fail, and say why.
 */
import type { Call, Input } from "./call.ts";
import { callersOf, circleOf, type FullPool, includes, stuckPools } from "./circles.ts";
import type { Contention } from "./contention.ts";
import { waitForEachOther } from "./failures.ts";

/** It is looked so often, in milliseconds. */
const LOOK_MS = 500;
/** So many looks in a row have to see the same inputs run: code may go on without what it has called. */
const LOOKS = 5;

interface WatchedPool extends FullPool {
  readonly pool: Contention;
}

export class Deadlocks {
  /** Open calls that were made by inputs. */
  #nested = 0;
  /** Something waits in them, and they have no room. */
  readonly #watched = new Set<Contention>();
  /** Those that were stuck at the last look: what ran, and in how many looks in a row. */
  #stuck = new Map<Contention, { running: ReadonlySet<Input>; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  opened({ parent }: Call): void {
    if (parent) this.#nested++;
  }

  closed({ parent }: Call): void {
    if (parent) this.#nested--;
  }

  /** Something waits in the pool. */
  watch(pool: Contention): void {
    if (this.#nested === 0 || !pool.isFull) return;
    this.#watched.add(pool);
    this.#timer ??= setTimeout(this.#look, LOOK_MS).unref();
  }

  /** The pool is closed. */
  forget(pool: Contention): void {
    this.#watched.delete(pool);
    this.#stuck.delete(pool);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watched.clear();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    for (const pool of this.#watched) if (pool.waiting === 0 || !pool.isFull) this.#watched.delete(pool);
    const stuck = stuckPools([...this.#watched].flatMap(asFull));
    const before = this.#stuck;
    this.#stuck = new Map();
    for (const { pool, holders } of stuck) {
      const running = new Set(holders.flat());
      const last = before.get(pool);
      const same = last?.running.size === running.size && [...running].every((input) => last.running.has(input));
      this.#stuck.set(pool, { running, looks: same ? last.looks + 1 : 1 });
    }
    const circle = circleOf(stuck.filter(({ pool }) => this.#stuck.get(pool)!.looks >= LOOKS));
    if (circle) this.#fail(circle);
    if (this.#watched.size > 0) this.#timer = setTimeout(this.#look, LOOK_MS).unref();
  };

  #fail(circle: readonly WatchedPool[]): void {
    const running = circle.flatMap(({ holders }) => holders.flat());
    const failure = waitForEachOther(circle.map(({ pool }) => pool));
    const isOurs = (call: Call): boolean => {
      const callers = callersOf([call]);
      return running.some((input) => includes(callers, input));
    };
    for (const { pool } of circle) {
      this.#stuck.delete(pool);
      for (const input of pool.take(isOurs)) input.call.failed(input, failure);
    }
  }
}

function asFull(pool: Contention): WatchedPool[] {
  const holders = pool.holders();
  return holders?.length ? [{ pool, holders, callers: callersOf(pool.waitingCalls()) }] : [];
}
