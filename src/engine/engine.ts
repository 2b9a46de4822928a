/**
 * The engine port: all that farcall asks of the place where functions run. A registry keeps what is deployed; an invoker
 * runs calls. Payloads are opaque bytes here: the caller's codec encodes them and the container's decodes them, so an
 * engine never holds user values. Every adapter passes the conformance suite in test/engine.
 *
 * Failures reach the caller as FarcallError subclasses, rejected or, inside a call, as `Failure`.
 */
import type { FailureCode } from "../runtime/errors.ts";
import type { AppManifest, FunctionMode, FunctionSchema } from "../schema/index.ts";

export interface Engine {
  /** Canonical: `local:/home/ada/.local/state/farcall`. */
  readonly url: string;
  readonly registry: Registry;
  readonly invoker: Invoker;
  /** Drops connections and lets the process exit. Durable calls go on. Idempotent. */
  close(): Promise<void>;
}

/** Opens the engine that a URL names. Does no I/O before the first use. */
export type EngineFactory = (url: string) => Engine;

// ---- registry -------------------------------------------------------------------------------------------------

export interface AppRef {
  app: string;
  environment: string;
  /** A deployed version; the newest when absent. */
  version?: number | undefined;
}

export interface FunctionRef extends AppRef {
  name: string;
  /** The signature that the caller's stub was generated from. The engine refuses the call when the deployed one is incompatible. */
  signature?: string | undefined;
  /**
   * Of a method: the constructor's arguments, encoded, as base64url. Equal text is the same set of arguments, and each set has
   * containers of its own, which construct one instance each. A call of a method needs it; what asks about a method may.
   */
  instance?: string | undefined;
}

export interface AppSummary {
  app: string;
  environment: string;
  version: number;
  deployedAt: string;
  functions: number;
  /** Changes with every deploy and remove of this app. */
  etag: string;
}

export interface ResolvedFunction {
  app: string;
  environment: string;
  name: string;
  version: number;
  mode: FunctionMode;
  schema: FunctionSchema;
  webUrl?: string;
}

/** What runs: one bundled ES module with its source map, named by the hash of its content. */
export interface Artifact {
  /** sha256, hex, of `code`. */
  hash: string;
  code: string;
  sourceMap: string;
  /** Absolute folder of the project: where sources in the map and unbundled packages are found. */
  root: string;
}

export interface DeployRequest {
  /** `version` 0 and `deployedAt` "": the registry assigns both. */
  manifest: AppManifest;
  artifact: Artifact;
  /** Values of the secrets that the functions' options name. */
  secrets: Record<string, string>;
}

export interface DeployResult {
  version: number;
  /** False when manifest, artifact and secrets equal the newest version's: nothing was registered. */
  changed: boolean;
  manifest: AppManifest;
  /** The newest version before this one. */
  previous?: AppManifest;
}

export interface DeployEvent {
  /** Grows with each event of a registry; give it back as `after` to miss none. */
  sequence: number;
  kind: "deployed" | "removed";
  app: string;
  environment: string;
  version: number;
  etag: string;
}

export interface Registry {
  listApps(filter?: { environment?: string }): Promise<AppSummary[]>;
  /** `manifest` is absent when the current etag equals `ifNotEtag`. Rejects with NotFoundError that names the nearest apps. */
  getManifest(
    ref: AppRef,
    options?: { ifNotEtag?: string | undefined },
  ): Promise<{ etag: string; manifest?: AppManifest }>;
  resolve(ref: FunctionRef): Promise<ResolvedFunction>;
  deploy(request: DeployRequest): Promise<DeployResult>;
  /** Cancels its calls, stops its containers, forgets its versions. */
  remove(ref: { app: string; environment: string }): Promise<void>;
  /**
   * Events after `after` (default: from now on), then live ones, across reconnections, until `signal` aborts (it then ends
   * quietly). The iterable is subscribed once the first `next()` has been called; `onReady` tells when.
   */
  watchDeploys(options: {
    after?: number;
    signal?: AbortSignal;
    onReady?: (sequence: number) => void;
  }): AsyncIterable<DeployEvent>;
}

// ---- invoker --------------------------------------------------------------------------------------------------

export interface OpenCall {
  function: FunctionRef;
  /** The method's name, for people who look at calls. */
  method: "remote" | "remoteGen" | "map" | "spawn" | "spawnMap";
  /** Inputs and outputs are kept on disk: `spawn`, `spawnMap`. */
  durable: boolean;
  /** The same key on the same function gives the same call. */
  idempotencyKey?: string | undefined;
  /** The sink wants to hear of progress. */
  progress?: boolean | undefined;
  /** Handed to the containers that run its inputs; kept with a durable call. */
  trace?: TraceContext | undefined;
}

