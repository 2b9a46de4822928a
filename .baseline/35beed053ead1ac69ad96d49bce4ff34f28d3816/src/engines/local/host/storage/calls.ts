/**
 * What is kept of durable calls, as the rest of the host sees it. Writes are plain data, which another thread carries out, and
 * are acknowledged by a callback; reads answer at once.
 */
import type { FunctionRef, OpenCall } from "../../../../engine/index.ts";
import type { FarcallError } from "../../../../runtime/errors.ts";
import { FromHost } from "../../protocol.ts";
import { INLINE_BYTES } from "./layout.ts";

/** `state` of an input. */
export const InputState = { waiting: 0, result: 1, exception: 2, failure: 3 } as const;

/** The frame type in which an output of a state is sent. */
export const OUTPUT_TYPES: Record<number, number> = {
  [InputState.result]: FromHost.result,
  [InputState.exception]: FromHost.exception,
  [InputState.failure]: FromHost.failure,
};

export interface CallRow {
  number: number;
  id: string;
  app: string;
  environment: string;
  function: string;
  /** FunctionRef's; "" for a function that is not a method. */
  instance: string;
  version: number;
  method: OpenCall["method"];
  key: string | null;
  /** `null` until the call is accepted. */
  num_inputs: number | null;
  cancelled: number;
  created_at: number;
  ended_at: number | null;
  expired: number;
  num_failed: number;
  /** TraceContext as JSON. */
  trace: string | null;
  /** When it may begin, in milliseconds since 1970; null for at once. */
  due_at: number | null;
  /** Of all its inputs, when it has a key and was accepted; see DurableCall. */
  digest: Uint8Array | null;
}

export interface StoredInput {
  index: number;
  state: number;
  /** The input while it waits, its output from then on. */
  payload: Uint8Array;
}

export interface RecordedOutput {
  /** A type of FromHost. */
  type: number;
  payload: Uint8Array;
}

export interface RecordedInput {
  index: number;
  /** Empty when it was too large. */
  payload: Uint8Array;
  outputs: RecordedOutput[];
  /** How often it was begun, when that was more than once. */
  runs: number;
}

/** Which inputs of a call: from `start` to before `end`, `limit` at most. */
export interface RecordedQuery {
  start: number;
  end: number;
  failed: boolean;
  limit: number;
}

/** One change. `call` is the call's number in the database. */
export type CallWrite =
  | { kind: "insert"; row: CallRow }
  | { kind: "inputs"; call: number; inputs: readonly { index: number; payload: Uint8Array }[] }
  | { kind: "accept"; call: number; numInputs: number; endedAt: number | null; digest: Uint8Array | null }
  | OutputWrite
  /** An input was begun more than once. */
  | { kind: "repeated"; call: number; index: number; runs: number }
  | { kind: "end"; call: number; at: number }
  | { kind: "cancel"; call: number; at: number }
  | { kind: "delete"; call: number }
  /** Of some calls that ended before `before` the payloads; expired calls that ended before `forgetBefore` altogether. */
  | { kind: "expire"; before: number; forgetBefore: number };

export interface OutputWrite {
  kind: "output";
  call: number;
  index: number;
  state: number;
  payload: Uint8Array;
  inputWasLarge: boolean;
}

export type StoredListener = (error: FarcallError | undefined) => void;

/** Lies apart. */
export function isLarge(payload: Uint8Array): boolean {
  return payload.length > INLINE_BYTES;
}

export interface CallFilter {
  app?: string;
  environment?: string;
  function?: string;
}

export interface CallStorage {
  /** A number for a new call. */
  nextNumber(): number;

  /**
   * `compose` is called when the next group of writes is put together, and says what the call has to write at that moment.
   * `done` is called once all of it is on disk, or with an error when none of it is.
   */
  write(compose: () => readonly CallWrite[], done: StoredListener): void;
  /**
   * Drops the payloads of some calls that ended before `before`, and forgets expired calls that ended before `forgetBefore`.
   * `done` learns whether there may be more; it is not called when nothing is so old. Throws EngineUnavailableError.
   */
  expire(before: number, forgetBefore: number, done: (error: FarcallError | undefined, more: boolean) => void): void;
  /** Returns once everything that was to be written is on disk. */
  flush(): void;

  // Reads throw EngineUnavailableError.

  byId(id: string): CallRow | undefined;
  byKey(ref: FunctionRef, key: string): CallRow | undefined;
  /** Some calls that have not ended, by number, from the first above `after`. */
  open(after: number, limit: number): CallRow[];
  /** Versions of an app that calls which have not ended belong to. */
  openVersions(app: { app: string; environment: string }): number[];
  /** The number of the newest call. */
  readonly lastNumber: number;
  newest(filter: CallFilter, limit: number): CallRow[];
  countInputs(call: number): number;
  countUnfinished(call: number): number;
  /** A page of inputs without an outcome, from `index` on. */
  waitingInputs(call: number, index: number): StoredInput[];
  /** A page of inputs in any state, from `start` to before `end`. */
  inputs(call: number, start: number, end: number): StoredInput[];
  /** A page of those that have an outcome. */
  outputs(call: number, start: number, end: number): StoredInput[];
  input(call: number, index: number): StoredInput | undefined;
  /** A page of inputs with their outputs, for people to look at. */
  recordedInputs(call: number, query: RecordedQuery): RecordedInput[];
}
