/** Times in words. */
import { expect, test } from "vitest";
import { ago, scheduled, until } from "../../src/text/units.ts";

const now = Date.parse("2026-01-31T12:00:00Z");
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();

test.each([
  [0, "now"],
  [1, "in 1 second"],
  [59, "in 59 seconds"],
  [61, "in 1 minute"],
  [7_300, "in 2 hours"],
  [200_000, "in 2 days"],
  [-5, "now"],
])("a time in %i seconds is said as %s", (seconds, words) => {
  expect(until(at(seconds), now)).toBe(words);
});

test("a time that has passed is said in the same units", () => {
  expect(ago(at(-61), now)).toBe("1 minute ago");
});

test("what is due later says when, until that time", () => {
  expect(scheduled(at(1), now)).toBe("scheduled for 2026-01-31T12:00:01Z");
  expect(scheduled(at(0), now)).toBeUndefined();
  expect(scheduled(undefined, now)).toBeUndefined();
});
