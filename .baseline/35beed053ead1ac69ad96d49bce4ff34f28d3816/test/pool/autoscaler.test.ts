/** The autoscaler as what it is: a function from load and settings to a number of containers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Load, type ScalingPolicy, surplusOf, targetOf } from "../../src/pool/autoscaler.ts";

const some = fc.nat({ max: 50 });

/** Only loads that can be: no more containers are busy than there are. */
const load: fc.Arbitrary<Load> = fc
  .record({
    waiting: fc.oneof(some, fc.nat({ max: 1_000_000 })),
    suspects: some,
    starting: fc.nat({ max: 10 }),
    idle: fc.nat({ max: 10 }),
    busy: fc.nat({ max: 10 }),
    inside: some,
    draining: fc.nat({ max: 3 }),
    paceMs: fc.option(fc.double({ min: 0, max: 60_000, noNaN: true }), { nil: undefined }),
    sinceLastEndMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
  })
  .map(({ starting, idle, busy, inside, suspects, ...rest }) => ({
    ...rest,
    suspects: Math.min(suspects, rest.waiting),
    containers: starting + idle + busy,
    ready: idle + busy,
    busy,
    inside: busy === 0 ? 0 : Math.max(inside, busy),
  }));

const policy: fc.Arbitrary<ScalingPolicy> = fc
  .record({
    min: fc.nat({ max: 5 }),
    more: fc.nat({ max: 20 }),
    bufferContainers: fc.nat({ max: 5 }),
    scaledownWindowMs: fc.nat({ max: 100_000 }),
    capacity: fc.integer({ min: 1, max: 100 }),
    standing: fc.constantFrom<ScalingPolicy["standing"]>("wanted", "replaced", "leaving"),
  })
  .map(({ min, more, bufferContainers, scaledownWindowMs, capacity, standing }) => ({
    settings: { minContainers: min, maxContainers: Math.max(1, min + more), bufferContainers, scaledownWindowMs },
    capacity,
    standing,
  }));

function property(check: (load: Load, policy: ScalingPolicy) => void): void {
  fc.assert(fc.property(load, policy, check), { numRuns: 2_000 });
}

test("there are never more containers than maxContainers, those included that do not stop", () => {
  property((load, policy) => {
    const { containers } = targetOf(load, policy);
    expect(containers).toBeGreaterThanOrEqual(0);
    if (containers > 0) expect(containers + load.draining).toBeLessThanOrEqual(policy.settings.maxContainers);
  });
});

test("minContainers are there for a version that is wanted, and for no other", () => {
  property((load, policy) => {
    const { minContainers, maxContainers } = policy.settings;
    const { containers, keep } = targetOf(load, policy);
    if (policy.standing === "wanted") {
      expect(containers).toBeGreaterThanOrEqual(Math.max(0, Math.min(minContainers, maxContainers - load.draining)));
      expect(keep).toBeGreaterThanOrEqual(minContainers);
    } else if (load.waiting + load.inside === 0) {
      expect(containers).toBe(0);
      expect(keep).toBe(0);
    }
  });
});

test("what runs is never in the way of a target, and keeps its container", () => {
  property((load, policy) => {
    const { containers, keep } = targetOf(load, policy);
    expect(keep).toBeGreaterThanOrEqual(load.busy);
    expect(containers).toBeGreaterThanOrEqual(
      Math.max(0, Math.min(load.busy, policy.settings.maxContainers - load.draining)),
    );
  });
});

test("something that waits has at least one container to come", () => {
  property((load, policy) => {
    if (load.waiting === 0 || policy.settings.maxContainers <= load.draining) return;
    expect(targetOf(load, policy).containers).toBeGreaterThan(0);
  });
});

test("no more containers are wanted than could be filled, besides the minimum and the buffer", () => {
  property((load, policy) => {
    const { minContainers, bufferContainers } = policy.settings;
    const fill = Math.ceil((load.waiting + load.inside) / policy.capacity);
    const most = Math.max(fill, load.busy + load.suspects, load.containers) + bufferContainers;
    expect(targetOf(load, policy).containers).toBeLessThanOrEqual(Math.max(minContainers, most));
  });
});

test("more work never means fewer containers", () => {
  property((load, policy) => {
    const before = targetOf(load, policy).containers;
    const after = targetOf({ ...load, waiting: load.waiting + 1 + load.waiting }, policy).containers;
    // Where nothing waits, an estimate may hold at what there is; where it holds, more work ends that.
    expect(after).toBeGreaterThanOrEqual(Math.min(before, Math.max(load.containers, load.busy)));
  });
});

test("where a start is put off because inputs are short, it is said when to ask again", () => {
  property((load, policy) => {
    const target = targetOf(load, policy);
    const without = targetOf({ ...load, paceMs: undefined }, policy);
    if (target.containers < without.containers) expect(target.askAgainMs).toBeGreaterThan(0);
    if (target.askAgainMs !== undefined) expect(load.paceMs).toBeDefined();
  });
});

const idle = fc.array(fc.record({ idleSince: fc.nat({ max: 1_000 }) }), { maxLength: 20 });

test("idle containers go once their time is over, never below what is kept, and beyond the maximum at once", () => {
  fc.assert(
    fc.property(
      idle,
      fc.nat({ max: 10 }),
      fc.record({ keep: fc.nat({ max: 20 }), idleMs: fc.nat({ max: 1_000 }) }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1_000, max: 2_000 }),
      (idle, busy, target, maxContainers, now) => {
        const containers = idle.length + busy;
        const { stop, lookAt } = surplusOf(idle, containers, target, { maxContainers }, now);
        expect(new Set(stop).size).toBe(stop.length);
        expect(stop.every((one) => idle.includes(one))).toBe(true);
        expect(containers - stop.length).toBeGreaterThanOrEqual(Math.min(containers, target.keep));
        const early = stop.filter(({ idleSince }) => idleSince + target.idleMs > now);
        expect(early.length).toBeLessThanOrEqual(Math.max(0, containers - maxContainers));
        expect(lookAt).toBeGreaterThan(now);
        if (lookAt === Number.POSITIVE_INFINITY) {
          const late = idle.filter((one) => !stop.includes(one));
          expect(late.length === 0 || containers - stop.length <= target.keep).toBe(true);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
