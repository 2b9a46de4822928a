/** One input that waits or runs in the container, and its `context()` for user code. */
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
  /** For a call of a class's method: the method's name. */
  function: string | undefined;
  message: CallMessage;
}

/** The inputs of one call of a batched function. */
export interface Batch {
  /** The input whose context the function gets. */
  lead: Input;
  /** Those that have not ended. */
  live: Set<Input>;
}

/** The shortest time between two progress frames of an input, in milliseconds: nobody could see more. */
const PROGRESS_INTERVAL_MS = 50;

type SendProgress = (input: Input, fraction: number, message: string | undefined) => void;

interface InputOptions {
  load: LoadMessage;
  call: ContainerCall;
  index: number;
  attempt: number;
  /** Encoded arguments; kept, not copied. */
  payload: Buffer;
  sendProgress: SendProgress;
}

/** Only its own methods write its fields. */
export class Input {
  readonly call: ContainerCall;
  readonly index: number;
  readonly attempt: number;
  state: "waiting" | "running" | "ended" = "waiting";
  /** The batch that it runs in. */
  batch: Batch | undefined;
  /** Its index among the running inputs. */
  slot = -1;
  cancelled = false;
  /** Yields that the caller has granted but that were not sent yet. */
  credits = 0;
  /** Its span, if OpenTelemetry is used. */
  run: Run | undefined;
  /** For a web function. Kept because its signal follows this input's only while the request is referenced (undici keeps it weakly). */
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

  /** Returns its encoded arguments, and drops its reference to them. */
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

  /** Keeps a reference to its request. */
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

  /** Resolves once something happens to a waiting generator: credits, cancellation, its end. */
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

  /** The result of `context()` in user code; made on first use, since most inputs never need it. */
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
    // The timer cannot fire while synchronous code runs.
    if (wait <= 0) this.flushProgress();
  }

  /** Sends the newest progress report that was held back. */
  flushProgress(): void {
    if (!this.#progress) return;
    const { fraction, message, timer } = this.#progress;
    clearTimeout(timer);
    this.#progress = undefined;
    this.#progressAt = performance.now();
    this.#send(this, fraction, message);
  }
}

/** Rounding errors and an empty list's 0/0 are tolerated. */
function withinOne(fraction: number): number {
  if (typeof fraction !== "number")
    throw new InvalidError(`context().progress() takes a number from 0 to 1, not ${typeof fraction}`);
  return Number.isNaN(fraction) ? 0 : Math.min(1, Math.max(0, fraction));
}
