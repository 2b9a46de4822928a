/** The monitor: questions about calls and containers. An engine that does not record them leaves it out. */
import type { CallInfo, FunctionStats, InputRange, Output, Progress } from "./invoker.ts";
import type { FunctionRef } from "./registry.ts";

/** One input of a call as the engine remembers it, for people who look at the call. */
export interface InputRecord {
  index: number;
  /** The encoded arguments. Absent when they were not kept: they were too large, or the call has many inputs. */
  payload?: Uint8Array;
  /** How often it was begun, when that was more than once and the engine knows. */
  attempts?: number;
  /** Its outputs so far; for a generator the first yields. The payload of an output that was too large to keep is empty. */
  outputs: Output[];
}

/** Which inputs of a call. */
export interface InputQuery extends InputRange {
  /** Only those that gave an exception or a failure. */
  failed?: boolean | undefined;
  /** The first so many of them; an engine may give fewer. */
  limit?: number | undefined;
}

/** The figures of a function at one moment. */
export interface StatsSample extends FunctionStats {
  /** Milliseconds since 1970. */
  at: number;
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
  /** How many of the newest entries to begin with, at most. */
  limit?: number | undefined;
  /** Go on with new entries until the signal aborts. */
  follow?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Monitor {
  calls(filter?: { app?: string; environment?: string; function?: string; limit?: number }): Promise<CallInfo[]>;
  /**
   * Inputs that the engine remembers, in order. For a durable call these are all, as long as its results are kept, with the arguments
   * of the first ones and of those that failed; for any other call the first few and the first that failed, for a while. An engine may
   * leave out large payloads. Rejects with NotFoundError.
   */
  inputs(callId: string, query: InputQuery): Promise<InputRecord[]>;
  /**
   * The newest progress of each running input, then, with `follow`, new reports until the call has ended or the signal
   * aborts. Works for any call, durable or not. A slow reader gets each input's newest. Rejects with NotFoundError.
   */
  progress(callId: string, options?: { follow?: boolean; signal?: AbortSignal | undefined }): AsyncIterable<Progress>;
  logs(filter: LogFilter): AsyncIterable<LogEntry>;
  /** A function's figures over the last two minutes, about one a second, oldest first. Absent: the engine keeps none. */
  recentStats?(ref: FunctionRef): Promise<StatsSample[]>;
}
