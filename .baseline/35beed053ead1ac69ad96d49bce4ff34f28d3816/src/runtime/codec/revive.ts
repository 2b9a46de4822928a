/** Turns tags back into values. It meets whatever a peer sent, so it trusts no shape: a wrong one throws. */
import { Tag } from "cbor-x";
import type { FailureCode } from "../../engine/index.ts";
import { type FindErrorClass, instanceOf } from "../declared-errors.ts";
import { failureToError, RemoteError, UserCodeException } from "../errors.ts";
import { decodeCustom } from "./custom.ts";
import { errorClasses } from "./prepare.ts";
import { float16Array, MAX_HOLES } from "./scan.ts";
import { type ErrorRecord, TAG } from "./tags.ts";

/**
 * `value` is what cbor-x has just decoded and is changed in place.
 * @param find the classes that the caller has for errors
 */
export function revive(value: unknown, find: FindErrorClass): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Tag) return reviveTag(value.tag, value.value, find);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object") value[i] = revive(item, find);
    }
    return value;
  }
  if (value instanceof Map) {
    return new Map(
      Array.from(value as Map<unknown, unknown>, ([key, item]) => [revive(key, find), revive(item, find)] as const),
    );
  }
  if (value instanceof Set) return new Set(Array.from(value as Set<unknown>, (item) => revive(item, find)));
  if (Object.getPrototypeOf(value) === Object.prototype) {
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      const item = object[key];
      if (typeof item === "object") object[key] = revive(item, find);
    }
  }
  return value;
}

function reviveTag(tag: number, value: unknown, find: FindErrorClass): unknown {
  switch (tag) {
    case TAG.negativeZero:
      return -0;
    case TAG.date:
      return new Date(value as number);
    case TAG.text:
      return textOf(value as Uint8Array);
    case TAG.error:
      return reviveError(revive(value, find) as ErrorRecord, find);
    case TAG.url:
      return new URL(value as string);
    case TAG.arrayBuffer:
      return bufferOf(value);
    case TAG.sharedArrayBuffer: {
      const bytes = bufferOf(value);
      const shared = new SharedArrayBuffer(bytes.byteLength);
      new Uint8Array(shared).set(new Uint8Array(bytes));
      return shared;
    }
    case TAG.dataView:
      return new DataView(bufferOf(value));
    case TAG.buffer:
      return globalThis.Buffer === undefined ? new Uint8Array(bufferOf(value)) : Buffer.from(bufferOf(value));
    case TAG.float16Array:
      if (float16Array === undefined) throw new TypeError("this version of Node has no Float16Array");
      return new float16Array(bufferOf(value));
    case TAG.sparseArray:
      return reviveSparseArray(value as unknown[], find);
    case TAG.custom: {
      const [name, encoded] = value as unknown[];
      return decodeCustom(name, revive(encoded, find));
    }
    case TAG.bigint:
      return bigintOf(value as string);
    case TAG.bareObject:
      return define(Object.create(null), value as unknown[], find);
    case TAG.entries:
      return define({}, value as unknown[], find);
    default:
      throw new TypeError(`unknown tag ${tag}`);
  }
}

/** The decoder has copied the bytes out of the payload already: each byte string has a buffer of its own. */
function bufferOf(value: unknown): ArrayBuffer {
  if (!(value instanceof Uint8Array)) throw new TypeError("bytes expected");
  return value.buffer as ArrayBuffer;
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i]! | (bytes[i + 1]! << 8));
  return text;
}

function bigintOf(text: string): bigint {
  return text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
}

function reviveSparseArray(parts: readonly unknown[], find: FindErrorClass): unknown[] {
  const array: unknown[] = [];
  const length = parts[0] as number;
  if (!(length <= MAX_HOLES + parts.length)) throw new TypeError("an array has too many holes");
  array.length = length;
  for (let i = 1; i + 1 < parts.length; i += 2) array[parts[i] as number] = revive(parts[i + 1], find);
  return array;
}

/** Defined rather than assigned, so that `__proto__` is a property like any other. */
function define(object: object, parts: readonly unknown[], find: FindErrorClass): object {
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const key = revive(parts[i], find);
    if (typeof key !== "string") throw new TypeError("a key is not a string");
    setOwn(object, key, revive(parts[i + 1], find), true);
  }
  return object;
}

function setOwn(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

function reviveError(record: ErrorRecord, find: FindErrorClass): Error {
  const error = instantiate(record, find);
  if (record.stack !== undefined) setOwn(error, "stack", String(record.stack), false);
  if (record.class !== "DOMException" && error.name !== record.name) setOwn(error, "name", record.name, false);
  if (Array.isArray(record.cause)) setOwn(error, "cause", record.cause[0], false);
  if (Array.isArray(record.errors)) setOwn(error, "errors", record.errors, false);
  if (record.properties) {
    for (const [key, value] of Object.entries(record.properties)) setOwn(error, key, value, true);
  }
  return error;
}

function instantiate({ class: known, classes, name, message, hint }: ErrorRecord, find: FindErrorClass): Error {
  if (known === undefined) {
    const declared = Array.isArray(classes) ? find(classes) : undefined;
    return declared ? instanceOf(declared, name, message, { hint }) : new RemoteError(name, message, { hint });
  }
  if (known === "AggregateError") return new AggregateError([], message);
  if (known === "DOMException") {
    return globalThis.DOMException === undefined ? new RemoteError(name, message) : new DOMException(message, name);
  }
  if (known === "FARCALL_USER_CODE") return new UserCodeException(message, { hint });
  if (known.startsWith("FARCALL_")) {
    return failureToError({ code: known.slice("FARCALL_".length) as FailureCode, message, hint });
  }
  return Object.hasOwn(errorClasses, known) ? new errorClasses[known]!(message) : new RemoteError(name, message);
}
