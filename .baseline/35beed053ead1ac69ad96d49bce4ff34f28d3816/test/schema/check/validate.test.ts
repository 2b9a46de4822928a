/** Arguments that do not fit a function's types are refused before the function sees them, with a message that names the place. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileValidator } from "../../../src/schema/check/index.ts";
import {
  type Declaration,
  type FunctionSchema,
  type ParameterSchema,
  printType,
  type TypeSchema,
} from "../../../src/schema/index.ts";

const string: TypeSchema = { kind: "primitive", name: "string" };
const number: TypeSchema = { kind: "primitive", name: "number" };
const undefined_: TypeSchema = { kind: "primitive", name: "undefined" };
const literal = (value: string | number | boolean | { bigint: string }): TypeSchema => ({ kind: "literal", value });
const union = (...members: TypeSchema[]): TypeSchema => ({ kind: "union", members });
const array = (element: TypeSchema): TypeSchema => ({ kind: "array", element });
const ref = (name: string, ...typeArguments: TypeSchema[]): TypeSchema => ({
  kind: "reference",
  name,
  ...(typeArguments.length > 0 && { typeArguments }),
});
const object = (members: Record<string, TypeSchema>, optional: string[] = []): TypeSchema => ({
  kind: "object",
  properties: Object.entries(members).map(([name, type]) => ({
    name,
    type,
    ...(optional.includes(name) && { optional: true }),
  })),
});

function validator(
  parameters: ParameterSchema[],
  declarations: Declaration[] = [],
  overloads?: FunctionSchema["overloads"],
) {
  const schema = { name: "resize", parameters, returns: string, ...(overloads && { overloads }) } as FunctionSchema;
  const validate = compileValidator("resize", { functions: [schema], declarations }, printType)!;
  return (...args: unknown[]) => validate(args)?.message;
}

/** The message for one argument `options` of this type; undefined when it fits. */
function check(type: TypeSchema, value: unknown, declarations: Declaration[] = []): string | undefined {
  return validator([{ name: "options", type }], declarations)(value);
}

describe("a refusal", () => {
  test("names function, argument, path, expected and received", () => {
    const options = object({ width: number, labels: array(object({ text: string })) });
    expect(check(options, { width: "5", labels: [] })).toBe("resize(options.width): expected number, received string");
    expect(check(options, { width: 5, labels: [{ text: "a" }, { text: 7 }] })).toBe(
      "resize(options.labels[1].text): expected string, received number",
    );
    expect(check(object({ "max-age": number }), { "max-age": null })).toBe(
      'resize(options["max-age"]): expected number, received null',
    );
  });

  test("shows the value where the type lists values", () => {
    const fit = union(literal("cover"), literal("contain"));
    expect(check(object({ fit }), { fit: "covr" })).toBe(
      'resize(options.fit): expected "cover" | "contain", received "covr"',
    );
  });

  test("distinguishes a missing argument from an undefined one, and counts extra ones", () => {
    const validate = validator([
      { name: "image", type: string },
      { name: "width", type: number, optional: true },
    ]);
    expect(validate()).toBe("resize(image): expected string, received nothing");
    expect(validate(undefined)).toBe("resize(image): expected string, received undefined");
    expect(validate("a", 1, 2)).toBe("resize: expected 1 to 2 arguments, received 3");
    expect(validate("a", undefined)).toBeUndefined();
    expect(validate("a", 1, undefined)).toBeUndefined();
  });

  test("hints at the deployed signature", () => {
    const schema = {
      name: "resize",
      parameters: [
        { name: "image", type: string },
        { name: "width", type: number, default: "100" },
      ],
      returns: string,
    } as unknown as FunctionSchema;
    const validate = compileValidator("resize", { functions: [schema], declarations: [] }, printType)!;
    expect(validate([])!.hint).toContain("resize(image: string, width?: number)");
  });

  test("explains a discriminated union by the member that was meant", () => {
    const shape = union(
      object({ type: literal("circle"), radius: number }),
      object({ type: literal("square"), side: number }),
    );
    expect(check(shape, { type: "square", side: "2" })).toBe("resize(options.side): expected number, received string");
    expect(check(shape, { type: "line" })).toMatch(/^resize\(options\): expected \{.*\} \| \{.*\}, received object$/);
  });

  test("explains an optional object by the object", () => {
    expect(check(union(object({ width: number }), undefined_), { width: "2" })).toBe(
      "resize(options.width): expected number, received string",
    );
  });

  test("of overloads is about the one that the arguments match longest", () => {
    const overloads = [
      {
        parameters: [
          { name: "a", type: string },
          { name: "b", type: string },
        ],
        returns: string,
      },
      { parameters: [{ name: "a", type: number }], returns: string },
    ];
    const validate = validator(overloads[1]!.parameters, [], overloads);
    expect(validate("x", 1)).toBe("resize(b): expected string, received number");
    expect(validate(1)).toBeUndefined();
    expect(validate("x", "y")).toBeUndefined();
  });

  test("does not print large values or types", () => {
    const long = union(...Array.from({ length: 500 }, (_, index) => literal(`value ${index}`)));
    expect(check(long, "x".repeat(10_000))!.length).toBeLessThan(400);
  });
});