/** Where the call was made, as the header fields of W3C Trace Context and Baggage: traceparent, tracestate, baggage. */
export type TraceContext = Record<string, string>;

export interface Failure {
  code: FailureCode;
  message: string;
  hint?: string | undefined;
}

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
  /** `fc-…`, made by the caller; for an idempotency key that exists already, `end()` resolves to the existing call's id. */
  readonly id: string;
  /** Indices count up from 0. Sent in batches, soon. */
  put(index: number, payload: Uint8Array): void;
  /** Resolves once the engine has taken enough of what was put; `undefined` when there is no need to wait. */
  drained(): Promise<void> | undefined;
  /** No more inputs. Resolves to the call's id: for a durable call when all inputs are on disk, otherwise at once. */
  end(): Promise<string>;
  /** Lets a generator send `count` more `yield` outputs. A call starts with none granted; unary outputs need none. */
  grant(count: number): void;
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
  version: number;
  /** `web`: an HTTP request. */
  method: OpenCall["method"] | "web";
  mode: FunctionMode;
  numInputs: number;
  /** Of those, the ones that have ended, well or badly. */
  numEnded: number;
  /** Of those, the ones that gave an exception or a failure. */
  numFailed: number;
  /** ISO 8601. */
  createdAt: string;
  endedAt?: string;
  cancelled: boolean;
}

/** Half-open range of input indices; all when absent. */
export interface InputRange {
  start?: number | undefined;
  end?: number | undefined;
}

/** One input of a call as the engine remembers it, for people who look at the call. */
export interface InputRecord {
  index: number;
  /** The encoded arguments. Absent when they were not kept: they were too large, or of one of many inputs. */
  payload?: Uint8Array;
  /** What has come of it so far, of a generator the first yields. The payload of one that was too large to be kept is empty. */
  outputs: Output[];
}

export interface FunctionStats {
  /** Inputs that wait for a container. */
  backlog: number;
  numTotalRunners: number;
  numRunningInputs: number;
}

/** Overrides of the static options. What is left out keeps its value. */
export interface AutoscalerSettings {
  minContainers?: number;
  maxContainers?: number;
  bufferContainers?: number;
  scaledownWindowMs?: number;
}

export interface LogEntry {
  /** Grows with each entry of an engine. */
  sequence: number;
  /** ISO 8601. */
  time: string;
  app: string;
  environment: string;
  function: string;
  container: string;
  callId?: string;
  inputIndex?: number;
  stream: "stdout" | "stderr" | "system";
  text: string;
}

export interface LogFilter {
  app?: string | undefined;
  environment?: string | undefined;
  function?: string | undefined;
  callId?: string | undefined;
  after?: number | undefined;
  /** Newest entries to begin with, at most. */
  limit?: number | undefined;
  /** Go on with new entries until the signal aborts. */
  follow?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Invoker {
  /** Synchronous and quick: I/O follows in batches; failures reach the sink. */
  open(request: OpenCall, sink: CallSink): CallHandle;
  /**
   * Delivers the outputs of a durable call, those present and those to come, each input's once. `detach` to stop. Fails with
   * INVALID when the range names inputs and the call has none of them.
   */
  attach(callId: string, range: InputRange, sink: CallSink): Pick<CallHandle, "grant" | "detach">;
  /** Outputs that are ready now. Rejects with NotFoundError, OutputExpiredError. */
  poll(callId: string, range: InputRange): Promise<Output[]>;
  call(callId: string): Promise<CallInfo>;
  calls(filter?: { app?: string; environment?: string; function?: string; limit?: number }): Promise<CallInfo[]>;
  /**
   * Inputs that the engine remembers, in order. Of a durable call all, as long as its results are kept, with the arguments of the
   * first and of those that failed; of any other the first few and the first that failed, for a while. An engine may leave out
   * what is large. Rejects with NotFoundError.
   */
  inputs(callId: string, range: InputRange): Promise<InputRecord[]>;
  /** Cancels what has not ended. `terminateContainers` also kills the containers that run its inputs. */
  cancel(callId: string, options?: { terminateContainers?: boolean }): Promise<void>;
  /**
   * The newest progress of each input that runs, then, with `follow`, what comes until the call has ended or the signal
   * aborts. Any call, durable or not. A slow reader gets the newest of each input. Rejects with NotFoundError.
   */
  progress(callId: string, options?: { follow?: boolean; signal?: AbortSignal | undefined }): AsyncIterable<Progress>;
  stats(ref: FunctionRef): Promise<FunctionStats>;
  updateAutoscaler(ref: FunctionRef, settings: AutoscalerSettings): Promise<void>;
  logs(filter: LogFilter): AsyncIterable<LogEntry>;
}
