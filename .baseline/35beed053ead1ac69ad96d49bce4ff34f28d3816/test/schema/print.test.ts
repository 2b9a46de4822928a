import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ParameterSchema,
  printCallParameters,
  printParameters,
  printTuple,
  printType,
  printTypeParameters,
  SchemaError,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { types } from "../support/arbitraries.ts";
import { readType } from "./read-type.ts";

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const UNDEFINED: TypeSchema = { kind: "primitive", name: "undefined" };

const scope = {
  references: [
    { name: "Options", arity: 0 },
    { name: "Page", arity: 1 },
    { name: "Color", arity: 0, members: ["Red", "dark-red", "delete", "__proto__"] },
  ],
  typeParameters: ["Item"],
};
const names = {
  references: new Set(["Options", "Page", "Color"]),
  globals: new Set(["Partial"]),
  builtins: new Set(
    "Date Map Set ReadonlyMap ReadonlySet RegExp URL Error TypeError ArrayBuffer Uint8Array Float64Array Buffer".split(
      " ",
    ),
  ),
};

describe("a printed type", () => {
  test("is the same type to TypeScript's parser", () => {
    fc.assert(
      fc.property(types({ ...scope, maxDepth: 4 }), (type) => {
        expect(readType(printType(type), names)).toEqual(type);
      }),
      { numRuns: 2000 },
    );
  });

  test("is one line, whatever is in its strings", () => {
    fc.assert(
      fc.property(types(scope), (type) => {
        expect(printType(type)).not.toMatch(/[\n\r\u2028\u2029]/);
      }),
    );
  });

  const union: TypeSchema = { kind: "union", members: [STRING, NUMBER] };
  const conditional: TypeSchema = {
    kind: "conditional",
    check: STRING,
    extends: NUMBER,
    whenTrue: STRING,
    whenFalse: NUMBER,
  };
  const infer: TypeSchema = { kind: "infer", name: "X", constraint: STRING };
  test.each<[string, TypeSchema]>([
    ["(string | number)[]", { kind: "array", element: union }],
    ["(readonly string[])[]", { kind: "array", element: { kind: "array", element: STRING, readonly: true } }],
    ["readonly (keyof string)[]", { kind: "array", element: { kind: "keyof", type: STRING }, readonly: true }],
    [
      "[(string | number)?, ...rest: string[]]",
      {
        kind: "tuple",
        elements: [
          { type: union, optional: true },
          { type: { kind: "array", element: STRING }, rest: true, label: "rest" },
        ],
      },
    ],
    [
      "[class_: string, this?: number]",
      {
        kind: "tuple",
        elements: [
          { type: STRING, label: "class" },
          { type: NUMBER, label: "this", optional: true },
        ],
      },
    ],
    ["(string extends number ? string : number) | string", { kind: "union", members: [conditional, STRING] }],
    [
      "string | { a: string } & number",
      {
        kind: "union",
        members: [
          STRING,
          { kind: "intersection", members: [{ kind: "object", properties: [{ name: "a", type: STRING }] }, NUMBER] },
        ],
      },
    ],
    ["string extends infer X extends string ? string : number", { ...conditional, extends: infer }],
    [
      "string extends ((class_: string, ...args: number[]) => string | number) ? string : number",
      {
        ...conditional,
        extends: {
          kind: "function",
          parameters: [
            { type: STRING, label: "class" },
            { type: { kind: "array", element: NUMBER }, label: "args", rest: true },
          ],
          returns: union,
        },
      },
    ],
    [
      "(abstract new (arg0: string) => number)[]",
      {
        kind: "array",
        element: { kind: "function", parameters: [{ type: STRING }], returns: NUMBER, constructs: "abstract" },
      },
    ],
    [
      '{ 0: string; "1": number }',
      {
        kind: "object",
        properties: [
          { name: "0", type: STRING, numeric: true },
          { name: "1", type: NUMBER },
        ],
      },
    ],
    ["-10n", { kind: "literal", value: { bigint: "-10" } }],
    ["-1[]", { kind: "array", element: { kind: "literal", value: -1 } }],
    [
      '{ "__proto__-x": string; __proto__?: number; readonly "": string }',
      {
        kind: "object",
        properties: [
          { name: "__proto__-x", type: STRING },
          { name: "__proto__", type: NUMBER, optional: true },
          { name: "", type: STRING, readonly: true },
        ],
      },
    ],
    [
      "{ readonly [path: string]: number }",
      {
        kind: "object",
        properties: [],
        indexes: [{ key: STRING, keyName: "path", value: NUMBER, readonly: true }],
      },
    ],
    [
      "{ -readonly [K in string as number]-?: string }",
      {
        kind: "mapped",
        parameter: "K",
        constraint: STRING,
        nameType: NUMBER,
        type: STRING,
        optional: "remove",
        readonly: "remove",
      },
    ],
    ["Map<unknown, unknown>", { kind: "builtin", name: "Map" }],
    ["Color.delete", { kind: "reference", name: "Color", member: "delete" }],
    ['(typeof Color)["dark-red"]', { kind: "reference", name: "Color", member: "dark-red" }],
    ["Intl.NumberFormatOptions", { kind: "global", name: "Intl.NumberFormatOptions", typeArguments: [] }],
    ["{}", { kind: "object", properties: [] }],
    ["never", { kind: "union", members: [] }],
  ])("reads %s", (text, type) => {
    expect(printType(type)).toBe(text);
  });
});

