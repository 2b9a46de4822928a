/**
 * The inputs in one container, with all that follows from one coming or going: which run and which wait behind them, how long
 * they may take, how many batches they are, and what telemetry sees of them.
 */
import type { AttemptOutcome } from "../opentelemetry/index.ts";
import { FromContainer, type LoadMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import type { Batch } from "./batch.ts";
import type { Call, Input, InputContainer } from "./call.ts";
import { Deadlines, type TimedContainer } from "./deadlines.ts";
import { InputList } from "./input-list.ts";
import { telemetry } from "./telemetry.ts";

const OUTCOMES: Record<number, AttemptOutcome> = {
  [FromContainer.result]: "result",
  [FromContainer.end]: "result",
  [FromContainer.exception]: "exception",
};

interface ContainerInputsOptions {
  container: InputContainer;
  /** What is done about those that take too long. */
  limits: TimedContainer;
  load: LoadMessage;
  /** Inputs that run at a time, of all batches together. */
  maxRunning: number;
}

export class ContainerInputs {
  readonly #list: InputList;
  readonly #deadlines: Deadlines;
  readonly #load: LoadMessage;
  /** The inputs behind the running ones have been asked back. */
  #recalled = false;
  #batches = 0;

  constructor({ container, limits, load, maxRunning }: ContainerInputsOptions) {
    this.#list = new InputList(container, maxRunning);
    this.#deadlines = new Deadlines(limits);
    this.#load = load;
  }

  get length(): number {
    return this.#list.length;
  }

  get running(): number {
    return this.#list.running;
  }

  /** Of a batched function: those that have not ended. */
  get batches(): number {
    return this.#batches;
  }

  get recalled(): boolean {
    return this.#recalled;
  }

  /** When the one that has run for the longest began; `undefined` when nothing waits behind those that run. */
  get blockedSince(): number | undefined {
    return this.#list.blockedSince;
  }

  [Symbol.iterator](): Iterator<Input, void, undefined> {
    return this.#list[Symbol.iterator]();
  }

  find(callNumber: number, index: number): Input | undefined {
    return this.#list.find(callNumber, index);
  }

  /** The call that output of unknown origin belongs to, when there is but one. */
  onlyCall(): Call | undefined {
    let only: Call | undefined;
    for (const { call } of this.#list) {
      if (only && call !== only) return undefined;
      only = call;
    }
    return only;
  }

  add(input: Input): void {
    if (this.#list.add(input)) this.#begin(input, performance.now());
  }

  /** They are in it, and run in one call of the function. */
  addBatch(inputs: readonly Input[], batch: Batch): void {
    for (const input of inputs) input.joins(batch);
    this.#batches++;
  }

  /**
   * It has left. Returns whether it was the last of those that ran.
   * @param now by performance.now()
   */
  remove(input: Input, now: number): boolean {
    const ran = input.startedAt > 0;
    if (input.batch?.inputLeft()) this.#batches--;
    const next = this.#list.remove(input);
    // What is sent from now on comes after the recall, which does not concern it.
    if (!this.#list.hasWaiting) this.#recalled = false;
    if (!ran) return false;
    if (next) this.#begin(next, now);
    this.#deadlines.left();
    return this.#list.length === 0;
  }

  /** Its outcome has come: it is about to be removed. */
  ended(input: Input, { type, payload }: Frame): void {
    if (!input.decided) telemetry?.ended(this.#load, input, OUTCOMES[type], payload.length);
  }

  /** It was told to stop. */
  stopWithin(graceMs: number, input: Input, why: "cancelled" | "timeout"): void {
    if (input.startedAt > 0) telemetry?.ended(this.#load, input, why);
    input.decide(this.#deadlines.toldToStop(graceMs));
  }

  /** Returns whether there is anything to ask back that was not. */
  recall(): boolean {
    if (this.#recalled || !this.#list.hasWaiting) return false;
    this.#recalled = true;
    return true;
  }

  /** A generator goes on only as far as its reader has asked. Whoever reads an HTTP response has the function's own time. */
  watchReader(input: Input): void {
    const { call, yielded, decided } = input;
    if (!decided && !call.web && yielded >= call.granted) this.#deadlines.waitsForReader(input);
  }

  readerCame(input: Input): void {
    this.#deadlines.readerCame(input);
  }

  /** The process answers a ping. Returns whether that changes anything: it is to take no more inputs. */
  answered(): boolean {
    return this.#deadlines.answered();
  }

  close(): void {
    this.#deadlines.close();
  }

  #begin(input: Input, now: number): void {
    this.#list.begin(input, now);
    telemetry?.started(this.#load, input);
    this.#deadlines.began(input);
    if (input.call.fn.schema.mode === "generator") this.watchReader(input);
  }
}
