/** The engine on NATS with one, two and three workers, and on three servers that keep everything three times. */
import type { Latency } from "./support/contestant.ts";
import { type Benchmark, figures, type Measure, takeTurns } from "./support/measure.ts";
import { NatsEngine } from "./support/nats.ts";
import type { Project } from "./support/project.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const INPUTS = { trivial: 100_000, paused: 2_000, spawned: 50_000, warm: 5_000 };
const WORKERS = 3;

const benchmark: Benchmark = {
  title: "nats: one to three workers, one and three servers",
  about:
    "The trivial app on workers and servers that all share this machine's cores: a map of inputs that cost nothing, which is as fast as the cores allow, and of inputs that take five milliseconds, " +
    "of which each worker runs as many as the machine has cores. Another program makes calls of five milliseconds one after the other meanwhile. Durable inputs on one server, and on three that keep everything three times.",
  async run({ rounds, log }) {
    await using app = await startTrivialApp();
    const { project } = app;
    await using one = await NatsEngine.start(project);
    await using three = await NatsEngine.start(project, 3);
    if (!one || !three) {
      log("nats-cluster is left out: no nats-server is installed (scripts/python-venv.sh brings one)");
      return [];
    }
    return [...(await growing(one, project, rounds)), await spawning({ one, three, project, rounds })];
  },
};

export default benchmark;

async function growing(engine: NatsEngine, project: Project, rounds: number): Promise<Measure[]> {
  const samples: Record<"trivial" | "paused", Record<string, number[]>> = { trivial: {}, paused: {} };
  const latencies: Record<string, Latency[]> = {};
  await using trivial = await engine.client(project, "map");
  await using paused = await engine.client(project, "map", "pause");
  await using caller = await engine.client(project, "map", "pause");
  project.farcall("deploy", "src/app.ts", "--engine", engine.url);
  // Workers come and do not go, so the counts cannot take turns.
  for (let workers = 1; workers <= WORKERS; workers++) {
    await engine.startWorker(project);
    const name = workers === 1 ? "one worker" : `${workers} workers`;
    for (const each of [trivial, paused]) await each.throughput(INPUTS.warm / 10);
    await trivial.throughput(INPUTS.warm);
    Object.assign(samples.trivial, await takeTurns(rounds, { [name]: () => trivial.throughput(INPUTS.trivial) }));
    Object.assign(samples.paused, await takeTurns(rounds, { [name]: () => paused.throughput(INPUTS.paused) }));
    if (workers < WORKERS) continue;
    await caller.latency(100);
    const beside = (load: () => Promise<unknown>) => () => caller.latencyBeside(load());
    Object.assign(
      latencies,
      await takeTurns(rounds, {
        alone: () => caller.latency(100),
        [`beside a map of ${INPUTS.trivial}`]: beside(() => trivial.throughput(INPUTS.trivial)),
        [`beside a map of ${INPUTS.paused} of the same function`]: beside(() => paused.throughput(INPUTS.paused)),
      }),
    );
  }
  const growth = (name: string, of: Record<string, number[]>, ratio: number): Measure => ({
    name,
    unit: "results/s",
    better: "higher",
    samples: of,
    targets: ratio > 0 ? [{ of: `${WORKERS} workers`, to: ["one worker"], ratio }] : [],
  });
  return [
    growth(`map of ${INPUTS.trivial} inputs that cost nothing`, samples.trivial, 0),
    growth(`map of ${INPUTS.paused} inputs of five milliseconds`, samples.paused, 2.5),
    ...(["p50", "p99"] as const).map(
      (which): Measure => ({
        name: `another caller's call of five milliseconds, three workers, ${which}`,
        unit: "µs",
        better: "lower",
        samples: figures(latencies, (each) => each[which]),
        targets: [],
      }),
    ),
  ];
}

interface Spawning {
  one: NatsEngine;
  three: NatsEngine;
  project: Project;
  rounds: number;
}

async function spawning({ one, three, project, rounds }: Spawning): Promise<Measure> {
  project.farcall("deploy", "src/app.ts", "--engine", three.url);
  for (let workers = 0; workers < WORKERS; workers++) await three.startWorker(project);
  await using onOne = await one.client(project, "spawnMap");
  await using onThree = await three.client(project, "spawnMap");
  for (const each of [onOne, onThree]) await each.throughput(INPUTS.warm);
  return {
    name: "spawnMap, acknowledged",
    unit: "inputs/s",
    better: "higher",
    samples: await takeTurns(rounds, {
      "one server": () => onOne.throughput(INPUTS.spawned),
      "three servers, three replicas": () => onThree.throughput(INPUTS.spawned),
    }),
    targets: [],
  };
}
