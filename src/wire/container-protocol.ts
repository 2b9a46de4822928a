/**
 * What an engine and a container say to each other, in frames (wire/frames.ts) over one private duplex stream (file
 * descriptor 3 of the container's process). The engine opens calls and sends inputs; the container sends what comes of them.
 */
import type { Failure } from "../engine/index.ts";
import type { FunctionMode, ResolvedFunctionOptions } from "../schema/index.ts";

/** Engine to container. */
export const ToContainer = {
  /** JSON LoadMessage; the first frame, once. */
  load: 1,
  /** a call header (wire/call-header.ts): the call's id and CallMessage, for call number `call`; precedes its inputs. */
  call: 2,
  /** One input: `call`, `index`, payload = encoded arguments; `flags` = attempt, from 0. */
  input: 3,
  /** Abort the signal of one running input. */
  cancel: 4,
  /** A generator may send as many more yields as the u32le payload says: `call`, `index`. */
  credit: 5,
  /** No more inputs for this call: forget it. */
  forget: 6,
  /** Finish running inputs, then exit with code 0. */
  stop: 7,
  /**
   * Give back every input that has not started: answer `returned` for each of them. The engine sends more inputs than
   * `LoadMessage.maxInputs` when they are short, so that the next one need not wait for a round trip; when one turns out
   * to be long, it takes the waiting ones back for other containers.
   */
  recall: 8,
  /** The last `index` inputs that were sent run together, in one call of the batched function. */
  together: 9,
  /** Answer `pong`: whether user code lets the process do anything else. */
  ping: 10,
} as const;

/** Container to engine. */
export const FromContainer = {
  /** JSON ReadyMessage: the app is loaded and the function was found. */
  ready: 1,
  /** JSON LoadFailedMessage; the container exits after it. */
  loadFailed: 2,
  /** The input's result, encoded. */
  result: 3,
  /** What user code threw, encoded. */
  exception: 4,
  /** One value that a generator yielded, encoded. */
  yield: 5,
  /** The generator is done. */
  end: 6,
  /** JSON Failure of farcall's own for this input: arguments that cannot be decoded or do not fit, results that cannot be encoded. */
  failure: 7,
  /** JSON LogMessage. */
  log: 8,
  /** JSON ProgressMessage: how far the input `call`, `index` is. */
  progress: 9,
  /** The input `call`, `index` had not started and now will not: the answer to `recall`, one for each. */
  returned: 10,
  /** The answer to `ping`. */
  pong: 11,
} as const;

export interface LoadMessage {
  app: string;
  environment: string;
  version: number;
  /** The function that this container runs, or the class. */
  function: string;
  /** Of a class: the constructor's arguments, as FunctionRef has them. Each call says which method it is of. */
  instance?: string;
  /** Absolute path of the artifact's ES module; its source map lies beside it as `<file>.map`. */
  artifact: string;
  /** From the manifest: decides whether what the function returns is iterated. */
  mode: FunctionMode;
  /** Absolute folder of the author's project: the container's working directory. */
  root: string;
  /** URL of the engine, for calls that user code makes in turn. */
  engine: string;
  /** Absolute path of the version's manifest (JSON), read when arguments are validated or come as JSON; "" when there is none. */
  manifest: string;
  container: string;
  /** Environment variables to set before the app is loaded: the process may have been started before its function was known. */
  env?: Record<string, string>;
  /**
   * Inputs that may run at a time. More may arrive: they wait in the container and start in the order in which they came,
   * each when one ends. Cancelling a waiting input ends it like a running one (`failure` CANCELLED). Default 1.
   */
  maxInputs?: number;
  /** The function is batched: its inputs begin with `together`, and the engine sees to how many run at a time. */
  batched?: boolean;
}

export interface CallMessage {
  method: string;
  /** Per attempt. */
  timeoutMs: number;
  /** Of a call of a class's method: `Model.predict`. */
  function?: string;
  /** And whether what it returns is iterated. */
  mode?: FunctionMode;
  /** Its input is an HTTP request (WebRequestHead), which the function or its JSON form answers. */
  web?: boolean;
  /** Where the call was made: TraceContext of the engine port. */
  trace?: Record<string, string>;
}

/**
 * Payload of the input of a web call: u32le length of this as JSON, this, the body. It is answered like a generator's: the
 * first `yield` is a WebResponseHead as JSON, those that follow are the body's bytes.
 */
export interface WebRequestHead {
  method: string;
  url: string;
  headers: [name: string, value: string][];
}

export interface WebResponseHead {
  status: number;
  statusText: string;
  headers: [name: string, value: string][];
}

export interface ReadyMessage {
  pid: number;
  /** Milliseconds from the process's start until ready. */
  startupMs: number;
}

export interface LoadFailedMessage {
  message: string;
  stack?: string;
  /** It is the fault of who calls: the constructor's arguments do not fit. */
  failure?: Failure;
}

export interface ProgressMessage {
  /** From 0 to 1. */
  fraction: number;
  message?: string;
}

export interface LogMessage {
  stream: "stdout" | "stderr";
  text: string;
  /** Call number and index of the input that wrote it, when known. */
  call?: number;
  index?: number;
}

// ---- inspect.ts ---------------------------------------------------------------------------------------------------

/** What inspect.ts answers, once, as JSON on its file descriptor 3: what a module registers when it is imported. */
export type Inspection =
  | { apps: InspectedApp[] }
  /** The import failed; the stack is in the author's lines. */
  | { error: { message: string; stack?: string; hint?: string } };

export interface InspectedApp {
  name: string;
  functions: { name: string; mode: FunctionMode; options: ResolvedFunctionOptions }[];
  /** Their methods, those that the author has made private too. */
  classes: { name: string; methods: { name: string; options: ResolvedFunctionOptions }[] }[];
}
