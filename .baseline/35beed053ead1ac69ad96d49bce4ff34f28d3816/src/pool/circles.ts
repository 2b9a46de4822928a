/** Which pools stay without room, because whatever would make room in them waits for calls that wait in them. */
import type { Call, Input, ParentInput } from "./call.ts";

/** Inputs by their calls, as the indices of each. */
type Inputs = ReadonlyMap<Call, ReadonlySet<number>>;

/** A pool in which calls wait and nothing can begin. */
export interface FullPool {
  /** What takes up its room: as soon as all inputs of one of these groups have ended, another input can begin. */
  readonly holders: readonly (readonly Input[])[];
  /** Inputs that wait, directly or through others, for a call that waits in the pool. */
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

/** The inputs that wait for one of these calls, directly or through others. */
export function callersOf(calls: Iterable<Call>): Inputs {
  const waiters: ParentInput[] = [];
  for (const call of calls) waiters.push(...call.waiters);
  return withCallers(waiters);
}

/** These inputs, and those that wait for them. */
export function withCallers(inputs: ParentInput[]): Inputs {
  const callers = new Map<Call, Set<number>>();
  const rest = [...inputs];
  for (let input = rest.pop(); input; input = rest.pop()) {
    const { call, index } = input;
    const indices = callers.get(call);
    if (indices?.has(index)) continue;
    if (indices) indices.add(index);
    else callers.set(call, new Set([index]));
    rest.push(...call.waiters);
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
