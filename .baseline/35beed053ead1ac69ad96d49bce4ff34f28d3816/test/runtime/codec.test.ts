/** Values arrive as they were; those that cannot be sent are refused with their place. */
import { deepStrictEqual } from "node:assert/strict";
import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeArguments,
  decodeError,
  decodeValue,
  encodeArguments,
  encodeError,
  encodeValue,
  FarcallError,
  InvalidError,
  NotFoundError,
  RemoteError,
  SerializationError,
  UserCodeException,
} from "../../src/runtime/index.ts";

const roundTrip = <T>(value: T): T => decodeValue(encodeValue(value)) as T;

const float16Array = (globalThis as { Float16Array?: new (items: number[]) => ArrayBufferView }).Float16Array;

/** Anything that the codec keeps as it is, nested. */
const data: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(undefined, null, true, false, Number.NaN, -0, 0, Number.POSITIVE_INFINITY),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme", minLength: 60, maxLength: 300 }),
    // Lone surrogates.
    fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.uint8ClampedArray(),
    fc.int8Array(),
    fc.int16Array(),
    fc.uint16Array(),
    fc.int32Array(),
    fc.uint32Array(),
    fc.float32Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
    fc.bigUint64Array(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.uint8Array().map((bytes) => bytes.slice().buffer),
    fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
    fc.webUrl().map((url) => new URL(url)),
    fc.constantFrom(/a(b)?\/c/giu, /^$/),
    fc.array(tie("value")),
    fc.sparseArray(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "toString")),
      tie("value"),
      {
        noNullPrototype: false,
      },
    ),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
    fc.array(tie("value")).map((items) => new Set(items)),
  ),
})).value;

