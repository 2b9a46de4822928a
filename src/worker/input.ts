/** One input that waits or runs in the container; while it runs it is also what `context()` shows to user code. */
import type { CallMessage, LoadMessage } from "./protocol.ts";

/** A call that the engine has announced. */
export interface ContainerCall {
  number: number;
  message: CallMessage;
}

/** Least time between two progress frames of an input, in milliseconds: more would not be seen. */
const PROGRESS_INTERVAL_MS = 50;

export type SendProgress = (input: Input, fraction: number, message: string | undefined) => void;

export class Input {
  readonly call: ContainerCall;
  readonly index: number;
  readonly attempt: number;
  /** Encoded arguments; dropped when the input starts. */
  payload: Buffer | undefined;
  state: "waiting" | "running" | "ended" = "waiting";
  cancelled = false;
  /** Yields that the caller has granted and that were not sent. */
  credits = 0;
  /** Resumes a generator that waits for credits or cancellation. */
  wake: (() => void) | undefined;

  readonly #load: LoadMessage;
  readonly #send: SendProgress;
  #startedAt = 0;
  #abort: AbortController | undefined;
  #progressAt = 0;
  #progress: { fraction: number; message: string | undefined; timer: NodeJS.Timeout } | undefined;

  constructor(load: LoadMessage, call: ContainerCall, index: number, attempt: number, payload: Buffer, send: SendProgress) {
    this.#load = load;
    this.call = call;
    this.index = index;
    this.attempt = attempt;
    this.payload = payload;
    this.#send = send;
  }

  start(): void {
    this.state = "running";
    this.#startedAt = Date.now();
  }

  cancel(): void {
    this.cancelled = true;
    this.#abort?.abort();
    this.wake?.();
  }

  end(): void {
    this.state = "ended";
    this.flushProgress();
  }

  // ---- what user code sees ----

  get inputId(): string {
    return `${this.call.message.callId}:${this.index}`;
  }

  get callId(): string {
    return this.call.message.callId;
  }

  get app(): string {
    return this.#load.app;
  }

  get environment(): string {
    return this.#load.environment;
  }

  get version(): number {
    return this.#load.version;
  }

  get function(): string {
    return this.#load.function;
  }

  get deadline(): Date {
    return new Date(this.#startedAt + this.call.message.timeoutMs);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.cancelled) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  progress(fraction: number, message?: string): void {
    if (this.state !== "running") return;
    const wait = this.#progressAt + PROGRESS_INTERVAL_MS - performance.now();
    if (this.#progress) {
      this.#progress.fraction = fraction;
      this.#progress.message = message;
    } else if (wait > 0) {
      const timer = setTimeout(() => this.flushProgress(), wait).unref();
      this.#progress = { fraction, message, timer };
    } else {
      this.#progressAt = performance.now();
      this.#send(this, fraction, message);
    }
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
