/** An app's onStart and onStop, in real containers. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { App, InternalFailure, InvalidError } from "../../../src/runtime/index.ts";
import { deployment, type HandMadeFunction } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

let home: TemporaryHome;
let engine: Engine;
let app: Driver;
let file: string;
let tests = 0;

beforeEach(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  app = new Driver(engine, "work");
  file = join(scratch, `said-${++tests}`);
});

afterEach(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
});

/** `say(text)` writes a line to the test's file. */
async function deploy(body: string, functions: Record<string, HandMadeFunction>): Promise<void> {
  const head = `
import { appendFileSync, existsSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text) => appendFileSync(${JSON.stringify(file)}, text + "\\n");
`;
  await engine.deployer!.deploy(deployment("work", head + body, functions));
}

const said = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);

async function logs(): Promise<string> {
  let all = "";
  for await (const { text } of engine.monitor!.logs({ app: "work" })) all += text;
  return all;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const hooks = `
app.onStart(async () => { await sleep(20); say("first start"); });
app.onStart(() => say("second start"));
app.onStop(() => say("first stop"));
app.onStop(async () => { await sleep(20); say("second stop"); });
export const work = app.function(function work(text) { say(text); return text; });
`;

test("start hooks run once in a container before its first input, stop hooks when it is scaled down", async () => {
  await deploy(hooks, { work: { options: { scaledownWindowMs: 1, maxContainers: 1 } } });
  await app.map("work", [["a"], ["b"]]);
  await until(() => said().includes("first stop"));
  expect(said()).toEqual(["first start", "second start", "a", "b", "second stop", "first stop"]);
});

test("a host that is asked to stop lets inputs end, and then stop hooks run", async () => {
  await deploy(
    `${hooks}
export const slow = app.function(async function slow(gate) { say("begun"); while (!existsSync(gate)) await sleep(5); say("ended"); return 1; });`,
    { work: {}, slow: {} },
  );
  const gate = `${file}-gate`;
  const running = app.remote("slow", gate);
  await until(() => said().includes("begun"));
  const stopped = stopHost(home.url);
  writeFileSync(gate, "");
  expect(await running).toBe(1);
  await stopped;
  expect(said()).toEqual(["first start", "second start", "begun", "ended", "second stop", "first stop"]);
});

test("a terminated host runs them too, also of containers that are kept warm", async () => {
  await deploy(hooks, { work: { options: { minContainers: 1 } } });
  await app.remote("work", "a");
  const { pid } = (await hostStatus(home.url))!;
  await engine.close();
  process.kill(pid, "SIGTERM");
  await until(() => said().includes("first stop"));
  expect(said().filter((text) => text === "first stop")).toHaveLength(1);
});

test("a redeploy and a removal stop containers in order", async () => {
  await deploy(hooks, { work: {} });
  await app.remote("work", "old");
  await deploy(`${hooks}// changed`, { work: {} });
  await until(() => said().includes("first stop"));
  await app.remote("work", "new");
  await engine.deployer!.remove({ app: "work", environment: "main" });
  await until(() => said().filter((text) => text === "first stop").length === 2);
});

test("a start hook that fails is given as the reason why the container did not start, with the author's stack in the logs", async () => {
  await deploy(
    `
app.onStart(async function connect() { await sleep(1); throw new RangeError("no database"); });
app.onStop(() => say("stopped"));
export const work = app.function(function work() {});`,
    { work: {} },
  );
  const failure = app.remote("work");
  await expect(failure).rejects.toThrow(InternalFailure);
  await expect(failure).rejects.toThrow(/RangeError: no database/);
  expect(await logs()).toMatch(/RangeError: no database\n\s+at .*connect/);
  expect(said()).toEqual([]);
});

test("startupTimeoutMs covers start hooks", async () => {
  await deploy(
    `
app.onStart(() => new Promise(() => {}));
export const work = app.function(function work() {});`,
    { work: { options: { startupTimeoutMs: 700 } } },
  );
  await expect(app.remote("work")).rejects.toThrow(/not ready within 700 ms/);
});

test("a stop hook that fails is logged, and the others still run", async () => {
  await deploy(
    `
app.onStop(() => say("still"));
app.onStop(function flush() { throw new Error("disk full"); });
export const work = app.function(function work() {});`,
    { work: { options: { scaledownWindowMs: 1 } } },
  );
  await app.remote("work");
  await until(() => said().includes("still"));
  await until(async () => (await engine.invoker.stats(app.ref("work"))).numTotalRunners === 0);
  expect(await logs()).toMatch(/an onStop hook failed: Error: disk full\n\s+at .*flush/);
});

test("a hook that is not a function is refused where it is registered", () => {
  const made = new App("hooks");
  expect(() => made.onStart("connect" as never)).toThrow(InvalidError);
  expect(() => made.onStop(undefined as never)).toThrow(/app\.onStop\(\) takes a function/);
});
