import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AppManifest,
  exportJsonSchema,
  exportMarkdown,
  exportOpenApi,
  SchemaError,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { manifests, OPTIONS } from "../support/arbitraries.ts";

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const UNDEFINED: TypeSchema = { kind: "primitive", name: "undefined" };
const ref = (name: string, ...typeArguments: TypeSchema[]): TypeSchema =>
  typeArguments.length > 0 ? { kind: "reference", name, typeArguments } : { kind: "reference", name };

const manifest: AppManifest = {
  schemaVersion: 1,
  app: "images",
  environment: "main",
  version: 3,
  deployedAt: "2026-01-01T00:00:00.000Z",
  language: "typescript",
  doc: "Works on images.",
  declarations: [
    {
      kind: "interface",
      name: "ResizeOptions",
      doc: "How to scale.",
      properties: [
        { name: "width", type: NUMBER, doc: "In pixels." },
        { name: "format", type: ref("Format"), optional: true },
        { name: "__proto__", type: { kind: "union", members: [STRING, UNDEFINED] } },
      ],
    },
    {
      kind: "enum",
      name: "Format",
      members: [
        { name: "Png", value: "png", doc: "Lossless." },
        { name: "Jpeg", value: "jpeg" },
      ],
    },
    {
      kind: "interface",
      name: "Page",
      typeParameters: [{ name: "T" }],
      properties: [
        { name: "items", type: { kind: "array", element: { kind: "typeParameter", name: "T" } } },
        { name: "next", type: ref("Page", { kind: "typeParameter", name: "T" }), optional: true },
      ],
    },
  ],
  functions: [
    {
      name: "resize",
      mode: "unary",
      doc: "Scales an image. Keeps its proportions.\n@deprecated use `scale`",
      parameters: [
        { name: "image", type: { kind: "builtin", name: "Uint8Array" }, doc: "Any format | any size." },
        { name: "options", type: ref("ResizeOptions"), optional: true, default: "{ width: 100 }" },
        { name: "tags", type: { kind: "array", element: STRING }, rest: true },
      ],
      returns: { kind: "builtin", name: "Uint8Array" },
      source: { file: "src/app.ts", line: 12 },
      options: { ...OPTIONS, retries: { ...OPTIONS.retries, maxRetries: 3 } },
      signature: "0123456789abcdef",
    },
    {
      name: "pages",
      mode: "generator",
      parameters: [],
      returns: ref("Page", STRING),
      options: OPTIONS,
      signature: "0",
    },
  ],
};

