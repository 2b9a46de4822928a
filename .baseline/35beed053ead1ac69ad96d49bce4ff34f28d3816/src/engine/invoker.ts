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
  /** Progress reports go to the sink. */
  progress?: boolean | undefined;
  /** Passed to the containers that run its inputs; kept with a durable call. */
  trace?: TraceContext | undefined;
  /** The input whose code makes the call, as CallContext.inputId names it: an engine can see that calls wait for each other. */
  parent?: string | undefined;
}

/** Where the call was made, as the header fields of W3C Trace Context and Baggage: traceparent, tracestate, baggage. */
export type TraceContext = Record<string, string>;

/**
 * An output for an input. `result` and `exception` carry a payload of the container's codec and end a unary input;
 * a generator's input gives any number of `yield`, then `end` or `exception`. `failure` is the engine's own and ends an input.
 */
export type Output =
  | { kind: "result" | "exception" | "yield"; index: number; payload: Uint8Array }
  | { kind: "end"; index: number }
  | { kind: "failure"; index: number; failure: Failure };

/** What user code reported with `context().progress()`. */
export interface Progress {
  /** The input of the call. */
  index: number;
  /** From 0 to 1. */
  fraction: number;
  message?: string;
}

/** Receives a call's outputs. Called synchronously in order; must not throw. */
export interface CallSink {
  output(output: Output): void;
  /** Only for a call that was opened with `progress`. Some reports are dropped when there are many; an input's come before its outcome. */
  progress?(progress: Progress): void;
  /** The whole call is over without more outputs: not found, mismatch, engine lost, cancelled. At most once, nothing after it. */
  failed(failure: Failure): void;
}

/** The caller's side of an open call. */
export interface CallHandle {
  /**
   * `fc-…`, or "" until the engine has named the call. `end()` resolves to the final id: for an idempotency key
   * that exists already, the existing call's.
   */
  readonly id: string;
  /** Indices count up from 0. Sent in batches, soon. */
  put(index: number, payload: Uint8Array): void;
  /** Resolves once the engine has taken enough of what was put; `undefined` when there is no need to wait. */
  drained(): Promise<void> | undefined;
  /** No more inputs. Resolves to the call's id: for a durable call when all inputs are on disk, otherwise as soon as it has one. An engine may leave a call without inputs unnamed. */
  end(): Promise<string>;
  /** Lets a generator send `count` more `yield` outputs. A call starts with none granted; unary outputs need none. */
  credit(count: number): void;
  /** Cancels inputs that have not ended; nothing is delivered after it. Idempotent, also after the end. */
  cancel(): void;
  /** Forgets the call without cancelling it (a durable one goes on); nothing is delivered after it. */
  detach(): void;
}

export interface CallInfo {
  id: string;
  app: string;
  environment: string;
  function: string;
  /** For a method: as in FunctionRef. */
  instance?: string;
  /** Absent where the engine does not say. */
  version?: number;
  /** `web`: an HTTP request. Absent where the engine does not say. */
  method?: OpenCall["method"] | "web";
  mode: FunctionMode;
  numInputs: number;
  /** Of those, the ones that have ended, successfully or not. */
  numEnded: number;
  /** Of those, the ones that ended with an exception or a failure. */
  numFailed: number;
  /** ISO 8601. */
  createdAt: string;
  endedAt?: string;
  /** When it may begin, of a call that was made for later. ISO 8601. */
  dueAt?: string;
  cancelled: boolean;
  /** Why the last container failed to start; present while its inputs wait and containers keep failing. */
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
  /** Why the last container failed to start; present while inputs wait and containers keep failing. */
  startProblem?: string;
}

/** Overrides the static options. Options that are left out keep their values. */
export interface AutoscalerSettings {
  minContainers?: number;
  maxContainers?: number;
  bufferContainers?: number;
  scaledownWindowMs?: number;
}

export interface AttachOptions {
  /** As in OpenCall, when its code waits for the outputs until they come. */
  parent?: string | undefined;
}

export interface Invoker {
  /** Synchronous and quick: I/O follows in batches; failures reach the sink. */
  open(request: OpenCall, sink: CallSink): CallHandle;
  /**
   * Delivers a durable call's outputs, present and future, each input's once. `detach` to stop. Fails with
   * INVALID when the range has inputs that the call does not have.
   */
  attach(
    callId: string,
    range: InputRange,
    sink: CallSink,
    options?: AttachOptions,
  ): Pick<CallHandle, "credit" | "detach">;
  /** Outputs that are ready now. Rejects with NotFoundError, OutputExpiredError. */
  poll(callId: string, range: InputRange): Promise<Output[]>;
  call(callId: string): Promise<CallInfo>;
  /** Cancels inputs that have not ended. `terminateContainers` also kills the containers that run them. */
  cancel(callId: string, options?: { terminateContainers?: boolean }): Promise<void>;
  stats(ref: FunctionRef): Promise<FunctionStats>;
  updateAutoscaler(ref: FunctionRef, settings: AutoscalerSettings): Promise<void>;
}
