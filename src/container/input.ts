/** One input that waits or runs in the container, and what `context()` shows of it to user code. */
import type { TraceContext } from "../engine/index.ts";
import type { Run } from "../opentelemetry/index.ts";
import { type CallContext, InvalidError } from "../runtime/index.ts";
import type { CallMessage, LoadMessage } from "../wire/container-protocol.ts";

/** A call that the engine has announced. */
export interface ContainerCall {
  number: number;
  callId: string;
  method: string;
  trace: TraceContext | undefined;
  /** Of a call of a class's method: its name. */
  function: string | undefined;
  message: CallMessage;
}

/** Inputs that one call of a batched function runs for. */
export interface Batch {
  /** Whose context the function sees. */
  lead: Input;
  /** Those that have not ended. */
  live: Set<Input>;
}

/** Least time between two progress frames of an input, in milliseconds: more would not be seen. */
const PROGRESS_INTERVAL_MS = 50;

export type SendProgress = (input: Input, fraction: number, message: string | undefined) => void;

export interface InputOptions {
  load: LoadMessage;
  call: ContainerCall;
  index: number;
  attempt: number;
  /** Encoded arguments; kept, not copied. */
  payload: Buffer;
  sendProgress: SendProgress;
}

/** Fields are written by its own methods alone. */
export class Input {
  readonly call: ContainerCall;
  readonly index: number;
  readonly attempt: number;
  state: "waiting" | "running" | "ended" = "waiting";
  /** What it runs together with, itself included. */
  batch: Batch | undefined;
  /** Its place among the running ones. */
  slot = -1;
  cancelled = false;
  /** Yields that the caller has granted and that were not sent. */
  credits = 0;
  /** Its span, where there is OpenTelemetry. */
  run: Run | undefined;
  /** Of a web function. Its signal follows this input's only as long as somebody holds the request (undici keeps it weakly). */
  request: Request | undefined;

  /** Encoded arguments. */
  #payload: Buffer | undefined;
  #wake: (() => void) | undefined;
  readonly #load: LoadMessage;
  readonly #send: SendProgress;
  #startedAt = 0;
  #abort: AbortController | undefined;
  #context: CallContext | undefined;
  #progressAt = Number.NEGATIVE_INFINITY;
  #progress: { fraction: number; message: string | undefined; timer: NodeJS.Timeout } | undefined;

  constructor({ load, call, index, attempt, payload, sendProgress }: InputOptions) {
    this.#load = load;
    this.call = call;
    this.index = index;
    this.attempt = attempt;
    this.#payload = payload;
    this.#send = sendProgress;
  }

  /** Returns its encoded arguments, which it lets go of. */
  start(run: Run | undefined): Buffer {
    this.state = "running";
    this.run = run;
    this.#startedAt = Date.now();
    const payload = this.#payload!;
    this.#payload = undefined;
    return payload;
  }

  occupy(slot: number): void {
    this.slot = slot;
  }

  joins(batch: Batch): void {
    this.batch = batch;
  }

  /** Keeps the request that it runs for. */
  serves(request: Request): void {
    this.request = request;
  }

  cancel(): void {
    this.cancelled = true;
    this.#abort?.abort();
    this.#wake?.();
  }

  credit(count: number): void {
    this.credits += count;
    this.#wake?.();
  }

  /** A yield is sent. */
  spendCredit(): void {
    this.credits--;
  }

  /** Resolves once something has happened to a generator that waits: credits, cancellation, the end. */
  async woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  end(): void {
    this.state = "ended";
    if (this.run) {
      if (this.cancelled) this.run.cancelled();
      this.run.end();
    }
    this.request = undefined;
    this.flushProgress();
    this.#wake?.();
  }

  /** What `context()` gives to user code; made on first use, since most inputs never ask. */
  get context(): CallContext {
    this.#context ??= this.#makeContext();
    return this.#context;
  }

  /** Of the function or method that it is for. */
  get functionName(): string {
    return this.call.message.function ?? this.#load.function;
  }

  /** Runs `body` in the context of the input's span, where there is one. */
  within<T>(body: () => T): T {
    return this.run ? this.run.within(body) : body();
  }

  #makeContext(): CallContext {
    const { app, environment, version } = this.#load;
    const { callId, message } = this.call;
    const signalOf = () => this.#signal();
    return {
      inputId: `${callId}:${this.index}`,
      callId,
      attempt: this.attempt,
      app,
      environment,
      version,
      function: this.functionName,
      deadline: new Date(this.#startedAt + message.timeoutMs),
      get signal() {
        return signalOf();
      },
      progress: (fraction, message) => this.#report(fraction, message),
    };
  }

  #signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.cancelled) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  #report(given: number, message: string | undefined): void {
    if (!(this.batch ? this.batch.live.size > 0 : this.state === "running")) return;
    const fraction = withinOne(given);
    const wait = this.#progressAt + PROGRESS_INTERVAL_MS - performance.now();
    if (this.#progress) Object.assign(this.#progress, { fraction, message });
    else
      this.#progress = { fraction, message, timer: setTimeout(() => this.flushProgress(), Math.max(0, wait)).unref() };
    // The timer has to wait for code that does not pause.
    if (wait <= 0) this.flushProgress();
  }

  /** Sends the newest progress that was held back. */
  flushProgress(): void {
    if (!this.#progress) return;
    const { fraction, message, timer } = this.#progress;
    clearTimeout(timer);
    this.#progress = undefined;
    this.#progressAt = performance.now();
    this.#send(this, fraction, message);
  }
}

/** Rounding errors and an empty list's 0/0 are not a reason to fail. */
function withinOne(fraction: number): number {
  if (typeof fraction !== "number")
    throw new InvalidError(`context().progress() takes a number from 0 to 1, not ${typeof fraction}`);
  return Number.isNaN(fraction) ? 0 : Math.min(1, Math.max(0, fraction));
}
