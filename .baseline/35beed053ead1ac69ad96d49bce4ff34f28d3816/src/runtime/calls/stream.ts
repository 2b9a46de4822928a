/**
 * The consumer's side of a call with many outputs: an async iterator written by hand, because a native async generator would
 * queue `return()` behind an output that may never come, and costs more for each item.
 */
import { raise } from "../stacks.ts";
import { queueMicrotask } from "../timers.ts";
import { ignore } from "./inputs.ts";
import { type Limits, limit } from "./limit.ts";

export const NOTHING: unique symbol = Symbol("nothing");

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** What there is to say of a stream that nobody iterates. */
interface Unread {
  readonly label: string;
}

/** Of all streams that have not begun; they hold no stream. */
const unread = new Set<Unread>();

/** Warns once for each stream that nobody iterated, since it then never ran: when it is collected, or at the end of the program. */
const forgotten = new FinalizationRegistry<Unread>(warn);

function warn(stream: Unread): void {
  unread.delete(stream);
  console.warn(
    `farcall: ${stream.label} was never iterated, so it never ran. Use for await, or forEach to run it for its effects.`,
  );
}

let watchesExit = false;

/** Absent outside Node. */
function watchExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  globalThis.process?.on?.("exit", () => {
    for (const stream of unread) warn(stream);
  });
}

export abstract class OutputStream<T> implements AsyncGenerator<T, undefined, void> {
  readonly #label: string;
  readonly #unread: Unread;
  readonly #limits: Limits;
  #state: "new" | "running" | "over" = "new";
  #waiter: Waiter<T> | undefined;
  /** Further calls of `next()`, answered one after the other, as those of a native async generator. */
  readonly #line: Waiter<T>[] = [];
  /** Ended the stream and has not reached the consumer. */
  #failure: { error: unknown } | undefined;
  #unwatch: (() => void) | undefined;

  constructor(label: string, limits: Limits) {
    this.#label = label;
    this.#limits = limits;
    this.#unread = { label };
    watchExit();
    unread.add(this.#unread);
    forgotten.register(this, this.#unread, this);
  }

  #begun(): void {
    forgotten.unregister(this);
    unread.delete(this.#unread);
  }

  /** The first `next()` has been called. */
  protected abstract start(): void;
  /** An output that is there, or NOTHING. */
  protected abstract take(): T | typeof NOTHING;
  /** Every output has been taken. */
  protected abstract isComplete(): boolean;
  /** An output has been taken: there is room for another. */
  protected abstract taken(): void;
  /** Cancels what is left. Resolves once the inputs are closed. */
  protected abstract stop(): Promise<void> | undefined;

  protected get over(): boolean {
    return this.#state === "over";
  }

  /** The consumer waits for an output. */
  protected get waitedFor(): boolean {
    return this.#waiter !== undefined;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#waiter || this.#line.length > 0 ? this.#queue() : this.#next();
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#state === "new") {
      this.#state = "running";
      this.#begun();
      this.#watch();
      if (!this.over) this.start();
    }
    if (this.#failure) return this.#fail();
    if (this.#state === "over") return Promise.resolve({ value: undefined, done: true });
    const item = this.take();
    if (item !== NOTHING) {
      this.taken();
      return Promise.resolve({ value: item, done: false });
    }
    if (this.#failure) return this.#fail();
    if (this.isComplete()) {
      this.#end();
      return Promise.resolve({ value: undefined, done: true });
    }
    return this.#wait();
  }

  /** Async, as are the two below, so that the awaiting caller's stack is at hand when it fails. */
  async #wait(): Promise<IteratorResult<T, undefined>> {
    try {
      return await new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
        this.#waiter = { resolve, reject };
      });
    } catch (error) {
      throw raise(error);
    }
  }

  async #fail(): Promise<never> {
    const error = this.#failure?.error;
    this.#failure = undefined;
    throw raise(error);
  }

  async #queue(): Promise<IteratorResult<T, undefined>> {
    return new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
      this.#line.push({ resolve, reject });
    });
  }

  /** To be called when the waiting `next()` has been answered. */
  #advance(): void {
    if (this.#line.length === 0) return;
    // First whoever delivered has to count the output as taken.
    queueMicrotask(() => {
      const first = this.#waiter ? undefined : this.#line.shift();
      if (!first) return;
      this.#next().then(first.resolve, first.reject);
      this.#advance();
    });
  }

  /** Ends the stream and cancels what is left. Outputs that have not been read are dropped. */
  async return(): Promise<IteratorResult<T, undefined>> {
    await this.#leave();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.#leave();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #leave(): Promise<void> {
    if (this.#state === "new") this.#begun();
    this.#failure = undefined;
    if (this.#state === "running") {
      this.#end();
      await this.stop();
    }
    this.#state = "over";
  }

  /** Nothing more comes: ends a waiting consumer's `next()`. */
  #end(): void {
    this.#state = "over";
    this.#unwatch?.();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve({ value: undefined, done: true });
    this.#advance();
  }

  /** Hands an output to the consumer that waits; false when none does. */
  protected deliver(item: T): boolean {
    const waiter = this.#waiter;
    if (!waiter) return false;
    this.#waiter = undefined;
    waiter.resolve({ value: item, done: false });
    this.#advance();
    return true;
  }

  /** To be called when the last output may have been taken already. */
  protected settle(): void {
    if (this.#state === "running" && this.#waiter && this.isComplete()) this.#end();
  }

  /** Rejects at once, whatever is left. The first failure counts. */
  protected fail(error: unknown): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#unwatch?.();
    // The consumer gets the failure itself, not what closing the inputs may add to it.
    this.stop()?.catch(ignore);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter) waiter.reject(error);
    else this.#failure = { error };
    this.#advance();
  }

  #watch(): void {
    const { signal, timeoutMs } = this.#limits;
    if (signal?.aborted) this.fail(signal.reason);
    else if (signal || timeoutMs !== undefined) {
      this.#unwatch = limit(this.#limits, this.#label, (error) => this.fail(error));
    }
  }
}
