/** Throughput of many calls: the cost of one item of a map. */
import { Contestant } from "./support/contestant.ts";
import { type Benchmark, takeTurns } from "./support/measure.ts";
import { peerName } from "./support/peers.ts";
import { Redis } from "./support/redis.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

/** Inputs of one burst: about half a second's work for each. */
const INPUTS = { relay: 400_000, piscina: 15_000, bullmq: 4000, farcall: 60_000 };

const benchmark: Benchmark = {
  title: "map() over a function that adds one",
  about:
    "Results per second, in order, from one caller. The bare relay (two hops over sockets, no codec, no queue) and Piscina keep 256 calls in " +
    "flight; BullMQ's worker process runs 256 jobs at a time and keeps nothing on disk; farcall runs with its defaults.",
  async run({ rounds, alone, log }) {
    await using app = await startTrivialApp();
    await using farcall = await app.client();
    await using relay = await Contestant.start("relay.ts");
    await using piscina = alone ? undefined : await Contestant.start("piscina.mjs");
    await using redis = alone ? undefined : await Redis.start({ durable: false });
    await using bullmq = redis && (await Contestant.start("bullmq.mjs", { args: [redis.socket, "results"] }));
    if (!bullmq && !alone) log("BullMQ is left out: no redis-server is installed");
    const piscinaName = alone ? "piscina" : peerName("piscina");
    const contestants: Record<string, () => Promise<number>> = {
      "bare relay": () => relay.throughput(INPUTS.relay),
      ...(piscina && { [piscinaName]: () => piscina.throughput(INPUTS.piscina) }),
      ...(bullmq && { [peerName("bullmq")]: () => bullmq.throughput(INPUTS.bullmq) }),
      farcall: () => farcall.throughput(INPUTS.farcall),
    };
    for (const run of Object.values(contestants)) await run();
    return [
      {
        name: "throughput",
        unit: "results/s",
        better: "higher",
        samples: await takeTurns(rounds, contestants),
        targets: [{ of: "farcall", to: [piscinaName], ratio: 4 }],
      },
    ];
  },
};

export default benchmark;
