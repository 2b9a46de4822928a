/** Exports are valid for third-party validators, and agree with the container on values. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileValidator } from "../../src/schema/check/index.ts";
import {
  type AppManifest,
  type Declaration,
  exportJsonSchema,
  exportOpenApi,
  type FunctionSchema,
  fromJson,
  type Json,
  printType,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { manifests, OPTIONS } from "../support/arbitraries.ts";

function ajv(): Ajv2020 {
  // Keywords of our own (`x-farcall-type`) are for readers.
  const made = new Ajv2020({ strict: false });
  addFormats.default(made);
  return made;
}

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const BOOLEAN: TypeSchema = { kind: "primitive", name: "boolean" };
const NULL: TypeSchema = { kind: "primitive", name: "null" };
const BIGINT: TypeSchema = { kind: "primitive", name: "bigint" };
const literal = (value: string | number | boolean): TypeSchema => ({ kind: "literal", value });
const array = (element: TypeSchema): TypeSchema => ({ kind: "array", element });
const union = (...members: TypeSchema[]): TypeSchema => ({ kind: "union", members });
const ref = (name: string): TypeSchema => ({ kind: "reference", name });
const global = (name: string, ...typeArguments: TypeSchema[]): TypeSchema => ({ kind: "global", name, typeArguments });
const builtin = (name: "Date" | "Map" | "Set", ...typeArguments: TypeSchema[]): TypeSchema => ({
  kind: "builtin",
  name,
  typeArguments,
});

const declarations: Declaration[] = [
  {
    kind: "interface",
    name: "User",
    properties: [
      { name: "id", type: NUMBER },
      { name: "name", type: STRING, optional: true },
      { name: "manager", type: ref("User"), optional: true },
      { name: "changes", type: array(global("Partial", ref("User"))), optional: true },
    ],
  },
  {
    kind: "enum",
    name: "Color",
    members: [
      { name: "Red", value: "red" },
      { name: "Blue", value: "blue" },
    ],
  },
  {
    kind: "alias",
    name: "Shape",
    type: union(
      {
        kind: "object",
        properties: [
          { name: "kind", type: literal("circle") },
          { name: "radius", type: NUMBER },
        ],
      },
      {
        kind: "object",
        properties: [
          { name: "kind", type: literal("square") },
          { name: "side", type: NUMBER },
        ],
      },
    ),
  },
];

const user: fc.Arbitrary<Json> = fc.record(
  { id: fc.integer(), name: fc.string(), changes: fc.array(fc.record({ name: fc.string() }), { maxLength: 2 }) },
  { requiredKeys: ["id"] },
);

/** Types, and JSON that fits them; the property test adds JSON that mostly does not. */
const CASES: [TypeSchema, fc.Arbitrary<Json>][] = [
  [STRING, fc.string()],
  [NUMBER, fc.double({ noNaN: true, noDefaultInfinity: true })],
  [union(BOOLEAN, NULL), fc.constantFrom(true, false, null)],
  [union(literal("a"), literal("b"), literal(3)), fc.constantFrom("a", "b", 3)],
  [BIGINT, fc.bigInt().map(String)],
  [array(union(STRING, NUMBER)), fc.array(fc.oneof(fc.string(), fc.integer()))],
  [
    { kind: "tuple", elements: [{ type: STRING }, { type: NUMBER, optional: true }] },
    fc.oneof(fc.tuple(fc.string()), fc.tuple(fc.string(), fc.integer())),
  ],
  [
    { kind: "tuple", elements: [{ type: STRING }, { type: array(NUMBER), rest: true }] },
    fc.tuple(fc.string(), fc.array(fc.integer())).map(([first, rest]) => [first, ...rest]),
  ],
  [
    { kind: "templateLiteral", texts: ["v", "-", ""], types: [NUMBER, STRING] },
    fc.string().map((text) => `v12-${text}`),
  ],
  [ref("User"), user],
  [ref("Color"), fc.constantFrom("red", "blue")],
  [ref("Shape"), fc.constantFrom<Json>({ kind: "circle", radius: 1 }, { kind: "square", side: 2, more: null })],
  [global("Partial", ref("User")), fc.record({ name: fc.string() }, { requiredKeys: [] })],
  [global("Required", global("Pick", ref("User"), literal("name"))), fc.record({ name: fc.string() })],
  [global("Omit", ref("User"), union(literal("id"), literal("changes"))), fc.record({ name: fc.string() })],
  [global("Record", STRING, NUMBER), fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true })],
  [global("Record", ref("Color"), STRING), fc.record({ red: fc.string(), blue: fc.string() })],
  [global("Readonly", ref("User")), user],
  [
    { kind: "intersection", members: [ref("User"), { kind: "object", properties: [{ name: "age", type: NUMBER }] }] },
    fc.record({ id: fc.integer(), age: fc.integer() }),
  ],
  [
    builtin("Date"),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(1e12) }).map((date) => date.toISOString()),
  ],
  [builtin("Set", STRING), fc.uniqueArray(fc.string())],
  [builtin("Map", STRING, NUMBER), fc.array(fc.tuple(fc.string(), fc.integer()))],
];

