/** Those that get the outputs of a durable call as they come. */
import type { Failure } from "../../../../engine/index.ts";
import type { ParentInput, Pool } from "../../../../pool/index.ts";

export interface OutputListener {
  /** The input whose code waits for them. */
  readonly waiter: ParentInput | undefined;
  /** An output is on disk. */
  deliver(index: number, state: number, payload: Uint8Array): void;
  /** No more outputs will come. */
  fail(failure: Failure): void;
}

export class OutputListeners {
  readonly #listeners = new Set<OutputListener>();
  /** Learns that inputs wait for what it runs. */
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  add(listener: OutputListener): void {
    this.#listeners.add(listener);
    if (listener.waiter) this.#pool.awaited();
  }

  remove(listener: OutputListener): void {
    if (this.#listeners.delete(listener) && listener.waiter) this.#pool.released();
  }

  get waiters(): ParentInput[] {
    return [...this.#listeners].flatMap(({ waiter }) => waiter ?? []);
  }

  deliver(index: number, state: number, payload: Uint8Array): void {
    for (const listener of this.#listeners) listener.deliver(index, state, payload);
  }

  fail(failure: Failure): void {
    for (const listener of [...this.#listeners]) listener.fail(failure);
  }

  failWaiters(which: (waiter: ParentInput) => boolean, failure: Failure): void {
    for (const listener of [...this.#listeners]) if (listener.waiter && which(listener.waiter)) listener.fail(failure);
  }
}
