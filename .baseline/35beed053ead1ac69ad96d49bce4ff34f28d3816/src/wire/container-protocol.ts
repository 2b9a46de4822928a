/**
 * The container protocol: what an engine and a container send each other, in frames (wire/frames.ts) over one private duplex
 * stream, which is file descriptor 3 of the container's process. A container can be written in any language from this file,
 * frames.ts and call-header.ts; test/pool/fixtures/container.py is a small one.
 *
 * The life of a container:
 *
 * 1. The engine starts the process and sends `load`. The container sets the environment variables of the message, enters
 *    `root`, loads `artifact`, and answers `ready`; or `loadFailed`, after which it exits with code 1.
 * 2. The engine announces a call with `call`, then sends its inputs with `input`, without waiting for answers. It may
 *    send them before `ready`.
 * 3. The container runs up to `maxInputs` inputs at a time, in the order in which they came, and ends each with exactly one
 *    of `result`, `exception`, `end`, `failure` or `returned`. A generator sends as many `yield` frames as it was granted
 *    with `credit`, then `end`.
 * 4. On `cancel`, the container stops the input as soon as the user's code lets it and ends it with a `failure` of code
 *    CANCELLED. The engine kills a process that takes too long.
 * 5. On `stop`, or SIGTERM, it finishes the inputs that it has, runs the app's stop hooks and exits with code 0. It exits at
 *    once when the stream closes, since then there is no engine to work for.
 *
 * Frames of unknown types are ignored, and so are frames for calls and inputs that have ended. `call` and `index` of a
 * frame's header name the call and the input; they are 0 where they do not apply. JSON is in UTF-8. Arguments are
 * the CBOR array `[args]` or `[args, kwargs]` (RFC 8949), results and yields a CBOR value, exceptions a CBOR value of what
 * was thrown; the tags for what CBOR lacks are those of runtime/codec/tags.ts. What is printed to standard output and error
 * is logged too; `log` frames say which input printed it.
 */
import type { Failure } from "../engine/index.ts";
import type { FunctionMode } from "../schema/index.ts";

/** Engine to container. */
export const ToContainer = {
  /** JSON LoadMessage; the first frame, once. */
  load: 1,
  /** a call header (wire/call-header.ts): the call's id and CallMessage, for call number `call`; precedes its inputs. */
  call: 2,
  /** One input: `call`, `index`; the payload is the encoded arguments, and `flags` the attempt, from 0. */
  input: 3,
  /** Stop the input `call`, `index`: abort its signal if it runs. */
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
  /** JSON LoadFailedMessage; the container exits with code 1 after it. */
  loadFailed: 2,
  /** The input's result, encoded. */
  result: 3,
  /** What user code threw, encoded. */
  exception: 4,
  /** One value that a generator yielded, encoded. */
  yield: 5,
  /** The generator is done. */
  end: 6,
  /** JSON Failure raised by farcall for this input: arguments that cannot be decoded or do not fit, results that cannot be encoded. */
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
  /** For a class: the constructor's arguments, as in FunctionRef. Each call names its method. */
  instance?: string;
  /** Absolute path of the artifact's ES module; its source map is next to it as `<file>.map`. */
  artifact: string;
  /** From the manifest: decides whether the function's result is iterated. */
  mode: FunctionMode;
  /** Absolute folder of the author's project: the container's working directory. */
  root: string;
  /** URL of the engine, for calls that user code makes. */
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
  /** The function is batched: its inputs begin with `together`, and the engine decides how many run at a time. */
  batched?: boolean;
}

export interface CallMessage {
  method: string;
  /** Per attempt. */
  timeoutMs: number;
  /** For a call of a class's method: `Model.predict`. */
  function?: string;
  /** Whether that method's result is iterated. */
  mode?: FunctionMode;
  /** Its input is an HTTP request (WebRequestHead), which the function or its JSON form answers. */
  web?: boolean;
  /** The caller's trace: TraceContext of the engine port. */
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
  /** The caller's fault: the constructor's arguments do not fit. */
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
