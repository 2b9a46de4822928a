/**
 * A durable call in NATS. One message says that it is accepted, with its inputs when they are small; larger ones lie in a
 * stream of their own. Outcomes are appended to another stream, and the first outcome of an input in the order of the stream is
 * the one that counts, for everybody. One message says that the call has ended.
 *
 * Outcomes that are small and come together travel with that message instead. All of a call's outcomes lie in one place, or
 * readers could see different ones of two workers that are both at home to it: the first record of the end decides. It is the
 * end with the outcomes, or it says that they are streamed, which is written before the first of them.
 */

import type { OpenCall, TraceContext } from "../../../engine/index.ts";
import type { FunctionMode } from "../../../schema/index.ts";

/** Payloads of inputs and outputs up to so many bytes travel with the record of the call. */
export const INLINE_BYTES = 256 * 1024;
/** Below a server's default limit of a megabyte. */
export const PART_BYTES = 512 * 1024;

export interface Accepted {
  id: string;
  app: string;
  environment: string;
  function: string;
  instance?: string;
  version: number;
  method: OpenCall["method"];
  mode: FunctionMode;
  numInputs: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Its inputs begin then or later, in milliseconds since 1970. */
  dueAt?: number;
  trace?: TraceContext;
  /** The hash of its idempotency key, and that of its inputs. */
  key?: string;
  digest?: string;
  /** The rest of its inputs lies in the stream, under the id and name of whoever sent them; absent when all follow here. */
  rest?: { id: string; nonce: string };
}

export interface Ended {
  /** Milliseconds since 1970. */
  at: number;
  numEnded: number;
  numFailed: number;
  /** Why inputs without an outcome have none. */
  cancelled?: string;
  /** Results are kept until then, in milliseconds since 1970. */
  expiresAt: number;
  /** All outcomes follow here; none lie in the stream. */
  inline: boolean;
}

/** What stands in the place of the end while outcomes go to the stream. */
export interface Streamed {
  streamed: true;
}

export interface Cancelled {
  at: number;
  terminate: boolean;
}

/** JSON, and frames after it. */
export function pack(head: object, frames: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, frames]);
}

export function unpack<T>(data: Uint8Array): { head: T; frames: Buffer } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const end = 4 + bytes.readUInt32LE(0);
  return { head: JSON.parse(bytes.toString("utf8", 4, end)) as T, frames: bytes.subarray(end) };
}
