import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readArgument } from "../../src/cli/calling/from-json.ts";
import { nameOf } from "../../src/cli/commands/calls.ts";
import { encodeInstance } from "../../src/runtime/index.ts";
import type { Declaration, TypeSchema } from "../../src/schema/index.ts";
import { fromJson, toJson } from "../../src/schema/index.ts";

const string: TypeSchema = { kind: "primitive", name: "string" };
const number: TypeSchema = { kind: "primitive", name: "number" };
const bigint: TypeSchema = { kind: "primitive", name: "bigint" };
const unknown: TypeSchema = { kind: "primitive", name: "unknown" };
const absent: TypeSchema = { kind: "primitive", name: "undefined" };
const date: TypeSchema = { kind: "builtin", name: "Date" };
const bytes: TypeSchema = { kind: "builtin", name: "Uint8Array" };
const union = (...members: TypeSchema[]): TypeSchema => ({ kind: "union", members });
const read = (text: string, type: TypeSchema, declarations: Declaration[] = []) =>
  readArgument(text, type, declarations, "it");

describe("an argument on the command line", () => {
  test("is plain text where a string is expected, whatever it looks like", () => {
    expect(read("hello", string)).toBe("hello");
    expect(read("42", string)).toBe("42");
    expect(read("true", union(string, absent))).toBe("true");
    expect(read("{}", string)).toBe("{}");
  });

  test("may quote a string as JSON does", () => {
    expect(read('"a\\nb"', string)).toBe("a\nb");
  });

  test("is JSON where another type is expected", () => {
    expect(read("42", number)).toBe(42);
    expect(read("[1,2]", { kind: "array", element: number })).toEqual([1, 2]);
    expect(read('{"a":1}', unknown)).toEqual({ a: 1 });
  });

  test("is a number rather than text where both are allowed and it reads as one", () => {
    expect(read("42", union(string, number))).toBe(42);
    expect(read("x", union(string, number))).toBe("x");
  });

  test("becomes a Date, bigint, URL or RegExp where one is expected", () => {
    expect(read("2026-01-31", date)).toEqual(new Date("2026-01-31"));
    expect(read("12345678901234567890", bigint)).toBe(12345678901234567890n);
    expect(read("https://example.org/", { kind: "builtin", name: "URL" })).toEqual(new URL("https://example.org/"));
    expect(read("/a+/i", { kind: "builtin", name: "RegExp" })).toEqual(/a+/i);
  });

  test("reads a file when it begins with @, as bytes where bytes are expected", () => {
    const folder = mkdtempSync(join(tmpdir(), "args-"));
    try {
      const file = join(folder, "f.json");
      writeFileSync(file, '{"a":1}');
      expect(read(`@${file}`, bytes)).toEqual(new Uint8Array(Buffer.from('{"a":1}')));
      expect(read(`@${file}`, string)).toBe('{"a":1}');
      expect(read(`@${file}`, unknown)).toEqual({ a: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("escapes a leading @ by another", () => {
    expect(read("@@ada", string)).toBe("@ada");
  });

  test("says which argument's file cannot be read", () => {
    expect(() => read("@/no/such/file", bytes)).toThrow(/argument it: cannot read \/no\/such\/file/);
  });
});

describe("JSON for a type", () => {
  const declarations: Declaration[] = [
    {
      kind: "interface",
      name: "Event",
      properties: [
        { name: "at", type: date },
        { name: "next", type: { kind: "reference", name: "Event" }, optional: true },
      ],
    },
    {
      kind: "alias",
      name: "Shape",
      type: union(
        {
          kind: "object",
          properties: [
            { name: "kind", type: { kind: "literal", value: "a" } },
            { name: "v", type: string },
          ],
        },
        {
          kind: "object",
          properties: [
            { name: "kind", type: { kind: "literal", value: "b" } },
            { name: "v", type: bigint },
          ],
        },
      ),
    },
  ];

  test("is converted inside objects, also recursive ones", () => {
    const value = { at: "2026-01-01", next: { at: "2026-01-02" } };
    expect(fromJson(value, { kind: "reference", name: "Event" }, declarations)).toEqual({
      at: new Date("2026-01-01"),
      next: { at: new Date("2026-01-02") },
    });
  });

  test("is converted by the member of a discriminated union that it belongs to", () => {
    const type: TypeSchema = { kind: "reference", name: "Shape" };
    expect(fromJson({ kind: "a", v: "1" }, type, declarations)).toEqual({ kind: "a", v: "1" });
    expect(fromJson({ kind: "b", v: "1" }, type, declarations)).toEqual({ kind: "b", v: 1n });
  });

  test("becomes Map, Set and typed arrays", () => {
    const map: TypeSchema = { kind: "builtin", name: "Map", typeArguments: [string, date] };
    expect(fromJson({ a: "2026-01-01" }, map, [])).toEqual(new Map([["a", new Date("2026-01-01")]]));
    expect(fromJson([["a", "2026-01-01"]], map, [])).toEqual(new Map([["a", new Date("2026-01-01")]]));
    expect(fromJson([1, 1, 2], { kind: "builtin", name: "Set", typeArguments: [number] }, [])).toEqual(new Set([1, 2]));
    expect(fromJson([1, 2], { kind: "builtin", name: "Float64Array" }, [])).toEqual(new Float64Array([1, 2]));
    expect(fromJson("AQI=", bytes, [])).toEqual(new Uint8Array([1, 2]));
  });

  test("is left as it is where it does not fit", () => {
    expect(fromJson("soon", date, [])).toBe("soon");
    expect(fromJson({ a: 1 }, number, [])).toEqual({ a: 1 });
  });
});

describe("a result as JSON", () => {
  test("has the nearest form for values that JSON lacks", () => {
    const value = {
      n: 1n,
      map: new Map([["a", 1]]),
      pairs: new Map([[1, 2]]),
      set: new Set([1]),
      bytes: new Uint8Array([1, 2]),
      floats: new Float32Array([0.5]),
    };
    expect(JSON.parse(toJson(value))).toEqual({
      n: "1",
      map: { a: 1 },
      pairs: [[1, 2]],
      set: [1],
      bytes: "AQI=",
      floats: [0.5],
    });
    expect(JSON.parse(toJson(new Error("no")))).toEqual({ name: "Error", message: "no" });
    expect(toJson(undefined)).toBe("null");
  });

  test("survives a cycle", () => {
    const value: { self?: unknown } = {};
    value.self = value;
    expect(toJson(value)).toBe('{"self":"[circular]"}');
  });
});

test("a method that was called is named with its constructor's arguments, as a target", () => {
  const named = (...args: unknown[]) => nameOf({ function: "Model.hit", instance: encodeInstance("Model", args) });
  expect(named()).toBe("Model().hit");
  expect(named("l", { size: 2, tag: undefined })).toBe('Model("l", {"size":2}).hit');
  expect(named("x".repeat(100))).toBe(`Model("${"x".repeat(39)}…).hit`);
  expect(nameOf({ function: "f" })).toBe("f");
});
