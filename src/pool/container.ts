/**
 * The host's side of one container: a child process that runs the inputs of one function, or one instance, at one version. Inputs lie in the
 * order in which they were sent; the first `maxInputs` of them run, those behind wait in the container for their turn.
 */

import type { Failure } from "../engine/index.ts";
import { warnOf } from "../engines/local/host/failures.ts";
import type { AttemptOutcome } from "../opentelemetry/index.ts";
import type { FunctionSchema } from "../schema/index.ts";
import { CallHeaderWriter } from "../wire/call-header.ts";
import {
  type CallMessage,
  FromContainer,
  type LoadFailedMessage,
  type LoadMessage,
  type LogMessage,
  type ProgressMessage,
  ToContainer,
} from "../wire/container-protocol.ts";
import { type Frame, FrameError, FrameReader, FrameWriter } from "../wire/frames.ts";
import type { Call, Input } from "./call.ts";
import type { ContainerProcess } from "./processes.ts";
import { telemetry } from "./telemetry.ts";

/** How long an input that was told to stop may go on before its container is killed, in milliseconds. */
const TIMEOUT_GRACE_MS = 1_000;
const CANCEL_GRACE_MS = 3_000;
/** For a process to say that it is not stuck with an input that does not stop. */
const ANSWER_MS = 1_000;
/** How long a container that was told to stop may take after its last input, in milliseconds: for the app's onStop hooks. */
const STOP_GRACE_MS = 10_000;
/** Longest delay of a timer. */
export const MAX_TIMER_MS: number = 0x7fff_ffff;
const MAX_FORGOTTEN = 100;
/** So much of the end of stderr says why a container died. */
const KEPT_STDERR = 8_192;

const OUTCOMES: Record<number, AttemptOutcome> = {
  [FromContainer.result]: "result",
  [FromContainer.end]: "result",
  [FromContainer.exception]: "exception",
};

export type Death = "stopped" | "killed" | "crashed" | "out of memory" | "load failed" | "start timed out";

/** The pool that a container belongs to, as it sees it. */
export interface ContainerOwner {
  containerReady(container: Container): void;
  containerRetires(): void;
  containerGone(container: Container, death: Death, detail: string): void;
  /** A frame that ends `input` has come; it is no longer in the container, where it ran for `elapsedMs`. */
  inputEnded(input: Input, frame: Frame, elapsedMs: number): void;
  inputYielded(input: Input, payload: Uint8Array): void;
  inputProgressed(input: Input, progress: ProgressMessage): void;
  inputReturned(input: Input): void;
  inputTimedOut(input: Input): void;
  log(container: Container, stream: "stdout" | "stderr" | "system", text: string, call?: Call, index?: number): void;
}

export interface ContainerOptions {
  load: LoadMessage;
  maxInputs: number;
  startupTimeoutMs: number;
}

export class Container {
  readonly id: string;
  readonly pid: number;
  readonly owner: ContainerOwner;
  /** `draining`: takes nothing more, and is killed once nothing is left in it but what does not stop. */
  state: "starting" | "ready" | "draining" | "stopping" | "dead" = "starting";
  /** By performance.now(); meaningful while nothing is in it. */
  idleSince = 0;
  /** Takes nothing more until it is empty: kept free for a suspect. */
  reserved = false;
  /** Has loaded its function. */
  loaded = false;
  /** By neither the host nor its own doing: the system was short of memory, or a person was short of patience. */
  killedByOthers = false;
  /** The constructor's arguments do not fit: why. */
  refusal: Failure | undefined;
  /** The inputs behind the running ones have been asked back. */
  recalled = false;
  inputs = 0;
  running = 0;
  /** Of a batched function: those that have not ended. */
  batches = 0;

  readonly #process: ContainerProcess;
  readonly #options: ContainerOptions;
  readonly #writer: FrameWriter;
  readonly #callHeaders = new CallHeaderWriter();
  /** The last call that was announced, as far as it says no more than others of its kind. */
  #lastKind: { schema: FunctionSchema; method: string; message: CallMessage } | undefined;
  readonly #calls = new Map<number, Call>();
  /** Calls that have ended and that the process still knows. */
  readonly #forgotten: number[] = [];
  #first: Input | undefined;
  #last: Input | undefined;
  /** The first that waits behind the running ones. */
  #firstWaiting: Input | undefined;
  /** The time of what is being handled. */
  #now = 0;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #startTimer: NodeJS.Timeout | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  #death: Death | undefined;
  #detail = "";
  /** By when it has to answer that it is not stuck, by performance.now(); Infinity while it is not asked. */
  #answerBy = Number.POSITIVE_INFINITY;
  /** Until nothing is left in it but what does not stop. */
  #lingers = false;
  #stderr = "";
  #exit: string | undefined;
  #socketClosed = false;
  readonly #createdAt = performance.now();

