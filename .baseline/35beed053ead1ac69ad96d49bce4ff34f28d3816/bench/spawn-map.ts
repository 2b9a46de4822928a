/** How fast inputs can be made durable: acknowledged means that a power cut or kill -9 does not lose them. */
import { Contestant } from "./support/contestant.ts";
import { type Benchmark, takeTurns } from "./support/measure.ts";
import { peerName } from "./support/peers.ts";
import { Redis } from "./support/redis.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const INPUTS = { sqlite: 100_000, bullmq: 5000, farcall: 50_000 };

const benchmark: Benchmark = {
  title: "spawnMap(): durable inputs",
  about:
    "Inputs per second, acknowledged on disk. SQLite inserts rows of the same size in batches of 1,000 with full sync, in the caller's process; BullMQ's " +
    "addBulk in batches of 1,000 on a Redis that syncs every write (appendfsync always). farcall already runs the first inputs while it takes the last.",
  async run({ rounds, alone, log }) {
    await using app = await startTrivialApp();
    await using farcall = await app.client({ args: ["spawnMap"] });
    await using sqlite = await Contestant.start("sqlite.ts");
    await using redis = alone ? undefined : await Redis.start({ durable: true });
    await using bullmq = redis && (await Contestant.start("bullmq.mjs", { args: [redis.socket, "acknowledged"] }));
    if (!bullmq && !alone) log("BullMQ is left out: no redis-server is installed");
    const contestants: Record<string, () => Promise<number>> = {
      "SQLite, batches": () => sqlite.throughput(INPUTS.sqlite),
      ...(bullmq && { [peerName("bullmq")]: () => bullmq.throughput(INPUTS.bullmq) }),
      farcall: () => farcall.throughput(INPUTS.farcall),
    };
    for (const run of Object.values(contestants)) await run();
    return [
      {
        name: "acknowledged inputs",
        unit: "inputs/s",
        better: "higher",
        samples: await takeTurns(rounds, contestants),
        targets: [{ of: "farcall", to: ["SQLite, batches"], ratio: 0.6 }],
      },
    ];
  },
};

export default benchmark;
