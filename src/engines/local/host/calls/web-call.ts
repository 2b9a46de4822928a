/** One HTTP request on its way through a pool: an input like any other, whose yields are the head and the body of the response. */
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import { cancelledCall, type Failure, type Progress, type TraceContext } from "../../../../engine/index.ts";
import { type Call, CallInPool, Input, type OutcomeKind, type Pool } from "../../../../pool/index.ts";
import type { WebRequestHead, WebResponseHead } from "../../../../wire/container-protocol.ts";
import type { DeployedFunction } from "../registry/index.ts";
import type { CallSummary } from "./info.ts";
import { ProgressBoard } from "./progress.ts";
import { CallRecord, type Records } from "./record.ts";

/** Pieces of a body on their way. */
const WINDOW = 16;

const NOTHING = new Uint8Array();

/** Stands for all who send requests. */
const WEB = {};

/** Headers that are about one connection, not about what travels on it. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function traceIn({ traceparent, tracestate, baggage }: IncomingHttpHeaders): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const trace: TraceContext = { traceparent };
  if (typeof tracestate === "string") trace["tracestate"] = tracestate;
  if (typeof baggage === "string") trace["baggage"] = baggage;
  return trace;
}

export interface WebCallOptions {
  number: number;
  id: string;
  fn: DeployedFunction;
  pool: Pool;
  /** See `webPayload`. */
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
  readonly #response: ServerResponse;
  readonly #onEnd: (call: WebCall) => void;
  readonly #createdAt = Date.now();
  #endedAt = 0;
  #input: Input | undefined;
  /** Out of the queue. */
  #taken: Input | undefined;
  #answered = false;
  #failed = false;
  #cancelled = false;
  #headSent = false;
  /** Pieces that the client has not taken: granted again when it has. */
  #owed = 0;

  constructor({ number, id, fn, pool, payload, headers, response, records, onEnd }: WebCallOptions) {
    this.number = number;
    this.id = id;
    this.trace = traceIn(headers);
    this.fn = fn;
    this.pool = pool;
    this.record = new CallRecord(records);
    this.#response = response;
    this.#onEnd = onEnd;
    this.#input = new Input(this, 0, payload);
    pool.opened();
    response.on("close", () => this.#clientGone());
    response.on("drain", () => this.#drained());
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
      if (!this.#headSent) {
        this.#sendHead(JSON.parse(Buffer.from(payload).toString()) as WebResponseHead);
        input.credit(1);
      } else if (this.#response.write(payload)) input.credit(1);
      else this.#owed++;
    } catch (error) {
      // The handler made what HTTP does not allow, such as a control character in a header.
      this.pool.cancelled(this, 0);
      this.failed(input, {
        code: "INTERNAL_FAILURE",
        message: `${this.fn.version.app}/${this.fn.schema.name} returned an invalid HTTP response: ${(error as Error).message}`,
      });
    }
  }

  #sendHead({ status, statusText, headers }: WebResponseHead): void {
    const sent = headers.filter(([name]) => !HOP_BY_HOP.has(name));
    checkHead(status, statusText, sent);
    this.#headSent = true;
    this.#failed = status >= 500;
    for (const [name, value] of sent) this.#response.appendHeader(name, value);
    // More or less than was announced would be taken for a part of the next response.
    this.#response.strictContentLength = true;
    this.#response.writeHead(status, statusText || undefined);
    // Sends the head at once, before the body; flushHeaders() would send characters beyond ASCII as UTF-8.
    this.#response.write(NOTHING);
  }

  #drained(): void {
    const count = this.#owed;
    this.#owed = 0;
    if (count === 0 || this.over) return;
    this.inPool.credit(this, count);
  }

  progressed(progress: Progress): void {
    this.progress.report(progress);
  }

  outcome(_input: Input, kind: OutcomeKind): void {
    if (this.over) return;
    this.#answered = true;
    if (kind !== "end") this.#failed = true;
    this.#close();
    if (kind === "end") this.#end();
    // The body broke after the head had been sent: an end would make it look whole.
    else this.#response.destroy();
  }

  #end(): void {
    try {
      this.#response.end();
    } catch {
      // The body is shorter than its content-length, so it is as incomplete as one that broke.
      this.#response.destroy();
    }
  }

  failed(_input: Input, failure: Failure): void {
    if (this.over) return;
    this.#answered = true;
    this.#failed = true;
    this.#close();
    this.#fail(failure);
  }

  /** By somebody other than the client. */
  cancel({ terminate = false, reason }: { terminate?: boolean; reason?: Failure } = {}): void {
    if (this.over) return;
    this.#drop({ terminate });
    this.#fail(reason ?? cancelledCall(this.id));
  }

  #fail(failure: Failure): void {
    if (this.#headSent) this.#response.destroy();
    else sendProblem(this.#response, STATUS[failure.code] ?? 500, failure);
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
      numFailed: Number(this.#answered && this.#failed),
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
      cancelled: this.#cancelled,
      record: this.record,
    };
  }
}

/** Throws as Node does when the head is written, while nothing of it has been. */
function checkHead(status: number, statusText: string, headers: WebResponseHead["headers"]): void {
  if (status < 200 || status > 599) throw new RangeError(`a response of status ${status}, as Response.error() makes`);
  validateHeaderValue("status text", statusText);
  for (const [name, value] of headers) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
}

const STATUS: Partial<Record<Failure["code"], number>> = {
  INVALID: 400,
  NOT_FOUND: 404,
  FUNCTION_TIMEOUT: 504,
  CANCELLED: 503,
  ENGINE_UNAVAILABLE: 503,
};

/** RFC 9457. */
export function sendProblem(response: ServerResponse, status: number, { code, message, hint }: Failure): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail: message,
    code: `FARCALL_${code}`,
    hint,
  });
  response.writeHead(status, { "content-type": "application/problem+json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** The payload that the container makes a Request of. */
export function webPayload(request: IncomingMessage, url: string, body: readonly Buffer[]): Buffer {
  const headers: WebRequestHead["headers"] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && name !== "expect") headers.push([name, request.rawHeaders[i + 1]!]);
  }
  const head: WebRequestHead = { method: request.method ?? "GET", url, headers };
  const bytes = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes, ...body]);
}
