/** The benchmarks' arithmetic: a verdict that is wrong by its sign would praise what is slow. */
import { expect, test } from "vitest";
import { judge, type Measure, percentile, takeTurns } from "../../bench/support/measure.ts";
import { makeShapes, toApp, toGraphql, toOpenApi } from "../../bench/support/shapes.ts";

const times: Measure = {
  name: "time",
  unit: "ms",
  better: "lower",
  samples: { farcall: [3, 1, 2], quick: [4, 4, 400], slow: [9, 8, 7] },
  targets: [],
};

test("a time is judged by the quickest peer's median", () => {
  const target = { of: "farcall", to: ["slow", "quick"], ratio: 0.5 };
  expect(judge(times, target)).toMatchObject({ best: "quick", ratio: 0.5, reached: true });
  expect(judge(times, { ...target, ratio: 0.49 })).toMatchObject({ reached: false });
});

test("a throughput is judged by the peer with the largest", () => {
  const rates: Measure = { ...times, better: "higher" };
  expect(judge(rates, { of: "slow", to: ["farcall", "quick"], ratio: 2 })).toMatchObject({
    best: "quick",
    ratio: 2,
    reached: true,
  });
});

test("a target whose peer was not measured has no verdict", () => {
  expect(judge(times, { of: "farcall", to: ["absent"], ratio: 1 })).toBeUndefined();
});

test("percentiles are of the values, whatever their order", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
});

test("contestants take turns and each begins some of the rounds", async () => {
  const order: string[] = [];
  const contestant = (name: string) => () => order.push(name);
  await takeTurns(3, { a: contestant("a"), b: contestant("b"), c: contestant("c") });
  expect(order).toEqual(["a", "b", "c", "b", "c", "a", "c", "a", "b"]);
});

test("every generator gets the same functions, the same in each run", () => {
  const shapes = makeShapes(20);
  expect(makeShapes(20)).toEqual(shapes);
  const { paths } = toOpenApi(shapes) as { paths: Record<string, unknown> };
  const { operations } = toGraphql(shapes);
  const app = [...toApp(shapes).values()].join("\n");
  expect(Object.keys(paths)).toHaveLength(20);
  expect(operations.match(/^mutation /gm)).toHaveLength(20);
  expect(app.match(/app\.function\(/g)).toHaveLength(20);
});
