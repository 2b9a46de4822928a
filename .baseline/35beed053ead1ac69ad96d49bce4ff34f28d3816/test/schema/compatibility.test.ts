import { describe, expect, test } from "vitest";
import {
  compareFunctions,
  compareManifests,
  type Declaration,
  type FunctionSchema,
  type FunctionVersion,
  type ParameterSchema,
  type PropertySchema,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { OPTIONS } from "../support/arbitraries.ts";

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const NULL: TypeSchema = { kind: "primitive", name: "null" };
const T: TypeSchema = { kind: "typeParameter", name: "T" };
const union = (...members: TypeSchema[]): TypeSchema => ({ kind: "union", members });
const array = (element: TypeSchema): TypeSchema => ({ kind: "array", element });
const ref = (name: string): TypeSchema => ({ kind: "reference", name });
const object = (...properties: (PropertySchema | string)[]): TypeSchema => ({
  kind: "object",
  properties: properties.map((property) =>
    typeof property === "string" ? { name: property, type: STRING } : property,
  ),
});
const text = (value: string): TypeSchema => ({ kind: "literal", value });
const template = (...texts: string[]): TypeSchema => ({
  kind: "templateLiteral",
  texts,
  types: texts.slice(1).map(() => STRING),
});
const iterable = (of: TypeSchema): TypeSchema => ({ kind: "global", name: "Iterable", typeArguments: [of] });
const set = (of: TypeSchema): TypeSchema => ({ kind: "builtin", name: "Set", typeArguments: [of] });
const optional = (name: string, type: TypeSchema = STRING): PropertySchema => ({ name, type, optional: true });
const param = (name: string, type: TypeSchema = STRING, more: Partial<ParameterSchema> = {}): ParameterSchema => ({
  name,
  type,
  ...more,
});
const version = (
  parameters: ParameterSchema[],
  returns: TypeSchema = STRING,
  more: Partial<FunctionSchema> = {},
  declarations: Declaration[] = [],
): FunctionVersion => ({
  fn: { name: "f", mode: "unary", parameters, returns, ...more },
  declarations,
});
const giving = (returns: TypeSchema, ...declarations: Declaration[]): FunctionVersion =>
  version([], returns, {}, declarations);
const taking = (type: TypeSchema, ...declarations: Declaration[]): FunctionVersion =>
  version([param("options", type)], STRING, {}, declarations);
const format = (...members: string[]): Declaration => ({
  kind: "enum",
  name: "Format",
  members: members.map((name) => ({ name, value: name.toLowerCase() })),
});
const tree = (...properties: PropertySchema[]): Declaration => ({
  kind: "interface",
  name: "Tree",
  properties: [{ name: "children", type: array(ref("Tree")) }, ...properties],
});
const named = { keywords: true } as const;

const throwing = (...errors: [name: string, ...properties: PropertySchema[]][]): FunctionVersion =>
  version(
    [],
    STRING,
    { errors: errors.map(([name]) => ({ kind: "reference", name })) },
    errors.map(([name, ...properties]) => ({ kind: "interface", name, properties, error: name })),
  );
const limit = (type: TypeSchema): PropertySchema => ({ name: "limit", type });

describe("a change that old stubs survive", () => {
  test.each<[string, FunctionVersion, FunctionVersion]>([
    ["the error TooLarge was added", throwing(), throwing(["TooLarge", limit(NUMBER)])],
    ["the error TooLarge is no longer declared", throwing(["TooLarge"], ["Busy"]), throwing(["Busy"])],
    [
      "the error TooLarge: property 'limit' was added and is required",
      throwing(["TooLarge"]),
      throwing(["TooLarge", limit(NUMBER)]),
    ],
    [
      "the error TooLarge: property 'limit' can no longer be null",
      throwing(["TooLarge", limit(union(NUMBER, NULL))]),
      throwing(["TooLarge", limit(NUMBER)]),
    ],
    ["parameter 'width' was added", version([]), version([param("width", NUMBER, { optional: true })])],
    [
      "parameter 'width' became optional",
      version([param("width")]),
      version([param("width", STRING, { optional: true })]),
    ],
    [
      "parameter 'width' may now be number",
      version([param("width")]),
      version([param("width", union(STRING, NUMBER))]),
    ],
    ["parameter 'more' may now be repeated", version([]), version([param("more", array(STRING), { rest: true })])],
    ["returns: can no longer be null", giving(union(STRING, NULL)), giving(STRING)],
    ["parameter 'options': property 'size' became optional", taking(object("size")), taking(object(optional("size")))],
    [
      "parameter 'options': property 'depth' was added",
      taking(object("size")),
      taking(object("size", optional("depth"))),
    ],
    ["returns: property 'depth' was added and is required", giving(object("size")), giving(object("size", "depth"))],
    ["returns: property 'depth' was added", giving(object("size")), giving(object("size", optional("depth")))],
    [
      "returns: property '[].depth' was added and is required",
      giving(array(object("size"))),
      giving(array(object("size", "depth"))),
    ],
    [
      "returns: changed: member Format.Gif was removed",
      giving(ref("Format"), format("Png", "Gif")),
      giving(ref("Format"), format("Png")),
    ],
    [
      "parameter 'options' changed: member Format.Gif was added",
      taking(ref("Format"), format("Png")),
      taking(ref("Format"), format("Png", "Gif")),
    ],
    [
      "returns: property 'name' was added and is required",
      giving(ref("Tree"), tree()),
      giving(ref("Tree"), tree({ name: "name", type: STRING })),
    ],
    [
      "overload 2 was added",
      version([param("a")]),
      version([], STRING, { overloads: [version([param("a")]).fn, version([param("a", NUMBER)]).fn] }),
    ],
    ["parameter 'options' was string, is now {}", taking(STRING), taking(object())],
    ["parameter 'options' was \"xa\", is now `x$\x7bstring}`", taking(text("xa")), taking(template("x", ""))],
    ['returns: was `$\x7bstring}-$\x7bstring}`, is now "a-b-c"', giving(template("", "-", "")), giving(text("a-b-c"))],
    ["parameter 'options' was string[], is now Iterable<string>", taking(array(STRING)), taking(iterable(STRING))],
    ["returns: was Iterable<string>, is now Set<string>", giving(iterable(STRING)), giving(set(STRING))],
    [
      "parameter 'options': element '[]' may now be number",
      taking(iterable(STRING)),
      taking(iterable(union(STRING, NUMBER))),
    ],
    [
      "parameter 'options': property 'size' became optional",
      taking(object("size")),
      taking({ kind: "global", name: "Partial", typeArguments: [object("size")] }),
    ],
    [
      "parameter 'options' may now be { id: string } & { c: string }",
      taking({ kind: "intersection", members: [object("id"), union(object("a"), object("b"))] }),
      taking({ kind: "intersection", members: [object("id"), union(object("a"), object("b"), object("c"))] }),
    ],
    ["arguments can be passed by name", version([param("a")]), version([param("a")], STRING, named)],
    [
      "parameter 'b' was added",
      version([param("a", T)], T, { typeParameters: [{ name: "T" }] }),
      version([param("a", T), param("b", STRING, { optional: true })], T, { typeParameters: [{ name: "T" }] }),
    ],
  ])("%s", (reason, before, after) => {
    expect(compareFunctions(before, after)).toEqual({ verdict: "compatible", reasons: [reason] });
  });
});

describe("a change that old stubs do not survive", () => {
  test.each<[string, FunctionVersion, FunctionVersion]>([
    [
      "the error TooLarge: property 'limit' may now be null",
      throwing(["TooLarge", limit(NUMBER)]),
      throwing(["TooLarge", limit(union(NUMBER, NULL))]),
    ],
    ["the error TooLarge: property 'limit' was removed", throwing(["TooLarge", limit(NUMBER)]), throwing(["TooLarge"])],
    [
      "parameter 'width' became required",
      version([param("width", STRING, { optional: true })]),
      version([param("width")]),
    ],
    ["parameter 'width' was added and is required", version([]), version([param("width")])],
    ["parameter 'width' was removed", version([param("width", STRING, { optional: true })]), version([])],
    ["parameter 'options' was \"ab\", is now `ab$\x7bstring}b`", taking(text("ab")), taking(template("ab", "b"))],
    ["parameter 'options' was \"\", is now `$\x7bstring}$\x7bstring}`", taking(text("")), taking(template("", "", ""))],
    ["parameter 'options' was Iterable<string>, is now string[]", taking(iterable(STRING)), taking(array(STRING))],
    ["parameter 'width' was string, is now number", version([param("width")]), version([param("width", NUMBER)])],
    [
      "parameter 'width' can no longer be number",
      version([param("width", union(STRING, NUMBER))]),
      version([param("width")]),
    ],
    [
      "parameter 'more' can no longer be repeated",
      version([param("more", array(STRING), { rest: true })]),
      version([]),
    ],
    ["returns: property 'size' was removed", giving(object("size")), giving(object())],
    ["returns: property 'size' became optional", giving(object("size")), giving(object(optional("size")))],
    [
      "returns: property 'size' became readonly",
      giving(object("size")),
      giving(object({ name: "size", type: STRING, readonly: true })),
    ],
    [
      "returns: property 'meta.size' was string, is now number",
      giving(object({ name: "meta", type: object("size") })),
      giving(object({ name: "meta", type: object({ name: "size", type: NUMBER }) })),
    ],
    ["returns: may now be null", giving(STRING), giving(union(STRING, NULL))],
    [
      "yields: may now be null",
      version([], STRING, { mode: "generator" }),
      version([], union(STRING, NULL), { mode: "generator" }),
    ],
    ["parameter 'options': property 'size' was removed", taking(object("size", "depth")), taking(object("depth"))],
    [
      "parameter 'options': property 'size' was added and is required",
      taking(object("depth")),
      taking(object("depth", "size")),
    ],
    [
      "parameter 'options' changed: member Format.Gif was removed",
      taking(ref("Format"), format("Png", "Gif")),
      taking(ref("Format"), format("Png")),
    ],
    [
      "returns: changed: member Format.Gif was added",
      giving(ref("Format"), format("Png")),
      giving(ref("Format"), format("Png", "Gif")),
    ],
    [
      "parameter 'options': property 'name' was added and is required",
      taking(ref("Tree"), tree()),
      taking(ref("Tree"), tree({ name: "name", type: STRING })),
    ],
    ["was a unary function, is now a generator one", version([]), version([], STRING, { mode: "generator" })],
    [
      "type parameters changed",
      version([param("a")]),
      version([param("a")], STRING, { typeParameters: [{ name: "T" }] }),
    ],
    [
      "overload 2 was removed",
      version([], STRING, { overloads: [version([param("a")]).fn, version([param("a", NUMBER)]).fn] }),
      version([param("a")]),
    ],
    ["arguments can no longer be passed by name", version([param("a")], STRING, named), version([param("a")])],
    [
      "parameter 'a' was removed or renamed",
      version([param("a")], STRING, named),
      version([param("b", STRING, { optional: true })], STRING, named),
    ],
    [
      "parameter 'b' can be passed by name only",
      version([param("b", STRING, { optional: true })], STRING, named),
      version([param("b", STRING, { optional: true, keywordOnly: true })], STRING, named),
    ],
    [
      "parameter 'k' was added and is required",
      version([], STRING, named),
      version([param("k", STRING, { keywordOnly: true })], STRING, named),
    ],
    [
      "parameter 'a' changed, in a generic function",
      version([param("a", T)], T, { typeParameters: [{ name: "T" }] }),
      version([param("a", union(T, NULL))], T, { typeParameters: [{ name: "T" }] }),
    ],
  ])("%s", (reason, before, after) => {
    const { verdict, reasons } = compareFunctions(before, after);
    expect(verdict).toBe("breaking");
    expect(reasons).toContain(reason);
  });
});

describe("a change that only readers see", () => {
  test.each<[string, FunctionVersion, FunctionVersion]>([
    ["documentation changed", version([param("a")]), version([param("a", STRING, { doc: "The text." })])],
    ["documentation changed", giving(ref("Tree"), tree()), giving(ref("Tree"), { ...tree(), doc: "A tree." })],
    ["parameter 'a' is called 'text' now", version([param("a")]), version([param("text")])],
    ["names or order changed", taking(union(STRING, NUMBER)), taking(union(NUMBER, STRING))],
  ])("%s", (reason, before, after) => {
    expect(compareFunctions(before, after)).toEqual({ verdict: "docs only", reasons: [reason] });
  });

  test("is none when options, the place in the source or other declarations change", () => {
    const before = version([param("a")], STRING, { source: { file: "a.ts", line: 1 }, options: OPTIONS });
    const after = version(
      [param("a")],
      STRING,
      { source: { file: "b.ts", line: 2 }, options: { ...OPTIONS, timeoutMs: 1 } },
      [tree()],
    );
    expect(compareFunctions(before, after)).toEqual({ verdict: "same", reasons: [] });
  });
});

describe("comparing", () => {
  test("terminates when a generic type contains itself with ever larger arguments", () => {
    const nest = (leaf: TypeSchema): Declaration => ({
      kind: "interface",
      name: "Nest",
      typeParameters: [{ name: "T" }],
      properties: [
        { name: "leaf", type: union(leaf, T) },
        optional("next", {
          kind: "reference",
          name: "Nest",
          typeArguments: [{ kind: "tuple", elements: [{ type: T }, { type: T }] }],
        }),
      ],
    });
    const use: TypeSchema = { kind: "reference", name: "Nest", typeArguments: [STRING] };
    const [before, after] = [taking(use, nest(NUMBER)), taking(use, nest(union(NUMBER, NULL)))];
    expect(compareFunctions(before, after)).toMatchObject({
      verdict: "breaking",
      reasons: [expect.stringContaining("is nested too deeply to be compared")],
    });
  });

  test("terminates for types that grow at each step", () => {
    const grow = (...more: PropertySchema[]): Declaration => ({
      kind: "interface",
      name: "Grow",
      typeParameters: [{ name: "T" }],
      properties: [
        { name: "next", type: { kind: "reference", name: "Grow", typeArguments: [array(T)] } },
        { name: "value", type: T },
        ...more,
      ],
    });
    const use: TypeSchema = { kind: "reference", name: "Grow", typeArguments: [STRING] };
    const { verdict, reasons } = compareFunctions(taking(use, grow()), taking(use, grow(optional("x"))));
    expect(verdict).toBe("breaking");
    expect(reasons[0]).toContain("is nested too deeply to be compared");
  });

  test("names all changes of a function, compatible and breaking ones", () => {
    const before = version([param("a"), param("options", object("width"))], object("x", "y"));
    const after = version(
      [
        param("a", NUMBER),
        param("options", object("width", optional("height"))),
        param("more", STRING, { optional: true }),
      ],
      object("x", "z"),
    );
    const { verdict, reasons } = compareFunctions(before, after);
    expect(verdict).toBe("breaking");
    const about = (subject: string) => reasons.filter((reason) => reason.startsWith(subject));
    expect(about("parameter 'a'")).toHaveLength(1);
    expect(about("parameter 'options': property 'height' ")).toHaveLength(1);
    expect(about("parameter 'more' ")).toHaveLength(1);
    expect(about("returns: property 'y' ")).toHaveLength(1);
    expect(about("returns: property 'z' ")).toHaveLength(1);
    expect(reasons).toHaveLength(5);
  });

  test("names what has changed in addition to the mode", () => {
    const generator = version([param("a", NUMBER)], NUMBER, { mode: "generator" });
    const { reasons } = compareFunctions(version([param("a")], STRING), generator);
    expect(reasons).toEqual(["was a unary function, is now a generator one", expect.stringMatching(/^parameter 'a' /)]);
  });

  test("two manifests lists every function of either", () => {
    const fn = (name: string, returns: TypeSchema): FunctionSchema => ({
      ...giving(returns).fn,
      name,
      options: OPTIONS,
      signature: "",
    });
    const before = { declarations: [], functions: [fn("gone", STRING), fn("kept", STRING), fn("changed", STRING)] };
    const after = { declarations: [], functions: [fn("new", STRING), fn("kept", STRING), fn("changed", NUMBER)] };
    expect(compareManifests(before, after)).toEqual([
      { name: "changed", verdict: "breaking", reasons: ["returns: was string, is now number"] },
      { name: "gone", verdict: "breaking", reasons: ["function was removed"] },
      { name: "kept", verdict: "same", reasons: [] },
      { name: "new", verdict: "compatible", reasons: ["function was added"] },
    ]);
  });
});
