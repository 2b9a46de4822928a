/** The engine on NATS, with a server and a worker on this machine, beside bare NATS and the local engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { Contestant, type Latency } from "./support/contestant.ts";
import { type Benchmark, figures, takeTurns } from "./support/measure.ts";
import { NatsEngine } from "./support/nats.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const CALLS = 1_000;
const INPUTS = { few: 10_000, many: 100_000, spawned: 50_000 };
/** Time to wait for the rest of a load, in milliseconds. */
const REST_MS = 300;

const benchmark: Benchmark = {
  title: "nats: one server and one worker",
  about:
    "The trivial app on a server, a worker and its containers on this machine, beside the same app on the local engine, and a bare request of the client package " +
    "that another process answers. All share the machine's cores.",
  async run({ rounds, log }) {
    await using app = await startTrivialApp();
    const { project } = app;
    await using nats = await NatsEngine.start(project);
    if (!nats) {
      log("nats is left out: no nats-server is installed (scripts/python-venv.sh brings one)");
      return [];
    }
    await nats.startWorker(project);
    project.farcall("deploy", "src/app.ts", "--engine", nats.url);
    const client = (...args: string[]) =>
      Contestant.start("farcall.ts", { args, env: { ...project.env, FARCALL_ENGINE: nats.url } });
    await using bare = await Contestant.start("nats.ts", { args: [nats.url] });
    await using local = await app.client();
    await using localSpawner = await app.client({ args: ["spawnMap"] });
    await using caller = await client("map", "incrementToo");
    await using mapper = await client("map");
    await using spawner = await client("spawnMap");
    const latency = {
      "bare NATS request": () => bare.latency(CALLS),
      "farcall local:": () => local.latency(CALLS),
      "farcall nats:": () => caller.latency(CALLS),
      "farcall nats:, beside a map": async (): Promise<Latency> => {
        const load = mapper.throughput(INPUTS.many);
        const result = await caller.latencyBeside(load);
        await sleep(REST_MS);
        return result;
      },
    };
    const map = (count: number) => ({
      "farcall local:": () => local.throughput(count),
      "farcall nats:": () => mapper.throughput(count),
    });
    const spawn = {
      "farcall local:": () => localSpawner.throughput(INPUTS.spawned),
      "farcall nats:": () => spawner.throughput(INPUTS.spawned),
    };
    for (const each of [bare, local, caller]) await each.latency(CALLS);
    for (const each of [local, mapper, localSpawner, spawner]) await each.throughput(INPUTS.few);
    const latencies = await takeTurns(rounds, latency);
    return [
      {
        name: "remote, median",
        unit: "µs",
        better: "lower",
        samples: figures(latencies, ({ p50 }) => p50),
        targets: [{ of: "farcall nats:", to: ["bare NATS request"], ratio: 2.5 }],
      },
      {
        name: "remote, 99th percentile",
        unit: "µs",
        better: "lower",
        samples: figures(latencies, ({ p99 }) => p99),
        targets: [],
      },
      {
        name: `map of ${INPUTS.few}`,
        unit: "results/s",
        better: "higher",
        samples: await takeTurns(rounds, map(INPUTS.few)),
        targets: [{ of: "farcall nats:", to: ["farcall local:"], ratio: 0.7 }],
      },
      {
        name: `map of ${INPUTS.many}`,
        unit: "results/s",
        better: "higher",
        samples: await takeTurns(rounds, map(INPUTS.many)),
        targets: [{ of: "farcall nats:", to: ["farcall local:"], ratio: 0.7 }],
      },
      {
        name: "spawnMap, acknowledged",
        unit: "inputs/s",
        better: "higher",
        samples: await takeTurns(rounds, spawn),
        targets: [],
      },
    ];
  },
};

export default benchmark;
