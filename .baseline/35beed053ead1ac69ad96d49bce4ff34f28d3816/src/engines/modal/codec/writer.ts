/**
 * Values as CBOR in the terms of Python's cbor2. Written by hand: cbor-x makes floats of integers beyond 32 bits, and its tags
 * are known all over the process, while Python must not see a tag of farcall's own.
 */
import { SerializationError } from "../../../runtime/errors.ts";
import { shorten, step } from "./path.ts";

/** Levels of nesting that cbor2 reads. */
const MAX_DEPTH = 390;

/** What Python's datetime can hold. */
const FIRST_DATE = Date.parse("0001-01-01T00:00:00Z");
const LAST_DATE = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const encoder = new TextEncoder();

export class CborWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** What has been written. The writer is not to be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** @param path of the value, for messages: `arguments[0].size` */
  write(value: unknown, path: string, depth = 0): void {
    switch (typeof value) {
      case "string":
        this.text(value, path);
        return;
      case "number":
        this.#number(value);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "boolean":
        this.#byte(value ? 0xf5 : 0xf4);
        return;
      case "undefined":
        this.#byte(0xf6);
        return;
      case "object":
        if (value === null) this.#byte(0xf6);
        else this.#object(value, path, depth);
        return;
      case "function":
        throw refuse(path, "is a function", "Call it on this side and pass its result.");
      case "symbol":
        throw refuse(path, "is a symbol", "Use a string instead.");
    }
  }

  /** The head of a list, to be followed by so many values. */
  list(length: number): void {
    this.#head(4, length);
  }

  /** The head of a dict, to be followed by so many pairs. */
  dict(size: number): void {
    this.#head(5, size);
  }

  text(value: string, path: string): void {
    if (!value.isWellFormed()) {
      throw refuse(path, "has a lone surrogate, which is not Unicode", "Pass `value.toWellFormed()`, or bytes.");
    }
    // Most strings are short and ASCII: their length is known before they are written.
    this.#reserve(value.length * 3 + 9);
    const start = this.#at;
    this.#head(3, value.length);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#at));
    if (headLength(written) === this.#at - start && written < 0x1_0000_0000) {
      const content = this.#at;
      this.#at = start;
      this.#head(3, written);
      this.#at = content + written;
      return;
    }
    const content = this.#bytes.slice(this.#at, this.#at + written);
    this.#at = start;
    this.#head(3, written);
    this.#append(content);
  }

  #object(value: object, path: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw refuse(
        path,
        `is nested deeper than ${MAX_DEPTH} levels`,
        "Pass ids instead of references, or a flatter shape.",
      );
    }
    if (Array.isArray(value)) {
      this.list(value.length);
      for (let index = 0; index < value.length; index++) this.write(value[index], `${path}[${index}]`, depth + 1);
    } else if (value instanceof Date) this.#date(value, path);
    else if (ArrayBuffer.isView(value)) this.#typedArray(value, path, depth);
    else if (value instanceof ArrayBuffer) this.#blob(new Uint8Array(value));
    else if (globalThis.SharedArrayBuffer !== undefined && value instanceof SharedArrayBuffer) {
      this.#blob(new Uint8Array(value));
    } else if (value instanceof Map) {
      this.dict(value.size);
      for (const [key, item] of value) {
        const at = `${path}.get(${typeof key === "object" ? "…" : JSON.stringify(String(key))})`;
        this.write(key, `${path}.keys()`, depth + 1);
        this.write(item, at, depth + 1);
      }
    } else if (value instanceof Set) {
      this.#head(6, 258);
      this.list(value.size);
      let index = 0;
      for (const item of value) this.write(item, `${path}.values()[${index++}]`, depth + 1);
    } else if (globalThis.URL !== undefined && value instanceof URL) this.text(value.href, path);
    else this.#properties(value, path, depth);
  }

  #properties(value: object, path: string, depth: number): void {
    const why = unfit(value);
    if (why) throw refuse(path, why.what, why.hint);
    const given = Object.entries(value).filter(([, item]) => item !== undefined);
    this.dict(given.length);
    for (const [key, item] of given) {
      const at = step(path, key);
      this.text(key, at);
      this.write(item, at, depth + 1);
    }
  }

  #typedArray(value: ArrayBufferView, path: string, depth: number): void {
    if (value instanceof Uint8Array || value instanceof DataView) {
      this.#blob(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      return;
    }
    // Every other view is a typed array.
    const items = Array.from(value as unknown as ArrayLike<number | bigint>);
    this.list(items.length);
    const floats = /^Float/.test(value.constructor.name);
    for (const item of items) {
      if (floats) this.#float(Number(item));
      else this.write(item, path, depth + 1);
    }
  }

  /** As text, which is exact: seconds since 1970 as a float are not for far dates. */
  #date(value: Date, path: string): void {
    const time = value.getTime();
    if (Number.isNaN(time)) throw refuse(path, "is an invalid Date", "Pass null instead.");
    if (time < FIRST_DATE || time > LAST_DATE) {
      throw refuse(path, "is a Date outside the years 1 to 9999 of Python's datetime", "Pass a number or a string.");
    }
    this.#head(6, 0);
    this.text(value.toISOString(), path);
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
    } else this.#float(value);
  }

  #float(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xfb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #bigint(value: bigint): void {
    const [major, size] = value >= 0n ? [0, value] : [1, -1n - value];
    if (size <= BigInt(Number.MAX_SAFE_INTEGER)) this.#head(major, Number(size));
    else if (size < 2n ** 64n) {
      this.#reserve(9);
      this.#bytes[this.#at] = (major << 5) | 27;
      this.#view.setBigUint64(this.#at + 1, size);
      this.#at += 9;
    } else {
      this.#head(6, major === 0 ? 2 : 3);
      const digits = size.toString(16);
      this.#blob(Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex")));
    }
  }

  #blob(bytes: Uint8Array): void {
    this.#head(2, bytes.length);
    this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** @param size at most the largest safe integer */
  #head(major: number, size: number): void {
    this.#reserve(9);
    const type = major << 5;
    if (size < 24) this.#bytes[this.#at++] = type | size;
    else if (size < 0x100) {
      this.#bytes[this.#at] = type | 24;
      this.#bytes[this.#at + 1] = size;
      this.#at += 2;
    } else if (size < 0x1_0000) {
      this.#bytes[this.#at] = type | 25;
      this.#view.setUint16(this.#at + 1, size);
      this.#at += 3;
    } else if (size < 0x1_0000_0000) {
      this.#bytes[this.#at] = type | 26;
      this.#view.setUint32(this.#at + 1, size);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = type | 27;
      this.#view.setBigUint64(this.#at + 1, BigInt(size));
      this.#at += 9;
    }
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function headLength(size: number): number {
  return size < 24 ? 1 : size < 0x100 ? 2 : size < 0x1_0000 ? 3 : size < 0x1_0000_0000 ? 5 : 9;
}

