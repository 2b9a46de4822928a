/** What durable calls leave in a NATS server: bytes on its disk and in its memory, by how much they carry. */
import type { Benchmark, Measure } from "./support/measure.ts";
import { NatsEngine } from "./support/nats.ts";
import { memoryOf } from "./support/processes.ts";
import { importFarcall } from "./support/project.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const CALLS = 5_000;
const INPUTS = 100_000;
const TOGETHER = 256;

const benchmark: Benchmark = {
  title: "nats-store: what durable calls leave in the server",
  about: `${CALLS} calls of one input (spawn) and one call of ${INPUTS} (spawnMap), each with a number and its result; bytes by the server's own account, memory as the system sees it.`,
  async run({ log }) {
    await using app = await startTrivialApp();
    await using nats = await NatsEngine.start(app.project);
    if (!nats) {
      log("nats-store is left out: no nats-server is installed (scripts/python-venv.sh brings one)");
      return [];
    }
    const worker = await nats.startWorker(app.project);
    app.project.farcall("deploy", "src/app.ts", "--engine", nats.url);
    const farcall = await importFarcall();
    await using client = new farcall.Client({ engine: nats.url });
    const increment = farcall.withClient(
      client,
      farcall.Function.fromName<[x: number], number>("trivial", "increment"),
    );
    const taken = async () => ({
      disk: await nats.stored(),
      server: memoryOf(nats.serverPid).rss * 1024 * 1024,
      worker: memoryOf(worker.pid!).rss,
    });
    await (await increment.spawn(1)).get();
    const before = await taken();
    for (let at = 0; at < CALLS; at += TOGETHER) {
      const calls = await Promise.all(Array.from({ length: TOGETHER }, (_, i) => increment.spawn(at + i)));
      await Promise.all(calls.map((call) => call.get()));
    }
    const calls = await taken();
    const many = await increment.spawnMap(Array.from({ length: INPUTS }, (_, i) => i));
    for await (const _ of many.iter());
    const inputs = await taken();
    const each = (name: string, unit: string, one: number, of: number): Measure => ({
      name,
      unit,
      better: "lower",
      samples: { "a call of one input": [one], "an input of many": [of] },
      targets: [],
    });
    return [
      each("on the disk", "bytes", (calls.disk - before.disk) / CALLS, (inputs.disk - calls.disk) / INPUTS),
      each(
        "in the server's memory",
        "bytes",
        (calls.server - before.server) / CALLS,
        (inputs.server - calls.server) / INPUTS,
      ),
      {
        name: "memory",
        unit: "MB",
        better: "lower",
        samples: {
          "the server before": [before.server / 1e6],
          "the server after": [inputs.server / 1e6],
          "the worker after": [inputs.worker],
        },
        targets: [],
      },
    ];
  },
};

export default benchmark;
