/** One HTTP request on its way through a pool: an input like any other, whose yields are the head and the body of the response. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { cancelledCall, type Failure, type Progress, type TraceContext } from "../../../../engine/index.ts";
import { type Call, CallInPool, Input, type OutcomeKind, type Pool } from "../../../../pool/index.ts";
import { invalidResponse, traceIn, WebResponse, WINDOW } from "../../../web/index.ts";
import type { DeployedFunction } from "../registry/index.ts";
import type { CallSummary } from "./info.ts";
import { ProgressBoard } from "./progress.ts";
import { CallRecord, type Records } from "./record.ts";

/** Stands for all who send requests. */
const WEB = {};

export interface WebCallOptions {
  number: number;
  id: string;
  fn: DeployedFunction;
  pool: Pool;
  /** The request, as containers take it. */
  payload: Uint8Array;
  headers: IncomingHttpHeaders;
  response: ServerResponse;
  records: Records;
  onEnd: (call: WebCall) => void;
}

export class WebCall implements Call {
  readonly number: number;
  readonly id: string;
  readonly method = "web";
  readonly web = true;
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  /** Nobody knows who sends requests. */
  readonly caller = WEB;
  /** The client waits. */
  readonly patientSince = undefined;
  readonly waiters = [];
  readonly inPool = new CallInPool();
  readonly progress = new ProgressBoard();
  over = false;
  readonly granted = WINDOW;
  /** Stays empty: requests and responses are no arguments and results, and may be secret. */
  readonly record: CallRecord;
  readonly #response: WebResponse;
  readonly #onEnd: (call: WebCall) => void;
  readonly #createdAt = Date.now();
  #endedAt = 0;
  #input: Input | undefined;
  /** Out of the queue. */
  #taken: Input | undefined;
  #answered = false;
  #failed = false;
  #cancelled = false;

  constructor({ number, id, fn, pool, payload, headers, response, records, onEnd }: WebCallOptions) {
    this.number = number;
    this.id = id;
    this.trace = traceIn(headers);
    this.fn = fn;
    this.pool = pool;
    this.record = new CallRecord(records);
    this.#response = new WebResponse({
      response,
      onTaken: (count) => {
        if (!this.over) this.inPool.credit(this, count);
      },
      onClose: () => this.#clientGone(),
    });
    this.#onEnd = onEnd;
    this.#input = new Input(this, 0, payload);
    pool.opened();
    pool.enqueue(this, 1);
  }

  get waiting(): number {
    return this.#input ? 1 : 0;
  }

  isBlocked(): boolean {
    return false;
  }

  take(): Input | undefined {
    const input = this.#input;
    this.#input = undefined;
    this.#taken = input;
    return input;
  }

  yielded(input: Input, payload: Uint8Array): void {
    if (this.over) return;
    try {
      if (this.#response.write(payload)) input.credit(1);
    } catch (error) {
      this.pool.cancelled(this, 0);
      this.failed(input, invalidResponse(`${this.fn.version.app}/${this.fn.schema.name}`, error));
    }
  }

  progressed(progress: Progress): void {
    this.progress.report(progress);
  }

  outcome(_input: Input, kind: OutcomeKind): void {
    if (this.over) return;
    this.#answered = true;
    if (kind !== "end") this.#failed = true;
    this.#close();
    if (kind === "end") this.#response.end();
    else this.#response.break();
  }

  failed(_input: Input, failure: Failure): void {
    if (this.over) return;
    this.#answered = true;
    this.#failed = true;
    this.#close();
    this.#response.fail(failure);
  }

  /** By somebody other than the client. */
  cancel({ terminate = false, reason }: { terminate?: boolean; reason?: Failure } = {}): void {
    if (this.over) return;
    this.#drop({ terminate });
    this.#response.fail(reason ?? cancelledCall(this.id));
  }

  #clientGone(): void {
    // The handler is told, and it is not killed with its neighbours for taking its time.
    if (!this.over) this.#drop({ graceMs: this.fn.schema.options.timeoutMs });
  }

  #drop(options: { terminate?: boolean; graceMs?: number }): void {
    const dropped = this.waiting;
    this.over = true;
    this.#cancelled = true;
    this.#input = undefined;
    this.pool.cancelled(this, dropped, options);
    this.#close();
  }

  #close(): void {
    this.over = true;
    this.#endedAt = Date.now();
    this.#taken?.dropPayload();
    this.#taken = undefined;
    this.progress.close();
    this.pool.closed(this);
    this.#onEnd(this);
  }

  summary(): CallSummary {
    return {
      id: this.id,
      fn: this.fn,
      method: this.method,
      numInputs: 1,
      numEnded: Number(this.#answered),
      numFailed: Number(this.#answered && (this.#failed || this.#response.failed)),
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
      cancelled: this.#cancelled,
      record: this.record,
    };
  }
}
