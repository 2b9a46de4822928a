/**
 * The codec: user values to the bytes that an engine carries, and back. CBOR by cbor-x, and tags of our own (tags.ts) for
 * what JavaScript has and CBOR lacks. Kept as they are: Date, Map, Set, RegExp, URL, errors, bigint, -0, NaN, `undefined`
 * (apart from absent), holes, objects without prototype, ArrayBuffer, SharedArrayBuffer, DataView, every typed array and
 * Buffer, and what apps have codecs for. Instances of classes without methods arrive as plain objects. An object referred to twice arrives as two. Each
 * decoded byte array has a buffer of its own. Functions, symbols, promises, streams, instances of classes with methods and
 * cycles are refused with SerializationError, which names the place: `arguments[1].onProgress`.
 */
import { Encoder, Tag } from "cbor-x";
import type { DecodedArguments } from "../../engine/index.ts";
import { MAX_PAYLOAD_BYTES } from "../../wire/frames.ts";
import { type FindErrorClass, findKnownError } from "../declared-errors.ts";
import { SerializationError } from "../errors.ts";

export { decodeCustom, encodedForm, isOfCodec, keepUnknownCodecs } from "./custom.ts";

import { explain } from "./explain.ts";
import { canCross, prepare } from "./prepare.ts";
import { revive } from "./revive.ts";
import { REFUSED, scan } from "./scan.ts";
import { TAG } from "./tags.ts";

export { withoutUncrossable } from "./omit.ts";
export { argumentBytes } from "./peek.ts";

const cbor = new Encoder({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  // A byte string is a Uint8Array; Buffer has a tag of its own.
  tagUint8Array: false,
  // What is decoded must not be a view of a frame that the engine reuses.
  copyBuffers: true,
});

/** cbor-x writes payloads one after the other into a chunk that grows with the largest: a grown one is let go. */
const MAX_CHUNK_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * @param root what the value is to the reader of an error: `result`
 * @returns bytes that stay as they are; not to be changed
 */
export function encodeValue(value: unknown, root = "value"): Uint8Array {
  try {
    return write(scan(value, 0) ? new Tag(prepare(value, 0, []), TAG.revive) : value, root);
  } catch (thrown) {
    throw thrown === REFUSED ? explain(value, root) : thrown;
  }
}

/** `[args]` or `[args, kwargs]`. */
export function encodeArguments(args: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>): Uint8Array {
  const value = kwargs === undefined ? [args] : [args, kwargs];
  try {
    return write(scan(value, 0) ? new Tag(prepare(value, 0, []), TAG.revive) : value, "arguments");
  } catch (thrown) {
    if (thrown !== REFUSED) throw thrown;
    throw canCross(args, 1) ? explain(kwargs, "kwargs", 1) : explain(args, "arguments", 1);
  }
}

/** Throws SerializationError when farcall did not write the payload. */
export function decodeValue(payload: Uint8Array): unknown {
  return decode(payload, findKnownError);
}

function decode(payload: Uint8Array, find: FindErrorClass): unknown {
  try {
    // Not as a Buffer, or its byte strings would be Buffers.
    const bytes =
      payload.constructor === Uint8Array
        ? payload
        : new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
    const value: unknown = cbor.decode(bytes);
    return value instanceof Tag && value.tag === TAG.revive ? revive(value.value, find) : value;
  } catch (cause) {
    if (cause instanceof SerializationError) throw cause;
    throw new SerializationError(`a payload of ${payload.length} bytes cannot be decoded`, {
      cause,
      hint: "The caller and the container must use the same version of farcall.",
    });
  }
}

export function decodeArguments(payload: Uint8Array): DecodedArguments {
  const value = decodeValue(payload);
  if (!Array.isArray(value) || !Array.isArray(value[0])) {
    throw new SerializationError("a payload does not contain arguments", {
      hint: "The caller and the container must use the same version of farcall.",
    });
  }
  return { args: value[0] as unknown[], kwargs: value[1] as Record<string, unknown> | undefined };
}

/**
 * What user code threw, which may be anything. Never throws on account of the value.
 * @param app whose code it is: its classes are known to callers by that name
 */
export function encodeError(thrown: unknown, app?: string): Uint8Array {
  try {
    if (!(thrown instanceof Error)) return encodeValue(thrown, "the thrown value");
    return write(new Tag(prepare(thrown, 0, [], app), TAG.revive), "the thrown value");
  } catch (error) {
    const reason =
      error instanceof SerializationError ? error.message : `the thrown value cannot be read (${describe(error)})`;
    return encodeValue(new Error(`${reason}: ${describe(thrown)}`));
  }
}

/**
 * Errors come out with the remote stack only: `raise` adds the caller's.
 * @param find the classes that the caller has for them
 */
export function decodeError(payload: Uint8Array, find: FindErrorClass = findKnownError): unknown {
  return decode(payload, find);
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    // A value whose toString throws: its type is all that can be said.
    return typeof value;
  }
}

function write(value: unknown, root: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = cbor.encode(value);
  } catch (cause) {
    throw new SerializationError(`${root} cannot be encoded: ${describe(cause)}`, { cause });
  }
  if (bytes.length > MAX_CHUNK_BYTES) {
    (cbor as unknown as { useBuffer(buffer: Uint8Array): void }).useBuffer(newChunk());
    if (bytes.length > MAX_PAYLOAD_BYTES) {
      throw new SerializationError(
        `${root}: ${bytes.length} bytes encoded are more than the limit of ${MAX_PAYLOAD_BYTES}`,
        { hint: "Split the work into smaller inputs, or pass the path or URL of the data." },
      );
    }
  }
  return bytes;
}

function newChunk(): Uint8Array {
  return globalThis.Buffer === undefined ? new Uint8Array(CHUNK_BYTES) : Buffer.allocUnsafeSlow(CHUNK_BYTES);
}
