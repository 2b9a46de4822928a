/** What a worker says of itself to those who watch it: GET /metrics in the text that Prometheus reads, and GET /healthz. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runWorker } from "../../../src/engines/nats/worker/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { freePort, LEFT_OUT } from "./server.ts";

const app = deployment(
  "watched",
  `
import { existsSync } from "node:fs";
export const gate = app.function(async function gate(file) {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
});
export const third = app.function(async function third(n) { if (n === 3) throw new RangeError("three"); return n; });
export const count = app.function(async function* count(to) { for (let n = 1; n <= to; n++) yield n; });
export const dies = app.function(async function dies() { process.exit(1); });
`,
  { gate: { options: { maxContainers: 1 } }, third: {}, count: { mode: "generator" }, dies: {} },
);

describe.skipIf(LEFT_OUT)(`the figures of a worker${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "fm-"));
  let cluster: Cluster;
  let engine: ReturnType<Cluster["engine"]>;
  let driver: Driver;
  let ports: number[];
  beforeAll(async () => {
    ports = [await freePort(), await freePort()];
    const options = ports.map((port) => ["--metrics", String(port), "--max-containers", "2", "--memory", "1024mb"]);
    cluster = await Cluster.start({ workers: 2, options });
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
    driver = new Driver(engine, "watched");
  });
  afterAll(async () => {
    await engine.close();
    await cluster[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true });
  });

  const get = (path: string, at = 0) => fetch(`http://127.0.0.1:${ports[at]}${path}`);
  /** By name and labels. */
  const figures = async (at: number): Promise<Map<string, number>> => {
    const text = await (await get("/metrics", at)).text();
    const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  };
  const labels = (name: string, outcome?: string) =>
    `{environment="main",app="watched",function="${name}"${outcome ? `,outcome="${outcome}"` : ""}}`;
  /** Of all workers together. */
  const total = async (metric: string) => {
    const all = await Promise.all(ports.map((_, at) => figures(at)));
    return all.reduce((sum, each) => sum + (each.get(metric) ?? 0), 0);
  };

  test("are text that Prometheus reads: each metric once, with its type and what it means", async () => {
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = (await response.text()).trimEnd().split("\n");
    const typed = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]);
    expect(new Set(typed).size).toBe(typed.length);
    for (const line of lines)
      expect(line).toMatch(/^(# HELP \w+ .+|# TYPE \w+ (gauge|counter)|\w+(\{.+\})? [\d.e+-]+)$/);
    const named = lines.filter((line) => !line.startsWith("#")).map((line) => /^\w+/.exec(line)![0]);
    expect(named.filter((name) => !typed.includes(name))).toEqual([]);
    expect(typed.filter((name) => name!.endsWith("_total")).length).toBeGreaterThan(0);
  });

  test("say what the worker is and what it may have", async () => {
    const own = await figures(0);
    expect(own.get("farcall_worker_connected")).toBe(1);
    expect(own.get("farcall_workers")).toBe(2);
    expect(own.get("farcall_worker_containers_limit")).toBe(2);
    expect(own.get("farcall_worker_memory_limit_bytes")).toBe(1024 ** 3);
    expect([...own.keys()].filter((name) => name.startsWith("farcall_worker_info{"))).toHaveLength(1);
  });

  test("say what runs at a worker, what waits at callers, and what a home has", patient, async () => {
    const go = join(scratch, "go");
    const { outcomes } = driver.call("gate", [[go], [go], [go]]);
    const id = await driver.spawn("gate", [[go]]);
    await expect.poll(() => total(`farcall_inputs_running${labels("gate")}`), patient).toBe(1);
    expect(await total(`farcall_containers${labels("gate")}`)).toBe(1);
    expect(await total("farcall_worker_containers")).toBe(1);
    await expect.poll(() => total("farcall_worker_durable_calls"), patient).toBe(1);
    // All workers hear of the same: that is why it is not to be summed.
    const waiting = async (at: number) => (await figures(at)).get(`farcall_inputs_waiting${labels("gate")}`) ?? 0;
    await expect
      .poll(async () => (await waiting(0)) + (await total(`farcall_inputs_queued${labels("gate")}`)), patient)
      .toBe(3);
    expect(await waiting(1)).toBe(await waiting(0));
    writeFileSync(go, "");
    await outcomes;
    await driver.get(id);
    await expect.poll(() => total("farcall_worker_durable_calls"), patient).toBe(0);
    await expect.poll(() => total("farcall_worker_inputs"), patient).toBe(0);
    expect(await total(`farcall_inputs_ended_total${labels("gate", "result")}`)).toBe(4);
  });

  test("count how inputs ended", patient, async () => {
    await driver.map("third", [[1], [2], [3]]);
    const items = driver.call("count", [[2]], { method: "remoteGen" });
    items.handle.credit(3);
    await items.outcomes;
    await driver.map("dies", [[]]);
    const ended = (name: string, outcome: string) => total(`farcall_inputs_ended_total${labels(name, outcome)}`);
    expect([await ended("third", "result"), await ended("third", "exception")]).toEqual([2, 1]);
    expect(await ended("count", "result")).toBe(1);
    expect(await ended("dies", "failure")).toBe(1);
  });

  test("are served to GET alone, beside the worker's health, and nothing else", async () => {
    expect(await (await get("/healthz")).text()).toBe("ok\n");
    expect((await get("/")).status).toBe(404);
    const post = await fetch(`http://127.0.0.1:${ports[0]}/metrics`, { method: "POST" });
    expect(post.status).toBe(405);
  });

  test("a port that is taken is told before work is taken", async () => {
    const taken = runWorker({ url: cluster.url, folder: join(scratch, "w"), metrics: { port: ports[0]! }, log() {} });
    await expect(taken).rejects.toThrow(/the port for metrics cannot be had/);
  });

  test("a worker whose server is gone is not healthy until it is back", patient, async () => {
    await cluster.servers[0]!.kill();
    await expect.poll(async () => (await get("/healthz")).status, patient).toBe(503);
    expect((await figures(0)).get("farcall_worker_connected")).toBe(0);
    await cluster.servers[0]!.start();
    await expect.poll(async () => (await get("/healthz")).status, patient).toBe(200);
  });
});
