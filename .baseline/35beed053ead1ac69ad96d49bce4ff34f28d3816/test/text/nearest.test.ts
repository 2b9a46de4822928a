import { describe, expect, test } from "vitest";
import { nearest } from "../../src/schema/index.ts";

const known = ["resize", "rotate", "frames", "thumbnail", "resizeAll", "constructor"];

describe("nearest names", () => {
  test.each([
    ["rezise", ["resize"]],
    ["Resize", ["resize", "resizeAll"]],
    ["resiz", ["resize", "resizeAll"]],
    ["frame", ["frames"]],
    ["thumb", ["thumbnail"]],
    ["xyz", []],
    ["", []],
  ])("for %j are %j", (name, expected) => {
    expect(nearest(name, known)).toEqual(expected);
  });

  test("are at most the requested number, without the name itself and without duplicates", () => {
    expect(nearest("ab", ["aa", "ac", "ad", "ab", "aa"], 2)).toEqual(["aa", "ac"]);
  });
});
