/**
 * Runs the inputs of one function: the middle of a container, between the frames on one side and user code on the other.
 *
 * Every input that arrives gets exactly one frame that ends it (see Endings). Inputs run in the order of arrival,
 * `maxInputs` at a time. A synchronous function runs without a promise.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ContainerTelemetry } from "../opentelemetry/index.ts";
import { decodeArguments } from "../runtime/index.ts";
import type { LoadMessage, LogMessage } from "../wire/container-protocol.ts";
import type { FrameWriter } from "../wire/frames.ts";
import { runTogether } from "./batch.ts";
import type { Callable, Loaded } from "./callable.ts";
import { Endings } from "./endings.ts";
import { isThenable, iterate } from "./generator.ts";
import { type ContainerCall, Input } from "./input.ts";
import { InputFailure, Outbox } from "./outbox.ts";
import { RunningInputs } from "./running.ts";
import { afterPolling, Slices } from "./slices.ts";
import { answer, piecesOf } from "./web.ts";

export class Runner {
  readonly #outbox: Outbox;
  readonly #load: LoadMessage;
  readonly #maxInputs: number;
  readonly #calls = new Map<number, ContainerCall>();
  readonly #current = new AsyncLocalStorage<Input | undefined>();
  readonly #running = new RunningInputs();
  readonly #endings: Endings;
  readonly #slices: Slices;
  #waiting: Input[] = [];
  /** Inputs of a batched function that are about to start. */
  #batches: Input[][] = [];
  #loaded: Loaded | undefined;
  #telemetry: ContainerTelemetry | undefined;
  #idle: (() => void) | undefined;
  #draining = false;
  #drainScheduled = false;

  constructor(writer: FrameWriter, load: LoadMessage) {
    this.#outbox = new Outbox(writer, load.app);
    this.#load = load;
    this.#maxInputs = load.maxInputs ?? 1;
    this.#endings = new Endings(this.#outbox, this.#running);
    this.#slices = new Slices(() => this.#outbox.flush());
  }

  /** The input whose code is running now, in its synchronous and asynchronous parts. */
  get current(): Input | undefined {
    return this.#current.getStore();
  }

  get running(): Iterable<Input> {
    return this.#running;
  }

  // ---- from the engine ----

  /** Inputs may arrive earlier; they wait. */
  begin(loaded: Loaded): void {
    this.#loaded = loaded;
    this.turn();
  }

  /** From now on, every input has a span, in whose context the function runs. */
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
      const message = `input ${index} arrived for call ${callNumber}, which was never announced to the container`;
      this.#outbox.failure(callNumber, index, { code: "INTERNAL_FAILURE", message });
      return;
    }
    this.#waiting.push(
      new Input({ load: this.#load, call, index, attempt, payload, sendProgress: this.#sendProgress }),
    );
  }

  /** Groups the last `count` inputs into one call of the function. */
  runTogether(count: number): void {
    this.#batches.push(this.#waiting.splice(-count));
  }

  cancel(callNumber: number, index: number): void {
    const running = find(this.#running, callNumber, index);
    if (running) {
      const { batch } = running;
      // The others of a batch go on; the function is cancelled when none is left.
      if (batch && batch.live.size > 1) this.#endings.cancelled(running);
      else {
        running.cancel();
        batch?.lead.cancel();
      }
      return;
    }
    for (const inputs of [this.#waiting, ...this.#batches]) {
      const waiting = find(inputs, callNumber, index);
      if (!waiting) continue; // It is elsewhere, or has ended in the meantime.
      inputs.splice(inputs.indexOf(waiting), 1);
      this.#endings.cancelled(waiting);
      this.#settleIdle();
    }
  }

  credit(callNumber: number, index: number, count: number): void {
    const input = find(this.#running, callNumber, index) ?? find(this.#waiting, callNumber, index);
    if (!input) return; // It has ended in the meantime.
    input.credit(count);
  }

  /** Returns inputs that have not started. */
  recall(): void {
    for (const input of [...this.#batches.flat(), ...this.#waiting]) {
      this.#endings.returned(input);
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

  /** Call it once per turn of the event loop in which something arrived. */
  turn(): void {
    this.#slices.begin();
    this.#drain();
    this.#outbox.flush();
  }

  // ---- from user code ----

  log(stream: LogMessage["stream"], text: string): void {
    this.#outbox.log(stream, text, this.current);
  }

  /** Ends a running input with an error that did not come back through the function's own result. */
  fail(input: Input, error: unknown): void {
    for (const each of input.batch ? [...input.batch.live] : [input]) this.#endings.error(each, error);
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
      if (this.#slices.isOver()) {
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

  #drainLater(): void {
    if (this.#drainScheduled) return;
    this.#drainScheduled = true;
    afterPolling(() => {
      this.#drainScheduled = false;
      this.turn();
    });
  }

  /** Returns its encoded arguments. */
  #begin(input: Input): Buffer {
    const payload = input.start(this.#telemetry?.start(input.call, input.index, input.attempt));
    this.#running.add(input);
    return payload;
  }

  #start(input: Input, loaded: Loaded): void {
    const payload = this.#begin(input);
    if (input.call.message.web) {
      const { handler } = loaded.callableOf(input.call.message);
      this.#current.enterWith(input);
      const response = answer(input, payload, { handler: handler!, name: this.#load.function, outbox: this.#outbox });
      // Pieces of a body are bytes.
      this.#iterate(input, piecesOf(response, input), (piece) => this.#outbox.piece(input, piece as Uint8Array));
      return;
    }
    let callable: Callable;
    let args: readonly unknown[];
    try {
      callable = loaded.callableOf(input.call.message);
      args = argumentsIn(payload, callable);
    } catch (error) {
      this.#endings.failure(input, error);
      return;
    }
    const { fn } = callable;
    // Cheaper than `run` by half; `#drain` resets it.
    this.#current.enterWith(input);
    let result: unknown;
    try {
      result = input.within(() => fn(...(args as never[]))); // the author's code defines its parameter types
    } catch (error) {
      this.#endings.error(input, error);
      return;
    }
    if (callable.mode === "generator") this.#iterate(input, result, (item) => this.#outbox.yield(input, item));
    else if (!isThenable(result)) this.#endings.result(input, result);
    else {
      Promise.resolve(result).then(
        (value) => {
          this.#endings.result(input, value);
          this.#settled();
        },
        (error: unknown) => {
          this.#endings.error(input, error);
          this.#settled();
        },
      );
    }
  }

  #settled(): void {
    // Nothing more is to come that could be sent with its output.
    if (this.#running.length === 0 && this.#waiting.length === 0) this.#outbox.flush();
    this.#drain();
  }

  #iterate(input: Input, made: unknown, send: (item: unknown) => void): void {
    const around = { endings: this.#endings, slices: this.#slices, outbox: this.#outbox };
    void iterate(input, made, around, send).then(() => this.#drain());
  }

  /** One call of a batched function. */
  #startTogether(inputs: readonly Input[], loaded: Loaded): void {
    const callable = loaded.callableOf(inputs[0]!.call.message);
    const rows: { input: Input; args: readonly unknown[] }[] = [];
    for (const input of inputs) {
      const payload = this.#begin(input);
      try {
        rows.push({ input, args: argumentsIn(payload, callable) });
      } catch (error) {
        this.#endings.failure(input, error);
      }
    }
    if (rows.length === 0) return;
    runTogether(callable, rows, {
      endings: this.#endings,
      as: (lead, body) => {
        this.#current.enterWith(lead);
        body();
        this.#current.enterWith(undefined);
      },
      onSettled: () => this.#settleIdle(),
    });
  }

  readonly #sendProgress = (input: Input, fraction: number, message: string | undefined): void => {
    for (const each of input.batch?.live ?? [input]) this.#outbox.progress(each, fraction, message);
  };

  #settleIdle(): void {
    if (!this.#idle || this.#running.length > 0 || this.#waiting.length > 0) return;
    this.#idle();
    this.#idle = undefined;
  }
}

function argumentsIn(payload: Buffer, { name, validate }: Callable): readonly unknown[] {
  const { args, kwargs } = decodeArguments(payload);
  const names = kwargs === undefined ? [] : Object.keys(kwargs);
  if (names.length > 0) {
    throw new InputFailure({
      code: "INVALID",
      message: `${name} takes no arguments by name, received ${names.join(", ")}`,
      hint: "Pass them by position: TypeScript functions have no keyword arguments.",
    });
  }
  const problem = validate?.(args);
  if (problem) throw new InputFailure({ code: "INVALID", ...problem });
  return args;
}

function find(inputs: Iterable<Input>, callNumber: number, index: number): Input | undefined {
  for (const input of inputs) if (input.index === index && input.call.number === callNumber) return input;
  return undefined;
}
