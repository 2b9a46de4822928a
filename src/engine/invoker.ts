/** The invoker: runs calls. Every engine has one. */
import type { FunctionMode } from "../schema/index.ts";
import type { Failure } from "./failure.ts";
import type { FunctionRef } from "./registry.ts";

export interface OpenCall {
  function: FunctionRef;
  /** The method's name, for people who look at calls. */
  method: "remote" | "remoteGen" | "map" | "spawn" | "spawnMap";
  /** Inputs and outputs are kept on disk: `spawn`, `spawnMap`. */
  durable: boolean;
  /** The same key on the same function gives the same call. */
  idempotencyKey?: string | undefined;
  /** Of a durable call: its inputs begin at this time or later, by the engine's clock, in milliseconds since 1970. */
  dueAt?: number | undefined;
  /** Reports of progress go to the sink. */
  progress?: boolean | undefined;
  /** Handed to the containers that run its inputs; kept with a durable call. */
  trace?: TraceContext | undefined;
  /** The input whose code makes the call, as CallContext.inputId names it: an engine can see that calls wait for each other. */
  parent?: string | undefined;
}

/** Where the call was made, as the header fields of W3C Trace Context and Baggage: traceparent, tracestate, baggage. */
export type TraceContext = Record<string, string>;

/**
 * What comes back for an input. `result` and `exception` carry a payload of the container's codec and end a unary input;
 * a generator's input gives any number of `yield`, then `end` or `exception`. `failure` is the engine's own and ends an input.
 */
export type Output =
  | { kind: "result" | "exception" | "yield"; index: number; payload: Uint8Array }
  | { kind: "end"; index: number }
  | { kind: "failure"; index: number; failure: Failure };

/** What user code said with `context().progress()`. */
export interface Progress {
  /** The input of the call. */
  index: number;
  /** From 0 to 1. */
  fraction: number;
  message?: string;
}

/** Receives what a call brings. Called synchronously in order; must not throw. */
export interface CallSink {
  output(output: Output): void;
  /** Only of a call that was opened with `progress`. Some are left out when there are many; an input's come before its outcome. */
  progress?(progress: Progress): void;
  /** The whole call is over without more outputs: not found, mismatch, engine lost, cancelled. At most once, nothing after it. */
  failed(failure: Failure): void;
}

/** The caller's side of an open call. */
export interface CallHandle {
  /**
   * `fc-…`, or "" as long as the engine has not named the call. `end()` resolves to the id that counts: for an idempotency key
   * that exists already, the existing call's.
   */
  readonly id: string;
  /** Indices count up from 0. Sent in batches, soon. */
  put(index: number, payload: Uint8Array): void;
  /** Resolves once the engine has taken enough of what was put; `undefined` when there is no need to wait. */
  drained(): Promise<void> | undefined;
  /** No more inputs. Resolves to the call's id: for a durable call when all inputs are on disk, otherwise as soon as it has one. */
  end(): Promise<string>;
  /** Lets a generator send `count` more `yield` outputs. A call starts with none granted; unary outputs need none. */
  credit(count: number): void;
  /** Cancels what has not ended; nothing is delivered after it. Idempotent, also after the end. */
  cancel(): void;
  /** Forgets the call without cancelling it (a durable one goes on); nothing is delivered after it. */
  detach(): void;
}

export interface CallInfo {
  id: string;
  app: string;
  environment: string;
  function: string;
  /** Of a method: as FunctionRef has it. */
  instance?: string;
  /** Absent where the engine does not say. */
  version?: number;
  /** `web`: an HTTP request. Absent where the engine does not say. */
  method?: OpenCall["method"] | "web";
  mode: FunctionMode;
  numInputs: number;
  /** Of those, the ones that have ended, well or badly. */
  numEnded: number;
  /** Of those, the ones that gave an exception or a failure. */
  numFailed: number;
  /** ISO 8601. */
  createdAt: string;
  endedAt?: string;
  /** When it may begin, of a call that was made for later. ISO 8601. */
  dueAt?: string;
  cancelled: boolean;
  /** Its inputs wait, and containers fail to start: why the last one did. */
  startProblem?: string;
}

/** Half-open range of input indices; all when absent. */
export interface InputRange {
  start?: number | undefined;
  end?: number | undefined;
}

export interface FunctionStats {
  /** Inputs that wait for a container. */
  backlog: number;
  numTotalRunners: number;
  numRunningInputs: number;
  /** Of the backlog, the inputs that a limit of the function holds back; absent when there are none. */
  numHeldBack?: number;
  /** Inputs wait, and containers fail to start: why the last one did. */
  startProblem?: string;
}

/** Overrides of the static options. What is left out keeps its value. */
export interface AutoscalerSettings {
  minContainers?: number;
  maxContainers?: number;
  bufferContainers?: number;
  scaledownWindowMs?: number;
}

export interface Invoker {
  /** Synchronous and quick: I/O follows in batches; failures reach the sink. */
  open(request: OpenCall, sink: CallSink): CallHandle;
  /**
   * Delivers the outputs of a durable call, those present and those to come, each input's once. `detach` to stop. Fails with
   * INVALID when the range has inputs of which the call has none.
   */
  attach(callId: string, range: InputRange, sink: CallSink): Pick<CallHandle, "credit" | "detach">;
  /** Outputs that are ready now. Rejects with NotFoundError, OutputExpiredError. */
  poll(callId: string, range: InputRange): Promise<Output[]>;
  call(callId: string): Promise<CallInfo>;
  /** Cancels what has not ended. `terminateContainers` also kills the containers that run its inputs. */
  cancel(callId: string, options?: { terminateContainers?: boolean }): Promise<void>;
  stats(ref: FunctionRef): Promise<FunctionStats>;
  updateAutoscaler(ref: FunctionRef, settings: AutoscalerSettings): Promise<void>;
}
