/**
 * Reads the outputs of a durable call, those that are there and those to come. What is told over core NATS only says that it is
 * time to look; what counts is read from the streams.
 */

import { type CallSink, cancelledCall, type Failure, type InputRange } from "../../../engine/index.ts";
import { failureToError } from "../../../runtime/errors.ts";
import { clearTimeout, setTimeout } from "../../../runtime/timers.ts";
import type { Connection, Subscription } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { subjects } from "../names.ts";
import { type CallStore, isId, OutputReader, rangeFailure, type StoredCall, unknownCall } from "./store.ts";

/** A hint may get lost, and a replica may be behind it. */
const LOOK_MS = 2_000;
const BEHIND_MS = 25;

export interface AttachmentOptions {
  id: string;
  range: InputRange;
  sink: CallSink;
  /** Somebody waits: the process stays alive. */
  holds: boolean;
  /** Nothing more comes. */
  onEnd(attachment: Attachment): void;
}

export class Attachment {
  readonly #connection: Connection;
  readonly #store: CallStore;
  readonly #id: string;
  readonly #range: InputRange;
  readonly #sink: CallSink;
  readonly #holds: boolean;
  readonly #onEnd: AttachmentOptions["onEnd"];
  #over = false;
  #wake = (): void => {};
  #subscriptions: Subscription[] = [];
  readonly #forget: () => void;

  constructor(
    { connection, store }: { connection: Connection; store: CallStore },
    { id, range, sink, holds, onEnd }: AttachmentOptions,
  ) {
    this.#connection = connection;
    this.#store = store;
    this.#id = id;
    this.#range = range;
    this.#sink = sink;
    this.#forget = connection.onReconnect(() => this.#wake());
    this.#holds = holds;
    this.#onEnd = onEnd;
    if (holds) connection.hold();
    void this.#run();
  }

  /** Durable calls have no generators. */
  credit(): void {}

  detach(): void {
    this.#finish();
  }

  /** The engine is closed. */
  fail(failure: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.failed(failure);
  }

  async #run(): Promise<void> {
    try {
      if (!isId(this.#id)) throw unknownCall(this.#id);
      const hint = (): void => this.#wake();
      for (const subject of [
        subjects.call(this.#id, "ended"),
        subjects.call(this.#id, "cancelled"),
        subjects.outputs(this.#id),
      ]) {
        if (this.#over) return;
        this.#subscriptions.push(await this.#connection.subscribe(subject, hint));
      }
      await this.#read();
    } catch (error) {
      this.fail(failureOf(error));
    }
  }

  async #read(): Promise<void> {
    const first = await this.#store.get(this.#id);
    this.#store.requireResults(first);
    const wrong = rangeFailure(this.#range, first.accepted);
    if (wrong) throw failureToError(wrong);
    const reader = new OutputReader(this.#connection, this.#id);
    for (let call = first; ; call = await this.#store.get(this.#id)) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#deliver(call, reader);
      if (this.#over) return;
      const { numInputs } = call.accepted;
      if (reader.count === numInputs) return this.#finish();
      const cancelled = call.ended?.record.cancelled ?? (call.cancelled && cancelledCall(this.#id).message);
      if (cancelled !== undefined) throw failureToError({ code: "CANCELLED", message: cancelled });
      // It has ended, and the replica that was asked lacks some of its outcomes yet.
      const timer = setTimeout(() => this.#wake(), call.ended ? BEHIND_MS : LOOK_MS);
      await woken;
      clearTimeout(timer);
      if (this.#over) return;
    }
  }

  async #deliver(call: StoredCall, reader: OutputReader): Promise<void> {
    const { start = 0, end = Number.POSITIVE_INFINITY } = this.#range;
    const deliver = (outputs: Awaited<ReturnType<OutputReader["read"]>>): void => {
      for (const output of outputs ?? []) {
        if (!this.#over && output.index >= start && output.index < end) this.#sink.output(output);
      }
    };
    if (call.ended?.record.inline) {
      deliver(reader.parse(call.ended.outputs));
      return;
    }
    for (let more = await reader.read(); more && !this.#over; more = await reader.read()) deliver(more);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#wake();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    if (this.#holds) this.#connection.release();
    this.#onEnd(this);
  }
}