describe("accepted is", () => {
  test("what the compiler would accept, extra properties included", () => {
    expect(check(object({ a: string }, ["a"]), {})).toBeUndefined();
    expect(check(object({ a: string }), { a: "x", more: 1 })).toBeUndefined();
    expect(check(object({}), "anything")).toBeUndefined();
    expect(check(object({ length: number }), "text")).toBeUndefined();
    expect(check(object({ x: union(string, undefined_) }), 5)).toContain("received number");
    expect(check({ kind: "primitive", name: "unknown" }, undefined)).toBeUndefined();
  });

  test("a branded value, whose brand exists for the compiler only", () => {
    const brand = object({ __brand: literal("UserId") });
    expect(check({ kind: "intersection", members: [string, brand] }, "u1")).toBeUndefined();
    expect(check({ kind: "intersection", members: [string, brand] }, 1)).toBe(
      "resize(options): expected string, received number",
    );
    expect(check({ kind: "intersection", members: [object({ id: string }), brand] }, { id: "a" })).toBeUndefined();
  });

  test("a combination of flags for a numeric enum, and only members for one of strings", () => {
    const flags: Declaration = {
      kind: "enum",
      name: "Flags",
      members: [
        { name: "A", value: 1 },
        { name: "B", value: 2 },
      ],
    };
    const colors: Declaration = { kind: "enum", name: "Color", members: [{ name: "Red", value: "red" }] };
    expect(check(ref("Flags"), 3, [flags])).toBeUndefined();
    expect(check(ref("Color"), "red", [colors])).toBeUndefined();
    expect(check(ref("Color"), "blue", [colors])).toBe('resize(options): expected "red", received "blue"');
    const one: TypeSchema = { kind: "reference", name: "Flags", member: "A" };
    expect(check(one, 2, [flags])).toBeDefined();
  });

  test("anything for a type parameter, what it is bound to inside a declaration", () => {
    expect(check({ kind: "typeParameter", name: "T" }, { any: "thing" })).toBeUndefined();
    const box: Declaration = {
      kind: "interface",
      name: "Box",
      typeParameters: [{ name: "T" }],
      properties: [{ name: "value", type: { kind: "typeParameter", name: "T" } }],
    };
    expect(check(ref("Box", number), { value: 1 }, [box])).toBeUndefined();
    expect(check(ref("Box", number), { value: "1" }, [box])).toBe(
      "resize(options.value): expected number, received string",
    );
    expect(check(ref("Box", ref("Box", string)), { value: { value: 1 } }, [box])).toBe(
      "resize(options.value.value): expected string, received number",
    );
  });

  test("a recursive type, also one that grows with each level", () => {
    const list: Declaration = {
      kind: "interface",
      name: "List",
      typeParameters: [{ name: "T" }],
      properties: [
        { name: "head", type: { kind: "typeParameter", name: "T" } },
        { name: "tail", type: ref("List", array({ kind: "typeParameter", name: "T" })), optional: true },
      ],
    };
    expect(check(ref("List", number), { head: 1, tail: { head: [1], tail: { head: [[1]] } } }, [list])).toBeUndefined();
    expect(check(ref("List", number), { head: 1, tail: { head: [1], tail: { head: [1] } } }, [list])).toBe(
      "resize(options.tail.tail.head[0]): expected number[], received number",
    );
  });

  test("an inherited property as the inheriting interface declares it", () => {
    const declarations: Declaration[] = [
      { kind: "interface", name: "Named", properties: [{ name: "name", type: string }] },
      { kind: "interface", name: "User", extends: [ref("Named")], properties: [{ name: "age", type: number }] },
    ];
    expect(check(ref("User"), { name: "a", age: 1 }, declarations)).toBeUndefined();
    expect(check(ref("User"), { age: 1 }, declarations)).toBe(
      "resize(options.name): expected string, received undefined",
    );
  });
});

