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
import {
  FromContainer,
  type LoadFailedMessage,
  type LoadMessage,
  type LogMessage,
  type ProgressMessage,
  ToContainer,
} from "../wire/container-protocol.ts";
import { type Frame, FrameError, FrameWriter } from "../wire/frames.ts";
import { Batch } from "./batch.ts";
import type { Input, InputContainer } from "./call.ts";
import type { KnowingContainer, NumberedCall } from "./call-in-pool.ts";
import { ContainerInputs } from "./container-inputs.ts";
import type { ContainerOwner } from "./container-owner.ts";
import { type DeathCause, DeathRecord } from "./death.ts";
import { KnownCalls } from "./known-calls.ts";
import { Link } from "./link.ts";
import { messageIn } from "./messages.ts";
import type { ContainerProcess } from "./processes.ts";
import { StartLimit } from "./start-limit.ts";
import { telemetry } from "./telemetry.ts";

/** How long an input that was told to stop may go on before its container is killed, in milliseconds. */
const TIMEOUT_GRACE_MS = 1_000;
const CANCEL_GRACE_MS = 3_000;
/** How long a container that was told to stop may take after its last input, in milliseconds: for the app's onStop hooks. */
const STOP_GRACE_MS = 10_000;

export type ContainerState = "starting" | "ready" | "draining" | "stopping" | "dead";

export interface ContainerOptions {
  process: ContainerProcess;
  owner: ContainerOwner<Container>;
  load: LoadMessage;
  /** Inputs that run at a time, of all batches together. */
  maxInputs: number;
  startupTimeoutMs: number;
  /** Called before inputs go to the process. */
  beforeSend?: (() => void) | undefined;
}

export class Container implements InputContainer, KnowingContainer {
  readonly id: string;
  readonly pid: number;
  readonly #owner: ContainerOwner<Container>;
  readonly #process: ContainerProcess;
  readonly #load: LoadMessage;
  readonly #writer: FrameWriter;
  readonly #link: Link;
  readonly #calls: KnownCalls;
  readonly #inputs: ContainerInputs;
  readonly #startLimit: StartLimit;
  readonly #death = new DeathRecord();
  /** By performance.now(). */
  readonly createdAt: number = performance.now();
  #state: ContainerState = "starting";
  #loaded = false;
  #idleSince = 0;
  #stopTimer: NodeJS.Timeout | undefined;

