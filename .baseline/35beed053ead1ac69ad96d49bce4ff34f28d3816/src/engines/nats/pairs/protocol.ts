/**
 * What sources and workers say to each other, in frames. A source is a process that calls: a caller's own, or the worker
 * that is at home to a durable call. It numbers its calls; `call` in a frame's header is that number.
 *
 * A source *offers* inputs to the workers that run the function. The worker takes what it has room for and gives the rest
 * back, and those wait at their source until a worker *pulls* them. A source keeps every input until its outcome has come.
 */
import type { Failure, OpenCall, Output } from "../../../engine/index.ts";
import type { Frame } from "../../../wire/frames.ts";

/** In an offer, and in the answer to a pull: a call, then inputs of it, any number of times. */
export const ToWorker = {
  /** A call header (wire/call-header.ts): the call's id and OfferedCall; precedes its inputs wherever they are sent. */
  call: 1,
  /** One input: `call`, `index`; the payload is the encoded arguments. */
  input: 2,
  /** Payload u32le: how many yields the generator may send in all. */
  granted: 3,
  /** Stop the call's inputs; with flag TERMINATE also kill their containers. */
  cancel: 4,
  /** No more inputs of the unit that the payload names come without being asked: the answer to a `room` of 0. */
  closed: 5,
} as const;

export const TERMINATE = 1;

export const ToSource = {
  result: 1,
  exception: 2,
  yield: 3,
  end: 4,
  /** JSON Failure of one input. */
  failure: 5,
  /** JSON Failure of the whole call. */
  failed: 6,
  /** JSON Progress. */
  progress: 7,
  /** The input was not begun and is the source's again. */
  back: 8,
  /** The offer `index` has come; what was not given back stays. */
  took: 9,
  /** So many inputs of the unit that the payload names the source may have here at a time without being asked: `index`; 0 is answered. */
  room: 10,
  /** The answer to a bell: JSON Refusal. */
  refused: 11,
} as const;

/** A worker cannot run a unit. */
export interface Refusal {
  unit: string;
  failure: Failure;
}

/** A call, or an HTTP request for a web function. */
export type SourceRequest = Omit<OpenCall, "method"> & { method: OpenCall["method"] | "web" };

/** The same, as a worker needs it. The version is always given. */
export type OfferedCall = Pick<SourceRequest, "function" | "method" | "durable" | "trace" | "progress">;

/** What a frame of a worker says about an input; undefined when it says something else. */
export function outputOf({ type, index, payload }: Frame): Output | undefined {
  switch (type) {
    case ToSource.result:
      return { kind: "result", index, payload };
    case ToSource.exception:
      return { kind: "exception", index, payload };
    case ToSource.yield:
      return { kind: "yield", index, payload };
    case ToSource.end:
      return { kind: "end", index };
    case ToSource.failure:
      return { kind: "failure", index, failure: JSON.parse(payload.toString()) as Failure };
    default:
      return undefined;
  }
}
