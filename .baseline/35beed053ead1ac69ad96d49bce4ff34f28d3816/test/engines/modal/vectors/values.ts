/** JavaScript values by name, that record.py shows to cbor2 and codec.test.ts encodes: what Python sees of each is in vectors.json. */
import { pathToFileURL } from "node:url";
import { modalCodec } from "../../../../src/engines/modal/codec/index.ts";

class Point {
  x = 1;
  y = 2;
}

export const values: Record<string, unknown> = {
  true: true,
  null: null,
  zero: 0,
  "negative zero": -0,
  "small integer": 23,
  "integer of two bytes": 300,
  "integer of 32 bits": 4294967295,
  "integer beyond 32 bits": 1767323045123,
  "largest safe integer": Number.MAX_SAFE_INTEGER,
  "smallest safe integer": Number.MIN_SAFE_INTEGER,
  "negative integer": -500,
  float: 1.5,
  "large float": 1e300,
  infinity: Number.POSITIVE_INFINITY,
  "not a number": Number.NaN,
  "small bigint": 5n,
  "bigint of 64 bits": 2n ** 63n,
  "bigint of 65 bits": 2n ** 64n + 1n,
  "negative bigint of 64 bits": -(2n ** 63n),
  "negative bigint of 70 bits": -(2n ** 70n),
  "empty string": "",
  "string of 24 letters": "abcdefghijklmnopqrstuvwx",
  "string beyond ASCII": "naïve 日本 🎉",
  "string of 300 two-byte letters": "é".repeat(300),
  "string of 23 letters, longer as UTF-8": "ééééééééééééééééééééééé",
  bytes: new Uint8Array([1, 2, 3]),
  Buffer: Buffer.from("hi"),
  ArrayBuffer: new Uint8Array([4, 5]).buffer,
  SharedArrayBuffer: new SharedArrayBuffer(2),
  DataView: new DataView(new Uint8Array([6, 7]).buffer),
  Float64Array: new Float64Array([1.5, 2]),
  Int16Array: new Int16Array([-1, 2]),
  Uint8ClampedArray: new Uint8ClampedArray([300, 2]),
  BigInt64Array: new BigInt64Array([5n, -(2n ** 40n)]),
  array: [1, "a", null, [true]],
  "array with undefined": [1, undefined, 2],
  "array with a hole": Object.assign(new Array(2), { 1: "b" }),
  object: { a: 1, "b c": { d: [] } },
  "object with an undefined property": { a: undefined, b: 1 },
  "object without prototype": Object.assign(Object.create(null), { a: 1 }),
  "key __proto__": JSON.parse('{"__proto__": 1}'),
  "instance of a class without methods": new Point(),
  Map: new Map<unknown, unknown>([
    [1, "one"],
    ["two", 2],
    [[3, 4], undefined],
  ]),
  "empty Map": new Map(),
  Set: new Set([1, "a"]),
  "Set of lists": new Set([[1, 2]]),
  Date: new Date("2026-01-02T03:04:05.678Z"),
  "far Date": new Date("9999-12-31T23:59:59.999Z"),
  "first Date of Python": new Date("0001-01-01T00:00:00.000Z"),
  URL: new URL("https://example.com/a?b"),
};

// Run by record.py.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, value] of Object.entries(values)) {
    const payload = modalCodec.encodeArguments([value], { named: value });
    console.log(`${name}\t${Buffer.from(payload).toString("hex")}`);
  }
}
