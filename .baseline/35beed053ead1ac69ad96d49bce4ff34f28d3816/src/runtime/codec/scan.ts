/**
 * The look that every value gets before it is encoded: cbor-x alone would turn a promise into `{}`, -0 into 0 and a class
 * instance into a bare object. One pass, without allocation: most values turn out to need nothing.
 */

import { hasCodec } from "./custom.ts";

/** Thrown for a value that cannot cross (not an Error, which would cost a stack); `explain` then says which, and where. */
export const REFUSED: unique symbol = Symbol("refused");

/** Levels of nesting. What is deeper is most likely a cycle, and would overflow the stack of the side that decodes. */
export const MAX_DEPTH = 1000;

/** Larger bigints have a tag of their own. */
const LARGE_BIGINT = 1n << 8192n;

/** A longer gap between the elements of an array is most likely a mistake, and would keep whoever walks through it busy for minutes. */
export const MAX_HOLES = 1_000_000;

/** Dates further from 1970 lose a millisecond as seconds in floating point. */
const EXACT_DATE_MS = 2 ** 50;

const viewPrototypes = new Set<object>([
  Uint8Array.prototype,
  Uint8ClampedArray.prototype,
  Int8Array.prototype,
  Uint16Array.prototype,
  Int16Array.prototype,
  Uint32Array.prototype,
  Int32Array.prototype,
  Float32Array.prototype,
  Float64Array.prototype,
  BigUint64Array.prototype,
  BigInt64Array.prototype,
]);

/** Whether cbor-x would not keep the value as it is: it has to be prepared. Throws REFUSED. */
export function scan(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
      return !value.isWellFormed();
    case "number":
      return value === 0 && 1 / value < 0;
    case "bigint":
      return value >= LARGE_BIGINT || value <= -LARGE_BIGINT;
    case "object":
      return value !== null && scanObject(value, depth);
    case "function":
    case "symbol":
      throw REFUSED;
    default:
      return false;
  }
}

function scanObject(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) throw REFUSED;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return scanProperties(value, depth);
  if (prototype === Array.prototype) return scanArray(value as unknown[], depth);
  switch (kindOf(value, prototype)) {
    case "map": {
      let special = false;
      for (const [key, item] of value as Map<unknown, unknown>) {
        if (scan(key, depth + 1)) special = true;
        if (scan(item, depth + 1)) special = true;
      }
      return special;
    }
    case "set": {
      let special = false;
      for (const item of value as Set<unknown>) if (scan(item, depth + 1)) special = true;
      return special;
    }
    case "date":
      return Math.abs((value as Date).getTime()) > EXACT_DATE_MS;
    case "view":
    case "regexp":
      return false;
    case "data":
      return scanProperties(value, depth);
    case "bare":
    case "foreign object":
      scanProperties(value, depth);
      return true;
    case "foreign array":
      scanArray(value as unknown[], depth);
      return true;
    case undefined:
      throw REFUSED;
    default:
      return true;
  }
}

function scanArray(value: readonly unknown[], depth: number): boolean {
  let special = false;
  let holes = 0;
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    if (item === undefined) {
      if (i in value) continue;
      special = true;
      if (++holes > MAX_HOLES) throw REFUSED;
    } else if (scan(item, depth + 1)) special = true;
  }
  return special;
}

function scanProperties(value: object, depth: number): boolean {
  let special = false;
  for (const key of Object.keys(value)) {
    if (key === "__proto__" || !key.isWellFormed()) special = true;
    if (scan((value as Record<string, unknown>)[key], depth + 1)) special = true;
  }
  return special;
}

export type Kind =
  | "map"
  | "set"
  | "date"
  | "regexp"
  /** A typed array that CBOR has a tag for. */
  | "view"
  | "float16"
  | "buffer"
  | "dataView"
  | "arrayBuffer"
  | "sharedArrayBuffer"
  | "error"
  | "url"
  /** An instance of a class without methods. */
  | "data"
  /** No prototype. */
  | "bare"
  /** Of another realm: a vm context, a frame. */
  | "foreign object"
  | "foreign array"
  /** Of a type that a codec of an app is for. */
  | "custom";

/** What an object is that is neither a plain object nor an array; undefined: it cannot cross. */
export function kindOf(value: object, prototype: object | null): Kind | undefined {
  if (prototype === null) return "bare";
  if (prototype === Map.prototype) return "map";
  if (prototype === Set.prototype) return "set";
  if (prototype === Date.prototype) return "date";
  if (prototype === RegExp.prototype) return "regexp";
  if (hasCodec(prototype)) return "custom";
  if (ArrayBuffer.isView(value)) {
    if (viewPrototypes.has(prototype)) return "view";
    if (globalThis.Buffer !== undefined && prototype === Buffer.prototype) return "buffer";
    if (prototype === DataView.prototype) return "dataView";
    return isFloat16(prototype) ? "float16" : undefined;
  }
  if (value instanceof Error) return "error";
  if (prototype === ArrayBuffer.prototype) return "arrayBuffer";
  if (globalThis.URL !== undefined && prototype === URL.prototype) return "url";
  if (globalThis.SharedArrayBuffer !== undefined && prototype === SharedArrayBuffer.prototype) {
    return "sharedArrayBuffer";
  }
  if (Array.isArray(value)) return isRoot(Object.getPrototypeOf(prototype)) ? "foreign array" : undefined;
  if (isRoot(prototype)) return "foreign object";
  return isDataPrototype(prototype) ? "data" : undefined;
}

/** Some `Object.prototype`. */
function isRoot(prototype: object | null): boolean {
  return prototype !== null && Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

const dataPrototypes = new WeakMap<object, boolean>();

/** A class is data when neither it nor what it extends has methods or accessors: nothing is lost as a plain object. */
function isDataPrototype(prototype: object): boolean {
  let known = dataPrototypes.get(prototype);
  if (known === undefined) {
    const parent: object | null = Object.getPrototypeOf(prototype);
    const keys = Reflect.ownKeys(prototype);
    known =
      (keys.length === 0 || (keys.length === 1 && keys[0] === "constructor")) &&
      parent !== null &&
      (isRoot(parent) || isDataPrototype(parent));
    dataPrototypes.set(prototype, known);
  }
  return known;
}

/** Float16Array is new in Node 24 and unknown to the language level that farcall is compiled for. */
export const float16Array: (new (buffer: ArrayBuffer) => ArrayBufferView) | undefined = (
  globalThis as { Float16Array?: new (buffer: ArrayBuffer) => ArrayBufferView }
).Float16Array;

function isFloat16(prototype: object): boolean {
  return float16Array !== undefined && prototype === float16Array.prototype;
}