describe("each kind of type", () => {
  const cases: [name: string, type: TypeSchema, good: unknown[], bad: unknown[]][] = [
    ["literal bigint", literal({ bigint: "10" }), [10n], [10, 11n]],
    ["boolean", { kind: "primitive", name: "boolean" }, [true, false], [0, "true"]],
    ["null", { kind: "primitive", name: "null" }, [null], [undefined]],
    ["void", { kind: "primitive", name: "void" }, [undefined], [null]],
    ["never", { kind: "primitive", name: "never" }, [], [undefined, 1]],
    ["object keyword", { kind: "primitive", name: "object" }, [{}, []], [null, 1]],
    [
      "template literal",
      { kind: "templateLiteral", texts: ["", "px"], types: [number] },
      ["10px", "-1.5px", "1e3px"],
      ["px", "apx", "10px ", 10],
    ],
    [
      "template literal of a union",
      { kind: "templateLiteral", texts: ["on", ""], types: [union(literal("Click"), literal("Key.Down"))] },
      ["onClick", "onKey.Down"],
      ["onKeyxDown", "on"],
    ],
    [
      "tuple with optional",
      { kind: "tuple", elements: [{ type: string }, { type: number, optional: true }] },
      [["a"], ["a", 1], ["a", undefined]],
      [[], ["a", 1, 2], [1], "a"],
    ],
    [
      "tuple with a rest in the middle",
      { kind: "tuple", elements: [{ type: string }, { type: array(number), rest: true }, { type: string }] },
      [
        ["a", "b"],
        ["a", 1, 2, "b"],
      ],
      [["a"], ["a", 1], ["a", "b", "c"]],
    ],
    ["Date", { kind: "builtin", name: "Date" }, [new Date()], ["2020-01-01", 1]],
    ["Uint8Array", { kind: "builtin", name: "Uint8Array" }, [new Uint8Array(1)], [[1], new Uint16Array(1)]],
    [
      "Map",
      { kind: "builtin", name: "Map", typeArguments: [string, number] },
      [new Map(), new Map([["a", 1]])],
      [new Map([["a", "1"]]), new Map([[1, 1]]), {}],
    ],
    ["Set", { kind: "builtin", name: "Set", typeArguments: [string] }, [new Set(["a"])], [new Set([1]), ["a"]]],
    ["Error class", { kind: "builtin", name: "RangeError" }, [new RangeError("x")], [new Error("x")]],
    [
      "Record of names",
      { kind: "global", name: "Record", typeArguments: [union(literal("a"), literal("b")), number] },
      [{ a: 1, b: 2 }],
      [{ a: 1 }, { a: 1, b: "2" }],
    ],
    [
      "index signature",
      {
        kind: "object",
        properties: [{ name: "id", type: string }],
        indexes: [{ key: string, value: union(string, number) }],
      },
      [{ id: "a", x: 1 }],
      [{ id: "a", x: true }, { id: 1 }],
    ],
    [
      "numeric index signature",
      { kind: "object", properties: [], indexes: [{ key: number, value: string }] },
      [{ 1: "a", other: 5 }, ["a"]],
      [{ 1: 2 }],
    ],
  ];
  test.each(cases)("%s", (_name, type, good, bad) => {
    for (const value of good) expect([value, check(type, value)]).toEqual([value, undefined]);
    for (const value of bad) expect([value, check(type, value)]).toEqual([value, expect.any(String)]);
  });
});