describe("printed parameters", () => {
  const parameters: ParameterSchema[] = [
    { name: "image", type: { kind: "builtin", name: "Uint8Array" } },
    { name: "options", type: { kind: "reference", name: "ResizeOptions" }, optional: true },
    { name: "more", type: { kind: "array", element: STRING }, rest: true },
  ];

  test("parse as a function's", () => {
    expect(printParameters(parameters)).toBe("image: Uint8Array, options?: ResizeOptions, ...more: string[]");
  });

  test("show what is passed by name only as callers pass it", () => {
    const named: ParameterSchema[] = [
      { name: "from", type: STRING, keywordOnly: true, default: "1" },
      { name: "to", type: NUMBER, keywordOnly: true },
    ];
    expect(printCallParameters(named)).toBe("kwargs({ from?: string; to: number })");
    const rest: ParameterSchema = { name: "others", type: NUMBER, keywordRest: true };
    expect(printCallParameters([parameters[0]!, ...named, rest])).toBe(
      "image: Uint8Array, kwargs({ [key: string]: number; from?: string; to: number })",
    );
    expect(printCallParameters(parameters)).toBe(printParameters(parameters));
  });

  test("parse as a tuple's elements, where undefined may be passed for optional ones", () => {
    expect(printTuple(parameters)).toBe("[image: Uint8Array, options?: ResizeOptions | undefined, ...more: string[]]");
    const optional = (type: TypeSchema): string => printTuple([{ name: "a", type, optional: true }]);
    expect(optional({ kind: "union", members: [STRING, UNDEFINED] })).toBe("[a?: string | undefined]");
    expect(optional({ kind: "union", members: [STRING, NUMBER] })).toBe("[a?: string | number | undefined]");
    expect(optional({ kind: "primitive", name: "unknown" })).toBe("[a?: unknown]");
  });

  test("accept undefined for a default before a required parameter", () => {
    const list: ParameterSchema[] = [
      { name: "width", type: NUMBER, default: "100" },
      { name: "image", type: STRING },
    ];
    expect(printParameters(list)).toBe("width: number | undefined, image: string");
    expect(printTuple(list)).toBe("[width: number | undefined, image: string]");
  });

  test("named by reserved words get another name where TypeScript requires it", () => {
    const list: ParameterSchema[] = [
      { name: "class", type: STRING },
      { name: "new", type: STRING },
    ];
    expect(printParameters(list)).toBe("class_: string, new_: string");
    expect(printTuple(list)).toBe("[class_: string, new: string]");
  });

  test("come with type parameters", () => {
    expect(
      printTypeParameters([
        { name: "T", constraint: STRING, default: NUMBER },
        { name: "U", const: true },
      ]),
    ).toBe("<T extends string = number, const U>");
    expect(printTypeParameters(undefined)).toBe("");
  });
});

describe("a name that contains code", () => {
  const evil = "x; process.exit(1); type y";
  test.each<[string, () => string]>([
    ["a reference", () => printType({ kind: "reference", name: evil })],
    ["a reserved reference", () => printType({ kind: "reference", name: "keyof" })],
    ["a type parameter", () => printType({ kind: "typeParameter", name: evil })],
    ["a built-in", () => printType({ kind: "builtin", name: evil } as unknown as TypeSchema)],
    ["a primitive", () => printType({ kind: "primitive", name: evil } as unknown as TypeSchema)],
    ["a kind", () => printType({ kind: evil } as unknown as TypeSchema)],
    ["a global", () => printType({ kind: "global", name: `Intl.${evil}`, typeArguments: [] })],
    ["a bigint", () => printType({ kind: "literal", value: { bigint: "1n | any" } })],
    ["an infinite number", () => printType({ kind: "literal", value: Number.POSITIVE_INFINITY })],
    ["a label", () => printType({ kind: "tuple", elements: [{ type: STRING, label: evil }] })],
    ["a parameter", () => printParameters([{ name: evil, type: STRING }])],
    ["a tuple's parameter", () => printTuple([{ name: evil, type: STRING }])],
    [
      "an index signature's key",
      () => printType({ kind: "object", properties: [], indexes: [{ key: STRING, keyName: evil, value: STRING }] }),
    ],
    ["a declared type parameter", () => printTypeParameters([{ name: evil }])],
  ])("is refused as %s", (_, print) => {
    expect(print).toThrow(SchemaError);
  });
});
