/** The contestant's side of support/contestant.ts. */
import type { Burst, Latency } from "../support/contestant.ts";

export interface Served {
  /** Prepares the state for a call; its time does not count. */
  prepare?(): Promise<void>;
  /** Makes one call. */
  one?(x: number): unknown;
  /** Makes `count` calls as fast as it can; may return how many seconds of that count. */
  many(count: number): Promise<number | undefined>;
  close(): unknown;
}

export function serve(contestant: Served): void {
  process.on("message", async (burst: Burst) => {
    process.send!(await bursts[burst.kind](contestant, burst.count));
  });
  process.once("disconnect", async () => {
    await contestant.close();
    process.exit(0);
  });
  process.send!("ready");
}

const bursts = { latency, latencies, throughput };

async function latency(contestant: Served, count: number): Promise<Latency> {
  const microseconds = (await latencies(contestant, count)).sort();
  return { p50: microseconds[count >> 1]!, p99: microseconds[Math.floor(count * 0.99)]! };
}

async function latencies(contestant: Served, count: number): Promise<Float64Array> {
  if (!contestant.one) throw new Error("this contestant makes no single calls");
  const microseconds = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    if (contestant.prepare) await contestant.prepare();
    const start = process.hrtime.bigint();
    await contestant.one(i);
    microseconds[i] = Number(process.hrtime.bigint() - start) / 1000;
  }
  return microseconds;
}

async function throughput(contestant: Served, count: number): Promise<number> {
  const start = performance.now();
  const seconds = (await contestant.many(count)) ?? (performance.now() - start) / 1000;
  return count / seconds;
}