test("any value against any type gives an answer, and an explanation for each refusal", () => {
  const { type } = fc.letrec<{ type: TypeSchema }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(string, number, undefined_, literal("a"), literal(1)),
      tie("type").map(array),
      fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map((members) => union(...members)),
      fc
        .array(tie("type"), { minLength: 1, maxLength: 3 })
        .map((members): TypeSchema => ({ kind: "intersection", members })),
      fc.dictionary(fc.constantFrom("a", "b", "type"), tie("type")).map((members) => object(members, ["b"])),
      fc
        .array(tie("type"), { maxLength: 3 })
        .map((types): TypeSchema => ({ kind: "tuple", elements: types.map((one) => ({ type: one })) })),
      tie("type").map((one): TypeSchema => ({ kind: "builtin", name: "Map", typeArguments: [string, one] })),
    ),
  }));
  fc.assert(
    fc.property(
      type,
      fc.anything({ withMap: true, withSet: true, withDate: true, withNullPrototype: true }),
      (one, value) => {
        const message = check(one, value);
        expect(message === undefined || message.startsWith("resize(options")).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

describe("a generic function's arguments", () => {
  const typeParameter = (name: string): TypeSchema => ({ kind: "typeParameter", name });
  const global = (name: string, ...typeArguments: TypeSchema[]): TypeSchema => ({
    kind: "global",
    name,
    typeArguments,
  });
  const user: Declaration = {
    kind: "interface",
    name: "User",
    properties: [
      { name: "id", type: number },
      { name: "name", type: string, optional: true },
    ],
  };
  const box: Declaration = {
    kind: "interface",
    name: "Box",
    typeParameters: [{ name: "T" }],
    properties: [{ name: "value", type: typeParameter("T") }],
  };

  /** The message for `value: type` of a function with the type parameter T. */
  function generic(type: TypeSchema, value: unknown, constraint?: TypeSchema): string | undefined {
    const schema = {
      name: "resize",
      typeParameters: [{ name: "T", ...(constraint && { constraint }) }],
      parameters: [{ name: "value", type }],
      returns: string,
    } as unknown as FunctionSchema;
    const validate = compileValidator("resize", { functions: [schema], declarations: [user, box] }, printType)!;
    return validate([value])?.message;
  }

  test("fit what their type parameter is constrained to", () => {
    expect(generic(typeParameter("T"), 5)).toBeUndefined();
    expect(generic(typeParameter("T"), 5, string)).toMatch("resize(value): expected string, received number");
    expect(generic(array(typeParameter("T")), [{ id: 1 }, { id: "2" }], ref("User"))).toMatch(
      "resize(value[1].id): expected number, received string",
    );
    expect(generic(ref("Box", typeParameter("T")), { value: 5 }, string)).toMatch("resize(value.value)");
    expect(generic(ref("Box", typeParameter("T")), { value: "5", more: 1 }, string)).toBeUndefined();
    // Named by itself, it is unknown there.
    const comparable = object({ other: typeParameter("T"), id: number });
    expect(generic(typeParameter("T"), { id: 1, other: "anything" }, comparable)).toBeUndefined();
    expect(generic(typeParameter("T"), { id: "1", other: "anything" }, comparable)).toMatch("value.id");
  });

  test("fit what all outcomes of a computed type have in common", () => {
    const conditional: TypeSchema = {
      kind: "conditional",
      check: typeParameter("T"),
      extends: array({ kind: "infer", name: "U" }),
      whenTrue: array(typeParameter("U")),
      whenFalse: number,
    };
    expect(generic(conditional, ["a"])).toBeUndefined();
    expect(generic(conditional, 5)).toBeUndefined();
    expect(generic(conditional, "a")).toMatch("resize(value): expected T extends (infer U)[] ? U[] : number");
    const keys: TypeSchema = { kind: "keyof", type: typeParameter("T") };
    expect(generic(keys, "a")).toBeUndefined();
    expect(generic(keys, 0)).toBeUndefined();
    expect(generic(keys, {})).toMatch("expected keyof T, received object");
    const mapped: TypeSchema = { kind: "mapped", parameter: "K", constraint: keys, type: number };
    expect(generic(mapped, null)).toBeUndefined(); // `{ [K in keyof T]: number }` of null is null
    expect(generic(mapped, null, ref("User"))).toMatch("received null");
    expect(generic(global("Partial", typeParameter("T")), undefined, ref("User"))).toMatch("received undefined");
    expect(generic(global("Partial", typeParameter("T")), "text")).toBeUndefined();
    expect(generic(global("Omit", typeParameter("T"), literal("a")), null)).toMatch("received null");
  });

  test("and of others: Partial, Required, Pick and Omit of known properties, Iterable of what it yields", () => {
    const declared = [user];
    expect(check(global("Partial", ref("User")), {}, declared)).toBeUndefined();
    expect(check(global("Partial", ref("User")), { id: "1" }, declared)).toMatch("options.id");
    expect(check(global("Required", ref("User")), { id: 1 }, declared)).toMatch("options.name");
    expect(check(global("Pick", ref("User"), literal("name")), { id: "not looked at" }, declared)).toBeUndefined();
    expect(check(global("Pick", ref("User"), literal("id")), {}, declared)).toMatch("options.id");
    expect(check(global("Omit", ref("User"), literal("id")), { name: 5 }, declared)).toMatch("options.name");
    const numbers = global("Iterable", number);
    for (const value of [[1], new Set([1]), new Uint8Array(2), new Map(), ""]) {
      expect(check(numbers, value)).toBeUndefined();
    }
    expect(check(numbers, [1, "2"])).toBe("resize(options[1]): expected number, received string");
    expect(check(numbers, 5)).toBe("resize(options): expected Iterable<number>, received number");
  });
});
