/** Which pools stay without room, because whatever would make room in them waits for calls that wait in them. */
import type { Call, Input } from "./call.ts";

/** Inputs by their calls, as the indices of each. */
type Inputs = ReadonlyMap<Call, ReadonlySet<number>>;

/** A pool in which calls wait and nothing can begin. */
export interface FullPool {
  /** What takes up its room: as soon as all inputs of one of these groups have ended, another input can begin. */
  readonly holders: readonly (readonly Input[])[];
  /** Inputs that have made, directly or through others, a call that waits in the pool. */
  readonly callers: Inputs;
}

/** Those that get no room by themselves: in each of their groups an input waits for another of them. */
export function stuckPools<P extends FullPool>(full: readonly P[]): readonly P[] {
  const stuck = full.filter(({ holders }) => holders.every((group) => full.some((pool) => waitsFor(group, pool))));
  return stuck.length === full.length ? stuck : stuckPools(stuck);
}

/** The first circle of pools in which an input of each waits for the next, and one of the last for the first. */
export function circleOf<P extends FullPool>(pools: readonly P[]): readonly P[] | undefined {
  for (const start of pools) {
    const path: P[] = [];
    for (let next: P | undefined = start; next; next = nextOf(next, pools)) {
      const at = path.indexOf(next);
      if (at >= 0) return path.slice(at);
      path.push(next);
    }
  }
  return undefined;
}

/** The inputs that have made one of these calls, directly or through others. */
export function callersOf(calls: Iterable<Call>): Inputs {
  const callers = new Map<Call, Set<number>>();
  for (const { parent } of calls) {
    for (let of = parent; of; of = of.call.parent) {
      const indices = callers.get(of.call);
      if (indices?.has(of.index)) break;
      if (indices) indices.add(of.index);
      else callers.set(of.call, new Set([of.index]));
    }
  }
  return callers;
}

export function includes(inputs: Inputs, { call, index }: Input): boolean {
  return inputs.get(call)?.has(index) === true;
}

function nextOf<P extends FullPool>(pool: P, pools: readonly P[]): P | undefined {
  const inside = pool.holders.flat();
  return waitsFor(inside, pool) ? pool : pools.find((other) => waitsFor(inside, other));
}

function waitsFor(inputs: readonly Input[], { callers }: FullPool): boolean {
  return inputs.some((input) => includes(callers, input));
}