  constructor({ process, owner, load, maxInputs, startupTimeoutMs, beforeSend }: ContainerOptions) {
    this.id = load.container;
    this.pid = process.child.pid!;
    this.#owner = owner;
    this.#process = process;
    this.#load = load;
    this.#writer = new FrameWriter(process.socket, beforeSend);
    this.#calls = new KnownCalls(this, this.#writer);
    this.#inputs = new ContainerInputs({
      container: this,
      load,
      maxRunning: maxInputs,
      limits: {
        [Symbol.iterator]: () => this[Symbol.iterator](),
        timedOut: (input) => this.#timedOut(input),
        abandoned: (input) => this.#abandoned(input),
        ping: () => this.#writer.write(ToContainer.ping, 0, 0),
        didNotStop: (input) => this.#didNotStop(input),
      },
    });
    this.#link = new Link(process, {
      received: (frame, now) => this.#received(frame, now),
      misunderstood: (error) => this.#misunderstood(error),
      printed: (stream, text) => {
        this.#death.printed(stream, text);
        owner.print(this, { stream, text, call: this.#inputs.onlyCall() });
      },
      exited: (exit, signal) => this.#death.exited(exit, signal),
      gone: () => this.#gone(),
    });
    this.#startLimit = new StartLimit(startupTimeoutMs, () => {
      if (this.#state === "starting") this.kill("start timed out", `it was not ready within ${startupTimeoutMs} ms`);
    });
    this.#writer.write(ToContainer.load, 0, 0, Buffer.from(JSON.stringify(load)));
    this.#writer.flush();
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
    return this.#inputs.batches;
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
    return this.#inputs.recalled;
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
    this.#inputs.add(input);
    const flags = Math.min(input.attempt + input.cutOff, 255);
    this.#writer.write(ToContainer.input, call.number, input.index, input.payload, flags);
    if (call.granted > 0) this.credit(input, call.granted);
    // A caller waits, and so does the process: the rest of the turn may be other callers' work.
    if (this.inputs === 1 && call.patientSince === undefined && !this.#load.batched) this.#writer.urge();
  }

  /** One call of the function for all of them. */
  dispatchTogether(inputs: readonly Input[]): void {
    for (const input of inputs) this.dispatch(input);
    this.#inputs.addBatch(inputs, new Batch(inputs.length));
    this.#writer.write(ToContainer.together, 0, inputs.length);
  }

  credit(input: Input, count: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(count);
    this.#writer.write(ToContainer.credit, input.call.number, input.index, payload);
    this.#inputs.readerCame(input);
  }

  creditCall({ number }: NumberedCall, count: number): void {
    for (const input of this.#inputs) if (input.call.number === number) this.credit(input, count);
  }

  /** Tells the input to stop; the container is killed when it does not. What it says about it no longer counts. */
  cancel(input: Input, graceMs: number = CANCEL_GRACE_MS, why: "cancelled" | "timeout" = "cancelled"): void {
    if (input.decided) return;
    this.#writer.write(ToContainer.cancel, input.call.number, input.index);
    this.#inputs.stopWithin(graceMs, input, why);
  }

  /** Asks back what has not started. */
  recall(): void {
    if (this.#inputs.recall()) this.#writer.write(ToContainer.recall, 0, 0);
  }

  forget(call: NumberedCall): void {
    this.#calls.forget(call);
  }

  /** Lets what is in it finish. */
  stop(): void {
    if (this.#state === "stopping" || this.#state === "dead") return;
    this.#state = "stopping";
    this.#death.toldToStop();
    this.#writer.write(ToContainer.stop, 0, 0);
    this.#writer.flush();
    if (this.inputs === 0) this.#limitStop();
  }

  kill(cause: DeathCause, detail = ""): void {
    if (this.#state === "dead") return;
    this.#state = "stopping";
    this.#death.killed(cause, detail);
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

  // ---- what its process says

  #received(frame: Frame, now: number): void {
    switch (frame.type) {
      case FromContainer.result:
      case FromContainer.exception:
      case FromContainer.end:
      case FromContainer.failure: {
        const input = this.#find(frame);
        if (!input) return;
        const elapsed = now - input.startedAt;
        this.#inputs.ended(input, frame);
        this.#remove(input, now);
        this.#owner.inputEnded(input, frame, elapsed);
        return;
      }
      case FromContainer.yield: {
        const input = this.#find(frame);
        if (!input) return;
        this.#owner.inputYielded(input, frame.payload);
        this.#inputs.watchReader(input);
        return;
      }
      case FromContainer.returned: {
        const input = this.#find(frame);
        if (!input) return;
        this.#remove(input, now);
        this.#owner.inputReturned(input);
        return;
      }
      case FromContainer.pong:
        if (this.#inputs.answered()) this.#drain();
        return;
      case FromContainer.log: {
        const { stream, text } = messageIn<LogMessage>(frame);
        const call = this.#calls.get(frame.call);
        const origin = call ? { call, index: frame.index } : { call: this.#inputs.onlyCall() };
        this.#owner.print(this, { stream, text, ...origin });
        return;
      }
      case FromContainer.progress: {
        const input = this.#find(frame);
        if (input) this.#owner.inputProgressed(input, messageIn<ProgressMessage>(frame));
        return;
      }
      case FromContainer.ready:
        this.#ready(now);
        return;
      case FromContainer.loadFailed: {
        const { message, stack, failure } = messageIn<LoadFailedMessage>(frame);
        this.#death.loadFailed(message, failure);
        if (stack) this.#owner.print(this, { stream: "stderr", text: `${stack}\n` });
      }
    }
  }

  /** User code can write to any file descriptor of its process, and harms no other container by that. */
  #misunderstood(error: Error): void {
    if (!(error instanceof FrameError || error instanceof SyntaxError))
      this.#owner.problem(`a frame of container ${this.id} could not be handled`, error);
    this.kill("crashed", `it sent an invalid frame: ${error.message}`);
  }

  #ready(now: number): void {
    if (this.#state !== "starting") return;
    this.#startLimit.over();
    this.#state = "ready";
    this.#loaded = true;
    this.#idleSince = now;
    telemetry?.containerReady(this.#load, now - this.createdAt);
    this.#owner.containerReady();
  }

  /** Something in it does not stop, and the rest may finish. */
  #drain(): void {
    if (this.#state !== "ready") return;
    this.#state = "draining";
    this.recall();
    this.#owner.containerDrains();
  }

  #gone(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#inputs.close();
    this.#startLimit.over();
    clearTimeout(this.#stopTimer);
    this.#link.close();
    this.#calls.close();
    const death = this.#death.close(this.#loaded, this.inputs);
    telemetry?.lost(this.#load, this, death.cause);
    this.#owner.containerGone(this, death);
  }

  #find(frame: Frame): Input | undefined {
    return this.#inputs.find(frame.call, frame.index);
  }

  #remove(input: Input, now: number): void {
    if (!this.#inputs.remove(input, now)) return;
    this.#idleSince = now;
    if (this.#state === "stopping") this.#limitStop();
    // All have stopped after all.
    else if (this.#state === "draining") this.stop();
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
}
