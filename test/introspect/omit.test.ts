/** The function option `omit`: what is left out of the types that callers get, and what still is refused. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { fixtures, printed, problemsOf } from "./support/printed.ts";

const HINT = "  Pass data that the function decides by, or return the result and let the caller go on from there.";
const entry = join(fixtures, "omit/app.ts");

test("optional properties that cannot cross are left out of parameters, results and the declarations that they use", () => {
  expect(printed("omit/app.ts")).toEqual([
    "fetchAll: (options: Options, tree: Tree) => { plain: Plain }[]",
    "part: (given: Partial<Options>) => Plain",
    'whole: (plain: Plain, key: "width" | "onProgress" | "client" | "nested" | "retry") => Plain',
    "export enum Level { low = 0, high = 1, }",
    "export interface Plain { level: Level; }",
    "export interface Options { width: number; nested?: { deep?: { n: number }; plain: Plain }; }",
    "export interface Tree { children: Tree[]; parent?: Tree; }",
  ]);
});

test("a warning lists each property that is left out, with its place and its path", () => {
  const { problems } = introspect(entry, { root: fixtures });
  expect(problems.map(({ severity, line, path }) => `${severity} ${line} ${path}`)).toEqual([
    "warning 17 fetchAll(options.onProgress)",
    "warning 18 fetchAll(options.client)",
    "warning 19 fetchAll(options.nested.deep.tag)",
    "warning 20 fetchAll(options.retry)",
    "warning 25 fetchAll(tree.visit)",
    "warning 38 fetchAll() → [].stream",
  ]);
  expect(problems[0]!.message).toBe("left out for callers: a function cannot cross the wire; also in part");
});

test("the function's documentation says which properties its types lack, before the tags", () => {
  const { functions } = introspect(entry, { root: fixtures });
  expect(functions.map(({ doc }) => doc)).toEqual([
    `Fetches.

Left out of these types, since values of theirs cannot cross the wire:
- \`fetchAll(options.onProgress)\`
- \`fetchAll(options.client)\`
- \`fetchAll(options.nested.deep.tag)\`
- \`fetchAll(options.retry)\`
- \`fetchAll(tree.visit)\`
- \`fetchAll() → [].stream\`

@deprecated soon`,
    `Left out of these types, since values of theirs cannot cross the wire:
- \`part(given.onProgress)\`
- \`part(given.client)\`
- \`part(given.nested.deep.tag)\`
- \`part(given.retry)\``,
    undefined,
  ]);
  expect(functions.map(({ omitted }) => omitted)).toEqual([
    ["onProgress", "client", "tag", "retry", "visit", "stream"],
    ["onProgress", "client", "tag", "retry"],
    undefined,
  ]);
});

test("a declaration that loses properties for one function stays whole for the others, under two names", () => {
  expect(printed("omit/shared.ts")).toEqual([
    "one: (kept: Kept) => number",
    "two: <T>(value: T) => T extends Options ? 1 : T",
    "export interface Options { width: number; onProgress?: () => void; }",
    "export interface Options2 { width: number; }",
    "export interface Kept { options?: Options2; }",
  ]);
});

test("required properties and callbacks as arguments are refused, and hints name the option where it would help", () => {
  expect(problemsOf("omit/refused.ts")).toEqual([
    "omit/refused.ts(26,83): error: the option omit of computed is not a literal, so it is not known before the program runs",
    '  Write it out: { omit: "uncrossable" }.',
    "omit/refused.ts(6,11): error: plain(options.onDone): a function cannot cross the wire",
    HINT,
    "omit/refused.ts(3,17): error: plain(options.onProgress): a function cannot cross the wire",
    `${HINT} Or leave optional properties like this one out for callers, by the function option omit: "uncrossable".`,
    "omit/refused.ts(15,45): error: required(options.onEnd): a function cannot cross the wire",
    HINT,
    "omit/refused.ts(21,34): error: callback(done): a function cannot cross the wire",
    HINT,
    "omit/refused.ts(15,57): warning: required(options.onStart): left out for callers: a function cannot cross the wire",
    "  Callers can neither pass it nor get it. Remove `omit` to have it refused.",
  ]);
});

test("the signature is that of the types without what is left out", () => {
  const of = (file: string, name: string): string =>
    introspect(join(fixtures, "omit", file), { root: fixtures }).functions.find((each) => each.name === name)!
      .signature;
  expect(of("shared.ts", "one")).toBe(of("without.ts", "one"));
});

test("of a method's parameter, the hint does not name the option, which classes do not have", () => {
  const lines = problemsOf("omit/method.ts");
  expect(lines.filter((line) => !line.startsWith(" "))).toEqual([
    expect.stringContaining("Counter.add(options.onProgress): a function cannot cross the wire"),
  ]);
  expect(lines).toContain(HINT);
});
