import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { fixtures, printed } from "./support/printed.ts";

describe("functions with types that the checker creates", () => {
  test("include unions of functions, with both results, and generic functions passed through helpers", () => {
    expect(printed("functions.ts").slice(0, 5)).toEqual([
      "either: (x: string) => string | number",
      'inline: (a: string) => 1 | "x"',
      'differing: (a: { x: 1 } & { y: 1 }, b?: 1) => 1 | "x"',
      "boxed: <T>(a: T) => T[]",
      "keyed: <T extends { a: string }, K extends keyof T = keyof T>(a: T, key: K) => { a: T; key: K }",
    ]);
  });

  test("take objects that a single object type cannot describe, as an intersection of several", () => {
    expect(printed("functions.ts").slice(5)).toEqual([
      "contradicted: (types: Contradicted, list: Keyed) => number",
      `export type Contradicted = { [key: string]: readonly string[] } & { [key: \`x[\${string}]\`]: undefined; a?: never; c?: string[] };`,
      "export type Keyed = { [key: number]: string } & { 1: number; length: number };",
    ]);
  });

  test("keep their documentation", () => {
    const { functions } = introspect(join(fixtures, "functions.ts"), { root: fixtures });
    expect(functions.find(({ name }) => name === "either")?.doc).toBe("Says it again.");
  });
});
