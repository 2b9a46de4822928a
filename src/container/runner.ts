/**
 * Runs the inputs of one function: the middle of a container, between the frames on one side and user code on the other.
 *
 * Every input that arrives gets exactly one frame that ends it (result, exception, end, failure or returned), whatever the
 * function does after. Inputs run in the order in which they came, `maxInputs` at a time. A synchronous function runs
 * without a promise; long runs of short inputs give way to the event loop, so that cancellations are seen and results leave.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ContainerTelemetry } from "../opentelemetry/index.ts";
import { decodeArguments, type Hooks } from "../runtime/index.ts";
import type { ArgumentValidator } from "../schema/check/index.ts";
import type { FunctionMode } from "../schema/index.ts";
import type { CallMessage, LoadMessage, LogMessage } from "../wire/container-protocol.ts";
import type { FrameWriter } from "../wire/frames.ts";
import { columnsOf, problemOf } from "./batch.ts";
import { type Batch, type ContainerCall, Input } from "./input.ts";
import { InputFailure, Outbox } from "./outbox.ts";
import { type Handler, piecesOf, problem, requestIn } from "./web.ts";

type UserFunction = (...args: never[]) => unknown;

/** What a call runs. */
export interface Callable {
  name: string;
  /** From the manifest: decides whether what it returns is iterated. */
  mode: FunctionMode;
  fn: UserFunction;
  validate: ArgumentValidator | undefined;
  /** Answers HTTP requests. */
  handler: Handler | undefined;
}

/** What the container runs, once it is loaded. */
export interface Loaded {
  /** Throws InputFailure. */
  callableOf(call: CallMessage): Callable;
  hooks: Hooks;
}

/** Longest that inputs run before the event loop gets its turn, in milliseconds. */
const SLICE_MS = 5;
/** Longest that a finished result waits for others to leave together with, in milliseconds. */
const GATHER_MS = 1;

export class Container {
  readonly #outbox: Outbox;
  readonly #load: LoadMessage;
  readonly #maxInputs: number;
  readonly #calls = new Map<number, ContainerCall>();
  readonly #current = new AsyncLocalStorage<Input | undefined>();
  /** In no order: an input that ends gives its slot to the last one, which costs less than a set. */
  readonly #running: Input[] = [];
  #waiting: Input[] = [];
  /** Of a batched function: about to start. */
  #batches: Input[][] = [];
  #loaded: Loaded | undefined;
  #telemetry: ContainerTelemetry | undefined;
  #idle: (() => void) | undefined;
  #draining = false;
  #drainScheduled = false;
  #sliceStart = 0;
  #flushedAt = 0;

  constructor(writer: FrameWriter, load: LoadMessage) {
    this.#outbox = new Outbox(writer);
    this.#load = load;
    this.#maxInputs = load.maxInputs ?? 1;
  }

  /** The input whose code is running now, in its synchronous and asynchronous parts. */
  get current(): Input | undefined {
    return this.#current.getStore();
  }

  get running(): readonly Input[] {
    return this.#running;
  }

  // ---- from the engine ----

  /** Inputs may arrive before: they wait. */
  begin(loaded: Loaded): void {
    this.#loaded = loaded;
    this.turn();
  }

  /** Every input from now on has a span, in whose context the function runs. */
  observe(telemetry: ContainerTelemetry): void {
    this.#telemetry = telemetry;
  }

  openCall(call: ContainerCall): void {
    this.#calls.set(call.number, call);
  }

  forgetCall(number: number): void {
    this.#calls.delete(number);
  }

  /** Queues an input; `turn` starts it. `payload` is kept, not copied. */
  add(callNumber: number, index: number, attempt: number, payload: Buffer): void {
    const call = this.#calls.get(callNumber);
    if (!call) {
      const message = `input ${index} arrived for call ${callNumber}, which the container was not told of`;
      this.#outbox.failure(callNumber, index, { code: "INTERNAL_FAILURE", message });
      return;
    }
    this.#waiting.push(new Input(this.#load, call, index, attempt, payload, this.#sendProgress));
  }

