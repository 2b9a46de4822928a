/**
 * One container as the pool sees it: a process that runs the inputs of one function, or one instance, at one version. Up to
 * `maxInputs` of the inputs that were sent run; those behind them wait in the process for their turn.
 *
 * Its states, and what moves it from one to the next:
 *
 *     starting   the process has been given its `load` message
 *        |       `ready` from the process
 *        v
 *     ready      the pool sends it inputs
 *        |       an input does not stop, but the process answers `ping`: others in it may finish
 *        v
 *     draining   takes nothing more; `stop` as soon as it is empty
 *        |       stop() and kill(), from any state above
 *        v
 *     stopping   `stop` was sent, or the process was killed
 *        |       the process has exited and its stream is read to the end, from any state above
 *        v
 *     dead       the pool has taken back what was in it
 */
import type { Failure } from "../engine/index.ts";
import type { AttemptOutcome } from "../opentelemetry/index.ts";
import {
  FromContainer,
  type LoadFailedMessage,
  type LoadMessage,
  type LogMessage,
  type ProgressMessage,
  ToContainer,
} from "../wire/container-protocol.ts";
import { type Frame, FrameError, FrameReader, FrameWriter } from "../wire/frames.ts";
import { Batch, type Call, type Input, type InputContainer } from "./call.ts";
import { holdWorkingTime, MAX_TIMER_MS, releaseWorkingTime, workingTime } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { InputList } from "./input-list.ts";
import { KnownCalls } from "./known-calls.ts";
import type { ContainerProcess } from "./processes.ts";
import { telemetry } from "./telemetry.ts";

/** How long an input that was told to stop may go on before its container is killed, in milliseconds. */
const TIMEOUT_GRACE_MS = 1_000;
const CANCEL_GRACE_MS = 3_000;
/** How long a container that was told to stop may take after its last input, in milliseconds: for the app's onStop hooks. */
const STOP_GRACE_MS = 10_000;
/** How long after the exit of a process its stream may stay open, in milliseconds: something else may hold its other end. */
const LAST_FRAMES_MS = 500;
/** So much of the end of stderr says why a container died. */
const KEPT_STDERR = 8_192;

const OUTCOMES: Record<number, AttemptOutcome> = {
  [FromContainer.result]: "result",
  [FromContainer.end]: "result",
  [FromContainer.exception]: "exception",
};

export type ContainerState = "starting" | "ready" | "draining" | "stopping" | "dead";

export type DeathCause = "stopped" | "killed" | "crashed" | "out of memory" | "load failed" | "start timed out";

/** Why a container died. */
export interface Death {
  readonly cause: DeathCause;
  readonly detail: string;
  /** It had loaded its function. */
  readonly loaded: boolean;
  /** Neither by the pool's doing nor its own: the system was short of memory, or somebody killed it. */
  readonly killedByOthers: boolean;
  /** The constructor's arguments do not fit: why. */
  readonly refusal: Failure | undefined;
}

/** The pool that a container belongs to, as it sees it. */
export interface ContainerOwner {
  containerReady(): void;
  /** It takes nothing more, and others have to. */
  containerDrains(): void;
  containerGone(container: Container, death: Death): void;
  /** A frame that ends `input` has come; it is no longer in the container, where it ran for `elapsedMs`. */
  inputEnded(input: Input, frame: Frame, elapsedMs: number): void;
  inputYielded(input: Input, payload: Uint8Array): void;
  inputProgressed(input: Input, progress: ProgressMessage): void;
  inputReturned(input: Input): void;
  inputTimedOut(input: Input): void;
  /** A generator whose reader does not ask for more. */
  inputAbandoned(input: Input): void;
  print(container: Container, output: Print): void;
  /** The process sent what only a bug can explain. */
  problem(what: string, error: unknown): void;
}

export interface Print {
  stream: "stdout" | "stderr" | "system";
  text: string;
  call?: Call | undefined;
  index?: number | undefined;
}

export interface ContainerOptions {
  process: ContainerProcess;
  owner: ContainerOwner;
  load: LoadMessage;
  /** Inputs that run at a time, of all batches together. */
  maxInputs: number;
  startupTimeoutMs: number;
  /** Called before inputs go to the process. */
  beforeSend?: (() => void) | undefined;
}

