/** Classes in an app's source: the part that callers see, and what is refused. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { printParameters } from "../../src/schema/index.ts";
import { fixtures, printed, problemsOf } from "./support/printed.ts";

const read = () => introspect(join(fixtures, "classes/app.ts"), { root: fixtures });

test("a class's public methods are functions, including inherited ones; fields, getters and private members are not", () => {
  expect(printed("classes/app.ts")).toEqual([
    "Model.predict: (text: string) => number[]",
    "Model.stream: function* (count: number) => Options",
    "Model.pick: (one: string) => string",
    "Model.pick: (one: number) => number",
    "Model.first: <T>(items: T[]) => T | undefined",
    "Model.inherited: () => Date",
    "Renamed.run: () => void",
    "Helped.run: () => string",
    "fn: (options: Options) => void",
    "export interface Options { threads?: number; }",
  ]);
  expect(read().functions.map((fn) => fn.class)).toEqual([
    ...Array<string>(5).fill("Model"),
    "Renamed",
    "Helped",
    undefined,
  ]);
});

test("methods whose results are inferred keep type parameters and documentation", () => {
  expect(printed("classes/inferred.ts")).toEqual([
    "Model.box: <T>(item: T) => T[]",
    "Model.each: function* <T>(items: T[]) => { item: T }",
    "Model.count: <T extends string>(texts: T[]) => number",
    "Model.length: (text?: string) => number",
    "Model.extending: <U extends string>(one: U) => U[]",
  ]);
  const { functions } = introspect(join(fixtures, "classes/inferred.ts"), { root: fixtures });
  expect(functions[0]).toMatchObject({
    doc: "Boxes it.\n@deprecated use another box",
    typeParameters: [{ name: "T", doc: "what it is" }],
    parameters: [{ name: "item", doc: "what goes in" }],
  });
  expect(functions[3]?.doc).toBe("Says how long.");
});

test("a class without a name is named after its export; its constructor keeps types, defaults and documentation", () => {
  const { classes, functions } = read();
  expect(
    classes.map(({ name, constructors }) => [name, ...constructors.map((one) => printParameters(one.parameters))]),
  ).toEqual([
    ["Model", 'size: "s" | "l", options?: Options'],
    ["Renamed", ""],
    ["Helped", ""],
  ]);
  const [model] = classes;
  expect(model).toMatchObject({
    doc: "Thinks about texts.",
    source: { file: "classes/app.ts", line: 26 },
    constructors: [
      { doc: "Is quick.", parameters: [{ doc: "How large." }, { doc: "How.", default: "{}", optional: true }] },
    ],
  });
  const predict = functions.find(({ name }) => name === "Model.predict");
  expect(predict).toMatchObject({ doc: "Says what it means.", parameters: [{ doc: "What to read." }] });
});

test("members that callers cannot use are refused with their place, their path and a hint", () => {
  const lines = problemsOf("classes/refused.ts");
  expect(lines.filter((line) => !line.startsWith(" ")).map((line) => line.replace(/^\S+: /, ""))).toEqual([
    "error: class Generic has type parameters, which callers could not choose for an instance",
    "error: class Shape is abstract and cannot be constructed",
    "error: Refused.enter takes arguments but is called without any",
    "error: Refused.then cannot be called remotely: the language itself calls methods of this name",
    "error: Refused.toString cannot be called remotely: the language itself calls methods of this name",
    "error: Refused.handler is a field that holds a function; only methods can be called remotely",
    "error: Refused.do it: this cannot be the name of a function",
    "error: Refused.many returns a generator but is not declared as one",
    "error: class Nothing has no public method that could be called",
    expect.stringMatching(/^error: class Twice is already registered in classes\/refused\.ts:\d+$/),
    expect.stringMatching(/^error: function Nothing is already registered in classes\/refused\.ts:\d+$/),
    "error: Refused(options.onProgress): a function cannot cross the wire",
    "error: Refused.on(listener): a function cannot cross the wire",
  ]);
  expect(lines).toContain("  Write it as a method, handler(…) { … }, or make it private.");
  expect(lines[0]).toBe(
    "classes/refused.ts(6,17): error: class Generic has type parameters, which callers could not choose for an instance",
  );
});
