/** A durable call: made by `spawn` or `spawnMap`, found again by its id from any process. */
import type { CallSink, Engine, Failure, Output } from "../engine/index.ts";
import {
  CallProgress,
  limit,
  NOTHING,
  OutputStream,
  type ProgressOptions,
  Ring,
  timeout,
  UnarySink,
  valueOf,
} from "./calls/index.ts";
import { type Checks, checkRecord, duration, flag, integer, signal } from "./checks.ts";
import type { Client } from "./client.ts";
import { currentContext } from "./context.ts";
import type { FindErrorClass } from "./declared-errors.ts";
import { defaultEngine } from "./engines.ts";
import { failureToError, InvalidError } from "./errors.ts";
import { codecOf } from "./payloads.ts";
import { answered, Raised, raise } from "./stacks.ts";

export interface GetOptions {
  /** Longest time to wait, in milliseconds; 0 looks once. Then TimeoutError. Default: wait. */
  timeoutMs?: number | undefined;
  /** Which input of a call of many. Default 0. */
  index?: number | undefined;
  /** Stops waiting; the call goes on. */
  signal?: AbortSignal | undefined;
}

export interface IterOptions {
  /** First input. Default 0. */
  start?: number | undefined;
  /** Input to stop before. Default: after the last. */
  end?: number | undefined;
  /** Stops waiting; the call goes on. */
  signal?: AbortSignal | undefined;
}

export interface CancelOptions {
  /** Also kill the containers that run its inputs, rather than ask them to stop. */
  terminateContainers?: boolean | undefined;
}

/** Where a call lives. */
interface CallHome {
  engine(): Engine | Promise<Engine>;
  /** The classes that the stubs have for errors, where the call was made through a stub. */
  readonly findError?: FindErrorClass | undefined;
}

const getChecks: Checks = { timeoutMs: duration(0), index: integer(0), signal };
const iterChecks: Checks = { start: integer(0), end: integer(0), signal };
const cancelChecks: Checks = { terminateContainers: flag };

const defaultHome: CallHome = { engine: () => defaultEngine(undefined) };

/** A call that goes on by itself: what `spawn` and `spawnMap` resolve to. */
export class FunctionCall<R> {
  /** `fc-...` */
  readonly id: string;
  readonly #home: CallHome;

  /** @internal */
  constructor(id: string, home: CallHome) {
    this.id = id;
    this.#home = home;
  }

  /** No I/O: an unknown id is NotFoundError at the first use. Throws InvalidError for what is not an id. */
  static fromId<R = unknown>(id: string, options: { client?: Client } = {}): FunctionCall<R> {
    if (typeof id !== "string" || !/^fc-[\w-]+$/.test(id)) {
      throw new InvalidError(`"${id}" is not a valid call id`, {
        hint: "Ids begin with fc-, such as those of FunctionCall.id.",
      });
    }
    const { client } = options;
    return new FunctionCall<R>(id, client ? { engine: () => client.engine() } : defaultHome);
  }

  /** The results of all calls, in order. Rejects with the first failure; the other calls go on. */
  static async gather<const C extends readonly FunctionCall<unknown>[]>(
    ...calls: C
  ): Promise<{ -readonly [I in keyof C]: C[I] extends FunctionCall<infer R> ? R : never }> {
    const over = new AbortController();
    try {
      const results = await Promise.all(calls.map((call) => call.get({ signal: over.signal })));
      return results as { -readonly [I in keyof C]: C[I] extends FunctionCall<infer R> ? R : never };
    } finally {
      // Nobody waits for the others any more: they must not keep the process alive.
      over.abort();
    }
  }

  /**
   * The result; again and again. Rejects with what the function threw, with TimeoutError when it is not ready in time, with
   * OutputExpiredError after seven days, with CancelledError, with NotFoundError for an unknown call, with InvalidError for an
   * index that no input has.
   */
  async get(options: GetOptions = {}): Promise<R> {
    const { timeoutMs, index = 0, signal } = options;
    checkRecord("get", "option", "", options, getChecks);
    signal?.throwIfAborted();
    let engine = this.#home.engine();
    if (engine instanceof Promise) engine = await engine;
    try {
      return (await (timeoutMs === 0 ? this.#poll(engine, index) : this.#wait(engine, index, options))) as R;
    } catch (error) {
      throw raise(error);
    }
  }

  async #poll(engine: Engine, index: number): Promise<unknown> {
    const [output] = await answered(engine.invoker.poll(this.id, { start: index, end: index + 1 }));
    if (output) return valueOf(codecOf(engine, this.#home.findError), output);
    // An input that the call does not have never answers: an attachment gets that error, and at once.
    if (index >= (await this.numInputs())) return this.#wait(engine, index, {});
    throw new Raised(timeout(`${this.id}, input ${index},`, 0), false);
  }

  #wait(engine: Engine, index: number, { signal, timeoutMs }: GetOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sink = new UnarySink(codecOf(engine, this.#home.findError), resolve, reject);
      // Whoever gives up by itself does not wait for good.
      const parent = signal || timeoutMs !== undefined ? undefined : currentContext()?.inputId;
      const handle = engine.invoker.attach(this.id, { start: index, end: index + 1 }, sink, { parent });
      const unlimit = limit({ signal, timeoutMs }, `${this.id}, input ${index},`, (error) => sink.reject(error));
      // An attachment holds the connection, and so the process, until it is let go.
      sink.whenSettled(() => {
        unlimit();
        handle.detach();
      });
    });
  }

