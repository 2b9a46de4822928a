/** Workers that are paused or killed, callers that are killed, and clocks that are wrong. */
import { type ChildProcess, spawn } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment } from "../../engine/deployment.ts";
import { Driver, type Outcome } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { inputs, lines, scratchFiles } from "./scratch.ts";
import { LEFT_OUT } from "./server.ts";

const file = scratchFiles("fl-");

const retries = { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 };
const app = deployment(
  "lost",
  `
import { appendFileSync, existsSync } from "node:fs";
import { randomUUID } from "node:crypto";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const stamp = app.function(async function stamp(n, log) { await sleep(10); appendFileSync(log, n + "\\n"); return n + " " + randomUUID(); });
export const gated = app.function(async function gated(file) { while (!existsSync(file)) await sleep(5); });
export const keyed = app.function(async function keyed(key) { await sleep(5); return process.ppid; });
export const steps = app.function(async function* steps(count, ms) { for (let i = 0; i < count; i++) { await sleep(ms); yield process.ppid; } });
export const large = app.function(function* large(count, bytes) { for (let i = 0; i < count; i++) yield i + ":" + "x".repeat(bytes); });
`,
  {
    stamp: { options: { maxContainers: 4 } },
    gated: {},
    keyed: { options: { retries, maxContainers: 2, concurrency: { maxInputs: 4, key: [[0]], perKey: 2 } } },
    steps: { mode: "generator", options: { retries, maxContainers: 3 } },
    large: { mode: "generator" },
  },
);

const values = (outcomes: Outcome[]) => outcomes.map(({ value, error }) => error ?? value);
const module = (path: string) => JSON.stringify(resolve(import.meta.dirname, "../../..", path));

