/** The engine on NATS, with a server and a worker on this machine, beside bare NATS and the local engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { Contestant, type Latency } from "./support/contestant.ts";
import { type Benchmark, figures, type Measure, takeTurns } from "./support/measure.ts";
import { NatsEngine } from "./support/nats.ts";
import { memoryOf } from "./support/processes.ts";
import { Redis } from "./support/redis.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const CALLS = 1_000;
const INPUTS = { few: 10_000, many: 100_000, spawned: 50_000 };
/** Memory after so many inputs, and after ten times as many. */
const SIZES = [100_000, 1_000_000];
const SAMPLE_MS = 250;
const BULLMQ_CALLS = 300;
/** Time to wait for the rest of a load, in milliseconds. */
const REST_MS = 300;

const benchmark: Benchmark = {
  title: "nats: one server and one worker",
  about:
    "The trivial app on a server, a worker and its containers on this machine, beside the same app on the local engine, and a bare request of the client package " +
    "that another process answers; BullMQ on Redis, its job awaited. All share the machine's cores.",
  async run({ rounds, alone, log }) {
    await using app = await startTrivialApp();
    const { project } = app;
    await using nats = await NatsEngine.start(project);
    if (!nats) {
      log("nats is left out: no nats-server is installed (scripts/python-venv.sh brings one)");
      return [];
    }
    const worker = await nats.startWorker(project);
    project.farcall("deploy", "src/app.ts", "--engine", nats.url);
    const client = (...args: string[]) => nats.client(project, ...args);
    await using bare = await Contestant.start("nats.ts", { args: [nats.url] });
    await using local = await app.client();
    await using localSpawner = await app.client({ args: ["spawnMap"] });
    await using caller = await client("map", "incrementToo");
    await using mapper = await client("map");
    await using spawner = await client("spawnMap");
    await using redis = alone ? undefined : await Redis.start({ durable: false });
    if (!redis) log("BullMQ is left out: no redis-server, or --alone");
    await using bullmq = redis && (await Contestant.start("bullmq.mjs", { args: [redis.socket, "results"] }));
    const latency = {
      ...(bullmq && { "BullMQ on Redis": () => bullmq.latency(BULLMQ_CALLS) }),
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
    await bullmq?.latency(BULLMQ_CALLS);
    for (const each of [bare, local, caller]) await each.latency(CALLS);
    for (const each of [local, mapper, localSpawner, spawner]) await each.throughput(INPUTS.few);
    const latencies = await takeTurns(rounds, latency);
    return [
      {
        name: "remote, median",
        unit: "µs",
        better: "lower",
        samples: figures(latencies, ({ p50 }) => p50),
        targets: [
          { of: "farcall nats:", to: ["bare NATS request"], ratio: 2.5 },
          { of: "farcall nats:", to: ["BullMQ on Redis"], ratio: 0.5 },
        ],
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
      await coldStart(rounds, client, (args) => app.client({ args })),
      ...(await memory(await client("map"), worker.pid!, log)),
    ];
  },
};

export default benchmark;

type Client = (...args: string[]) => Promise<Contestant>;

async function coldStart(rounds: number, nats: Client, local: (args: string[]) => Promise<Contestant>) {
  await using onNats = await nats("map", "incrementCold");
  await using onLocal = await local(["map", "incrementCold"]);
  const first = async (contestant: Contestant) => (await contestant.latency(1)).p50 / 1000;
  for (const each of [onNats, onLocal]) await first(each);
  const samples = await takeTurns(rounds * 3, {
    "farcall local:": () => first(onLocal),
    "farcall nats:": () => first(onNats),
  });
  const measure: Measure = {
    name: "first result of a cold function",
    unit: "ms",
    better: "lower",
    samples,
    targets: [],
  };
  return measure;
}

/** The largest seen while a new client maps. */
async function memory(client: Contestant, worker: number, log: (line: string) => void): Promise<Measure[]> {
  await using mapper = client;
  const peaks: Record<string, { client: number; worker: number }> = {};
  for (const size of SIZES) {
    log(`map of ${size} inputs`);
    const peak = { client: 0, worker: 0 };
    const sample = (): void => {
      peak.client = Math.max(peak.client, memoryOf(mapper.pid).rss);
      peak.worker = Math.max(peak.worker, memoryOf(worker).rss);
    };
    const timer = setInterval(sample, SAMPLE_MS);
    await mapper.throughput(size);
    clearInterval(timer);
    sample();
    peaks[`${size.toLocaleString("en")} inputs`] = peak;
  }
  const [small = "", large = ""] = Object.keys(peaks);
  return (["client", "worker"] as const).map((which) => ({
    name: `memory of the ${which} during a map`,
    unit: "MB",
    better: "lower",
    samples: { [small]: [peaks[small]![which]], [large]: [peaks[large]![which]] },
    targets: [{ of: large, to: [small], ratio: 1.5 }],
  }));
}