  /** The last `count` inputs that came are one call of the function. */
  runTogether(count: number): void {
    this.#batches.push(this.#waiting.splice(-count));
  }

  cancel(callNumber: number, index: number): void {
    const running = this.#find(this.#running, callNumber, index);
    if (running) {
      const { batch } = running;
      // The others of a batch go on; the function hears of it when none is left.
      if (batch && batch.live.size > 1) this.#endCancelled(running);
      else {
        running.cancel();
        batch?.lead.cancel();
      }
      return;
    }
    for (const inputs of [this.#waiting, ...this.#batches]) {
      const waiting = this.#find(inputs, callNumber, index);
      if (!waiting) continue; // It is elsewhere, or has ended meanwhile.
      inputs.splice(inputs.indexOf(waiting), 1);
      this.#endCancelled(waiting);
      this.#settleIdle();
    }
  }

  credit(callNumber: number, index: number, count: number): void {
    const input = this.#find(this.#running, callNumber, index) ?? this.#find(this.#waiting, callNumber, index);
    if (!input) return; // It has ended meanwhile.
    input.credit(count);
  }

  /** Gives back what has not started. */
  recall(): void {
    for (const input of [...this.#batches.flat(), ...this.#waiting]) {
      input.end();
      this.#outbox.returned(input);
    }
    this.#batches = [];
    this.#waiting = [];
    this.#settleIdle();
  }

  /** Resolves once no input runs or waits. */
  async finished(): Promise<void> {
    if (this.#running.length === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** To be called once a turn of the event loop that brought something. */
  turn(): void {
    this.#sliceStart = performance.now();
    this.#drain();
    this.#outbox.flush();
  }

  // ---- from user code ----

  log(stream: LogMessage["stream"], text: string): void {
    this.#outbox.log(stream, text, this.current);
  }

  /** Ends a running input with an error that did not come back through the function's own result. */
  fail(input: Input, error: unknown): void {
    for (const each of input.batch ? [...input.batch.live] : [input]) this.#endWithError(each, error);
    this.#drain();
  }

  // ---- the run of an input ----

  #drain(): void {
    const loaded = this.#loaded;
    if (!loaded || this.#draining) return;
    if (this.#load.batched) {
      for (const inputs of this.#batches.splice(0)) if (inputs.length > 0) this.#startTogether(inputs, loaded);
      this.#settleIdle();
      return;
    }
    this.#draining = true;
    let started = 0;
    const waiting = this.#waiting;
    // `#waiting` is replaced by recall and spliced by cancel only between turns, never inside this loop.
    while (started < waiting.length && this.#running.length < this.#maxInputs) {
      if (this.#sliceIsOver()) {
        this.#drainLater();
        break;
      }
      this.#start(waiting[started++]!, loaded);
    }
    if (started > 0) {
      this.#waiting.splice(0, started);
      this.#current.enterWith(undefined);
    }
    this.#draining = false;
    this.#settleIdle();
  }

  /** Also lets finished results leave that have waited long enough. */
  #sliceIsOver(): boolean {
    const now = performance.now();
    if (now - this.#flushedAt > GATHER_MS) {
      this.#flushedAt = now;
      this.#outbox.flush();
    }
    return now - this.#sliceStart > SLICE_MS;
  }

  #drainLater(): void {
    if (this.#drainScheduled) return;
    this.#drainScheduled = true;
    afterPolling(() => {
      this.#drainScheduled = false;
      this.turn();
    });
  }

  async #nextSlice(): Promise<void> {
    await new Promise<void>(afterPolling);
    this.#sliceStart = performance.now();
  }

  /** Returns its encoded arguments. */
  #begin(input: Input): Buffer {
    input.start();
    input.run = this.#telemetry?.start(input.call, input.index, input.attempt);
    input.slot = this.#running.push(input) - 1;
    const payload = input.payload!;
    input.payload = undefined;
    return payload;
  }

  #start(input: Input, loaded: Loaded): void {
    const payload = this.#begin(input);
    if (input.call.message.web) {
      const { handler } = loaded.callableOf(input.call.message);
      this.#current.enterWith(input);
      const pieces = piecesOf(this.#answer(input, payload, handler!), input);
      void this.#iterate(input, pieces, (piece) => this.#outbox.piece(input, piece as Uint8Array));
      return;
    }
    let callable: Callable;
    let args: readonly unknown[];
    try {
      callable = loaded.callableOf(input.call.message);
      args = this.#arguments(payload, callable);
    } catch (error) {
      this.#endWithFailure(input, error);
      return;
    }
    const { fn } = callable;
    // Cheaper than `run` by half; `#drain` resets it.
    this.#current.enterWith(input);
    let result: unknown;
    try {
      result = input.within(() => fn(...(args as never[])));
    } catch (error) {
      this.#endWithError(input, error);
      return;
    }
    if (callable.mode === "generator") void this.#iterate(input, result);
    else if (!isThenable(result)) this.#endWithResult(input, result);
    else {
      Promise.resolve(result).then(
        (value) => {
          this.#endWithResult(input, value);
          this.#drain();
        },
        (error: unknown) => {
          this.#endWithError(input, error);
          this.#drain();
        },
      );
    }
  }

  /** One call of a batched function. */
  #startTogether(inputs: readonly Input[], loaded: Loaded): void {
    const callable = loaded.callableOf(inputs[0]!.call.message);
    const { fn } = callable;
    const batch: Batch = { lead: inputs[0]!, live: new Set() };
    const rows: (readonly unknown[])[] = [];
    for (const input of inputs) {
      const payload = this.#begin(input);
      try {
        rows.push(this.#arguments(payload, callable));
        batch.live.add(input);
        input.batch = batch;
      } catch (error) {
        this.#endWithFailure(input, error);
      }
    }
    const taken = [...batch.live];
    if (taken.length === 0) return;
    batch.lead = taken[0]!;
    const settle = (run: () => void): void => {
      run();
      this.#settleIdle();
    };
    const fail = (error: unknown): void => {
      for (const input of taken) this.#endWithError(input, error);
    };
    const succeed = (results: unknown): void => {
      const problem = problemOf(results, taken.length, this.#load.function);
      if (problem) fail(problem);
      else for (const [i, input] of taken.entries()) this.#endWithResult(input, (results as unknown[])[i]);
    };
    this.#current.enterWith(batch.lead);
    try {
      const columns = columnsOf(rows, fn.length) as never[];
      const result: unknown = batch.lead.within(() => fn(...columns));
      if (!isThenable(result)) succeed(result);
      else {
        Promise.resolve(result).then(
          (results) => settle(() => succeed(results)),
          (error: unknown) => settle(() => fail(error)),
        );
      }
    } catch (error) {
      fail(error);
    } finally {
      this.#current.enterWith(undefined);
    }
  }

  #arguments(payload: Buffer, { name, validate }: Callable): readonly unknown[] {
    const { args, kwargs } = decodeArguments(payload);
    const names = kwargs === undefined ? [] : Object.keys(kwargs);
    if (names.length > 0) {
      throw new InputFailure({
        code: "INVALID",
        message: `${name} takes no arguments by name, received ${names.join(", ")}`,
        hint: "pass them by position: TypeScript functions have no keyword arguments",
      });
    }
    const problem = validate?.(args);
    if (problem) throw new InputFailure({ code: "INVALID", ...problem });
    return args;
  }

  async #answer(input: Input, payload: Buffer, handler: Handler): Promise<Response> {
    try {
      const request = requestIn(payload, input.context.signal);
      input.request = request;
      const response = await input.within(() => handler(request));
      if (!(response instanceof Response))
        throw new TypeError(`${this.#load.function} is a web function and returned no Response`);
      if (response.bodyUsed || response.body?.locked)
        throw new TypeError(`${this.#load.function} returned a Response whose body somebody else reads or has read`);
      return response;
    } catch (error) {
      input.run?.threw(error);
      const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
      this.#outbox.log("stderr", `${text}\n`, input);
      return problem(500, "Internal Server Error", String(error));
    }
  }

  /** Never rejects. Whatever stops it early, the generator's `finally` runs. */
  async #iterate(
    input: Input,
    made: unknown,
    send = (item: unknown): void => this.#outbox.yield(input, item),
  ): Promise<void> {
    try {
      const iterator = iteratorOf(made, input.functionName);
      if (!(await this.#sendAll(input, iterator, send))) {
        await input.within(() => iterator.return?.());
      }
      if (this.#end(input)) this.#outbox[input.cancelled ? "cancelled" : "end"](input);
    } catch (error) {
      if (input.cancelled || input.state === "ended") this.#reportLost(input, error);
      this.#endWithError(input, error);
    }
    this.#drain();
  }

  /** Sends what is yielded, as far as it is granted. False when it was stopped before the generator was done. */
  async #sendAll(input: Input, iterator: AnyIterator, send: (item: unknown) => void): Promise<boolean> {
    while (input.state === "running" && !input.cancelled) {
      if (input.credits === 0) {
        await input.woken();
        continue;
      }
      const step = input.within(() => iterator.next());
      const { done, value } = isThenable(step) ? await step : step;
      if (done) return true;
      const item: unknown = isThenable(value) ? await value : value;
      if (input.cancelled || input.state !== "running") return false;
      input.credits--;
      try {
        send(item);
      } catch (error) {
        this.#endWithFailure(input, error);
      }
      if (this.#sliceIsOver()) await this.#nextSlice();
    }
    return false;
  }

  #endWithResult(input: Input, value: unknown): void {
    if (input.state === "ended") return; // It failed by an unhandled rejection before.
    if (input.cancelled) {
      this.#endCancelled(input);
      return;
    }
    input.flushProgress();
    try {
      this.#outbox.result(input, value);
    } catch (error) {
      this.#endWithFailure(input, error);
      return;
    }
    this.#end(input);
  }

  #endWithError(input: Input, error: unknown): void {
    if (input.state !== "ended" && !input.cancelled) input.run?.threw(error);
    if (!this.#end(input)) return;
    if (input.cancelled) this.#outbox.cancelled(input);
    else this.#outbox.exception(input, error);
  }

  #endWithFailure(input: Input, error: unknown): void {
    if (input.state !== "ended") {
      if (error instanceof InputFailure) input.run?.failed(error.failure);
      else input.run?.threw(error);
    }
    if (this.#end(input)) this.#outbox.failed(input, error);
  }

  #endCancelled(input: Input): void {
    if (this.#end(input)) this.#outbox.cancelled(input);
  }

  /** False when the input has ended before: whatever came now is too late. */
  #end(input: Input): boolean {
    if (input.state === "ended") return false;
    if (input.state === "running") {
      const last = this.#running.pop()!;
      last.slot = input.slot;
      if (last !== input) this.#running[input.slot] = last;
    }
    input.end();
    input.batch?.live.delete(input);
    return true;
  }

  #sendProgress = (input: Input, fraction: number, message: string | undefined): void => {
    for (const each of input.batch?.live ?? [input]) this.#outbox.progress(each, fraction, message);
  };

  /** An error in the clean-up of a generator that was stopped has no caller left to tell. */
  #reportLost(input: Input, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
    this.#outbox.log("stderr", `thrown while the generator was stopped: ${text}\n`, input);
  }

  #settleIdle(): void {
    if (!this.#idle || this.#running.length > 0 || this.#waiting.length > 0) return;
    this.#idle();
    this.#idle = undefined;
  }

  #find(inputs: Iterable<Input>, callNumber: number, index: number): Input | undefined {
    for (const input of inputs) if (input.index === index && input.call.number === callNumber) return input;
    return undefined;
  }
}

/** An immediate that is set while data arrives runs before more is read; one that it sets runs after. */
function afterPolling(run: () => void): void {
  setImmediate(() => setImmediate(run));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

function iteratorOf(made: unknown, name: string): AnyIterator {
  const iterable = made as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (!iterator) throw new TypeError(`${name} was deployed as a generator and returned something that is not iterable`);
  return iterator;
}
