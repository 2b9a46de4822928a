/** How long the first call of an idle function waits, and how much memory is used when nothing runs. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchContext, type Benchmark, figures, type Measure, takeTurns } from "./support/measure.ts";
import { findProcesses, memoryOf, type ProcessMemory } from "./support/processes.ts";
import { timeNode } from "./support/project.ts";
import { startTrivialApp, type TrivialApp } from "./support/trivial-app.ts";

const benchmark: Benchmark = {
  title: "cold start of a container, and idle memory",
  about:
    "From remote() on a function without a running container to its result, with host and client warm: a host keeps one blank process ready, which the first such call takes; the next one, right after it, waits for a process of its own. Beside it a Node process that does nothing, from spawn to exit. Memory of the " +
    "idle host and an idle container that has run one input, beside a Node process that only waits. Resident memory counts pages shared with other Node processes, private memory does not.",
  async run(context) {
    await using app = await startTrivialApp();
    return [await coldStart(app, context), ...(await idleMemory(app, context))];
  },
};

export default benchmark;

async function coldStart(app: TrivialApp, { rounds }: BenchContext): Promise<Measure> {
  await using first = await app.client({ args: ["map", "incrementCold"] });
  await using second = await app.client({ args: ["map", "incrementColder"] });
  await first.latency(1);
  const samples = await takeTurns(rounds * 3, {
    "node -e 0": () => timeNode(["-e", "0"], app.project.path),
    farcall: async () => (await first.latency(1)).p50 / 1000,
    "farcall, second at once": async () => (await second.latency(1)).p50 / 1000,
  });
  return {
    name: "first result of a cold function",
    unit: "ms",
    better: "lower",
    samples,
    // 50 ms where a fork takes 30.
    targets: [{ of: "farcall", to: ["node -e 0"], ratio: 50 / 30 }],
  };
}

/** The container that has run something, not the blank one that a host keeps ready. */
function largest(containers: number[]): number {
  return containers.sort((a, b) => memoryOf(b).rss - memoryOf(a).rss)[0]!;
}

async function idleMemory(app: TrivialApp, { rounds }: BenchContext): Promise<Measure[]> {
  await using farcall = await app.client();
  await farcall.latency(1);
  const waiting = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  try {
    await sleep(1000);
    const { hosts, containers } = findProcesses(app.project.home);
    const contestants = {
      "waiting Node process": waiting.pid!,
      "farcall host": hosts[0]!,
      "farcall container": largest(containers),
    };
    const results: Record<string, ProcessMemory[]> = await takeTurns(
      rounds,
      Object.fromEntries(Object.entries(contestants).map(([name, pid]) => [name, () => memoryOf(pid)])),
    );
    const measure = (name: string, pick: (memory: ProcessMemory) => number): Measure => ({
      name,
      unit: "MB",
      better: "lower",
      samples: figures(results, pick),
      targets: [],
    });
    return [measure("idle, resident", (memory) => memory.rss), measure("idle, private", (memory) => memory.private)];
  } finally {
    waiting.kill();
  }
}
