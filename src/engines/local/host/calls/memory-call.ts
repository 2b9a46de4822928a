/** A call that lives in memory as long as its caller's connection: `remote`, `remoteGen`, `map`. */
import type { CallInfo, Failure, Progress } from "../../../../engine/index.ts";
import { type Call, Input, type OutcomeKind } from "../../../../pool/call.ts";
import type { Container } from "../../../../pool/container.ts";
import { Queue } from "../../../../pool/input-list.ts";
import type { Pool } from "../../../../pool/pool.ts";
import { FromHost, type OpenMessage } from "../../protocol.ts";
import type { Connection } from "../connection/connection.ts";
import type { DeployedFunction } from "../registry/registry.ts";
import { ProgressBoard } from "./progress.ts";
import { CallRecord, type Records } from "./record.ts";

/** What a frame can say. */
const MAX_GRANTED = 0xffff_ffff;

const TYPES = { result: FromHost.result, exception: FromHost.exception, end: FromHost.end } as const;

export class MemoryCall implements Call {
  readonly number: number;
  readonly id: string;
  readonly method: OpenMessage["method"];
  readonly trace: OpenMessage["trace"];
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly toldContainers: Container[] = [];
  readonly progress = new ProgressBoard();
  /** Where its logs go as well. */
  readonly logsTo: Connection | undefined;
  readonly logNumber: number;
  queued = false;
  parked = false;
  over = false;
  granted = 0;
  readonly record: CallRecord;
  readonly #connection: Connection;
  readonly #clientNumber: number;
  readonly #onEnd: (call: MemoryCall) => void;
  readonly #queue = new Queue<Input>();
  readonly #createdAt = Date.now();
  #endedAt = 0;
  #inputs = 0;
  #ended = 0;
  #failed = 0;
  #noMore = false;
  #cancelled = false;
  #silent = false;
  readonly #sendProgress: boolean;

  constructor(
    number: number,
    message: OpenMessage,
    fn: DeployedFunction,
    pool: Pool,
    connection: Connection,
    clientNumber: number,
    records: Records,
    onEnd: (call: MemoryCall) => void,
  ) {
    this.number = number;
    this.id = message.id;
    this.method = message.method;
    this.trace = message.trace;
    this.fn = fn;
    this.pool = pool;
    this.logsTo = message.logs ? connection : undefined;
    this.logNumber = clientNumber;
    this.#connection = connection;
    this.#clientNumber = clientNumber;
    this.#onEnd = onEnd;
    this.#sendProgress = message.progress === true;
    this.record = new CallRecord(records);
    pool.openCalls++;
  }

  // ---- from the caller

  input(index: number, payload: Uint8Array): void {
    if (this.over || this.#noMore) return;
    this.#inputs++;
    this.record.input(index, payload);
    this.#queue.push(new Input(this, index, payload));
    this.pool.enqueue(this, 1);
  }

  noMore(): void {
    this.#noMore = true;
    this.#closeIfDone();
  }

  credit(count: number): void {
    if (this.over) return;
    this.granted = Math.min(MAX_GRANTED, this.granted + count);
    for (const container of this.toldContainers) {
      for (const input of container) if (input.call === this) container.credit(input, count);
    }
  }

  /** `reason` is for a caller that did not ask for it. */
  cancel(options: { terminate?: boolean; reason?: Failure } = {}): void {
    if (this.over) return;
    if (options.reason && !this.#silent) this.#connection.json(FromHost.failed, this.#clientNumber, options.reason);
    this.over = true;
    this.#cancelled = true;
    this.pool.cancelled(this, this.#queue.length, options);
    this.#queue.clear();
    this.#close();
  }

  /** What comes of it is wanted by nobody any more, but goes on. */
  detach(): void {
    this.#silent = true;
  }

  // ---- from the pool

  get waiting(): number {
    return this.#queue.length;
  }

  isBlocked(): boolean {
    return this.#connection.congested(this);
  }

  take(): Input | undefined {
    return this.#queue.shift();
  }

  yielded(input: Input, payload: Uint8Array): void {
    if (this.over) return;
    this.record.output(input, FromHost.yield, payload);
    if (this.#silent) return;
    this.#connection.writer.write(FromHost.yield, this.#clientNumber, input.index, payload);
  }

  progressed(progress: Progress): void {
    this.progress.report(progress);
    if (!this.#sendProgress || this.#silent || this.#connection.full) return;
    this.#connection.json(FromHost.progress, this.#clientNumber, progress, progress.index);
  }

  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void {
    if (this.over) return;
    this.progress.inputEnded(input.index);
    this.record.output(input, TYPES[kind], payload);
    if (!this.#silent) this.#connection.writer.write(TYPES[kind], this.#clientNumber, input.index, payload);
    if (kind === "exception") this.#failed++;
    this.#ended++;
    this.#closeIfDone();
  }

  failed(input: Input, failure: Failure): void {
    if (this.over) return;
    this.progress.inputEnded(input.index);
    const payload = Buffer.from(JSON.stringify(failure));
    this.record.output(input, FromHost.failure, payload);
    if (!this.#silent) this.#connection.writer.write(FromHost.failure, this.#clientNumber, input.index, payload);
    this.#failed++;
    this.#ended++;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.#noMore || this.#ended < this.#inputs || this.over) return;
    this.over = true;
    this.#close();
  }

  #close(): void {
    this.#endedAt = Date.now();
    this.progress.close();
    this.#connection.calls.delete(this.#clientNumber);
    this.pool.closed(this);
    this.#onEnd(this);
  }

  summary(): CallSummary {
    const { instance } = this.pool.workload;
    return {
      id: this.id,
      fn: this.fn,
      ...(instance !== "" && { instance }),
      method: this.method,
      numInputs: this.#inputs,
      numEnded: this.#ended,
      numFailed: this.#failed,
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
      cancelled: this.#cancelled,
      record: this.record,
    };
  }
}

/** What is remembered of a call for a while: without its connection, and turned into text only when somebody looks. */
export interface CallSummary {
  id: string;
  fn: DeployedFunction;
  instance?: string;
  method: NonNullable<CallInfo["method"]>;
  numInputs: number;
  numEnded: number;
  numFailed: number;
  createdAt: number;
  /** 0 while it runs. */
  endedAt: number;
  cancelled: boolean;
  record: CallRecord;
}

export function infoOf({ fn: { version, schema }, createdAt, endedAt, record: _, ...summary }: CallSummary): CallInfo {
  return {
    ...summary,
    app: version.app,
    environment: version.environment,
    function: schema.name,
    version: version.version,
    mode: schema.mode,
    createdAt: new Date(createdAt).toISOString(),
    ...(endedAt > 0 && { endedAt: new Date(endedAt).toISOString() }),
  };
}