describe("values that are kept", () => {
  test("any data, however nested", () => {
    fc.assert(
      fc.property(data, (value) => {
        // Not toStrictEqual, which asks a value's own `constructor` for its type.
        deepStrictEqual(roundTrip(value), value);
      }),
      { numRuns: 500 },
    );
  });

  test("payloads stay as they are while later ones are made", () => {
    const values = Array.from({ length: 2000 }, (_, i) => ({
      i,
      text: "x".repeat(i % 200),
      bytes: new Uint8Array(i % 50).fill(i),
    }));
    const payloads = values.map((value) => encodeValue(value));
    expect(payloads.map(decodeValue)).toEqual(values);
  });

  test("undefined apart from absent", () => {
    expect(Object.keys(roundTrip({ a: undefined }))).toEqual(["a"]);
    expect(roundTrip(new Map([["a", undefined]])).has("a")).toBe(true);
    expect(0 in roundTrip([undefined])).toBe(true);
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    expect(0 in roundTrip([, 1])).toBe(false);
  });

  test("-0, at the top and inside", () => {
    expect(Object.is(roundTrip(-0), -0)).toBe(true);
    expect(Object.is(roundTrip({ a: [-0] }).a[0], -0)).toBe(true);
  });

  test("the extremes of dates, and invalid ones", () => {
    for (const ms of [8.64e15, -8.64e15, 8.64e15 - 1, 2 ** 50 + 1, -1, 0.5, Number.NaN]) {
      expect(roundTrip(new Date(ms)).getTime()).toBe(new Date(ms).getTime());
    }
  });

  test("bytes by their own class, with a buffer of their own", () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const part = roundTrip(whole.subarray(1, 3));
    expect(part).toStrictEqual(new Uint8Array([1, 2]));
    expect(part.buffer.byteLength).toBe(2);
    expect(Buffer.isBuffer(part)).toBe(false);
    expect(Buffer.isBuffer(roundTrip(Buffer.from("a")))).toBe(true);
    const [before, floats] = roundTrip(["x", new Float64Array([1.5, 2.5])] as const);
    expect(before).toBe("x");
    expect(floats).toStrictEqual(new Float64Array([1.5, 2.5]));
    const shared = roundTrip(new SharedArrayBuffer(3));
    expect(shared).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.byteLength).toBe(3);
  });

  test.runIf(float16Array !== undefined)("Float16Array", () => {
    expect(roundTrip(new float16Array!([1.5, -2]))).toStrictEqual(new float16Array!([1.5, -2]));
  });

  test("decoded bytes are not a view of the payload", () => {
    const payload = Uint8Array.from(
      encodeValue({ bytes: new Uint8Array([1, 2, 3]), buffer: Buffer.from([4]), floats: new Float32Array([5]) }),
    );
    const value = decodeValue(payload);
    payload.fill(0);
    expect(value).toStrictEqual({
      bytes: new Uint8Array([1, 2, 3]),
      buffer: Buffer.from([4]),
      floats: new Float32Array([5]),
    });
  });

  test("bigints of any size, in a time that grows with their length", () => {
    for (const digits of [2_400, 2_500, 1_000_000]) {
      const big = BigInt(`0x${"7".repeat(digits)}`);
      expect(roundTrip(big) === big).toBe(true);
      expect(roundTrip([{ big: -big }])[0]!.big === -big).toBe(true);
    }
  });

  test("an own property named __proto__, without touching any prototype", () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
    const back = roundTrip(value);
    expect(Object.keys(back)).toEqual(["__proto__", "a"]);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("an object without prototype", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(Object.getPrototypeOf(roundTrip(bare))).toBe(null);
  });

  test("instances of classes without methods, as plain objects", () => {
    class Point {
      x = 1;
      y = 2;
    }
    class Point3 extends Point {
      z = 3;
    }
    expect(roundTrip(new Point3())).toStrictEqual({ x: 1, y: 2, z: 3 });
  });

  test("arrays by their elements alone: a match is the array of its strings", () => {
    const match: string[] = "in 2024".match(/(\d)(\d+)/)!;
    deepStrictEqual(roundTrip(match), ["2024", "2", "024"]);
    deepStrictEqual(roundTrip({ page: Object.assign([-0, 1], { total: 3 }) }), { page: [-0, 1] });
  });

  test("plain objects and arrays of another realm", () => {
    const foreign = runInContext("({ a: [1, { b: -0 }] })", createContext());
    expect(roundTrip(foreign)).toStrictEqual({ a: [1, { b: -0 }] });
  });

  test("later small payloads do not keep a large one's memory alive", () => {
    encodeValue(new Uint8Array(32 * 1024 * 1024));
    const small = encodeValue(1);
    expect(small.buffer.byteLength).toBeLessThan(1024 * 1024);
  });
});

