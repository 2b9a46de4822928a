/** Latency of one call when nothing else is going on: the cost of leaving the process. */

import { Contestant } from "./support/contestant.ts";
import { type Benchmark, figures, takeTurns } from "./support/measure.ts";
import { peerName } from "./support/peers.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const CALLS = 2000;

const benchmark: Benchmark = {
  title: "remote(): one call in flight",
  about:
    "A function that adds one. The bare relay is the least that two hops over unix sockets can do (client, relay process, child process; " +
    "no codec, no queue); Piscina keeps worker threads inside the caller's process.",
  async run({ rounds, alone }) {
    await using app = await startTrivialApp();
    await using farcall = await app.client();
    await using relay = await Contestant.start("relay.ts");
    await using piscina = alone ? undefined : await Contestant.start("piscina.mjs");
    const contestants = { "bare relay": relay, ...(piscina && { [peerName("piscina")]: piscina }), farcall };
    for (const contestant of Object.values(contestants)) await contestant.latency(CALLS);
    const results = await takeTurns(
      rounds * 3,
      Object.fromEntries(Object.entries(contestants).map(([name, each]) => [name, () => each.latency(CALLS)])),
    );
    return [
      {
        name: "latency, median",
        unit: "µs",
        better: "lower",
        samples: figures(results, (result) => result.p50),
        targets: [{ of: "farcall", to: ["bare relay"], ratio: 1.5 }],
      },
      {
        name: "latency, 99th percentile",
        unit: "µs",
        better: "lower",
        samples: figures(results, (result) => result.p99),
        targets: [],
      },
    ];
  },
};

export default benchmark;
