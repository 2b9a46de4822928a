/** Which calls wait for each other without end, against a simulation that lets all others end. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { callersOf, circleOf, type FullPool, stuckPools } from "../../src/pool/circles.ts";
import { Input, type Pool } from "../../src/pool/index.ts";
import { TestCall } from "./pooled.ts";

/** A call is of one input, which runs or waits, in one of some pools. */
interface Made {
  pool: number;
  running: boolean;
  /** The calls whose inputs wait for it, by their numbers; anything higher is outside of all pools. */
  by: number[];
}

const POOLS = 4;
const made = fc.array(
  fc.record({ pool: fc.nat(POOLS - 1), running: fc.boolean(), by: fc.array(fc.nat(14), { maxLength: 2 }) }),
  { maxLength: 14 },
);

const nowhere = { opened() {}, enqueue() {} } as unknown as Pool;

/** Each call with those that wait for it, of those that came before it and run. */
function callsOf(plan: readonly Made[]): { input: Input; waiters: number[]; made: Made }[] {
  const calls: { input: Input; waiters: number[]; made: Made }[] = [];
  for (const each of plan) {
    const waiters = each.by.filter((by) => calls[by]?.made.running);
    const call = new TestCall(nowhere, {} as never, [[]]);
    Object.assign(call, { waiters: waiters.map((by) => ({ call: calls[by]!.input.call, index: 0 })) });
    calls.push({ input: new Input(call, 0, new Uint8Array()), waiters, made: each });
  }
  return calls;
}

/** Lets every input end that waits for nobody, and all that waits where there is room; returns those that are left. */
function leftAfterAll(calls: ReturnType<typeof callsOf>): Set<number> {
  const left = new Set(calls.keys());
  const isTaken = (pool: number) =>
    calls.every(({ made }, at) => !(made.running && made.pool === pool) || left.has(at));
  const hasRoom = (pool: number) => !calls.some(({ made }) => made.running && made.pool === pool) || !isTaken(pool);
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const at of left) {
      const { running, pool } = calls[at]!.made;
      const waits = [...left].some((other) => calls[other]!.waiters.includes(at));
      if (running ? !waits : hasRoom(pool)) left.delete(at);
    }
  }
  return left;
}

test("pools are stuck exactly when nothing in them can ever end", () => {
  fc.assert(
    fc.property(made, (plan) => {
      const calls = callsOf(plan);
      const ofPool = (number: number, running: boolean) =>
        calls.filter(({ made: { pool, running: runs } }) => pool === number && runs === running);
      const full: (FullPool & { pool: number })[] = [];
      for (let pool = 0; pool < POOLS; pool++) {
        const inside = ofPool(pool, true);
        const waiting = ofPool(pool, false);
        if (inside.length === 0 || waiting.length === 0) continue;
        const callers = callersOf(waiting.map(({ input }) => input.call));
        full.push({ pool, holders: inside.map(({ input }) => [input]), callers });
      }
      const left = leftAfterAll(calls);
      const expected = full.filter(({ pool }) =>
        calls.every(({ made }, at) => made.pool !== pool || !made.running || left.has(at)),
      );
      const stuck = stuckPools(full);
      expect(stuck.map(({ pool }) => pool)).toEqual(expected.map(({ pool }) => pool));
      const circle = circleOf(stuck);
      expect(circle !== undefined).toBe(stuck.length > 0);
      for (const [at, { holders }] of (circle ?? []).entries()) {
        const { callers } = circle![(at + 1) % circle!.length]!;
        expect(holders.flat().some(({ call, index }) => callers.get(call)?.has(index))).toBe(true);
      }
    }),
    { numRuns: 3_000 },
  );
});

test("a group of inputs holds its room until the last of them has ended", () => {
  const [first, second, waiting] = callsOf([
    { pool: 0, running: true, by: [] },
    { pool: 0, running: true, by: [] },
    { pool: 0, running: false, by: [0] },
  ]);
  const callers = callersOf([waiting!.input.call]);
  const together = { holders: [[first!.input, second!.input]], callers };
  const apart = { holders: [[first!.input], [second!.input]], callers };
  expect(stuckPools([together])).toEqual([together]);
  expect(stuckPools([apart])).toEqual([]);
});
