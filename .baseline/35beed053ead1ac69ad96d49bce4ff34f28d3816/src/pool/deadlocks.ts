/**
 * Finds calls that wait for each other: whatever could make room for them is taken by inputs that wait for such calls, directly or
 * through others. They would wait until the timeout; instead they fail, and say why. A call that is kept on disk goes on, once those that
 * waited for it have failed and made room.
 */
import type { Call, Input, ParentInput } from "./call.ts";
import { callersOf, circleOf, type FullPool, includes, stuckPools, withCallers } from "./circles.ts";
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
  /** Inputs that wait for calls. */
  #waiters = 0;
  /** Something waits in them, and they have no room. */
  readonly #watched = new Set<Contention>();
  /** Those that were stuck at the last look: what ran, and in how many looks in a row. */
  #stuck = new Map<Contention, { running: ReadonlySet<Input>; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  /** An input waits for a call. */
  awaited(): void {
    this.#waiters++;
  }

  /** It does not any more. */
  released(): void {
    this.#waiters--;
  }

  /** Something waits in the pool. */
  watch(pool: Contention): void {
    if (this.#waiters === 0 || !pool.isFull) return;
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
    const isOurs = (waiter: ParentInput): boolean => {
      const callers = withCallers([waiter]);
      return running.some((input) => includes(callers, input));
    };
    for (const { pool } of circle) {
      this.#stuck.delete(pool);
      for (const call of [...pool.waitingCalls()]) call.failWaiters?.(isOurs, failure);
      const inVain = (call: Call): boolean => !call.failWaiters && [...call.waiters].some(isOurs);
      for (const input of pool.take(inVain)) input.call.failed(input, failure);
    }
  }
}

function asFull(pool: Contention): WatchedPool[] {
  const holders = pool.holders();
  return holders?.length ? [{ pool, holders, callers: callersOf(pool.waitingCalls()) }] : [];
}