  constructor(process: ContainerProcess, owner: ContainerOwner, options: ContainerOptions) {
    this.id = options.load.container;
    this.pid = process.child.pid!;
    this.owner = owner;
    this.#process = process;
    this.#options = options;
    const { child, socket } = process;
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader(this.#onFrame);
    socket.on("data", (chunk: Buffer) => {
      this.#now = performance.now();
      try {
        reader.push(chunk);
      } catch (error) {
        // User code can write to any file descriptor of its process, and harms nobody else's container by that.
        if (!(error instanceof FrameError || error instanceof SyntaxError))
          warnOf(`what container ${this.id} sent`, error);
        this.kill("crashed", `it sent what is no frame: ${(error as Error).message}`);
      }
    });
    // Writes to a dead process; its `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#socketClosed = true;
      if (this.#exit === undefined) process.kill();
      else this.#gone();
    });
    child.on("exit", (code, signal) => {
      this.#exit = signal ? `killed by ${signal}` : `exit code ${code}`;
      this.killedByOthers = signal === "SIGKILL" && this.#death === undefined;
      if (this.#socketClosed) this.#gone();
      // What it sent before it died is still to be read; something else may hold the other end open.
      else setTimeout(() => this.#gone(), 500).unref();
    });
    child.on("error", (error) => {
      this.#exit = error.message;
      this.#gone();
    });
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.setEncoding("utf8");
      child[stream]!.on("data", (text: string) => {
        if (stream === "stderr") this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
        owner.log(this, stream, text, this.#onlyCall());
      });
      child[stream]!.on("error", () => {});
    }
    this.#startTimer = setTimeout(
      () => this.kill("start timed out", `it was not ready within ${options.startupTimeoutMs} ms`),
      Math.min(options.startupTimeoutMs, MAX_TIMER_MS),
    );
    this.#writer.write(ToContainer.load, 0, 0, Buffer.from(JSON.stringify(options.load)));
    this.#writer.flush();
  }

  // ---- work

  dispatch(input: Input): void {
    const { call } = input;
    if (this.#forgotten.length > 0) this.#sayForgotten();
    if (!this.#calls.has(call.number)) {
      this.#calls.set(call.number, call);
      call.toldContainers.push(this);
      this.#writer.write(ToContainer.call, call.number, 0, this.#callHeaders.write(call.id, this.#described(call)));
    }
    input.container = this;
    input.previous = this.#last;
    input.next = undefined;
    input.startedAt = 0;
    if (this.#last) this.#last.next = input;
    else this.#first = input;
    this.#last = input;
    this.inputs++;
    if (this.running < this.#options.maxInputs) {
      this.#now = performance.now();
      this.#begin(input);
    } else this.#firstWaiting ??= input;
    this.#writer.write(
      ToContainer.input,
      call.number,
      input.index,
      input.payload,
      Math.min(input.attempt + input.cutOff, 255),
    );
    if (call.granted > 0) this.credit(input, call.granted);
  }

  /** One call of the function for all of them. */
  dispatchTogether(inputs: readonly Input[]): void {
    const batch = { left: inputs.length };
    for (const input of inputs) {
      this.dispatch(input);
      input.batch = batch;
    }
    this.batches++;
    this.#writer.write(ToContainer.together, 0, inputs.length);
  }

  #described(call: Call): CallMessage {
    if (call.trace || call.web) return callMessage(call);
    const { method, fn } = call;
    if (this.#lastKind?.schema !== fn.schema || this.#lastKind.method !== method)
      this.#lastKind = { schema: fn.schema, method, message: callMessage(call) };
    return this.#lastKind.message;
  }

  credit(input: Input, count: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(count);
    this.#writer.write(ToContainer.credit, input.call.number, input.index, payload);
  }

  /** Tells the input to stop; the container is killed when it does not. What it says of it no longer counts. */
  cancel(input: Input, graceMs: number = CANCEL_GRACE_MS, why: "cancelled" | "timeout" = "cancelled"): void {
    if (input.decided) return;
    input.decided = true;
    if (input.startedAt > 0) telemetry?.ended(this.#options.load, input, why);
    this.#writer.write(ToContainer.cancel, input.call.number, input.index);
    input.killAt = performance.now() + graceMs;
    this.#setAlarm(input.killAt);
  }

  /** Asks back what has not started. */
  recall(): void {
    if (this.recalled || this.inputs === this.running) return;
    this.recalled = true;
    this.#writer.write(ToContainer.recall, 0, 0);
  }

  /** When the longest-running input began; `undefined` when nothing waits behind the running ones. */
  get blockedSince(): number | undefined {
    return this.#firstWaiting ? this.#first!.startedAt : undefined;
  }

  /** Said together with the next input, or once there are many: waking the container for it would cost more than it frees. */
  forget(call: Call): void {
    if (!this.#calls.delete(call.number)) return;
    this.#forgotten.push(call.number);
    if (this.#forgotten.length >= MAX_FORGOTTEN) this.#sayForgotten();
  }

  #sayForgotten(): void {
    for (const number of this.#forgotten) this.#writer.write(ToContainer.forget, number, 0);
    this.#forgotten.length = 0;
  }

  *[Symbol.iterator](): Generator<Input, void, undefined> {
    for (let input = this.#first; input; ) {
      const { next } = input;
      yield input;
      input = next;
    }
  }

  // ---- end

  /** Lets running inputs finish. */
  stop(): void {
    if (this.state === "stopping" || this.state === "dead") return;
    this.state = "stopping";
    this.#death ??= "stopped";
    this.#writer.write(ToContainer.stop, 0, 0);
    this.#writer.flush();
    if (this.inputs === 0) this.#limitStop();
  }

  #limitStop(): void {
    this.#stopTimer ??= setTimeout(() => {
      this.owner.log(this, "system", `killed: it was told to stop and did not within ${STOP_GRACE_MS} ms\n`);
      this.kill("stopped", "");
    }, STOP_GRACE_MS);
  }

  kill(death: Death, detail: string): void {
    if (this.state === "dead") return;
    this.state = "stopping";
    this.#death = death;
    this.#detail = detail;
    this.#process.kill();
  }

  #gone(): void {
    if (this.state === "dead") return;
    this.state = "dead";
    clearTimeout(this.#alarm);
    clearTimeout(this.#startTimer);
    clearTimeout(this.#stopTimer);
    this.#process.socket.destroy();
    for (const { toldContainers } of this.#calls.values()) toldContainers.splice(toldContainers.indexOf(this), 1);
    let death = this.#death ?? "crashed";
    // Asked to stop and left with inputs in it: that is no stop.
    if (death === "stopped" && this.inputs > 0) death = "crashed";
    if (death === "crashed" && /heap out of memory|Reached heap limit|ERR_WORKER_OUT_OF_MEMORY/.test(this.#stderr)) {
      death = "out of memory";
    }
    telemetry?.lost(this.#options.load, this, death);
    // What a process says that did not get so far as to load anything is all there is to know.
    const lastWords = this.loaded ? "" : this.#stderr.trim().slice(-1_000);
    this.owner.containerGone(this, death, this.#detail || [this.#exit, lastWords].filter(Boolean).join("\n"));
  }

  // ---- frames

  readonly #onFrame = (frame: Frame): void => {
    switch (frame.type) {
      case FromContainer.result:
      case FromContainer.exception:
      case FromContainer.end:
      case FromContainer.failure: {
        const input = this.#find(frame);
        if (!input) return;
        const elapsed = this.#now - input.startedAt;
        if (!input.decided) telemetry?.ended(this.#options.load, input, OUTCOMES[frame.type], frame.payload.length);
        this.#remove(input);
        this.owner.inputEnded(input, frame, elapsed);
        return;
      }
      case FromContainer.yield: {
        const input = this.#find(frame);
        if (input) this.owner.inputYielded(input, frame.payload);
        return;
      }
      case FromContainer.returned: {
        const input = this.#find(frame);
        if (!input) return;
        this.#remove(input);
        this.owner.inputReturned(input);
        return;
      }
      case FromContainer.pong:
        this.#answered();
        return;
      case FromContainer.log: {
        const { stream, text } = parse<LogMessage>(frame);
        const call = this.#calls.get(frame.call);
        if (call) this.owner.log(this, stream, text, call, frame.index);
        else this.owner.log(this, stream, text, this.#onlyCall());
        return;
      }
      case FromContainer.progress: {
        const input = this.#find(frame);
        if (input) this.owner.inputProgressed(input, parse<ProgressMessage>(frame));
        return;
      }
      case FromContainer.ready:
        if (this.state !== "starting") return;
        clearTimeout(this.#startTimer);
        this.state = "ready";
        this.loaded = true;
        this.idleSince = this.#now;
        telemetry?.containerReady(this.#options.load, this.#now - this.#createdAt);
        this.owner.containerReady(this);
        return;
      case FromContainer.loadFailed: {
        const { message, stack, failure } = parse<LoadFailedMessage>(frame);
        this.refusal = failure;
        this.#death = "load failed";
        this.#detail = message;
        if (stack) this.owner.log(this, "stderr", `${stack}\n`);
      }
    }
  };

  /** Results come nearly always in order, so the first ones are where to look. */
  #find(frame: Frame): Input | undefined {
    for (let input = this.#first; input; input = input.next) {
      if (input.index === frame.index && input.call.number === frame.call) return input;
    }
    return undefined;
  }

  #remove(input: Input): void {
    if (input.previous) input.previous.next = input.next;
    else this.#first = input.next;
    if (input.next) input.next.previous = input.previous;
    else this.#last = input.previous;
    if (this.#firstWaiting === input) this.#firstWaiting = input.next;
    // What is sent from now on comes after the recall, so it is not meant.
    if (!this.#firstWaiting) this.recalled = false;
    input.container = undefined;
    if (input.batch) {
      if (--input.batch.left === 0) this.batches--;
      input.batch = undefined;
    }
    this.inputs--;
    if (input.startedAt === 0) return;
    this.running--;
    if (this.#firstWaiting) {
      const next = this.#firstWaiting;
      this.#firstWaiting = next.next;
      if (!this.#firstWaiting) this.recalled = false;
      this.#begin(next);
    } else if (this.inputs === 0) {
      this.idleSince = this.#now;
      if (this.state === "stopping") this.#limitStop();
      // All have stopped after all.
      else if (this.state === "draining") this.stop();
    }
    if (this.#lingers) this.#setAlarm(this.#now);
  }

  #begin(input: Input): void {
    input.startedAt = this.#now;
    telemetry?.started(this.#options.load, input);
    this.running++;
    this.#setAlarm(this.#now + timeoutOf(input));
  }

  // ---- time limits

  /** One timer for all: it is not moved when the input that it was set for ends, but asks again when it fires. */
  #setAlarm(at: number): void {
    if (at >= this.#alarmAt) return;
    this.#alarmAt = at;
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(this.#onAlarm, Math.min(Math.max(1, Math.ceil(at - performance.now())), MAX_TIMER_MS));
  }

  readonly #onAlarm = (): void => {
    const now = performance.now();
    this.#alarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const input of this) {
      if (!input.decided && input.startedAt > 0 && input.startedAt + timeoutOf(input) <= now) {
        this.cancel(input, TIMEOUT_GRACE_MS, "timeout");
        this.owner.inputTimedOut(input);
      }
      if (input.decided && input.killAt <= now) {
        if (!this.#hasOthers(now) || this.#answerBy <= now) {
          this.owner.log(
            this,
            "system",
            `killed: input ${input.index} of ${input.call.id} did not stop\n`,
            input.call,
            input.index,
          );
          this.kill("killed", "");
          return;
        }
        if (!this.#lingers) next = Math.min(next, this.#ask(now));
      } else if (input.decided) next = Math.min(next, input.killAt);
      else if (input.startedAt > 0) next = Math.min(next, input.startedAt + timeoutOf(input));
    }
    if (next < Number.POSITIVE_INFINITY) this.#setAlarm(next);
  };

  /** Runs others than those that were to stop by now: they may go on, unless the process is stuck with all of them. */
  #hasOthers(now: number): boolean {
    for (const { startedAt, decided, killAt } of this) if (startedAt > 0 && (!decided || killAt > now)) return true;
    return false;
  }

  /** Returns when it has to have answered. */
  #ask(now: number): number {
    if (this.#answerBy === Number.POSITIVE_INFINITY) {
      this.#answerBy = now + ANSWER_MS;
      this.#writer.write(ToContainer.ping, 0, 0);
    }
    return this.#answerBy;
  }

  #answered(): void {
    if (this.#answerBy === Number.POSITIVE_INFINITY) return;
    this.#answerBy = Number.POSITIVE_INFINITY;
    this.#lingers = true;
    if (this.state !== "ready") return;
    this.state = "draining";
    this.recall();
    this.owner.containerRetires();
  }

  /** The call that output without an owner belongs to, when there is but one. */
  #onlyCall(): Call | undefined {
    const call = this.#first?.call;
    for (const input of this) if (input.call !== call) return undefined;
    return call;
  }
}

function timeoutOf(input: Input): number {
  return input.call.fn.schema.options.timeoutMs;
}

function callMessage({ method, fn: { schema }, web, trace }: Call): CallMessage {
  const message: CallMessage = { method, timeoutMs: schema.options.timeoutMs };
  if (schema.class !== undefined) Object.assign(message, { function: schema.name, mode: schema.mode });
  if (web) message.web = true;
  if (trace) message.trace = trace;
  return message;
}

/** The frame's payload was written by the container's own code. */
function parse<T>(frame: Frame): T {
  return JSON.parse(frame.payload.toString()) as T;
}

export function failureIn(frame: Frame): Failure {
  return parse<Failure>(frame);
}
