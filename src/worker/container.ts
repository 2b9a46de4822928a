/**
 * Runs the inputs of one function: the middle of a container, between the frames on one side and user code on the other.
 *
 * Every input that arrives gets exactly one frame that ends it (result, exception, end, failure or returned), whatever the
 * function does after. Inputs run in the order in which they came, `maxInputs` at a time. A synchronous function runs
 * without a promise; long runs of short inputs give way to the event loop, so that cancellations are seen and results leave.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { FrameWriter } from "../engine/frames.ts";
import type { Failure } from "../engine/index.ts";
import { decodeArguments, encodeError, encodeValue, FarcallError } from "../runtime/index.ts";
import { type ContainerCall, Input } from "./input.ts";
import { FromContainer, type LoadMessage, type LogMessage } from "./protocol.ts";
import type { ArgumentValidator } from "./validate.ts";

type UserFunction = (...args: never[]) => unknown;

/** What the container runs, once it is loaded. */
export interface Loaded {
  fn: UserFunction;
  validate: ArgumentValidator | undefined;
}

/** Longest that inputs run before the event loop gets its turn, in milliseconds. */
const SLICE_MS = 5;
/** Longest that a finished result waits for others to leave together with, in milliseconds. */
const GATHER_MS = 1;
/** Log text is dropped while more than this waits for the engine: a container must not run out of memory by printing. */
const MAX_BUFFERED_LOG_BYTES = 16 * 1024 * 1024;

export class Container {
  readonly #writer: FrameWriter;
  readonly #load: LoadMessage;
  readonly #maxInputs: number;
  readonly #calls = new Map<number, ContainerCall>();
  readonly #current = new AsyncLocalStorage<Input | undefined>();
  /** In no order: an input that ends gives its slot to the last one, which costs less than a set. */
  readonly #running: Input[] = [];
  #waiting: Input[] = [];
  #loaded: Loaded | undefined;
  #idle: (() => void) | undefined;
  #draining = false;
  #drainScheduled = false;
  #sliceStart = 0;
  #flushedAt = 0;
  #droppedLogBytes = 0;

