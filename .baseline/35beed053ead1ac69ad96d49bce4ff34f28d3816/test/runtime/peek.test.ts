/** Keys of inputs, read from the bytes of their arguments: they must equal what decoding would give, whatever the bytes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { argumentBytes, decodeValue, encodeArguments, encodeValue } from "../../src/runtime/index.ts";

const values = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
});

/** The value at a path, as property access would find it. */
function at(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** All places in a value that property access reaches. */
function* places(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  const proto = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && proto !== Object.prototype && proto !== null) return;
  for (const name of Object.keys(value)) {
    const step = Array.isArray(value) ? Number(name) : name;
    yield* places((value as Record<string | number, unknown>)[step], [...path, step]);
  }
}

test("a value is found wherever it is in the arguments", () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 3 }), (args) => {
      let payload: Uint8Array;
      try {
        payload = encodeArguments(args);
      } catch {
        return; // cannot cross
      }
      for (const path of places(args)) {
        if (path.length === 0) continue;
        const bytes = argumentBytes(payload, path);
        const value = at(args, path);
        if (value === undefined) expect(bytes).toBeUndefined();
        else expect(bytes && withoutTags(bytes)).toEqual(withoutTags(encodedAt(value)));
      }
    }),
    { numRuns: 300 },
  );
});

/** As it is written inside of arguments that have to be revived. */
function encodedAt(value: unknown): Uint8Array {
  return encodeValue(value);
}

/** Decoded, where that is possible of a part alone. */
function withoutTags(bytes: Uint8Array): unknown {
  const revived = Uint8Array.from([0xd9, 0xa0, 0x00, ...bytes]);
  return decodeValue(bytes[0] === 0xd9 && bytes[1] === 0xa0 && bytes[2] === 0x00 ? bytes : revived);
}

test("equal values have equal bytes, whatever is next to them", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.boolean()), values, (key, other) => {
      let beside: Uint8Array;
      try {
        beside = encodeArguments([{ key, other }, other]);
      } catch {
        return; // cannot cross
      }
      const bare = argumentBytes(encodeArguments([key]), [0]);
      expect(argumentBytes(beside, [0, "key"])).toEqual(bare);
    }),
  );
});

test("nothing is found in bytes that are not arguments, and reading them ends", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.oneof(fc.nat(5), fc.string()), { maxLength: 3 }),
      (bytes, path) => {
        const found = argumentBytes(bytes, path);
        expect(found === undefined || found.length <= bytes.length).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(argumentBytes(new Uint8Array(200_000).fill(0x82), [0])).toBeUndefined();
  expect(argumentBytes(new Uint8Array(200_000).fill(0x81), [0])).toBeUndefined();
  expect(argumentBytes(encodeArguments([1]), [1])).toBeUndefined();
  expect(argumentBytes(encodeArguments([{ a: undefined }]), [0, "a"])).toBeUndefined();
  expect(argumentBytes(encodeArguments([{ length: 1 }]), [0, "width"])).toBeUndefined();
});
