/** The codec, held against what Python's cbor2 reads and writes: vectors.json is recorded from it by record.py. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodePythonError, modalCodec } from "../../../src/engines/modal/codec/index.ts";
import { RemoteError, SerializationError } from "../../../src/runtime/index.ts";
import { values } from "./vectors/values.ts";

interface Vector {
  /** As Python prints it. */
  value: string;
  hex: string;
}

const vectors: { fromPython: Record<string, Vector>; toPython: Record<string, Vector> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "vectors/vectors.json"), "utf8"),
);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function bytes(hexadecimal: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hexadecimal, "hex"));
}

describe("to Python", () => {
  test.each(Object.keys(values))("%s is written as cbor2 was seen to read it", (name) => {
    const encoded = modalCodec.encodeArguments([values[name]], { named: values[name] });
    expect(hex(encoded)).toBe(vectors.toPython[name]?.hex);
  });

  test("every recorded value is still written", () => {
    expect(Object.keys(vectors.toPython)).toEqual(Object.keys(values));
  });

  test("arguments that are undefined are left out at the end, and by name", () => {
    const encoded = modalCodec.encodeArguments([1, undefined, undefined], { a: undefined, b: 2 });
    expect(modalCodec.decodeArguments(encoded)).toEqual({ args: [1], kwargs: { b: 2 } });
    expect(modalCodec.decodeArguments(modalCodec.encodeArguments([]))).toEqual({ args: [], kwargs: undefined });
  });

  class Counter {
    count = 0;
    next() {
      return ++this.count;
    }
  }
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const refused: [string, unknown[], Record<string, unknown> | undefined, RegExp, RegExp][] = [
    [
      "an argument before others that is undefined",
      [undefined, 1],
      undefined,
      /^arguments\[0\] is undefined/,
      /kwargs\(\)/,
    ],
    ["a function", [{ on: [() => 1] }], undefined, /^arguments\[0\]\.on\[0\] is a function/, /pass its result/],
    ["a symbol", [], { a: Symbol("s") }, /^kwargs\.a is a symbol/, /string/],
    [
      "an error",
      [{ "my key": new TypeError("no") }],
      undefined,
      /^arguments\[0\]\["my key"\] is an error \(TypeError\)/,
      /message/,
    ],
    ["a regular expression", [/a/], undefined, /^arguments\[0\] is a regular expression/, /source/],
    ["ill-formed text", ["\ud800"], undefined, /^arguments\[0\] has a lone surrogate/, /toWellFormed/],
    ["an ill-formed key", [{ "\ud800": 1 }], undefined, /has a lone surrogate/, /toWellFormed/],
    [
      "an ill-formed key of a Map",
      [new Map([["\ud800", 1]])],
      undefined,
      /^arguments\[0\]\.keys\(\) has a lone/,
      /toWellFormed/,
    ],
    ["an invalid Date", [new Date(Number.NaN)], undefined, /^arguments\[0\] is an invalid Date/, /null/],
    [
      "a Date before Python's first year",
      [new Date(-1e14)],
      undefined,
      /outside the years 1 to 9999/,
      /number or a string/,
    ],
    ["a promise", [Promise.resolve(1)], undefined, /is a promise \(Promise\)/, /Await/],
    [
      "an instance of a class with methods",
      [new Map([["a", new Counter()]])],
      undefined,
      /^arguments\[0\]\.get\("a"\) is an instance of Counter/,
      /plain data/,
    ],
    ["a cycle", [cycle], undefined, /nested deeper than/, /ids/],
    [
      "a value in a Set",
      [new Set([Symbol.iterator])],
      undefined,
      /^arguments\[0\]\.values\(\)\[0\] is a symbol/,
      /string/,
    ],
  ];
  test.each(refused)("%s is refused, with its place and what to pass instead", (_, args, kwargs, message, hint) => {
    const encode = () => modalCodec.encodeArguments(args, kwargs);
    expect(encode).toThrow(SerializationError);
    expect(encode).toThrow(message);
    try {
      encode();
    } catch (error) {
      expect((error as SerializationError).hint).toMatch(hint);
    }
  });
});