  constructor(writer: FrameWriter, load: LoadMessage) {
    this.#writer = writer;
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
      this.#writeFailure(callNumber, index, { code: "INTERNAL_FAILURE", message });
      return;
    }
    this.#waiting.push(new Input(this.#load, call, index, attempt, payload, this.#sendProgress));
  }

  cancel(callNumber: number, index: number): void {
    const running = this.#find(this.#running, callNumber, index);
    if (running) {
      running.cancel();
      return;
    }
    const waiting = this.#find(this.#waiting, callNumber, index);
    if (!waiting) return; // It has ended meanwhile.
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#endCancelled(waiting);
    this.#settleIdle();
  }

  grant(callNumber: number, index: number, count: number): void {
    const input = this.#find(this.#running, callNumber, index) ?? this.#find(this.#waiting, callNumber, index);
    if (!input) return; // It has ended meanwhile.
    input.credits += count;
    input.wake?.();
  }

  /** Gives back what has not started. */
  recall(): void {
    for (const input of this.#waiting) {
      input.end();
      this.#writer.write(FromContainer.returned, input.call.number, input.index);
    }
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
    this.#writer.flush();
  }

  // ---- from user code ----

  log(stream: LogMessage["stream"], text: string): void {
    if (this.#writer.buffered > MAX_BUFFERED_LOG_BYTES) {
      this.#droppedLogBytes += text.length;
      return;
    }
    if (this.#droppedLogBytes > 0) {
      const dropped = this.#droppedLogBytes;
      this.#droppedLogBytes = 0;
      this.log(
        "stderr",
        `… ${dropped} characters of output were dropped: they were printed faster than the engine takes them\n`,
      );
    }
    const input = this.current;
    const message: LogMessage = { stream, text };
    if (input) Object.assign(message, { call: input.call.number, index: input.index });
    this.#writeJson(FromContainer.log, input?.call.number ?? 0, input?.index ?? 0, message);
  }

  /** Ends a running input with an error that did not come back through the function's own result. */
  fail(input: Input, error: unknown): void {
    this.#endWithError(input, error);
    this.#drain();
  }

  // ---- the run of an input ----

  #drain(): void {
    const loaded = this.#loaded;
    if (!loaded || this.#draining) return;
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
      this.#writer.flush();
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

  #start(input: Input, { fn, validate }: Loaded): void {
    input.start();
    input.slot = this.#running.push(input) - 1;
    const payload = input.payload!;
    input.payload = undefined;
    let args: readonly unknown[];
    try {
      args = this.#arguments(payload, validate);
    } catch (error) {
      this.#endWithFailure(input, error);
      return;
    }
    // Cheaper than `run` by half; `#drain` resets it.
    this.#current.enterWith(input);
    let result: unknown;
    try {
      result = fn(...(args as never[]));
    } catch (error) {
      this.#endWithError(input, error);
      return;
    }
    if (this.#load.mode === "generator") void this.#iterate(input, result);
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

  #arguments(payload: Buffer, validate: ArgumentValidator | undefined): readonly unknown[] {
    const { args, kwargs } = decodeArguments(payload);
    const names = kwargs === undefined ? [] : Object.keys(kwargs);
    if (names.length > 0) {
      throw new RefusedArguments({
        code: "INVALID",
        message: `${this.#load.function} takes no arguments by name, received ${names.join(", ")}`,
        hint: "pass them by position: TypeScript functions have no keyword arguments",
      });
    }
    const problem = validate?.(args);
    if (problem) throw new RefusedArguments({ code: "INVALID", ...problem });
    return args;
  }

  /** Never rejects. */
  async #iterate(input: Input, made: unknown): Promise<void> {
    try {
      const iterator = iteratorOf(made, this.#load.function);
      while (input.state === "running") {
        if (input.credits === 0 && !input.cancelled) {
          await new Promise<void>((resolve) => {
            input.wake = resolve;
          });
          input.wake = undefined;
          continue;
        }
        if (input.cancelled) {
          await iterator.return?.();
          break;
        }
        const step = iterator.next();
        const { done, value } = isThenable(step) ? await step : step;
        if (done) break;
        const item: unknown = isThenable(value) ? await value : value;
        if (input.cancelled) continue;
        input.credits--;
        if (!this.#writePayload(FromContainer.yield, input, item)) {
          await iterator.return?.();
          break;
        }
        if (this.#sliceIsOver()) await this.#nextSlice();
      }
      this.#endIteration(input);
    } catch (error) {
      if (input.cancelled) this.#reportLost(input, error);
      this.#endWithError(input, error);
    }
    this.#drain();
  }

  #endIteration(input: Input): void {
    if (!this.#end(input)) return;
    if (input.cancelled) this.#writeCancelled(input);
    else this.#writer.write(FromContainer.end, input.call.number, input.index);
  }

  #endWithResult(input: Input, value: unknown): void {
    if (input.state === "ended") return; // It failed by an unhandled rejection before.
    input.flushProgress();
    if (input.cancelled) this.#endCancelled(input);
    else if (this.#writePayload(FromContainer.result, input, value)) this.#end(input);
  }

  #endWithError(input: Input, error: unknown): void {
    if (!this.#end(input)) return;
    if (input.cancelled) {
      this.#writeCancelled(input);
      return;
    }
    try {
      this.#writer.write(FromContainer.exception, input.call.number, input.index, encodeError(error));
    } catch (fault) {
      this.#writeFailure(input.call.number, input.index, this.#failureOf(fault));
    }
  }

  #endWithFailure(input: Input, error: unknown): void {
    if (!this.#end(input)) return;
    this.#writeFailure(input.call.number, input.index, this.#failureOf(error));
  }

  #endCancelled(input: Input): void {
    if (this.#end(input)) this.#writeCancelled(input);
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
    return true;
  }

  /** False when the value cannot cross the wire: the input has then ended with that failure. */
  #writePayload(type: number, input: Input, value: unknown): boolean {
    let payload: Uint8Array;
    try {
      payload = encodeValue(value, type === FromContainer.yield ? "yielded value" : "result");
    } catch (error) {
      this.#endWithFailure(input, error);
      return false;
    }
    this.#writer.write(type, input.call.number, input.index, payload);
    return true;
  }

  #failureOf(error: unknown): Failure {
    if (error instanceof RefusedArguments) return error.failure;
    const { message, hint } =
      error instanceof FarcallError
        ? error
        : { message: error instanceof Error ? error.message : String(error), hint: undefined };
    return {
      code: "SERIALIZATION",
      message: `${this.#load.function}: ${message}`,
      ...(hint !== undefined && { hint }),
    };
  }

  #writeCancelled(input: Input): void {
    const message = `${this.#load.function}: input ${input.index} was cancelled`;
    this.#writeFailure(input.call.number, input.index, { code: "CANCELLED", message });
  }

  #writeFailure(call: number, index: number, failure: Failure): void {
    this.#writeJson(FromContainer.failure, call, index, failure);
  }

  #writeJson(type: number, call: number, index: number, message: object): void {
    this.#writer.write(type, call, index, Buffer.from(JSON.stringify(message)));
  }

  #sendProgress = (input: Input, fraction: number, message: string | undefined): void => {
    this.#writeJson(FromContainer.progress, input.call.number, input.index, { fraction, message });
  };

  /** An error in the clean-up of a cancelled generator has no caller left to tell. */
  #reportLost(input: Input, error: unknown): void {
    this.#current.run(input, () =>
      this.log("stderr", `after cancellation: ${error instanceof Error ? error.stack : error}\n`),
    );
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

class RefusedArguments extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
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
