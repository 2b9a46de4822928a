/**
 * A durable call at home at this worker: its inputs go out to workers like those of any caller, and what comes back is
 * appended to the stream of outcomes. If this worker is lost, another takes the call in, and runs what has no outcome yet.
 */
import { randomBytes } from "node:crypto";
import { cancelledCall, type Failure, type Output } from "../../../engine/index.ts";
import { failureToError, InternalFailure } from "../../../runtime/errors.ts";
import type { Connection } from "../connection.ts";
import {
  type CallStore,
  type Ended,
  INLINE_BYTES,
  OutputReader,
  type StoredCall,
  StreamWriter,
} from "../durable/index.ts";
import { subjects } from "../names.ts";
import { ToSource } from "../pairs/index.ts";
import type { Source, SourceCall } from "../source/index.ts";

/** Results are kept for so long after their call has ended. */
const RETENTION_MS = Number(process.env["FARCALL_RETENTION_MS"]) || 7 * 86_400_000;
/** Outcomes that wait to be stored: no more inputs go out meanwhile. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

export interface HomeOptions {
  connection: Connection;
  store: CallStore;
  source: Source;
  call: StoredCall;
}

export class Home {
  readonly id: string;
  readonly #options: HomeOptions;
  readonly #writer: StreamWriter;
  readonly #earlier: OutputReader;
  readonly #done = Promise.withResolvers<Failure | undefined>();
  #call: SourceCall | undefined;
  #ended = 0;
  #failed = 0;
  #left = false;
  /** It has ended at another worker. */
  #isOver = false;
  #cancelled = false;
  #wake = (): void => {};

  constructor(options: HomeOptions) {
    this.id = options.call.accepted.id;
    this.#options = options;
    const nonce = randomBytes(6).toString("hex");
    this.#writer = new StreamWriter(options.connection, subjects.output(this.id, nonce), () => this.#stream());
    this.#earlier = new OutputReader(options.connection, this.id);
  }

  /** Resolves once the call has ended for good; false when this worker has given it up. Rejects when NATS cannot be reached. */
  async run(): Promise<boolean> {
    const { call } = this.#options;
    const { numInputs } = call.accepted;
    // At another worker, which is lost, or slow.
    if (call.isStreamed) await this.#readEarlier();
    let failure = call.cancelled ? cancelledCall(this.id) : undefined;
    if (!failure && this.#ended < numInputs) await this.#dueTime(call.accepted.dueAt ?? 0);
    if (this.#cancelled) failure = cancelledCall(this.id);
    if (!failure && !this.#left && this.#ended < numInputs) {
      this.#open();
      void this.#send();
      failure = await this.#done.promise;
    }
    // Nothing is wrong with the call: it can go on elsewhere, or later.
    if (!this.#left && failure?.code === "ENGINE_UNAVAILABLE") throw failureToError(failure);
    try {
      if (this.#left) await this.#writer.flush();
      else if (!this.#isOver) await this.#end(failure);
    } catch (error) {
      if (!this.#isOver) throw error;
    }
    return this.#isOver || !this.#left;
  }

  /** Before the first outcome that this worker streams. */
  async #stream(): Promise<void> {
    if (await this.#options.store.stream(this.id)) return;
    this.over();
    throw new InternalFailure(`call ${this.id} has ended at another worker`);
  }

  /** The call has ended at another worker. */
  over(): void {
    this.#isOver = true;
    this.#stop();
  }

  /** Somebody cancels the call. */
  cancel(terminate: boolean): void {
    this.#cancelled = true;
    this.#wake();
    this.#call?.stop({ terminate });
    this.#done.resolve(cancelledCall(this.id));
  }

  /** This worker stops: another goes on. */
  leave(): void {
    this.#left = true;
    this.#stop();
  }

  #stop(): void {
    this.#wake();
    this.#call?.stop({ terminate: false });
    this.#done.resolve(undefined);
  }

  /** Timers may be early by a moment, and clocks are put back. */
  async #dueTime(dueAt: number): Promise<void> {
    const left = (): number => dueAt - this.#options.connection.now();
    for (let wait = left(); wait > 0 && !this.#left && !this.#cancelled; wait = left()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #readEarlier(): Promise<void> {
    for (let more = await this.#earlier.read(); more; more = await this.#earlier.read()) {
      for (const output of more) this.#count(output);
    }
  }

  #count({ kind }: Output): void {
    this.#ended++;
    if (kind === "exception" || kind === "failure") this.#failed++;
  }

  #open(): void {
    const { app, environment, function: name, instance, version, method, trace } = this.#options.call.accepted;
    this.#call = this.#options.source.open(
      {
        function: { app, environment, name, version, ...(instance !== undefined && { instance }) },
        method,
        durable: true,
        ...(trace && { trace }),
      },
      { output: (output) => this.#output(output), failed: (failure) => this.#done.resolve(failure) },
      this.id,
    );
  }

  async #send(): Promise<void> {
    const { call, store } = this.#options;
    try {
      for await (const { index, payload } of store.inputs(call)) {
        if (this.#call!.over) return;
        if (this.#earlier.has(index)) continue;
        this.#call!.put(index, payload);
        await this.#call!.drained();
        if (this.#writer.pendingBytes > MAX_PENDING_BYTES) await this.#writer.room(MAX_PENDING_BYTES);
      }
      await this.#call!.end();
    } catch (error) {
      this.#done.reject(error);
    }
  }

  #output(output: Output): void {
    this.#count(output);
    const { numInputs } = this.#options.call.accepted;
    const all = this.#ended === numInputs;
    // The last one comes with the end of the call.
    if (output.kind === "failure") {
      this.#writer.write(ToSource.failure, output.index, Buffer.from(JSON.stringify(output.failure)), all);
    } else if (output.kind !== "end") {
      this.#writer.write(ToSource[output.kind], output.index, output.payload, all);
    }
    if (all) this.#done.resolve(undefined);
  }

  async #end(failure: Failure | undefined): Promise<void> {
    const { call, store } = this.#options;
    const { numInputs } = call.accepted;
    const cancelled = failure?.code === "CANCELLED" ? failure.message : undefined;
    if (failure && cancelled === undefined) await this.#failRest(failure);
    const at = this.#options.connection.now();
    const ended: Ended = {
      at,
      numEnded: cancelled === undefined ? numInputs : this.#ended,
      numFailed: this.#failed,
      ...(cancelled !== undefined && { cancelled }),
      expiresAt: at + RETENTION_MS,
      inline: false,
    };
    if (!call.isStreamed && !this.#writer.begun && this.#writer.pendingBytes <= INLINE_BYTES) {
      const outputs = this.#writer.takeUnpublished();
      if (await store.end(this.id, { ...ended, inline: true }, outputs)) return;
      this.#writer.putBack(outputs);
    }
    await this.#writer.flush();
    await store.end(this.id, ended, Buffer.alloc(0));
  }

  /** The call cannot go on: its function is gone. */
  async #failRest(failure: Failure): Promise<void> {
    const { call, store } = this.#options;
    const stored = new OutputReader(this.#options.connection, this.id);
    await this.#writer.flush();
    for (let more = await stored.read(); more; more = await stored.read());
    const payload = Buffer.from(JSON.stringify(failure));
    for await (const { index } of store.inputs(call)) {
      if (stored.has(index)) continue;
      this.#failed++;
      this.#writer.write(ToSource.failure, index, payload);
    }
    await this.#writer.flush();
  }
}