export class Container implements InputContainer {
  readonly id: string;
  readonly pid: number;
  readonly #owner: ContainerOwner;
  readonly #process: ContainerProcess;
  readonly #load: LoadMessage;
  readonly #writer: FrameWriter;
  readonly #calls: KnownCalls;
  readonly #inputs: InputList;
  readonly #deadlines: Deadlines;
  #state: ContainerState = "starting";
  /** The inputs behind the running ones have been asked back. */
  #recalled = false;
  #batches = 0;
  #idleSince = 0;
  #loaded = false;
  /** The time of what is being handled. */
  #now = 0;
  readonly #startupTimeoutMs: number;
  readonly #startBy: number;
  #startTimer: NodeJS.Timeout | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  #cause: DeathCause | undefined;
  #detail = "";
  #refusal: Failure | undefined;
  #killedByOthers = false;
  #stderr = "";
  #exit: string | undefined;
  #socketClosed = false;
  readonly #createdAt = performance.now();

  constructor({ process, owner, load, maxInputs, startupTimeoutMs, beforeSend }: ContainerOptions) {
    this.id = load.container;
    this.pid = process.child.pid!;
    this.#owner = owner;
    this.#process = process;
    this.#load = load;
    this.#writer = new FrameWriter(process.socket, beforeSend);
    this.#calls = new KnownCalls(this, this.#writer);
    this.#inputs = new InputList(this, maxInputs);
    this.#deadlines = new Deadlines({
      [Symbol.iterator]: () => this.#inputs[Symbol.iterator](),
      timedOut: (input) => this.#timedOut(input),
      abandoned: (input) => this.#abandoned(input),
      ping: () => this.#writer.write(ToContainer.ping, 0, 0),
      didNotStop: (input) => this.#didNotStop(input),
    });
    this.#listen();
    this.#startBy = workingTime() + startupTimeoutMs;
    this.#startupTimeoutMs = startupTimeoutMs;
    holdWorkingTime();
    this.#limitStart();
    this.#writer.write(ToContainer.load, 0, 0, Buffer.from(JSON.stringify(load)));
    this.#writer.flush();
  }

  #limitStart(): void {
    const left = this.#startBy - workingTime();
    const judge = (): void => {
      if (this.#startBy - workingTime() > 0) this.#limitStart();
      // What has come is read before.
      else
        setImmediate(() => {
          if (this.#state === "starting")
            this.kill("start timed out", `it was not ready within ${this.#startupTimeoutMs} ms`);
        });
    };
    this.#startTimer = setTimeout(judge, Math.min(Math.max(1, Math.ceil(left)), MAX_TIMER_MS));
  }

  #startIsOver(): void {
    if (!this.#startTimer) return;
    clearTimeout(this.#startTimer);
    this.#startTimer = undefined;
    releaseWorkingTime();
  }

  get state(): ContainerState {
    return this.#state;
  }

  /** Inputs in it, running and waiting. */
  get inputs(): number {
    return this.#inputs.length;
  }

  get running(): number {
    return this.#inputs.running;
  }

  /** Of a batched function: those that have not ended. */
  get batches(): number {
    return this.#batches;
  }

  /** Has loaded its function. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** By performance.now(); meaningful while nothing is in it. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** The inputs behind the running ones have been asked back. */
  get recalled(): boolean {
    return this.#recalled;
  }

  /** When the one that has run for the longest began; `undefined` when nothing waits behind those that run. */
  get blockedSince(): number | undefined {
    return this.#inputs.blockedSince;
  }

  [Symbol.iterator](): Iterator<Input, void, undefined> {
    return this.#inputs[Symbol.iterator]();
  }

  // ---- what the pool does with it

  dispatch(input: Input): void {
    const { call } = input;
    this.#calls.announce(call);
    if (this.#inputs.add(input)) {
      this.#now = performance.now();
      this.#begin(input);
    }
    const flags = Math.min(input.attempt + input.cutOff, 255);
    this.#writer.write(ToContainer.input, call.number, input.index, input.payload, flags);
    if (call.granted > 0) this.credit(input, call.granted);
  }

  /** One call of the function for all of them. */
  dispatchTogether(inputs: readonly Input[]): void {
    const batch = new Batch(inputs.length);
    for (const input of inputs) {
      this.dispatch(input);
      input.joins(batch);
    }
    this.#batches++;
    this.#writer.write(ToContainer.together, 0, inputs.length);
  }

  credit(input: Input, count: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(count);
    this.#writer.write(ToContainer.credit, input.call.number, input.index, payload);
    this.#deadlines.readerCame(input);
  }

  /** Tells the input to stop; the container is killed when it does not. What it says about it no longer counts. */
  cancel(input: Input, graceMs: number = CANCEL_GRACE_MS, why: "cancelled" | "timeout" = "cancelled"): void {
    if (input.decided) return;
    if (input.startedAt > 0) telemetry?.ended(this.#load, input, why);
    this.#writer.write(ToContainer.cancel, input.call.number, input.index);
    input.decide(this.#deadlines.toldToStop(graceMs));
  }

  /** Asks back what has not started. */
  recall(): void {
    if (this.#recalled || !this.#inputs.hasWaiting) return;
    this.#recalled = true;
    this.#writer.write(ToContainer.recall, 0, 0);
  }

  forget(call: Call): void {
    this.#calls.forget(call);
  }

  /** Lets what is in it finish. */
  stop(): void {
    if (this.#state === "stopping" || this.#state === "dead") return;
    this.#state = "stopping";
    this.#cause ??= "stopped";
    this.#writer.write(ToContainer.stop, 0, 0);
    this.#writer.flush();
    if (this.inputs === 0) this.#limitStop();
  }

  kill(cause: DeathCause, detail = ""): void {
    if (this.#state === "dead") return;
    this.#state = "stopping";
    this.#cause = cause;
    this.#detail = detail;
    this.#process.kill();
  }

  #limitStop(): void {
    this.#stopTimer ??= setTimeout(() => {
      this.#system(`killed: it was told to stop and did not within ${STOP_GRACE_MS} ms\n`);
      this.kill("stopped");
    }, STOP_GRACE_MS);
  }

  #system(text: string, input?: Input): void {
    this.#owner.print(this, { stream: "system", text, call: input?.call, index: input?.index });
  }

  // ---- the process

  #listen(): void {
    const { child, socket, kill } = this.#process;
    const reader = new FrameReader(this.#onFrame);
    socket.on("data", (chunk: Buffer) => {
      this.#now = performance.now();
      try {
        reader.push(chunk);
      } catch (error) {
        // User code can write to any file descriptor of its process, and harms no other container by that.
        if (!(error instanceof FrameError || error instanceof SyntaxError))
          this.#owner.problem(`a frame of container ${this.id} could not be handled`, error);
        this.kill("crashed", `it sent an invalid frame: ${(error as Error).message}`);
      }
    });
    // Writes to a dead process; its `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#socketClosed = true;
      if (this.#exit === undefined) kill();
      else this.#gone();
    });
    child.on("exit", (code, signal) => {
      this.#exit = signal ? `killed by ${signal}` : `exit code ${code}`;
      this.#killedByOthers = signal === "SIGKILL" && this.#cause === undefined;
      if (this.#socketClosed) this.#gone();
      // What it sent before it died is still to be read.
      else setTimeout(() => this.#gone(), LAST_FRAMES_MS).unref();
    });
    child.on("error", (error) => {
      this.#exit = error.message;
      this.#gone();
    });
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.setEncoding("utf8");
      child[stream]!.on("data", (text: string) => {
        if (stream === "stderr") this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
        this.#owner.print(this, { stream, text, call: this.#onlyCall() });
      });
      child[stream]!.on("error", () => {});
    }
  }

  #gone(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#deadlines.close();
    this.#startIsOver();
    clearTimeout(this.#stopTimer);
    this.#process.socket.destroy();
    this.#calls.close();
    const cause = this.#causeOfDeath();
    telemetry?.lost(this.#load, this, cause);
    // All there is to know of a process that did not get so far as to load anything is what it printed.
    const lastWords = this.#loaded ? "" : this.#stderr.trim().slice(-1_000);
    this.#owner.containerGone(this, {
      cause,
      detail: this.#detail || [this.#exit, lastWords].filter(Boolean).join("\n"),
      loaded: this.#loaded,
      killedByOthers: this.#killedByOthers,
      refusal: this.#refusal,
    });
  }

  #causeOfDeath(): DeathCause {
    let cause = this.#cause ?? "crashed";
    // It was asked to stop, and left with inputs in it.
    if (cause === "stopped" && this.inputs > 0) cause = "crashed";
    const ofMemory = /heap out of memory|Reached heap limit|ERR_WORKER_OUT_OF_MEMORY/;
    return cause === "crashed" && ofMemory.test(this.#stderr) ? "out of memory" : cause;
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
        if (!input.decided) telemetry?.ended(this.#load, input, OUTCOMES[frame.type], frame.payload.length);
        this.#remove(input);
        this.#owner.inputEnded(input, frame, elapsed);
        return;
      }
      case FromContainer.yield: {
        const input = this.#find(frame);
        if (!input) return;
        this.#owner.inputYielded(input, frame.payload);
        this.#watchReader(input);
        return;
      }
      case FromContainer.returned: {
        const input = this.#find(frame);
        if (!input) return;
        this.#remove(input);
        this.#owner.inputReturned(input);
        return;
      }
      case FromContainer.pong:
        if (this.#deadlines.answered()) this.#drain();
        return;
      case FromContainer.log: {
        const { stream, text } = parse<LogMessage>(frame);
        const call = this.#calls.get(frame.call);
        this.#owner.print(
          this,
          call ? { stream, text, call, index: frame.index } : { stream, text, call: this.#onlyCall() },
        );
        return;
      }
      case FromContainer.progress: {
        const input = this.#find(frame);
        if (input) this.#owner.inputProgressed(input, parse<ProgressMessage>(frame));
        return;
      }
      case FromContainer.ready:
        this.#ready();
        return;
      case FromContainer.loadFailed: {
        const { message, stack, failure } = parse<LoadFailedMessage>(frame);
        this.#refusal = failure;
        this.#cause = "load failed";
        this.#detail = message;
        if (stack) this.#owner.print(this, { stream: "stderr", text: `${stack}\n` });
      }
    }
  };

  #ready(): void {
    if (this.#state !== "starting") return;
    this.#startIsOver();
    this.#state = "ready";
    this.#loaded = true;
    this.#idleSince = this.#now;
    telemetry?.containerReady(this.#load, this.#now - this.#createdAt);
    this.#owner.containerReady();
  }

  /** Something in it does not stop, and the rest may finish. */
  #drain(): void {
    if (this.#state !== "ready") return;
    this.#state = "draining";
    this.recall();
    this.#owner.containerDrains();
  }

  #find(frame: Frame): Input | undefined {
    return this.#inputs.find(frame.call, frame.index);
  }

  #begin(input: Input): void {
    this.#inputs.begin(input, this.#now);
    telemetry?.started(this.#load, input);
    this.#deadlines.began(input);
    if (input.call.fn.schema.mode === "generator") this.#watchReader(input);
  }

  /** A generator goes on only as far as its reader has asked. Whoever reads an HTTP response has the function's own time. */
  #watchReader(input: Input): void {
    const { call, yielded, decided } = input;
    if (!decided && !call.web && yielded >= call.granted) this.#deadlines.waitsForReader(input);
  }

  #remove(input: Input): void {
    const ran = input.startedAt > 0;
    if (input.batch?.inputLeft()) this.#batches--;
    const next = this.#inputs.remove(input);
    // What is sent from now on comes after the recall, which does not concern it.
    if (!this.#inputs.hasWaiting) this.#recalled = false;
    if (!ran) return;
    if (next) this.#begin(next);
    else if (this.inputs === 0) {
      this.#idleSince = this.#now;
      if (this.#state === "stopping") this.#limitStop();
      // All have stopped after all.
      else if (this.#state === "draining") this.stop();
    }
    this.#deadlines.left();
  }

  #timedOut(input: Input): void {
    this.cancel(input, TIMEOUT_GRACE_MS, "timeout");
    this.#owner.inputTimedOut(input);
  }

  #abandoned(input: Input): void {
    this.cancel(input);
    this.#owner.inputAbandoned(input);
  }

  #didNotStop(input: Input): void {
    this.#system(`killed: input ${input.index} of ${input.call.id} did not stop\n`, input);
    this.kill("killed");
  }

  /** The call that output of unknown origin belongs to, when there is but one. */
  #onlyCall(): Call | undefined {
    let only: Call | undefined;
    for (const { call } of this.#inputs) {
      if (only && call !== only) return undefined;
      only = call;
    }
    return only;
  }
}

/** The frame's payload was written by the container's own code. */
function parse<T>(frame: Frame): T {
  return JSON.parse(frame.payload.toString()) as T;
}

/** What a frame of type `failure` says. */
export function failureIn(frame: Frame): Failure {
  return parse<Failure>(frame);
}