  /** The results in the order of the inputs, each as soon as it and those before it are there. A failed input rejects. */
  iter(options: IterOptions = {}): AsyncIterableIterator<R, undefined, void> {
    checkRecord("iter", "option", "", options, iterChecks);
    return new IterCall(this.id, this.#home, options) as unknown as AsyncIterableIterator<R, undefined, void>;
  }

  /**
   * What the function reports with `context().progress()`: `for await (const { index, fraction, message } of call.progress())`,
   * or `await call.progress().latest()`. Of any call that the engine knows. Rejects with NotFoundError, and with UnsupportedError
   * where the engine has no progress.
   */
  progress(options: ProgressOptions = {}): CallProgress {
    return new CallProgress(this.id, () => this.#home.engine(), options);
  }

  /** How many inputs it has: one, or those of `spawnMap`. Rejects with NotFoundError for an unknown call. */
  async numInputs(): Promise<number> {
    const engine = await this.#home.engine();
    return (await answered(engine.invoker.call(this.id))).numInputs;
  }

  /** Cancels what has not ended: its `get` rejects with CancelledError. Idempotent. */
  async cancel(options: CancelOptions = {}): Promise<void> {
    checkRecord("cancel", "option", "", options, cancelChecks);
    const engine = await this.#home.engine();
    const { terminateContainers = false } = options;
    await answered(engine.invoker.cancel(this.id, { terminateContainers }));
  }
}

/** Outputs are asked for in stretches, so that a reader of a million holds few. */
const STRETCH = 1000;

class IterCall extends OutputStream<unknown> implements CallSink {
  readonly #id: string;
  readonly #home: CallHome;
  /** The input whose code waits, unless it gives up by itself. */
  readonly #parent: string | undefined;
  readonly #start: number;
  #end: number | undefined;
  readonly #ring = new Ring<unknown>();
  #failure: Raised | undefined;
  #engine: Engine | undefined;
  #handle: { detach(): void } | undefined;
  /** Inputs before this one have been asked for; both counted from `#start`. */
  #asked = 0;
  #consumed = 0;

  constructor(id: string, home: CallHome, options: IterOptions) {
    super(`FunctionCall.iter() of ${id}`, { signal: options.signal });
    this.#id = id;
    this.#home = home;
    this.#parent = options.signal ? undefined : currentContext()?.inputId;
    this.#start = options.start ?? 0;
    this.#end = options.end;
  }

  protected override start(): void {
    void this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      this.#engine ??= await this.#home.engine();
      const { numInputs } = await this.#engine.invoker.call(this.#id);
      this.#end = Math.max(this.#start, Math.min(this.#end ?? numInputs, numInputs));
      if (!this.over) this.#attach(this.#engine);
      this.settle();
    } catch (error) {
      this.fail(new Raised(error, false));
    }
  }

  #attach(engine: Engine): void {
    // An attachment holds the connection, and so the process, until it is let go.
    this.#handle?.detach();
    const start = this.#start + this.#asked;
    const end = Math.min(this.#end!, start + STRETCH);
    if (start >= end) return;
    this.#asked += end - start;
    this.#failure = undefined;
    this.#handle = engine.invoker.attach(this.#id, { start, end }, this, { parent: this.#parent });
  }

  output(output: Output): void {
    if (this.over) return;
    let item: unknown;
    try {
      item = valueOf(codecOf(this.#engine!, this.#home.findError), output);
    } catch (error) {
      item = error instanceof Raised ? error : new Raised(error, false);
    }
    const position = output.index - this.#start;
    if (position !== this.#consumed) this.#ring.set(position, item);
    else if (item instanceof Raised) this.fail(item);
    else if (this.deliver(item)) {
      this.#ring.skip();
      this.taken();
    } else this.#ring.set(position, item);
  }

  failed(failure: Failure): void {
    this.#failure = new Raised(failureToError(failure), false);
    if (this.waitedFor) this.fail(this.#failure);
  }

  /** A failure comes after the results before it; that of the whole call when more was asked for than there is. */
  protected override take(): unknown {
    const item = this.#ring.take(NOTHING);
    if (item === NOTHING && this.#failure && !this.isComplete()) this.fail(this.#failure);
    if (!(item instanceof Raised)) return item;
    this.fail(item);
    return NOTHING;
  }

  protected override taken(): void {
    this.#consumed++;
    if (this.#consumed === this.#asked && this.#engine) this.#attach(this.#engine);
  }

  protected override isComplete(): boolean {
    return this.#end !== undefined && this.#engine !== undefined && this.#consumed >= this.#end - this.#start;
  }

  protected override stop(): undefined {
    this.#handle?.detach();
  }
}
