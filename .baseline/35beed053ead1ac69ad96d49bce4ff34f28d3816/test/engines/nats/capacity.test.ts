/** How containers are divided among workers of different sizes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Capacity, capacityOf, sharesOf } from "../../../src/engines/nats/worker/capacity.ts";

/** One container after the other, for the worker that has the most room left. */
function oneByOne(total: number, capacities: readonly Capacity[], first: number): number[] {
  const shares = capacities.map(() => 0);
  for (let given = 0; given < total; given++) {
    let best: number | undefined;
    for (let i = 0; i < shares.length; i++) {
      const at = (first + i) % shares.length;
      if (shares[at]! >= capacities[at]!.most) continue;
      const left = (of: number) => capacities[of]!.room - shares[of]!;
      if (best === undefined || left(at) > left(best)) best = at;
    }
    if (best === undefined) break;
    shares[best]!++;
  }
  return shares;
}

const capacity = fc
  .record({ room: fc.nat(12), isLimited: fc.boolean() })
  .map(({ room, isLimited }): Capacity => ({ room, most: isLimited ? room : Number.POSITIVE_INFINITY }));
const workers = fc.array(capacity, { minLength: 1, maxLength: 6 });

test("the next container is always for the worker that is the most free, and none gets more than it can run", () => {
  fc.assert(
    fc.property(workers, fc.nat(60), fc.nat(5), (capacities, total, at) => {
      const first = at % capacities.length;
      expect(sharesOf(total, capacities, first)).toEqual(oneByOne(total, capacities, first));
    }),
  );
});

test("many containers are divided at once", () => {
  const unlimited = { room: 4, most: Number.POSITIVE_INFINITY };
  expect(sharesOf(1_000_000_001, [unlimited, unlimited, { room: 2, most: 2 }], 1)).toEqual([
    499_999_999, 500_000_000, 2,
  ]);
});

test("a worker runs as many as its limits allow, and otherwise one for each core well", () => {
  expect(capacityOf({ cores: 4 }, 256)).toEqual({ room: 4, most: Number.POSITIVE_INFINITY });
  expect(capacityOf({ cores: 4, maxContainers: 10 }, 256)).toEqual({ room: 10, most: 10 });
  expect(capacityOf({ cores: 4, maxContainers: 10, memoryMiB: 1000 }, 256)).toEqual({ room: 3, most: 3 });
  expect(capacityOf({ cores: 4, memoryMiB: 2048 }, 256)).toEqual({ room: 4, most: 8 });
});