describe("from Python", () => {
  const expected: Record<string, unknown> = {
    true: true,
    None: null,
    zero: 0,
    "int of 32 bits": 4294967295,
    "int beyond 32 bits": 2 ** 40,
    "largest exact int": Number.MAX_SAFE_INTEGER,
    "int beyond exactness": 2n ** 53n,
    "negative int beyond exactness": -(2n ** 53n),
    "int of 64 bits": 2n ** 64n - 1n,
    "int of 65 bits": 2n ** 64n,
    "negative int of 70 bits": -(2n ** 70n),
    float: 1.5,
    "float of 64 bits": 0.1,
    "negative zero": -0,
    infinity: Number.POSITIVE_INFINITY,
    "not a number": Number.NaN,
    str: "naïve 日本 🎉",
    "long str": "x".repeat(300),
    bytes: new Uint8Array([1, 2]),
    bytearray: new Uint8Array([3]),
    list: [1, "a", null, [true]],
    tuple: [1, "a"],
    dict: { a: 1, b: { c: [] } },
    "empty dict": {},
    "dict with int keys": new Map([
      [1, "one"],
      [2, "two"],
    ]),
    "dict with tuple keys": new Map([[[1, 2], "pair"]]),
    "dict with mixed keys": new Map<unknown, unknown>([
      ["a", 1],
      [2, 3],
    ]),
    "dict with key __proto__": JSON.parse('{"__proto__": 1}'),
    set: new Set([1, 2]),
    frozenset: new Set(["a"]),
    "set of tuples": new Set([[1, 2]]),
    "empty set": new Set(),
    "aware datetime": new Date("2026-01-02T03:04:05.678Z"),
    "datetime in another zone": new Date("2026-01-02T01:04:05Z"),
    date: "2026-01-02",
    UUID: "12345678-1234-5678-1234-567812345678",
    Decimal: "-1.50",
    "small Decimal": "0.007",
    "large Decimal": "1000",
    Fraction: [2, 5],
    pattern: "a+",
    "IPv4 address": new Uint8Array([10, 0, 0, 1]),
    "tagged empty dict with other keys": new Map(),
    "tagged dict with int keys": new Map([[1, "one"]]),
    "tagged set of lists": new Set([[1, 2], { a: 1 }]),
    undefined: undefined,
    "float of 16 bits": 1.5,
    "smallest float of 16 bits": 2 ** -24,
    "float of 32 bits": 1.5,
    "list without length": [1, 2],
    "dict without length": { a: 1 },
    "bytes in chunks": new Uint8Array([1, 2]),
    "str in chunks": "ab",
    "datetime as seconds": new Date("2026-09-21T14:09:04Z"),
    "date as days": "2024-10-04",
  };

  test.each(Object.entries(vectors.fromPython))("%s arrives as JavaScript has it", (name, { hex: written }) => {
    expect(Object.keys(expected)).toContain(name);
    const value = modalCodec.decodeValue(bytes(written));
    expect(value).toStrictEqual(expected[name]);
    expect(Object.is(value, -0)).toBe(name === "negative zero");
  });

  // gRPC's messages are Buffers, whose slice shares their memory.
  test.each([bytes, (text: string) => Buffer.from(text, "hex")])("bytes are a copy of the message's: %o", (message) => {
    const sent = message("420102");
    const value = modalCodec.decodeValue(sent);
    sent.fill(9);
    expect(value).toStrictEqual(Uint8Array.of(1, 2));
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
  });

  test("what is not CBOR is an error that says so", () => {
    for (const broken of ["", "42", "8301", "ff", "fc", "c201", "6180"]) {
      expect(() => modalCodec.decodeValue(bytes(broken))).toThrow(SerializationError);
    }
  });
});

describe("exceptions", () => {
  const decode = (exception: string, traceback: string) => {
    return modalCodec.decodeError(encodePythonError({ exception, traceback })) as RemoteError;
  };
  const frame = '  File "app.py", line 3, in f\n    g()\n    ^^^\n';
  const head = "Traceback (most recent call last):\n";

  test("have the name, message and traceback of Python's", () => {
    const error = decode("MyError('code 7')", `${head}${frame}app.errors.MyError: code 7\n`);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: "MyError", message: "code 7" });
    expect(error.stack).toBe(`MyError: code 7\n${head}${frame}app.errors.MyError: code 7`);
  });

  test("keep messages of several lines, and empty ones", () => {
    expect(decode("", `${head}${frame}ValueError: first: a\n\n  second\n`).message).toBe("first: a\n\n  second");
    expect(decode("", `${head}${frame}KeyboardInterrupt\n`)).toMatchObject({ name: "KeyboardInterrupt", message: "" });
    expect(decode("", `${head}${frame}app.f.<locals>.Inner: no\n`)).toMatchObject({ name: "Inner", message: "no" });
  });

  test("have their chain as causes", () => {
    const cause = `${head}${frame}KeyError: 'missing'\n`;
    const chain = `${cause}\nThe above exception was the direct cause of the following exception:\n\n${head}${frame}app.MyError: no\n`;
    const error = decode("MyError('no')", chain);
    expect(error).toMatchObject({ name: "MyError", message: "no", cause: { name: "KeyError", message: "'missing'" } });
    expect(error.cause).toBeInstanceOf(RemoteError);
    const during = chain.replace(
      "The above exception was the direct cause of the following exception:",
      "During handling of the above exception, another exception occurred:",
    );
    expect(decode("", during).cause).toMatchObject({ name: "KeyError" });
  });

  test("without a traceback are read from their repr", () => {
    expect(decode("ValueError('it\\'s \\n so')", "")).toMatchObject({ name: "ValueError", message: "it's \n so" });
    expect(decode("OSError(2, 'No such file')", "")).toMatchObject({ name: "OSError", message: "2, 'No such file'" });
    expect(decode("something", "")).toMatchObject({ name: "Exception", message: "something" });
  });
});

describe("instances", () => {
  test("are equal when their parameters are", () => {
    const one = modalCodec.encodeInstance("Model", [{ size: 3, name: "a", none: undefined }]);
    expect(modalCodec.encodeInstance("Model", [], { name: "a", size: 3n })).toBe(one);
    expect(modalCodec.encodeInstance("Model", [{ size: 4, name: "a" }])).not.toBe(one);
    expect(modalCodec.decodeInstance(one).args).toEqual([{ name: "a", size: 3 }]);
    expect(modalCodec.encodeInstance("Model", [])).toBe(modalCodec.encodeInstance("Model", [{}]));
  });

  test.each([
    ["positional arguments", [1], /Model is constructed with its parameters by name/],
    ["a second argument", [{}, 1], /by name/],
    ["fractions", [{ size: 1.5 }], /the parameter size of class Model is 1\.5, which is not an exact integer/],
    ["null", [{ size: null }], /the parameter size of class Model is null/],
    ["lists", [{ sizes: [1] }], /the parameter sizes of class Model is of the type object/],
    ["integers of more than 64 bits", [{ size: 2n ** 64n }], /more than 64 bits/],
  ])("refuse %s", (_, args, message) => {
    expect(() => modalCodec.encodeInstance("Model", args)).toThrow(SerializationError);
    expect(() => modalCodec.encodeInstance("Model", args)).toThrow(message);
  });
});
