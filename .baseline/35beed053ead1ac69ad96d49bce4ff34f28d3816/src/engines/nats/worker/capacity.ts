/** How containers are divided among workers of different sizes. Pure: every worker computes the same from the same reports. */
import type { WorkerReport } from "../../../engine/index.ts";

/** What one worker can run of a workload. */
export interface Capacity {
  /** Containers that it runs well at a time: its limit, or one for each core. */
  room: number;
  /** Containers that it runs at all. */
  most: number;
}

type Size = Pick<WorkerReport, "cores" | "maxContainers" | "memoryMiB">;

/** @param each memory of one container, in MiB */
export function capacityOf({ cores, maxContainers, memoryMiB }: Size, each: number): Capacity {
  const inMemory = memoryMiB === undefined ? Number.POSITIVE_INFINITY : Math.floor(memoryMiB / each);
  const most = Math.min(maxContainers ?? Number.POSITIVE_INFINITY, inMemory);
  return { room: Math.min(maxContainers ?? cores, inMemory), most };
}

/**
 * As if each container went to the worker that has the most room left, one after the other, though no worker gets more than it
 * can run. Once none has room left, those without a limit get the rest evenly.
 * @param first of the workers to get an odd container
 */
export function sharesOf(total: number, capacities: readonly Capacity[], first: number): number[] {
  const count = capacities.length;
  // All have so much room left when `total` are given out, or one less.
  const given = (left: number): number[] =>
    capacities.map(({ room, most }) => Math.max(0, Math.min(room - left, most)));
  const sum = (left: number): number => given(left).reduce((all, one) => all + one, 0);
  let high = Math.max(0, ...capacities.map(({ room }) => room));
  let low = high - 1 - total;
  // The least that may be left; with limits, not all of `total` can be given out.
  while (high - low > 1) {
    const middle = Math.floor((high + low) / 2);
    if (sum(middle) <= total) high = middle;
    else low = middle;
  }
  const shares = given(high);
  const next = given(high - 1);
  let odd = total - sum(high);
  for (let i = 0; i < count && odd > 0; i++) {
    const at = (first + i) % count;
    if (next[at]! === shares[at]!) continue;
    shares[at]!++;
    odd--;
  }
  return shares;
}
