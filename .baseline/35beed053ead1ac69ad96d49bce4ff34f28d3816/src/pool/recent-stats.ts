/**
 * How busy functions were over the last minutes, for people who come to look when it has happened. A sample is taken each second as
 * long as there are containers or inputs that wait for them; in between there was nothing, and nothing is kept of that.
 */
import type { FunctionStats, StatsSample } from "../engine/index.ts";
import type { Workload } from "./workload.ts";

const EVERY_MS = 1_000;
const KEPT_MS = 120_000;

interface Measured {
  readonly workload: Workload;
  stats(): FunctionStats;
}

interface Snapshot {
  at: number;
  /** Without the pools that do nothing. */
  pools: { workload: Workload; stats: FunctionStats }[];
}

export class RecentStats {
  readonly #pools: () => Iterable<Measured>;
  readonly #startedAt = Date.now();
  #snapshots: Snapshot[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(pools: () => Iterable<Measured>) {
    this.#pools = pools;
  }

  /** A pool has something to do. */
  begin(): void {
    if (this.#timer) return;
    this.#sample();
    this.#timer = setInterval(() => {
      if (this.#sample()) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Returns whether there was anything to keep. */
  #sample(): boolean {
    const at = Date.now();
    const pools = [];
    for (const pool of this.#pools()) {
      const stats = pool.stats();
      if (stats.backlog + stats.numTotalRunners > 0) pools.push({ workload: pool.workload, stats });
    }
    this.#snapshots.push({ at, pools });
    // A clock that was put back leaves samples of a future that has not come.
    this.#snapshots = this.#snapshots.filter((each) => each.at > at - KEPT_MS && each.at <= at);
    return pools.length > 0;
  }

  /** Of the pools that are `wanted`, together; times between the samples included, oldest first. */
  of(wanted: (workload: Workload) => boolean): StatsSample[] {
    const now = Date.now();
    const samples: StatsSample[] = [];
    let before = Math.max(this.#startedAt, now - KEPT_MS);
    const fill = (until: number): void => {
      for (let at = before + EVERY_MS; at < until - EVERY_MS / 2; at += EVERY_MS) samples.push({ at, ...nothing() });
    };
    for (const { at, pools } of this.#snapshots) {
      if (at <= now - KEPT_MS || at > now) continue;
      fill(at);
      samples.push({ at, ...total(pools.filter(({ workload }) => wanted(workload)).map(({ stats }) => stats)) });
      before = at;
    }
    fill(now);
    return samples;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Of several pools together. */
export function total(all: Iterable<FunctionStats>): FunctionStats {
  const sum = nothing();
  for (const { backlog, numTotalRunners, numRunningInputs, numHeldBack, startProblem } of all) {
    sum.backlog += backlog;
    sum.numTotalRunners += numTotalRunners;
    sum.numRunningInputs += numRunningInputs;
    if (numHeldBack !== undefined) sum.numHeldBack = (sum.numHeldBack ?? 0) + numHeldBack;
    if (startProblem !== undefined) sum.startProblem = startProblem;
  }
  return sum;
}

function nothing(): FunctionStats {
  return { backlog: 0, numTotalRunners: 0, numRunningInputs: 0 };
}
