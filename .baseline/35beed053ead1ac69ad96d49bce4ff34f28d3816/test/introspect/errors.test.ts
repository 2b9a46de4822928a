/** Error classes that functions declare: which ones, with which data, and which are refused. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { printDeclaration } from "../../src/schema/index.ts";
import { fixtures, problemsOf } from "./support/printed.ts";

const entry = join(fixtures, "errors/app.ts");

test("functions declare errors in their documentation or by an option, with classes that are in scope", () => {
  const { functions } = introspect(entry, { root: fixtures });
  const errors = functions.map(({ name, errors = [] }) => `${name}: ${errors.map((error) => error.name).join(", ")}`);
  expect(errors).toEqual([
    "declared: Limit, NotFound",
    "linked: More, Ours",
    "builtin: ",
    "helped: Limit, Ours",
    "over: Limit, Ours",
  ]);
});

test("an error class has its instances' public data, including data inherited from a generic class", () => {
  const { declarations } = introspect(entry, { root: fixtures });
  expect(declarations.map((each) => printDeclaration(each).replace(/\s+/g, " "))).toEqual([
    "export interface Limit { limit: number; readonly by?: string | undefined; }",
    "export interface NotFound { body?: { id: number }; }",
    'export interface Ours { readonly field: "a"; }',
    "export interface More { at?: Date; }",
  ]);
  expect(declarations.map((each) => each.kind === "interface" && each.error)).toEqual([
    "Limit",
    "NotFound",
    "Ours",
    "More",
  ]);
});

test("data that cannot be sent is left out with a warning", () => {
  const { problems } = introspect(entry, { root: fixtures });
  expect(problems.map(({ severity, line, path, message }) => [severity, line, path, message])).toEqual([
    [
      "warning",
      15,
      "declared throws Limit.retry",
      "callers do not get Limit.retry: a value of its type cannot cross the wire; also in helped, over",
    ],
    [
      "warning",
      16,
      "declared throws Limit.socket",
      "callers do not get Limit.socket: a value of its type cannot cross the wire; also in helped, over",
    ],
  ]);
});

test("the option must literally list error classes without type parameters", () => {
  expect(problemsOf("errors/wrong.ts").filter((line) => !line.startsWith("  "))).toEqual([
    "errors/wrong.ts(10,69): error: Http has type parameters, which callers could not choose for an error",
    "errors/wrong.ts(10,75): error: Plain as never is not known to be a class of errors",
    "errors/wrong.ts(11,68): error: the error classes of two cannot be determined",
  ]);
});
