import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { isConflict } from "../../../src/engines/nats/errors.ts";
import { listWorkers } from "../../../src/engines/nats/index.ts";
import { streams, subjects } from "../../../src/engines/nats/names.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver, type Outcome } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { inputs, lines, scratchFiles } from "./scratch.ts";
import { LEFT_OUT } from "./server.ts";

const file = scratchFiles("fp-");

const retries = { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 };
const app = deployment(
  "apart",
  `
import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const stamp = app.function(async function stamp(n, log) { await sleep(10); appendFileSync(log, n + "\\n"); return n + " " + randomUUID(); });
`,
  { stamp: { options: { retries, maxContainers: 3 } } },
);

const numbers = (outcomes: Outcome[]) =>
  outcomes.map(({ value, error }) => error ?? Number.parseInt(String(value), 10)).sort((a, b) => Number(a) - Number(b));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.skipIf(LEFT_OUT)(`three servers${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let driver: Driver;
  let engines: ReturnType<Cluster["engine"]>[];
  let operator: Connection;
  beforeAll(async () => {
    cluster = await Cluster.start({ servers: 3, workers: 3, through: true });
    engines = [cluster.engine(), cluster.engine(0), cluster.engine(1, 2)];
    await engines[0]!.deployer!.deploy(app);
    driver = new Driver(engines[0]!, "apart");
    operator = new Connection(parseAddress(cluster.url), "test");
  });
  afterAll(async () => {
    for (const engine of engines) await engine.close();
    await operator.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** Every reader is told each input once, and all the same. */
  const agreed = async (id: string, count: number) => {
    const reads = await Promise.all(engines.map((engine) => new Driver(engine, "apart").get(id, count)));
    const [first, ...others] = reads.map((outcomes) => outcomes.map(({ value, error }) => error ?? value));
    for (const other of others) expect(other).toEqual(first);
    return reads[0]!;
  };

  test("of two that write the same record at once, one does, and the other learns of it", patient, async () => {
    const other = new Connection(parseAddress(cluster.url), "test");
    for (let round = 0; round < 50; round++) {
      const write = (to: Connection) => to.append(subjects.key(`race-${round}`), "x", { lastSubjectSequence: 0 });
      const results = await Promise.allSettled([operator, other, operator, other].map(write));
      const refused = results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      expect(refused).toHaveLength(3);
      for (const error of refused) expect(error).toSatisfy(isConflict);
    }
    await other.close();
  });

  test("the leaders of the streams are killed, and nothing is lost", patient, async () => {
    const [log, mapLog] = [file(), file()];
    const id = await driver.spawn("stamp", inputs(600, log));
    const { outcomes } = driver.call("stamp", inputs(300, mapLog));
    await expect.poll(() => lines(log), patient).toBeGreaterThan(20);
    for (const stream of [streams.calls, streams.outputs]) {
      const { cluster: raft } = await operator.ask(({ jsm }) => jsm.streams.info(stream));
      const leader = cluster.servers.find(({ name }) => name === raft?.leader)!;
      await leader.kill();
      await driver.spawn("stamp", inputs(1, file()));
      await leader.start();
    }
    expect(numbers(await outcomes)).toEqual(upTo(300));
    expect(numbers(await agreed(id, 600))).toEqual(upTo(600));
    expect(await engines[0]!.invoker.call(id)).toMatchObject({ numInputs: 600, numEnded: 600, numFailed: 0 });
  });

  test("what a worker has that is cut off runs elsewhere, and it takes part again later", patient, async () => {
    const [log, mapLog] = [file(), file()];
    await expect.poll(async () => (await listWorkers(cluster.url)).length, patient).toBe(3);
    const id = await driver.spawn("stamp", inputs(300, log));
    const { outcomes } = driver.call("stamp", inputs(300, mapLog));
    await expect.poll(() => lines(mapLog), patient).toBeGreaterThan(20);
    for (const road of cluster.roads.slice(1)) road.stall();
    expect(numbers(await outcomes)).toEqual(upTo(300));
    expect(numbers(await driver.get(id, 300))).toEqual(upTo(300));
    for (const road of cluster.roads) road.mend();
    await expect.poll(async () => (await listWorkers(cluster.url)).length, patient).toBe(3);
    await agreed(id, 300);
  });

  test(
    "a server that the others do not reach: the majority goes on, and all is told alike afterwards",
    patient,
    async () => {
      const logs = [file(), file(), file()];
      const before = await driver.spawn("stamp", inputs(400, logs[0]!));
      await expect.poll(() => lines(logs[0]!), patient).toBeGreaterThan(20);
      cluster.isolate(0);
      // Its caller reaches this server alone: what it spawns is acknowledged once there is a majority again, or not at all.
      const alone = new Driver(engines[1]!, "apart").spawn("stamp", inputs(50, logs[2]!)).catch((error) => {
        expect(error).toMatchObject({ code: "FARCALL_ENGINE_UNAVAILABLE" });
      });
      const beside = await new Driver(engines[2]!, "apart").spawn("stamp", inputs(200, logs[1]!));
      expect(numbers(await new Driver(engines[2]!, "apart").get(beside, 200))).toEqual(upTo(200));
      cluster.join();
      expect(numbers(await agreed(before, 400))).toEqual(upTo(400));
      expect(numbers(await agreed(beside, 200))).toEqual(upTo(200));
      const id = await alone;
      if (id) expect(numbers(await agreed(id, 50))).toEqual(upTo(50));
    },
  );
});
