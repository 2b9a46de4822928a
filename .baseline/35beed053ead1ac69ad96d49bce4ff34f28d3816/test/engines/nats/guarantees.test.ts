/** What holds when workers, servers and callers are lost. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { listWorkers } from "../../../src/engines/nats/index.ts";
import { subjects } from "../../../src/engines/nats/names.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver, type Outcome } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { inputs, lines, scratchFiles } from "./scratch.ts";
import { LEFT_OUT } from "./server.ts";

const file = scratchFiles("fg-");

const retries = { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 };
const app = deployment(
  "kill",
  `
import { appendFileSync, existsSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const gate = async (file) => { while (!existsSync(file)) await sleep(5); };
export const double = app.function(async function double(n, log) { await sleep(5); appendFileSync(log, n + "\\n"); return 2 * n; });
export const once = app.function(async function once(n) { await sleep(20); return n; });
export const gated = app.function(async function gated(file) { await gate(file); return process.ppid; });
export const one = app.function(async function one(file) { await gate(file); return process.ppid; });
export const identity = app.function(function identity(x) { return x; });
export const slowly = app.function(async function* slowly(n) { for (let i = 0; i < n; i++) yield i; });
`,
  {
    double: { options: { retries, maxContainers: 6 } },
    once: { options: { maxContainers: 6 } },
    gated: { options: { maxContainers: 5 } },
    one: { options: { maxContainers: 1 } },
    identity: {},
    slowly: { mode: "generator" },
  },
);

const values = (outcomes: Outcome[]) =>
  outcomes.sort((a, b) => a.index - b.index).map(({ value, error }) => error ?? value);

describe.skipIf(LEFT_OUT)(`three workers${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let driver: Driver;
  let engine: ReturnType<Cluster["engine"]>;
  let operator: Connection;
  beforeAll(async () => {
    cluster = await Cluster.start({ workers: 3 });
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
    driver = new Driver(engine, "kill");
    operator = new Connection(parseAddress(cluster.url), "test");
  });
  afterAll(async () => {
    await engine.close();
    await operator.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** Kills a worker and starts another in its place. */
  const replace = async (at: number) => {
    await cluster.workers[at]!.kill();
    await cluster.workers[at]!.start();
  };

  test("run no more containers together than a function allows", patient, async () => {
    const go = file();
    const { outcomes } = driver.call(
      "gated",
      Array.from({ length: 12 }, () => [go]),
    );
    await expect
      .poll(() => engine.invoker.stats(driver.ref("gated")), patient)
      .toEqual({ backlog: 7, numTotalRunners: 5, numRunningInputs: 5 });
    writeFileSync(go, "");
    const ran = new Set(values(await outcomes));
    expect(ran.size).toBe(3);
  });

  test("a function of one container runs on one machine", patient, async () => {
    const go = file();
    writeFileSync(go, "");
    const outcomes = await driver.map(
      "one",
      Array.from({ length: 20 }, () => [go]),
    );
    expect(new Set(values(outcomes)).size).toBe(1);
  });

  test("a map whose function may be retried loses nothing when a worker is killed", patient, async () => {
    const log = file();
    const { outcomes } = driver.call("double", inputs(600, log));
    await expect.poll(() => lines(log), patient).toBeGreaterThan(50);
    await replace(0);
    expect(values(await outcomes)).toEqual(inputs(600, log).map(([n]) => 2 * (n as number)));
  });

  test(
    "inputs of a function without retries fail one by one when their worker is killed; the others have results",
    patient,
    async () => {
      const { outcomes } = driver.call("once", inputs(900, ""));
      await expect
        .poll(async () => (await engine.invoker.stats(driver.ref("once"))).numRunningInputs, patient)
        .toBeGreaterThan(2);
      await replace(1);
      const all = await outcomes;
      expect(all.length).toBe(900);
      const failed = all.filter(({ error }) => error);
      expect(failed.length).toBeGreaterThan(0);
      for (const { error } of failed) expect(error).toMatchObject({ code: "FARCALL_ENGINE_UNAVAILABLE" });
      expect(all.length - failed.length).toBeGreaterThan(500);
    },
  );

  test("a durable call ends with every outcome, though workers are killed one after the other", patient, async () => {
    const log = file();
    const id = await driver.spawn("double", inputs(1_500, log));
    const reading = driver.get(id, 1_500);
    for (const at of [0, 1, 2]) {
      const before = lines(log);
      await expect.poll(() => lines(log), patient).toBeGreaterThan(Math.min(1_400, before + 100));
      await replace(at);
    }
    const expected = inputs(1_500, log).map(([n]) => 2 * (n as number));
    expect(values(await reading)).toEqual(expected);
    // Whoever reads it later gets the same.
    expect(values(await driver.get(id, 1_500))).toEqual(expected);
    expect(await engine.invoker.call(id)).toMatchObject({ numInputs: 1_500, numEnded: 1_500, numFailed: 0 });
  });

  test("what is sent to a worker that was killed while it had nothing goes to another", patient, async () => {
    const call = () => driver.call("once", inputs(60, "")).outcomes;
    const expected = inputs(60, "").map(([n]) => n);
    // Until all workers take short inputs without being asked.
    for (let i = 0; i < 3; i++) expect(values(await call())).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { pid } = cluster.workers[0]!;
    const { id } = (await listWorkers(cluster.url)).find((worker) => worker.pid === pid)!;
    await cluster.workers[0]!.kill();
    // Until the server knows: what it still takes for the worker may have come, and is not sent again.
    const ask = () =>
      operator
        .link()
        .then(({ nc }) => nc.request(subjects.worker(id, "nothing"), "", { timeout: 100 }))
        .catch(({ cause }: Error) => (cause as Error | undefined)?.name);
    await expect.poll(ask, patient).toBe("NoResponders");
    expect(values(await call())).toEqual(expected);
    await cluster.workers[0]!.start();
  });

  test("a worker that is told to stop hands its work over", patient, async () => {
    const log = file();
    const id = await driver.spawn("double", inputs(400, log));
    const { outcomes } = driver.call("once", inputs(300, ""));
    await expect.poll(() => lines(log), patient).toBeGreaterThan(20);
    await cluster.workers[2]!.kill("SIGTERM");
    await cluster.workers[2]!.start();
    expect(values(await outcomes)).toEqual(inputs(300, "").map(([n]) => n));
    expect(values(await driver.get(id, 400))).toEqual(inputs(400, log).map(([n]) => 2 * (n as number)));
  });

  test("calls go on when the server is killed and started again", patient, async () => {
    const log = file();
    const id = await driver.spawn("double", inputs(400, log));
    const { outcomes } = driver.call("once", inputs(300, ""));
    await expect.poll(() => lines(log), patient).toBeGreaterThan(20);
    await cluster.servers[0]!.kill();
    await cluster.servers[0]!.start();
    expect(values(await outcomes)).toEqual(inputs(300, "").map(([n]) => n));
    expect(values(await driver.get(id, 400))).toEqual(inputs(400, log).map(([n]) => 2 * (n as number)));
  });

  test("a schedule runs once each time, however many workers there are", patient, async () => {
    const log = file();
    const body = `
import { appendFileSync } from "node:fs";
export const tick = app.function(function tick() { appendFileSync(${JSON.stringify(log)}, "tick\\n"); });`;
    const everySecond = { kind: "every" as const, everyMs: 1_000 };
    const { manifest } = await engine.deployer!.deploy(
      deployment("clock", body, { tick: { options: { schedule: everySecond } } }),
    );
    await expect.poll(() => lines(log), patient).toBeGreaterThan(4);
    const ran = lines(log);
    expect(ran).toBeLessThanOrEqual((Date.now() - Date.parse(manifest.deployedAt)) / 1_000);
    await engine.deployer!.remove({ app: "clock", environment: "main" });
  });

  test("a hundred megabytes go both ways", patient, async () => {
    const bytes = new Uint8Array(100 * 1024 * 1024).fill(7);
    bytes[12_345_678] = 8;
    const back = (await driver.remote("identity", bytes)) as Uint8Array;
    expect(Buffer.compare(back, bytes)).toBe(0);
  });

  test("a program ends by itself when nothing is under way, and its calls end with it", patient, async () => {
    const go = file();
    const program = `${file()}.mjs`;
    const module = (path: string) => JSON.stringify(resolve(import.meta.dirname, "../../..", path));
    writeFileSync(
      program,
      `import { natsEngine } from ${module("src/engines/nats/index.ts")};
       import { Driver } from ${module("test/engine/drive.ts")};
       const engine = natsEngine(${JSON.stringify(cluster.url)});
       const driver = new Driver(engine, "kill");
       console.log(await driver.remote("identity", "there"));
       if (process.argv[2]) { driver.call("gated", [[process.argv[2]]]); setTimeout(() => process.exit(3), 500); }`,
    );
    const run = async (...args: string[]) => {
      const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
      return (await once(child, "exit"))[0];
    };
    expect(await run()).toBe(0);
    expect(await run(go)).toBe(3);
    await expect.poll(async () => (await engine.invoker.stats(driver.ref("gated"))).numRunningInputs, patient).toBe(0);
  });
});