/** Every `$ref` in a document. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" ? [item] : references(item),
  );
}

function resolves(document: unknown, reference: string): boolean {
  let at = document;
  for (const key of reference.slice(2).split("/")) at = (at as Record<string, unknown> | undefined)?.[key];
  return at !== undefined;
}

describe("JSON Schema", () => {
  test("of one function has its arguments by position and its result", () => {
    expect(exportJsonSchema(manifest, "resize")).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "images/resize",
      description: "Scales an image. Keeps its proportions.",
      deprecated: true,
      "x-farcall-mode": "unary",
      type: "object",
      properties: {
        arguments: {
          type: "array",
          prefixItems: [
            {
              title: "image",
              description: "Any format | any size.",
              type: "string",
              contentEncoding: "base64",
              "x-farcall-type": "Uint8Array",
            },
            { title: "options", $ref: "#/$defs/ResizeOptions" },
          ],
          minItems: 1,
          items: { type: "string" },
        },
        result: { type: "string", contentEncoding: "base64", "x-farcall-type": "Uint8Array" },
      },
      required: ["arguments"],
      $defs: {
        Format: { enum: ["png", "jpeg"], "x-enum-varnames": ["Png", "Jpeg"] },
        ResizeOptions: {
          description: "How to scale.",
          type: "object",
          properties: JSON.parse(
            '{ "width": { "type": "number", "description": "In pixels." }, "format": { "$ref": "#/$defs/Format" }, "__proto__": { "type": "string" } }',
          ),
          required: ["width"],
        },
      },
    });
  });

  test("writes out generic types, recursive ones too", () => {
    expect(exportJsonSchema(manifest, "pages").$defs).toEqual({
      Page_string: {
        type: "object",
        properties: { items: { type: "array", items: { type: "string" } }, next: { $ref: "#/$defs/Page_string" } },
        required: ["items"],
      },
    });
  });

  const literal = (value: string): TypeSchema => ({ kind: "literal", value });
  test.each<[string, TypeSchema, object]>([
    ["Date", { kind: "builtin", name: "Date" }, { type: "string", format: "date-time", "x-farcall-type": "Date" }],
    [
      "bigint",
      { kind: "primitive", name: "bigint" },
      { type: "string", pattern: "^-?\\d+$", "x-farcall-type": "bigint" },
    ],
    [
      "Map",
      { kind: "builtin", name: "Map", typeArguments: [STRING, NUMBER] },
      {
        type: "array",
        items: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], minItems: 2, items: false },
        "x-farcall-type": "Map",
      },
    ],
    [
      "Set",
      { kind: "builtin", name: "Set", typeArguments: [STRING] },
      { type: "array", uniqueItems: true, items: { type: "string" }, "x-farcall-type": "Set" },
    ],
    ["a union of literals", { kind: "union", members: [literal("a"), literal("b"), UNDEFINED] }, { enum: ["a", "b"] }],
    [
      "a union",
      { kind: "union", members: [STRING, { kind: "primitive", name: "null" }] },
      { anyOf: [{ type: "string" }, { type: "null" }] },
    ],
    [
      "a template",
      { kind: "templateLiteral", texts: ["v", ".x-"], types: [NUMBER] },
      { type: "string", pattern: "^v-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?\\.x-$" },
    ],
    [
      "a dictionary",
      { kind: "object", properties: [], indexes: [{ key: STRING, value: NUMBER }] },
      { type: "object", additionalProperties: { type: "number" } },
    ],
    [
      "a tuple",
      { kind: "tuple", elements: [{ type: STRING }, { type: NUMBER, optional: true }] },
      { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], minItems: 1, items: false },
    ],
    ["nothing", { kind: "primitive", name: "void" }, { type: "null" }],
  ])("has a convention for %s", (_, returns, expected) => {
    const [fn] = manifest.functions;
    const schema = exportJsonSchema({ ...manifest, functions: [{ ...fn!, returns }] }, "resize");
    expect((schema.properties as { result: unknown }).result).toEqual(expected);
  });
});

describe("OpenAPI", () => {
  test("has one POST for each function, with arguments by name", () => {
    // biome-ignore lint/suspicious/noExplicitAny: only looked into
    const document = exportOpenApi(manifest) as any;
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toEqual({ title: "images", version: "3", description: "Works on images." });
    expect(Object.keys(document.paths)).toEqual(["/resize", "/pages"]);
    const { post } = document.paths["/resize"];
    expect(post).toMatchObject({ operationId: "resize", summary: "Scales an image.", deprecated: true });
    expect(post.requestBody.required).toBe(true);
    expect(post.requestBody.content["application/json"].schema).toMatchObject({
      required: ["image"],
      properties: { options: { $ref: "#/components/schemas/ResizeOptions" } },
      additionalProperties: false,
    });
    expect(Object.keys(document.paths["/pages"].post.responses["200"].content)).toEqual(["application/jsonl"]);
  });
});

describe("Markdown", () => {
  test("reads as a reference", () => {
    expect(exportMarkdown(manifest, "resize")).toBe(
      [
        "## `resize`",
        "```ts\nresize(image: Uint8Array, options?: ResizeOptions, ...tags: string[]): Promise<Uint8Array>\n```",
        "Scales an image. Keeps its proportions.",
        "- **deprecated** use `scale`",
        "| parameter | default | description |\n| --- | --- | --- |\n| `image` |  | Any format \\| any size. |\n| `options` | `{ width: 100 }` |  |",
        "Options: timeout 300 s, 3 retries.",
        "Source: `src/app.ts:12`",
        "## Types",
        "### `ResizeOptions`",
        "How to scale.",
        "```ts\nexport interface ResizeOptions {\n  width: number;\n  format?: Format;\n  __proto__: string | undefined;\n}\n```",
        "| name | description |\n| --- | --- |\n| `width` | In pixels. |",
        "### `Format`",
        '```ts\nexport enum Format {\n  Png = "png",\n  Jpeg = "jpeg",\n}\n```',
        "| name | description |\n| --- | --- |\n| `Png` | Lossless. |\n",
      ].join("\n\n"),
    );
  });

  test("shows a generator as one", () => {
    expect(exportMarkdown(manifest)).toContain("pages(): AsyncGenerator<Page<string>>");
  });
});

describe("every export", () => {
  test("is plain JSON or text whose references all lead somewhere", () => {
    fc.assert(
      fc.property(manifests(), (any) => {
        for (const document of [exportJsonSchema(any), exportOpenApi(any)]) {
          const read = JSON.parse(JSON.stringify(document));
          expect(references(read).filter((reference) => !resolves(read, reference))).toEqual([]);
        }
        expect(exportMarkdown(any)).toContain("# images");
      }),
      { numRuns: 200 },
    );
  });

  test.each([exportJsonSchema, exportOpenApi, exportMarkdown])("says that a function is not there", (write) => {
    expect(() => write(manifest, "rotate")).toThrow(SchemaError);
  });
});