/**
 * What is read from more than the schema describes: numbers as bigints, whatever Date.parse reads, objects as maps. And to TypeScript
 * an array is an object too, where no property is required.
 */
const READ_GENEROUSLY = /^(bigint|Date|Map<.*>)$/;

function manifestOf(functions: Pick<FunctionSchema, "name" | "parameters" | "returns">[]): AppManifest {
  return {
    schemaVersion: 1,
    app: "rich",
    environment: "main",
    version: 1,
    deployedAt: "2026-01-01T00:00:00.000Z",
    language: "typescript",
    declarations,
    functions: functions.map((fn) => ({ ...fn, mode: "unary", options: OPTIONS, signature: "0" })),
  };
}

const rich = manifestOf(
  CASES.map(([type], at) => ({ name: `f${at}`, parameters: [{ name: "value", type }], returns: type })),
);

describe("JSON Schema", () => {
  test("is one by draft 2020-12, whatever the types", () => {
    expect(ajv().compile(exportJsonSchema(rich))).toBeTypeOf("function");
    fc.assert(
      fc.property(manifests(), (manifest) => {
        const validator = ajv();
        const schema = exportJsonSchema(manifest);
        expect(validator.validateSchema(schema), JSON.stringify(validator.errors)).toBe(true);
        validator.compile(schema);
      }),
      { numRuns: 150 },
    );
  });

  test.each(CASES.map(([type, fitting], at) => ({ type: printType(type), at, fitting })))(
    "takes and refuses what the container takes and refuses: $type",
    ({ type, at, fitting }) => {
      const name = `f${at}`;
      const schema = exportJsonSchema(rich, name) as { properties: { arguments: object }; $defs: object };
      const byOthers = ajv().compile({ ...schema.properties.arguments, $defs: schema.$defs });
      const byContainer = compileValidator(name, rich, printType)!;
      const takes = (json: Json) => byContainer([fromJson(json, CASES[at]![0], declarations)]) === undefined;
      fc.assert(
        fc.property(fitting, (json) => {
          expect([byOthers([json]), takes(json)]).toEqual([true, true]);
        }),
      );
      const others = fc.oneof(
        ...CASES.map(([, arbitrary]) => arbitrary),
        fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
      );
      fc.assert(
        fc.property(others, (json) => {
          if (byOthers([json])) expect(takes(json)).toBe(true);
          else if (!READ_GENEROUSLY.test(type)) expect(takes(json) && !Array.isArray(json)).toBe(false);
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe("OpenAPI", () => {
  test("is 3.1, whatever the types", async () => {
    const validate = async (manifest: AppManifest): Promise<void> => {
      const { valid, errors } = await new Validator().validate(exportOpenApi(manifest) as Record<string, unknown>);
      expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    };
    await validate(rich);
    await fc.assert(fc.asyncProperty(manifests(), validate), { numRuns: 40 });
  });
});
