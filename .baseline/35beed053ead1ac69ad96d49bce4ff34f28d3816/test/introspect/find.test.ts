import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { compareFunctions } from "../../src/schema/index.ts";
import { fixtures, printed, problemsOf } from "./support/printed.ts";

describe("functions are found", () => {
  test("in any file and however they are registered", () => {
    expect(printed("find/entry.ts")).toEqual([
      "hidden: (text: string) => number",
      "method: (at: Date) => Date",
      "arrow: (n: bigint) => bigint",
      "by name: (n: bigint) => bigint",
      "spread: (x: string) => string",
      "retried: (x: number, y?: string) => (string | number | undefined)[]",
      "optional: (x: number) => number",
      "slowly named: () => 1",
      "wrapped: (a: string, b?: number) => readonly [string, number | undefined]",
      "once: () => void",
      "anonymous: () => string",
      "exported: () => number",
      "the default: () => number",
    ]);
  });

  test("with their place in the source, and the files to watch", () => {
    const { functions, files, app, root } = introspect(join(fixtures, "find/entry.ts"), { root: fixtures });
    expect(app).toBe("finding");
    expect(root).toBe(fixtures);
    expect(files.map((file) => file.slice(fixtures.length))).toEqual([
      "/find/app.ts",
      "/find/helpers.ts",
      "/find/parts.ts",
      "/find/entry.ts",
    ]);
    expect(functions.find(({ name }) => name === "hidden")?.source).toEqual({ file: "find/parts.ts", line: 7 });
  });

  test("and named stably where two modules have a type of the same name", () => {
    expect(printed("clash/app.ts")).toEqual([
      "late: (b: Options4, d: B) => void",
      "early: (a: Options, c: Options3) => Options4[]",
      "export interface Options { a: string; }",
      "export interface Options3 { inner: Options2; }",
      "export interface Options2 { authored: true; }",
      "export interface Options4 { b: string; self?: Options4; }",
      "export interface B { x: number; }",
    ]);
  });
});

test("an enum of the same name elsewhere in the app does not change signatures", () => {
  const [before, after] = ["before.ts", "with-another.ts"].map((file) => introspect(join(fixtures, "clash", file)));
  const [was, is] = [before, after].map((app) => app!.functions.find(({ name }) => name === "run")!);
  expect(after!.declarations.map(({ name }) => name)).toEqual(["Mode", "Mode2"]);
  expect(is!.signature).toBe(was!.signature);
  const { verdict } = compareFunctions(
    { fn: was!, declarations: before!.declarations },
    { fn: is!, declarations: after!.declarations },
  );
  expect(verdict).toBe("docs only");
  expect(is!.signature).not.toBe(after!.functions.find(({ name }) => name === "other")!.signature);
});

describe("an app that cannot be determined is refused", () => {
  test("because of a second app, names that are computed, missing or taken, loops and callbacks", () => {
    expect(problemsOf("problems/names.ts").filter((line) => !line.startsWith(" "))).toEqual([
      "problems/names.ts(10,31): error: a function is registered in a loop, so the app's functions cannot be determined",
      "problems/names.ts(11,25): error: a function is registered in a callback, so the app's functions cannot be determined",
      "problems/names.ts(4,23): error: this is a second app; the first is in problems/names.ts:3",
      "problems/names.ts(6,49): error: the function's name is not a literal, so it is not known before the program runs",
      "problems/names.ts(7,1): error: this function has no name",
      "problems/names.ts(9,20): error: function same is already registered in problems/names.ts:8",
    ]);
  });

  test("if there is no app, even when another class is called App", () => {
    expect(problemsOf("problems/none.ts")).toEqual([
      "problems/none.ts(1,1): error: neither this module nor the modules that it imports define an app",
      '  Make one: `import { App } from "farcall"; export const app = new App("name");`.',
    ]);
  });

  test("if its name is not a literal", () => {
    expect(problemsOf("problems/computed-name.ts")[0]).toBe(
      "problems/computed-name.ts(3,28): error: the app's name is not a literal",
    );
  });

  test("if there is no entry module", () => {
    expect(problemsOf("problems/missing.ts")[0]).toMatch(
      /^problems\/missing.ts\(1,1\): error: the module .* does not exist/,
    );
  });
});