describe("arguments", () => {
  test("by position, and by name", () => {
    expect(decodeArguments(encodeArguments([1, undefined]))).toStrictEqual({ args: [1, undefined], kwargs: undefined });
    expect(decodeArguments(encodeArguments([], { a: -0 }))).toStrictEqual({ args: [], kwargs: { a: -0 } });
  });

  test("a payload that farcall did not write is a SerializationError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeArguments(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SerializationError);
        }
      }),
      { numRuns: 2000 },
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("values that are refused, with their place", () => {
  class Account {
    balance = 0;
    deposit() {}
  }
  const cycle: Record<string, unknown> = { list: [] };
  (cycle.list as unknown[]).push({ up: cycle });
  let deep: unknown = 1;
  for (let i = 0; i < 2000; i++) deep = [deep];

  test.each<[string, unknown[], string]>([
    ["a function", [1, { onProgress() {} }], "arguments[1].onProgress is a function (onProgress)"],
    ["a symbol", [[Symbol("s")]], "arguments[0][0] is a symbol (Symbol(s))"],
    [
      "an instance with methods",
      [{ account: new Account() }],
      "arguments[0].account is an instance of Account, a class with methods",
    ],
    ["a promise", [Promise.resolve(1)], "arguments[0] is a promise (Promise)"],
    ["a stream", [new ReadableStream()], "arguments[0] is a stream"],
    ["a generator", [[].values()], "arguments[0] is an iterator"],
    ["a WeakMap", [new WeakMap()], "arguments[0] is an instance of WeakMap"],
    ["a subclass of Map", [new (class Cache extends Map {})()], "arguments[0] is an instance of Cache"],
    ["a boxed number", [Object(1)], "arguments[0] is an instance of Number"],
    ["inside a Map", [new Map([["k", () => 1]])], 'arguments[0].get("k") is a function'],
    ["inside a Set", [new Set([() => 1])], "arguments[0].values()[0] is a function"],
    ["behind an odd key", [{ "a-b": () => 1 }], 'arguments[0]["a-b"] is a function'],
    ["a cycle", [cycle], "arguments[0].list[0].up refers back to an object that holds it"],
    ["what is too deep", [deep], "is nested deeper than 1000 levels"],
  ])("%s", (_, args, message) => {
    expect(() => encodeArguments(args)).toThrow(SerializationError);
    expect(() => encodeArguments(args)).toThrow(message);
  });

  test("an array with a gap of millions is refused at once rather than walked through", () => {
    const sparse: unknown[] = [1];
    sparse.length = 2 ** 32 - 1;
    expect(() => encodeArguments([sparse])).toThrow(
      /arguments\[0\] is an array of length 4294967295 with more than 1000000 holes/,
    );
    const error = Object.assign(new Error("x"), { sparse, code: 1 });
    expect(decodeError(encodeError(error))).toMatchObject({ code: 1, sparse: "[Array]" });
  });

  test("a path that is too long to read keeps its ends, at each depth beyond the limit", () => {
    let value: unknown = 1;
    for (let i = 0; i < 20_000; i++) {
      value = { next: value };
      if (i !== 999 && i !== 1_000 && i !== 19_999) continue;
      const refused = () => encodeArguments([value]);
      expect(refused).toThrow(/^arguments\[0\]\.next.*….*\.next is nested deeper than 1000 levels/);
      expect(refused).toThrow(/^.{200,300}$/);
    }
  });

  test("an argument by name", () => {
    expect(() => encodeArguments([1], { f: () => 1 })).toThrow("kwargs.f is a function");
  });

  test("a result", () => {
    expect(() => encodeValue(() => 1, "result")).toThrow("result is a function");
  });

  test("a value nested to the limit arrives", () => {
    let value: unknown = 1;
    for (let i = 0; i < 990; i++) value = [value];
    expect(roundTrip(value)).toStrictEqual(value);
  });
});

