/** A server that says that it is about to stop: whoever is connected to it goes over to another, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const app = deployment(
  "duck",
  `
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const once = app.function(async function once(n) { await sleep(5); return n; });
export const long = app.function(async function long() { await sleep(4000); return "done"; });
export const count = app.function(async function* count(to) { for (let n = 0; n < to; n++) { await sleep(2); yield n; } });
`,
  { once: { options: { maxContainers: 6 } }, long: { options: { maxContainers: 3 } }, count: { mode: "generator" } },
);

describe.skipIf(LEFT_OUT)(`lame duck${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  const engines: ReturnType<Cluster["engine"]>[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start({ servers: 3, workers: 3 });
    // Each is connected to whichever server it has found first.
    for (let i = 0; i < 3; i++) engines.push(cluster.engine());
    await engines[0]!.deployer!.deploy(app);
  });
  afterAll(async () => {
    for (const engine of engines) await engine.close();
    await cluster[Symbol.asyncDispose]();
  });

  test("calls of every kind go on while one server after the other stops, without retries", patient, async () => {
    const drivers = engines.map((engine) => new Driver(engine, "duck"));
    for (const server of cluster.servers) {
      let ended = 0;
      const numbers = Array.from({ length: 1_500 }, (_, n) => [n]);
      const maps = drivers.map((driver) => driver.call("once", numbers, { onOutcome: () => ended++ }).outcomes);
      const long = drivers.map((driver) => driver.remote("long"));
      const counts = drivers.map((driver) => driver.call("count", [[700]], { method: "remoteGen" }));
      for (const { handle } of counts) handle.credit(1_000);
      const kept = await Promise.all(drivers.map((driver) => driver.spawn("once", numbers.slice(0, 500))));
      await expect.poll(() => ended, patient).toBeGreaterThan(200);
      server.stopGently();
      // Calls that begin meanwhile, while JetStream elects leaders among those that are left.
      const later = drivers.map((driver) => driver.map("once", numbers.slice(0, 100)));
      for (const outcomes of await Promise.all([...maps, ...later])) {
        expect(outcomes.filter(({ error }) => error)).toEqual([]);
        expect(outcomes.map(({ value }) => value).sort((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: outcomes.length }, (_, n) => n),
        );
      }
      expect(await Promise.all(long)).toEqual(["done", "done", "done"]);
      for (const { outcomes } of counts) {
        const yields = (await outcomes).filter(({ end }) => !end).map(({ value }) => value);
        expect(yields).toEqual(Array.from({ length: 700 }, (_, n) => n));
      }
      for (const [at, id] of kept.entries()) {
        const outcomes = await drivers[at]!.get(id, 500);
        expect(outcomes.map(({ value }) => value)).toEqual(numbers.slice(0, 500).flat());
      }
      await server.gone();
      await server.start();
    }
  });
});
