/** Parameters of other languages: by position only, by name only, and all other names. */
import { describe, expect, test } from "vitest";
import {
  compareFunctions,
  exportJsonSchema,
  type FunctionSchema,
  type ParameterSchema,
  parseManifest,
  signatureOf,
  type TypeSchema,
} from "../../src/schema/index.ts";

const number: TypeSchema = { kind: "primitive", name: "number" };
const text: TypeSchema = { kind: "primitive", name: "string" };

function fn(...parameters: ParameterSchema[]): FunctionSchema {
  const schema: Omit<FunctionSchema, "signature"> = {
    name: "f",
    mode: "unary",
    parameters,
    returns: number,
    keywords: true,
    options: {
      retries: { maxRetries: 0, backoffCoefficient: 1, initialDelayMs: 0, maxDelayMs: 0 },
      timeoutMs: 1,
      startupTimeoutMs: 1,
      minContainers: 0,
      maxContainers: 1,
      bufferContainers: 0,
      scaledownWindowMs: 0,
      concurrency: { maxInputs: 1 },
      secrets: [],
      env: {},
      memoryMiB: 0,
      validate: true,
    },
  };
  return { ...schema, signature: signatureOf(schema, []) };
}

function manifest(of: FunctionSchema) {
  return {
    schemaVersion: 1 as const,
    app: "a",
    environment: "main",
    version: 1,
    deployedAt: "2026-01-01T00:00:00.000Z",
    language: "python" as const,
    declarations: [],
    functions: [of],
  };
}

const verdict = (before: FunctionSchema, after: FunctionSchema) =>
  compareFunctions({ fn: before, declarations: [] }, { fn: after, declarations: [] });

const x: ParameterSchema = { name: "x", type: number };
const positionalX: ParameterSchema = { ...x, positionalOnly: true };
const rest = (type: TypeSchema): ParameterSchema => ({ name: "others", type, keywordRest: true });

describe("the signature", () => {
  test("depends on how an argument can be passed", () => {
    const signatures = [
      fn(x),
      fn(positionalX),
      fn({ ...x, keywordOnly: true }),
      fn(x, rest(number)),
      fn(x, rest(text)),
    ];
    expect(new Set(signatures.map(({ signature }) => signature)).size).toBe(signatures.length);
  });

  test("does not depend on a name that callers cannot use", () => {
    expect(fn(positionalX).signature).toBe(fn({ ...positionalX, name: "y" }).signature);
    expect(fn(rest(text)).signature).toBe(fn({ ...rest(text), name: "more" }).signature);
    expect(fn(x).signature).not.toBe(fn({ ...x, name: "y" }).signature);
  });
});

describe("a new version", () => {
  test.each([
    ["takes a name away", fn(x), fn(positionalX), "breaking", "parameter 'x' can be passed by position only"],
    ["gives a name", fn(positionalX), fn(x), "compatible", "types changed, compatibly"],
    ["takes any other name", fn(x), fn(x, rest(text)), "compatible", "arguments of any other name can be passed"],
    [
      "no longer takes any other name",
      fn(rest(text)),
      fn(),
      "breaking",
      "arguments of other names can no longer be passed",
    ],
    ["takes other values by any name", fn(rest(text)), fn(rest(number)), "breaking", "parameter 'others' "],
    [
      "takes a name from the rest, for another type",
      fn(rest(text)),
      fn({ name: "size", type: number, optional: true, keywordOnly: true }, rest(text)),
      "breaking",
      "parameter 'size' ",
    ],
    [
      "takes a name from the rest, for the same type",
      fn(rest(text)),
      fn({ name: "size", type: text, optional: true, keywordOnly: true }, rest(text)),
      "compatible",
      "",
    ],
    [
      "leaves a named argument to the rest",
      fn({ name: "size", type: text, keywordOnly: true }),
      fn(rest(text)),
      "compatible",
      "",
    ],
  ] as const)("%s", (_, before, after, expected, reason) => {
    const result = verdict(before, after);
    expect(result.verdict).toBe(expected);
    expect(result.reasons.join("; ")).toContain(reason);
  });
});

describe("a manifest", () => {
  test("keeps how arguments can be passed", async () => {
    const whole = manifest(fn(positionalX, { name: "y", type: text }, rest(number)));
    expect(await parseManifest(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });

  test.each([
    [[x, positionalX], "comes after one that has a name"],
    [[rest(text), { ...x, keywordOnly: true }], "is not the last"],
    [[{ ...rest(text), optional: true }], "is optional"],
    [[{ ...positionalX, keywordOnly: true }], "exclude each other"],
  ] as [ParameterSchema[], string][])(
    "is refused with parameters that contradict each other: %#",
    async (given, message) => {
      const parameters = given.map((parameter, at) => ({ ...parameter, name: `p${at}` }));
      await expect(parseManifest(manifest(fn(...parameters)))).rejects.toThrow(message);
    },
  );

  test("has all other names in its JSON Schema of arguments by position left out", () => {
    const schema = exportJsonSchema(manifest(fn(x, rest(number))), "f");
    expect(JSON.stringify(schema)).not.toContain("others");
  });
});
