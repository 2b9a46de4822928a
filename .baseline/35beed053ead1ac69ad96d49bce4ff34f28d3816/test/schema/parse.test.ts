import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AppManifest, parseManifest, SchemaError } from "../../src/schema/index.ts";
import { manifests, OPTIONS } from "../support/arbitraries.ts";

const manifest: AppManifest = {
  schemaVersion: 1,
  app: "images",
  environment: "main",
  version: 3,
  deployedAt: "2026-01-01T00:00:00.000Z",
  language: "typescript",
  declarations: [
    {
      kind: "interface",
      name: "ResizeOptions",
      properties: [{ name: "width", type: { kind: "primitive", name: "number" } }],
    },
    { kind: "enum", name: "Format", members: [{ name: "Png", value: "png" }] },
  ],
  functions: [
    {
      name: "resize",
      mode: "unary",
      parameters: [{ name: "options", type: { kind: "reference", name: "ResizeOptions" } }],
      returns: { kind: "reference", name: "Format", member: "Png" },
      options: OPTIONS,
      signature: "0123456789abcdef",
    },
  ],
};

// biome-ignore lint/suspicious/noExplicitAny: what is made wrong on purpose has no type
type Draft = Record<string, any>;

/** The manifest with one thing in it changed. */
function changed(change: (manifest: Draft) => void): unknown {
  const copy = structuredClone(manifest);
  change(copy);
  return copy;
}

async function failure(json: unknown): Promise<SchemaError> {
  const error = await parseManifest(json).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(SchemaError);
  return error;
}

describe("a manifest", () => {
  test("whose functions throw something other than an error class is refused", async () => {
    const throwing = changed(({ functions }) => {
      functions[0].errors = [{ kind: "reference", name: "ResizeOptions" }];
    });
    await expect(parseManifest(throwing)).rejects.toThrow("functions[0]: what is thrown is not a declared error class");
    const declared = changed(({ functions, declarations }) => {
      functions[0].errors = [{ kind: "reference", name: "ResizeOptions" }];
      declarations[0].error = "ResizeOptions";
    });
    expect(await parseManifest(declared)).toEqual(declared);
  });

  test("that a producer wrote is read as it is", async () => {
    await fc.assert(
      fc.asyncProperty(manifests(), async (written) => {
        const text = JSON.stringify(written);
        expect(JSON.stringify(await parseManifest(JSON.parse(text)))).toBe(text);
      }),
    );
  });

  test("may have fields that this version does not know", async () => {
    const json = changed((copy) => {
      copy.functions[0].batching = { maxSize: 4 };
    });
    await expect(parseManifest(json)).resolves.toMatchObject({ app: "images" });
  });

  test("of a newer version is refused with advice", async () => {
    const error = await failure({ ...manifest, schemaVersion: 2 });
    expect(error.message).toBe("the manifest has schema version 2; this farcall reads version 1");
    expect(error.hint).toBe("Update farcall.");
    expect(error.code).toBe("FARCALL_SCHEMA");
  });

  test.each([null, 5, "x", [], {}])("is not %j", async (json) => {
    await failure(json);
  });

  test.each<[string, string, (copy: Draft) => void]>([
    [
      "a kind of type that does not exist",
      'functions[0].parameters[0].type.kind: "arry" is not one of primitive',
      (copy) => {
        copy.functions[0].parameters[0].type.kind = "arry";
      },
    ],
    [
      "a missing field",
      "functions[0].returns: is missing",
      (copy) => {
        delete copy.functions[0].returns;
      },
    ],
    [
      "a wrong type of value",
      'version: expected a whole number, found "3"',
      (copy) => {
        copy.version = "3";
      },
    ],
    [
      "a reference to nothing",
      'functions[0].parameters[0].type.name: no declaration is called "ResizeOption"; is "ResizeOptions" meant?',
      (copy) => {
        copy.functions[0].parameters[0].type.name = "ResizeOption";
      },
    ],
    [
      "a member that an enum lacks",
      'functions[0].returns.member: no member of Format is called "Pgn"; is "Png" meant?',
      (copy) => {
        copy.functions[0].returns.member = "Pgn";
      },
    ],
    [
      "two declarations of one name",
      'declarations[2]: "Format" appears twice',
      (copy) => {
        copy.declarations.push(copy.declarations[1]);
      },
    ],
    [
      "two functions of one name",
      'functions[1]: "resize" appears twice',
      (copy) => {
        copy.functions.push(copy.functions[0]);
      },
    ],
    [
      "code for a name",
      'declarations[1].name: "x; y" cannot name a type',
      (copy) => {
        copy.declarations[1].name = "x; y";
        copy.functions[0].returns = { kind: "primitive", name: "void" };
      },
    ],
    [
      "code for a bigint",
      'functions[0].returns.value.bigint: "1n | any" is not a decimal integer',
      (copy) => {
        copy.functions[0].returns = { kind: "literal", value: { bigint: "1n | any" } };
      },
    ],
    [
      "a template without its last text",
      "functions[0].returns: texts must have one item more than types",
      (copy) => {
        copy.functions[0].returns = { kind: "templateLiteral", texts: [], types: [] };
      },
    ],
  ])("with %s is refused, naming the place", async (_, message, change) => {
    expect((await failure(changed(change))).message).toContain(message);
  });

  test("lists all problems at once, up to a limit", async () => {
    const error = await failure({ ...manifest, functions: Array.from({ length: 9 }, () => ({})) });
    expect(error.message.split("\n")).toHaveLength(7);
    expect(error.message).toContain("more");
  });

  test("that is nested endlessly is refused, not followed", async () => {
    let type: unknown = { kind: "primitive", name: "string" };
    for (let depth = 0; depth < 100_000; depth++) type = { kind: "array", element: type };
    const error = await failure(
      changed((copy) => {
        copy.functions[0].returns = type;
      }),
    );
    expect(error.message).toContain("is nested more than 400 levels deep");
    expect(error.message.length).toBeLessThan(400);
  });

  test("keeps names of Object.prototype as data", async () => {
    const text = JSON.stringify(manifest)
      .replaceAll('"width"', '"__proto__"')
      .replace('"env":{}', '"env":{"__proto__":"x"}');
    const parsed = await parseManifest(JSON.parse(text));
    expect(JSON.stringify(parsed)).toBe(text);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
