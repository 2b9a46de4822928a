/** How another program's durable load affects calls: the tail latency of remote() while 100,000 inputs are spawned. */
import { setTimeout as sleep } from "node:timers/promises";
import { Contestant, type Latency } from "./support/contestant.ts";
import { type Benchmark, figures, takeTurns } from "./support/measure.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

/** Calls of one sample, quiet and beside the load. */
const CALLS = 2_000;
const SPAWNED = 100_000;
/** Time to wait for the rest of the load, in milliseconds. */
const REST_MS = 500;

const benchmark: Benchmark = {
  title: "remote() beside durable load",
  about:
    "One call in flight of a function that adds one, alone and while another program spawns 100,000 inputs of another function, or of the same, with spawnMap() and reads their results. " +
    "The bare relay (client, relay process, child process) shares nothing with farcall but the machine: what it loses beside the same load is what the cores lack.",
  async run({ rounds }) {
    await using app = await startTrivialApp();
    await using caller = await app.client({ args: ["map", "incrementToo"] });
    await using sameCaller = await app.client();
    await using spawner = await app.client({ args: ["spawnMap"] });
    await using relay = await Contestant.start("relay.ts");
    for (const contestant of [relay, caller, sameCaller]) await contestant.latency(CALLS);
    await spawner.throughput(10_000);
    await sleep(REST_MS);
    const beside = (contestant: Contestant) => async (): Promise<Latency> => {
      const load = spawner.throughput(SPAWNED);
      const latency = await contestant.latencyBeside(load);
      await sleep(REST_MS);
      return latency;
    };
    const results = await takeTurns(rounds, {
      "bare relay": () => relay.latency(CALLS),
      farcall: () => caller.latency(CALLS),
      "bare relay, beside the load": beside(relay),
      "farcall, beside the load": beside(caller),
      "farcall, the function of the load": beside(sameCaller),
    });
    return [
      {
        name: "latency, median",
        unit: "µs",
        better: "lower",
        samples: figures(results, (result) => result.p50),
        targets: [],
      },
      {
        name: "latency, 99th percentile",
        unit: "µs",
        better: "lower",
        samples: figures(results, (result) => result.p99),
        targets: [
          { of: "farcall, beside the load", to: ["farcall"], ratio: 3 },
          { of: "farcall, the function of the load", to: ["farcall"], ratio: 3 },
          { of: "farcall, beside the load", to: ["bare relay, beside the load"], ratio: 3 },
        ],
      },
    ];
  },
};

export default benchmark;