describe.skipIf(LEFT_OUT)(`what is lost for a while${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let driver: Driver;
  let engine: ReturnType<Cluster["engine"]>;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start();
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
    driver = new Driver(engine, "lost");
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await engine.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** A program with a driver of its own, and what it prints. */
  const program = (body: string) => {
    const path = `${file()}.mjs`;
    writeFileSync(
      path,
      `import { natsEngine } from ${module("src/engines/nats/index.ts")};
       import { Driver } from ${module("test/engine/drive.ts")};
       const engine = natsEngine(${JSON.stringify(cluster.url)});
       const driver = new Driver(engine, "lost");
       ${body}`,
    );
    const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    let text = "";
    child.stdout.on("data", (more: Buffer) => {
      text += more;
    });
    return { child, printed: () => text };
  };

  test(
    "a worker that was paused for longer than its lease goes on, and the outcomes stay as they are",
    patient,
    async () => {
      const log = file();
      const [paused] = cluster.workers;
      // Nobody else can be at home to it.
      const id = await driver.spawn("stamp", inputs(300, log));
      await expect.poll(() => lines(log), patient).toBeGreaterThan(20);
      const reading = driver.get(id, 300);
      process.kill(paused!.pid, "SIGSTOP");
      await cluster.addWorker();
      const told = values(await reading);
      expect(told.map((text) => Number.parseInt(String(text), 10))).toEqual(Array.from({ length: 300 }, (_, i) => i));
      process.kill(paused!.pid, "SIGCONT");
      // It has seen to what it missed once it takes part again.
      const ran = new Set<unknown>();
      await expect
        .poll(async () => {
          for (const { value } of await driver.map("keyed", [["a"], ["b"]])) ran.add(value);
          return (await engine.invoker.stats(driver.ref("stamp"))).numRunningInputs;
        }, patient)
        .toBe(0);
      expect(values(await driver.get(id, 300))).toEqual(told);
      expect((await engine.invoker.poll(id, {})).length).toBe(300);
      expect(await engine.invoker.call(id)).toMatchObject({ numInputs: 300, numEnded: 300, numFailed: 0 });
    },
  );

  test("a function that one worker counts for goes to another when that is killed", patient, async () => {
    const keys = Array.from({ length: 200 }, (_, i) => [`key ${i % 5}`]);
    const [first] = values(await driver.map("keyed", keys.slice(0, 1)));
    const owner = cluster.workers.find(({ pid }) => pid === first)!;
    const { outcomes } = driver.call("keyed", keys);
    await owner.kill();
    const by = new Set(values(await outcomes));
    expect(by.size).toBeLessThanOrEqual(2);
    expect(values(await driver.map("keyed", keys.slice(0, 1)))).not.toEqual([first]);
    await owner.start();
  });

  test(
    "a generator whose worker is killed does not begin again for a caller that has got some of it",
    patient,
    async () => {
      const told: unknown[] = [];
      const { handle, outcomes } = driver.call("steps", [[1_000, 10]], {
        method: "remoteGen",
        onOutcome: ({ value }) => told.push(value),
      });
      handle.credit(1_000);
      await expect.poll(() => told.length, patient).toBeGreaterThan(3);
      const worker = cluster.workers.find(({ pid }) => pid === told[0])!;
      await worker.kill();
      await expect(outcomes).rejects.toMatchObject({
        code: "FARCALL_ENGINE_UNAVAILABLE",
        hint: expect.stringContaining("yielded"),
      });
      expect(new Set(told).size).toBe(1);
      await worker.start();
    },
  );

  test("a reader that was stopped for seconds goes on, and gets each value once", patient, async () => {
    const { child, printed } = program(`
       let read = 0;
       const { handle, outcomes } = driver.call("large", [[600, 100_000]], {
         method: "remoteGen",
         onOutcome({ value }) {
           if (value === undefined) return;
           if (Number.parseInt(value, 10) !== read++) console.log("out of order", read, value.slice(0, 10));
           if (read === 20) console.log("begun");
           handle.credit(1);
         },
       });
       handle.credit(50);
       await outcomes.then(() => console.log("ended", read), (error) => console.log("failed", error));
       await engine.close();`);
    await expect.poll(printed, patient).toContain("begun\n");
    child.kill("SIGSTOP");
    await sleep(5_000);
    child.kill("SIGCONT");
    await expect.poll(printed, patient).toBe("begun\nended 600\n");
  });

  test("of a caller that is killed, durable calls go on and the others end", patient, async () => {
    const log = file();
    const { child, printed } = program(`
       driver.call("gated", [[${JSON.stringify(file())}]]);
       console.log(await driver.spawn("stamp", Array.from({ length: 150 }, (_, i) => [i, ${JSON.stringify(log)}])));
       setInterval(() => {}, 1000);`);
    await expect.poll(() => lines(log), patient).toBeGreaterThan(0);
    await expect.poll(async () => (await engine.invoker.stats(driver.ref("gated"))).numRunningInputs, patient).toBe(1);
    await expect.poll(printed, patient).toContain("\n");
    child.kill("SIGKILL");
    expect(values(await driver.get(printed().trim(), 150))).toHaveLength(150);
    await expect.poll(async () => (await engine.invoker.stats(driver.ref("gated"))).numRunningInputs, patient).toBe(0);
  });

  test("a worker whose clock is five hours ahead runs nothing too early, and schedules run once", patient, async () => {
    const preload = `${file()}.mjs`;
    writeFileSync(
      preload,
      `const AHEAD = 5 * 3_600_000;
       const now = Date.now;
       globalThis.Date = class extends Date {
         constructor(...args) { if (args.length === 0) super(now() + AHEAD); else super(...args); }
         static now() { return now() + AHEAD; }
       };`,
    );
    const ahead = await cluster.addWorker({ NODE_OPTIONS: `--import=${preload}` });
    const [ticks, due] = [file(), file()];
    const everySecond = { kind: "every" as const, everyMs: 1_000 };
    const { manifest } = await engine.deployer!.deploy(
      deployment(
        "clocks",
        `
import { appendFileSync } from "node:fs";
export const tick = app.function(function tick() { appendFileSync(${JSON.stringify(ticks)}, "tick\\n"); });`,
        { tick: { options: { schedule: everySecond } } },
      ),
    );
    for (const worker of cluster.workers) if (worker !== ahead) await worker.kill();
    const dueAt = Date.now() + 3_000;
    const id = await driver.spawn("stamp", [[1, due]], { dueAt });
    await driver.get(id);
    expect(statSync(due).mtimeMs).toBeGreaterThanOrEqual(dueAt);
    for (const worker of cluster.workers) if (worker !== ahead) await worker.start();
    await expect.poll(() => lines(ticks), patient).toBeGreaterThan(6);
    const ran = lines(ticks);
    expect(ran).toBeLessThanOrEqual((Date.now() - Date.parse(manifest.deployedAt)) / 1_000);
    await engine.deployer!.remove({ app: "clocks", environment: "main" });
  });
});
