/** Which defaults of parameters a form can show as values. */
import { describe, expect, test } from "vitest";
import type { Field } from "../../src/ui/api.ts";
import { literalValue } from "../../src/ui/server/defaults.ts";

const anything: Field = { type: "unknown", kind: "json", schema: {} };

describe("a default", () => {
  test.each([
    ["320", 320],
    ["1_000.5", 1000.5],
    ["-2e3", -2000],
    ["0xff", 255],
    ["-0", { $: "number", v: "-0" }],
    ["Infinity", { $: "number", v: "Infinity" }],
    ["12n", { $: "bigint", v: "12" }],
    ['"a \\"b\\" \\u00e9\\n"', 'a "b" é\n'],
    ["'it\\'s'", "it's"],
    ["`plain`", "plain"],
    ["true", true],
    ["null", null],
    ["undefined", { $: "undefined" }],
    ["[1, 'a', [],]", [1, "a", []]],
    [
      '{ a: 1, "b c": { d: [true] } }',
      {
        $: "object",
        v: [
          ["a", 1],
          ["b c", { $: "object", v: [["d", [true]]] }],
        ],
      },
    ],
    ["{}", { $: "object", v: [] }],
  ])("%s is a value", (text, value) => {
    expect(literalValue(text, anything)).toEqual(value);
  });

  test.each([
    "Date.now()",
    "new Map()",
    ["`", "a}`"].join("${"),
    "limit",
    "1 + 2",
    "[...other]",
    "{ ...other }",
    "{ a }",
    "[1 2]",
    "1.2.3",
    '"a" + b',
    "'\\u{ffffff}'",
    "",
  ])("%s is left to the function, since it is not a literal", (text) => {
    expect(literalValue(text, anything)).toBeUndefined();
  });

  test("that names a member of an enum is that member's value", () => {
    const field: Field = { type: "Color", kind: "select", options: [{ label: "Color.Red", value: 3 }] };
    expect(literalValue("Color.Red", field)).toBe(3);
    expect(literalValue("Color.Blue", field)).toBeUndefined();
  });
});