describe("errors", () => {
  const thrown = (error: unknown) => decodeError(encodeError(error)) as Error & Record<string, unknown>;

  test.each([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
    "%o by class",
    (Class) => {
      const error = thrown(new Class("no"));
      expect(Object.getPrototypeOf(error)).toBe(Class.prototype);
      expect(error.message).toBe("no");
    },
  );

  test("own properties, causes and the remote stack are kept", () => {
    const cause = Object.assign(new TypeError("inner"), { code: "E_INNER" });
    const error = Object.assign(new Error("outer", { cause }), { code: 7, when: new Date(0) });
    const back = thrown(error);
    expect(back).toMatchObject({ code: 7, when: new Date(0), message: "outer" });
    expect(back.cause).toBeInstanceOf(TypeError);
    expect(back.cause).toMatchObject({ code: "E_INNER" });
    expect(back.stack).toBe(error.stack);
    expect(Object.keys(back).sort()).toEqual(["code", "when"]);
  });

  test("an author's own class becomes RemoteError with its name", () => {
    class QuotaError extends Error {
      limit = 5;
      code = "E_QUOTA";
    }
    class Named extends TypeError {
      override name = "NamedError";
    }
    const back = thrown(new QuotaError("full"));
    expect(back).toBeInstanceOf(RemoteError);
    expect(back).toMatchObject({ name: "QuotaError", message: "full", limit: 5, code: "E_QUOTA" });
    expect(thrown(new Named("x"))).toMatchObject({ name: "NamedError" });
  });

  test("AggregateError with its errors", () => {
    const back: Error & { errors?: unknown } = thrown(new AggregateError([new RangeError("a"), "b"], "both"));
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors).toEqual([expect.any(RangeError), "b"]);
  });

  test("farcall's own, by class, with their hint", () => {
    const back = thrown(new NotFoundError("no such app", { hint: "deploy it" }));
    expect(back).toBeInstanceOf(NotFoundError);
    expect(back).toMatchObject({ code: "FARCALL_NOT_FOUND", hint: "deploy it" });
    expect(thrown(new UserCodeException("x", { cause: new InvalidError("y") })).cause).toBeInstanceOf(InvalidError);
  });

  test("an aborted signal's reason", () => {
    const back = thrown(AbortSignal.abort().reason);
    expect(back).toBeInstanceOf(DOMException);
    expect(back.name).toBe("AbortError");
  });

  test("only properties that cannot be sent are dropped, with a marker in their place, and a cycle of causes ends", () => {
    const response = { status: 404, headers: new Headers(), data: { reason: "gone", at: [new WeakMap(), 1] } };
    const error = Object.assign(new Error("x"), { response, kept: 1, retry: () => 1, kind: Symbol("s"), self: {} });
    error.cause = error;
    error.self = { of: error.self, up: error };
    Object.assign(error.self, { again: error.self });
    const back = thrown(error);
    expect({ ...back }).toEqual({
      response: { status: 404, headers: "[Headers]", data: { reason: "gone", at: ["[WeakMap]", 1] } },
      kept: 1,
      retry: "[function retry]",
      kind: "[Symbol(s)]",
      self: { of: {}, up: "[circular]", again: "[circular]" },
    });
    expect(back.cause).toBeUndefined();
  });

  test("the code of an error is kept over any number of hops, and so is a hint that is not farcall's", () => {
    class DbError extends Error {
      override name = "DbError";
      code = "ECONN";
      hint = { table: "t" };
    }
    class OwnError extends FarcallError {}
    let db: Error = new DbError("no connection");
    let own: Error = new OwnError("E_OWN", "mine", { hint: "Look." });
    let plain: Error = Object.assign(new TypeError("bad"), { code: "ERR_INVALID_ARG_TYPE" });
    for (let hop = 0; hop < 3; hop++) {
      db = thrown(db);
      own = thrown(own);
      plain = thrown(plain);
      expect(db).toMatchObject({ name: "DbError", code: "ECONN", hint: { table: "t" } });
      expect(own).toMatchObject({ name: "OwnError", code: "E_OWN", hint: "Look." });
      expect(plain).toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
    }
    expect(thrown(thrown(new (class Bare extends Error {})("x")))).toMatchObject({ code: "FARCALL_REMOTE" });
  });

  test("a property that throws when it is read is left out", () => {
    const moody = {
      get mood(): never {
        throw new Error("in a getter");
      },
    };
    const error = Object.defineProperty(
      Object.assign(new Error("first"), { code: 7, moody }),
      "bad",
      Object.getOwnPropertyDescriptor(moody, "mood")!,
    );
    Object.defineProperty(error, "bad", { enumerable: true });
    expect(decodeError(encodeError(error))).toMatchObject({ message: "first", code: 7 });
    expect((decodeError(encodeError(moody)) as Error).message).toContain("in a getter");
  });

  test("anything can be thrown, not only errors", () => {
    expect(decodeError(encodeError("text"))).toBe("text");
    expect(decodeError(encodeError(undefined))).toBe(undefined);
    expect(decodeError(encodeError({ status: 404 }))).toEqual({ status: 404 });
    expect(thrown(() => 1).message).toContain("function");
  });

  test("an error is data like any other", () => {
    const { errors } = roundTrip({ errors: [new TypeError("x")] });
    expect(errors[0]).toBeInstanceOf(TypeError);
  });
});