/** Why an object cannot cross; undefined for plain objects and instances of classes without methods. */
function unfit(value: object): { what: string; hint: string } | undefined {
  const name = value.constructor?.name || "an unknown class";
  if (value instanceof Error) return { what: `is an error (${value.name})`, hint: "Pass its message as a string." };
  if (value instanceof RegExp) return { what: "is a regular expression", hint: "Pass its `source` as a string." };
  if (typeof (value as { then?: unknown }).then === "function") {
    return { what: `is a promise (${name})`, hint: "Await it first." };
  }
  if (isPlain(Object.getPrototypeOf(value))) return undefined;
  const hint = "Pass plain data: objects, arrays, Map, Set, Date, bytes.";
  return { what: `is an instance of ${name}, a class with methods`, hint };
}

/** Whether nothing is lost when an object with this prototype arrives as a dict. */
function isPlain(prototype: object | null): boolean {
  if (prototype === null || Object.hasOwn(prototype, "isPrototypeOf")) return true;
  const own = Reflect.ownKeys(prototype);
  return own.every((key) => key === "constructor") && isPlain(Object.getPrototypeOf(prototype));
}

export function refuse(path: string, what: string, hint: string): SerializationError {
  return new SerializationError(`${shorten(path)} ${what}, which cannot cross to Python`, { hint });
}
