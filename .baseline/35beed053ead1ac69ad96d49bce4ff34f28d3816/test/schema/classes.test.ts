/** Classes in a manifest: which are accepted, what a change means, how they are exported. */
import { describe, expect, test } from "vitest";
import {
  type AppManifest,
  type ClassSchema,
  compareManifests,
  exportJsonSchema,
  exportMarkdown,
  exportOpenApi,
  type FunctionSchema,
  type ParameterSchema,
  parseManifest,
  signatureOf,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { OPTIONS } from "../support/arbitraries.ts";

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const size: ParameterSchema = { name: "size", type: STRING, doc: "How large." };

function manifest(constructors: ClassSchema["constructors"], more: Partial<FunctionSchema> = {}): AppManifest {
  const method: Omit<FunctionSchema, "signature"> = {
    name: "Model.predict",
    class: "Model",
    mode: "unary",
    parameters: [{ name: "text", type: STRING }],
    returns: NUMBER,
    options: OPTIONS,
    ...more,
  };
  const owner = { name: "Model", constructors };
  return {
    schemaVersion: 1,
    app: "ml",
    environment: "main",
    version: 1,
    deployedAt: "2026-01-01T00:00:00.000Z",
    language: "typescript",
    declarations: [],
    functions: [{ ...method, signature: signatureOf(method, [], owner) }],
    classes: [{ ...owner, doc: "Thinks.", signature: "s" }],
  };
}

const taking = (...parameters: ParameterSchema[]) => manifest([{ parameters }]);

describe("a manifest", () => {
  test("has classes whose methods are functions", async () => {
    expect(await parseManifest(taking(size))).toEqual(taking(size));
  });

  test.each<[string, unknown]>([
    ["no class is called", { ...taking(size), classes: [] }],
    [
      "a class needs at least one constructor",
      { ...taking(size), classes: [{ name: "Model", constructors: [], signature: "s" }] },
    ],
    ["is not the name of a method of Model", manifest([{ parameters: [] }], { name: "Other.predict" })],
    ["is a class too", manifest([{ parameters: [] }], { name: "Model" })],
  ])("is refused where %s", async (problem, json) => {
    await expect(parseManifest(json)).rejects.toThrow(problem);
  });
});

describe("a change of the constructor", () => {
  test("is part of each method's signature, and reported only for the class", () => {
    const [before, after] = [taking(size), taking({ ...size, type: NUMBER })];
    expect(before.functions[0]!.signature).not.toBe(after.functions[0]!.signature);
    expect(compareManifests(before, after)).toEqual([
      { name: "Model", verdict: "breaking", reasons: [expect.stringContaining("parameter 'size'")] },
      { name: "Model.predict", verdict: "same", reasons: [] },
    ]);
  });

  test("that accepts more is compatible, and one of documentation is for readers", () => {
    const wider = taking(size, { name: "more", type: NUMBER, optional: true });
    expect(compareManifests(taking(size), wider)[0]).toMatchObject({ verdict: "compatible" });
    const documented = taking(size);
    documented.classes![0]!.doc = "Thinks twice.";
    expect(compareManifests(taking(size), documented)[0]).toMatchObject({ verdict: "docs only" });
    expect(taking({ ...size, doc: "Other words." }).functions[0]!.signature).toBe(taking(size).functions[0]!.signature);
  });

  test("and a class that is added or removed with its methods, are reported", () => {
    const { classes: _, ...none } = { ...taking(size), functions: [] };
    expect(compareManifests(taking(size), none).map(({ verdict }) => verdict)).toEqual(["breaking", "breaking"]);
    expect(compareManifests(none, taking(size)).map(({ verdict }) => verdict)).toEqual(["compatible", "compatible"]);
  });
});

describe("exports", () => {
  test("show how an instance is constructed, by the class's name too", () => {
    const schema = exportJsonSchema(taking(size), "Model");
    expect(schema).toMatchObject({
      properties: {
        "Model.predict": {
          properties: { constructorArguments: { prefixItems: [{ type: "string", title: "size" }] } },
          required: ["constructorArguments", "arguments"],
        },
      },
    });
    expect(exportOpenApi(taking(size))).toMatchObject({
      paths: {
        "/Model.predict": {
          post: {
            requestBody: {
              content: {
                "application/json": {
                  schema: {
                    properties: {
                      constructorArguments: { properties: { size: { type: "string" } }, required: ["size"] },
                      arguments: { properties: { text: { type: "string" } } },
                    },
                    required: ["constructorArguments", "arguments"],
                  },
                },
              },
            },
          },
        },
      },
    });
    const markdown = exportMarkdown(taking(size));
    expect(markdown).toContain("## `Model`\n\n```ts\nnew Model(size: string)\n```\n\nThinks.");
    expect(markdown.indexOf("## `Model`")).toBeLessThan(markdown.indexOf("## `Model.predict`"));
  });
});
