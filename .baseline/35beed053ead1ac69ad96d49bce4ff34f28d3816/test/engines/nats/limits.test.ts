/** Workers with limits: how many containers they run, how much memory those may have, and whose turn it is when all is full. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listWorkers } from "../../../src/engines/nats/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const scratch = mkdtempSync(join(tmpdir(), "fl-"));
afterAll(() => rmSync(scratch, { recursive: true }));
let files = 0;
const file = () => join(scratch, `file-${++files}`);

const app = deployment(
  "room",
  `
import { existsSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const gate = async (file) => { while (!existsSync(file)) await sleep(5); return process.ppid; };
export const any = app.function(async function any(file) { return gate(file); });
export const two = app.function(async function two(file) { return gate(file); });
export const large = app.function(async function large(file) { return gate(file); });
export const huge = app.function(async function huge() {});
export const steady = app.function(async function steady() { await sleep(60); });
export const quick = app.function(async function quick(n) { return n; });
`,
  {
    any: { options: { maxContainers: 0, scaledownWindowMs: 100 } },
    two: { options: { maxContainers: 2, scaledownWindowMs: 100 } },
    large: { options: { maxContainers: 0, memoryMiB: 300, scaledownWindowMs: 100 } },
    huge: { options: { maxContainers: 0, memoryMiB: 4096 } },
    steady: { options: { maxContainers: 0 } },
    quick: { options: { maxContainers: 0 } },
  },
);

describe.skipIf(LEFT_OUT)(`workers with limits${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let engine: ReturnType<Cluster["engine"]>;
  let driver: Driver;
  beforeAll(async () => {
    const options = [
      ["--max-containers", "1", "--memory", "2048mb", "--label", "size=small"],
      ["--max-containers", "4", "--memory", "1024mb", "--label", "size=large"],
    ];
    cluster = await Cluster.start({ workers: 2, options });
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
    driver = new Driver(engine, "room");
  });
  afterAll(async () => {
    await engine.close();
    await cluster[Symbol.asyncDispose]();
  });

  const runners = async (name: string) => (await engine.invoker.stats(driver.ref(name))).numTotalRunners;
  /** Resolves once nothing runs. */
  const idle = () =>
    expect
      .poll(async () => (await listWorkers(cluster.url)).map(({ containers }) => containers), patient)
      .toEqual([0, 0]);
  /** Runs `count` inputs at the same time, and resolves to how many ran at each worker. */
  const together = async (name: string, count: number, running: number) => {
    const go = file();
    const { outcomes } = driver.call(
      name,
      Array.from({ length: count }, () => [go]),
    );
    await expect
      .poll(async () => (await engine.invoker.stats(driver.ref(name))).numRunningInputs, patient)
      .toBe(running);
    expect(await runners(name)).toBe(running);
    const workers = await listWorkers(cluster.url);
    writeFileSync(go, "");
    const ran = (await outcomes).map(({ value }) => value);
    expect(ran.every((pid) => cluster.workers.some((worker) => worker.pid === pid))).toBe(true);
    return cluster.workers.map((worker) => workers.find(({ pid }) => pid === worker.pid)!.containers);
  };

  test("say what they are, and how much they have", async () => {
    const workers = await listWorkers(cluster.url);
    const of = (at: number) => workers.find(({ pid }) => pid === cluster.workers[at]!.pid);
    expect(of(0)).toMatchObject({ labels: ["size=small"], maxContainers: 1, usedMemoryMiB: 0 });
    expect(of(1)).toMatchObject({ labels: ["size=large"], maxContainers: 4, memoryMiB: 1024 });
  });

  test("a function without a limit gets what all of them have", patient, async () => {
    expect(await together("any", 12, 5)).toEqual([1, 4]);
    await idle();
  });

  test("a function's containers go to the worker that is the most free", patient, async () => {
    expect(await together("two", 6, 2)).toEqual([0, 2]);
    await idle();
  });

  test("memory counts as each function has it", patient, async () => {
    expect(await together("large", 8, 4)).toEqual([1, 3]);
    await idle();
  });

  test("a function that fits into no worker says so", async () => {
    const { startProblem } = await engine.invoker.stats(driver.ref("huge"));
    expect(startProblem).toMatch(/huge needs 4096 MiB, and no worker has so much/);
  });

  test("when a function takes all the room, another gets its turn, and the limits hold", patient, async () => {
    let ended = 0;
    const { handle } = driver.call(
      "steady",
      Array.from({ length: 20_000 }, () => []),
      { onOutcome: () => ended++ },
    );
    try {
      await expect.poll(() => runners("steady"), patient).toBe(5);
      const quick = driver.remote("quick", 7);
      let most = 0;
      const watch = setInterval(async () => {
        for (const { containers, maxContainers } of await listWorkers(cluster.url))
          most = Math.max(most, containers - maxContainers!);
      }, 50);
      expect(await quick).toBe(7);
      clearInterval(watch);
      expect(most).toBe(0);
      expect(ended).toBeLessThan(20_000);
      // What it gave up, it gets back.
      const before = ended;
      await expect.poll(() => ended, patient).toBeGreaterThan(before + 100);
    } finally {
      handle.cancel();
    }
  });
});
