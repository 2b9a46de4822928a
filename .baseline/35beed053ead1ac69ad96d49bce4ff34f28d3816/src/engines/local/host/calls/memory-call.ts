/** A call that lives in memory as long as its client is connected: `remote`, `remoteGen`, `map`. */
import type { Failure, Progress } from "../../../../engine/index.ts";
import {
  type Call,
  CallInPool,
  Input,
  type OutcomeKind,
  type ParentInput,
  type Pool,
  Queue,
} from "../../../../pool/index.ts";
import { FromHost, type OpenMessage } from "../../protocol.ts";
import type { DeployedFunction } from "../registry/index.ts";
import type { CallSummary } from "./info.ts";
import type { Parked, Peer } from "./peer.ts";
import { ProgressBoard } from "./progress.ts";
import { CallRecord, type Records } from "./record.ts";

/** As many as fit in a frame. */
const MAX_GRANTED = 0xffff_ffff;

const NOBODY: readonly ParentInput[] = [];

const TYPES = { result: FromHost.result, exception: FromHost.exception, end: FromHost.end } as const;

export interface MemoryCallOptions {
  number: number;
  message: OpenMessage;
  fn: DeployedFunction;
  pool: Pool;
  peer: Peer;
  /** The input that made it. */
  parent: ParentInput | undefined;
  /** The number by which the client knows the call. */
  clientNumber: number;
  records: Records;
  onEnd: (call: MemoryCall) => void;
}

export class MemoryCall implements Call, Parked {
  readonly number: number;
  readonly id: string;
  readonly method: OpenMessage["method"];
  readonly trace: OpenMessage["trace"];
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly caller: object;
  /** Its caller waits. */
  readonly patientSince = undefined;
  readonly waiters: readonly ParentInput[];
  readonly inPool = new CallInPool();
  readonly progress = new ProgressBoard();
  /** Where its logs go as well. */
  readonly logsTo: Peer | undefined;
  readonly logNumber: number;
  over = false;
  granted = 0;
  readonly record: CallRecord;
  readonly #peer: Peer;
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
  /** Newest reports that were not sent, since the client reads too slowly; by input. */
  #heldBack: Map<number, Progress> | undefined;

  constructor({ number, message, fn, pool, peer, parent, clientNumber, records, onEnd }: MemoryCallOptions) {
    this.number = number;
    this.id = message.id;
    this.method = message.method;
    this.trace = message.trace;
    this.fn = fn;
    this.pool = pool;
    this.caller = peer;
    this.waiters = parent ? [parent] : NOBODY;
    this.logsTo = message.logs ? peer : undefined;
    this.logNumber = clientNumber;
    this.#peer = peer;
    this.#clientNumber = clientNumber;
    this.#onEnd = onEnd;
    this.#sendProgress = message.progress === true;
    this.record = new CallRecord(records);
    pool.opened();
    if (parent) pool.awaited();
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
    if (this.over || this.#ended < this.#inputs) return;
    this.#peer.callEnded(this.#clientNumber);
    this.#close();
  }

  credit(count: number): void {
    if (this.over) return;
    this.granted = Math.min(MAX_GRANTED, this.granted + count);
    this.inPool.credit(this, count);
  }

  /** `reason` is sent to the caller, for when somebody else cancels its call. */
  cancel(options: { terminate?: boolean; reason?: Failure } = {}): void {
    if (this.over) return;
    if (options.reason && !this.#silent) this.#peer.json(FromHost.failed, this.#clientNumber, options.reason);
    this.over = true;
    this.#cancelled = true;
    this.pool.cancelled(this, this.#queue.length, options);
    this.#queue.clear();
    this.#peer.callEnded(this.#clientNumber);
    this.#close();
  }

  /** It goes on, but nobody wants its outputs any more. */
  detach(): void {
    this.#silent = true;
  }

  /** The client is gone. */
  gone(): void {
    this.cancel();
  }

  /** The client takes more. Nothing to do: outputs are sent as they come. */
  pump(): void {}

  /** The client reads again. */
  resume(): void {
    if (!this.over) this.pool.unpark(this);
  }

  // ---- from the pool

  get waiting(): number {
    return this.#queue.length;
  }

  isBlocked(): boolean {
    return this.#peer.park(this);
  }

  take(): Input | undefined {
    return this.#queue.shift();
  }

  yielded(input: Input, payload: Uint8Array): void {
    if (this.over) return;
    this.record.output(input, FromHost.yield, payload);
    if (this.#silent) return;
    this.#peer.write(FromHost.yield, this.#clientNumber, input.index, payload);
  }

  progressed(progress: Progress): void {
    this.progress.report(progress);
    if (!this.#sendProgress || this.#silent) return;
    if (this.#peer.full) {
      this.#heldBack ??= new Map();
      this.#heldBack.set(progress.index, progress);
      return;
    }
    this.#heldBack?.delete(progress.index);
    this.#peer.json(FromHost.progress, this.#clientNumber, progress, progress.index);
  }

  /** The last report of an input arrives, however slowly its caller reads. */
  #sendHeldBack(index: number): void {
    const progress = this.#heldBack?.get(index);
    if (!progress) return;
    this.#heldBack?.delete(index);
    if (!this.#silent) this.#peer.json(FromHost.progress, this.#clientNumber, progress, index);
  }

  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void {
    this.#answer(input, TYPES[kind], payload, kind === "exception");
  }

  failed(input: Input, failure: Failure): void {
    this.#answer(input, FromHost.failure, Buffer.from(JSON.stringify(failure)), true);
  }

  /** The client comes first: what the host keeps for itself is done once the output may be on its way. */
  #answer(input: Input, type: number, payload: Uint8Array, failed: boolean): void {
    if (this.over) return;
    this.progress.inputEnded(input.index);
    this.#sendHeldBack(input.index);
    if (!this.#silent) this.#peer.write(type, this.#clientNumber, input.index, payload);
    this.#ended++;
    if (failed) this.#failed++;
    const done = this.#noMore && this.#ended >= this.#inputs;
    if (done) this.#peer.callEnded(this.#clientNumber);
    this.record.output(input, type, payload);
    if (done) this.#close();
  }

  #close(): void {
    this.over = true;
    this.#endedAt = Date.now();
    this.progress.close();
    this.pool.closed(this);
    if (this.waiters.length > 0) this.pool.released();
    this.#onEnd(this);
  }

  summary(): CallSummary {
    const { instance } = this.pool.workload;
    const summary: CallSummary = {
      id: this.id,
      fn: this.fn,
      method: this.method,
      numInputs: this.#inputs,
      numEnded: this.#ended,
      numFailed: this.#failed,
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
      cancelled: this.#cancelled,
      record: this.record,
    };
    if (instance !== "") summary.instance = instance;
    return summary;
  }
}
