/** Classes on the real host: how long instances live, what they survive, how many there may be. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { encodeInstance, InternalFailure, InvalidError } from "../../../src/runtime/index.ts";
import type { ClassSchema, ParameterSchema, ResolvedFunctionOptions } from "../../../src/schema/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));
// Of the hosts that this file starts.
process.env["FARCALL_HOST_MAX_INSTANCES"] = "2";

let home: TemporaryHome;
let engine: Engine;
let app: Driver;
let file: string;
let tests = 0;

beforeEach(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  app = new Driver(engine, "ml");
  file = join(scratch, `said-${++tests}`);
});

afterEach(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
});

const string = { kind: "primitive", name: "string" } as const;
const name: ParameterSchema = { name: "name", type: string };

async function deploy(given: Partial<ResolvedFunctionOptions> = {}, parameters: ParameterSchema[] = [name]) {
  const code = `
import { appendFileSync, existsSync } from "node:fs";
import { Class } from "farcall";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text) => appendFileSync(${JSON.stringify(file)}, text + "\\n");
app.onStart(() => say("app starts"));
app.onStop(() => say("app stops"));
export const Model = app.class(class Model {
  id = Math.random();
  constructor(name) { this.name = name; say("new " + name); }
  async enter() { await sleep(10); if (this.name === "broken") throw new Error("no weights"); say("enter " + this.name); }
  async exit() { await sleep(10); say("exit " + this.name); }
  whoami() { return this.id; }
  async wait(gate) { while (!existsSync(gate)) await sleep(5); return this.id; }
  die(file) { if (existsSync(file)) return this.id; appendFileSync(file, ""); process.exit(3); }
  print() { console.log("printed by " + this.name); }
  async nest(depth) { return depth === 0 ? 0 : (await new (Class.fromName("ml", "Model"))(this.name + depth).nest.remote(depth - 1)) + 1; }
});
`;
  const options = { maxContainers: 1, ...given };
  const classes: ClassSchema[] = [{ name: "Model", constructors: [{ parameters }], signature: "s" }];
  const functions = {
    "Model.whoami": { options },
    "Model.wait": { options, schema: { parameters: [{ name: "gate", type: string }] } },
    "Model.die": { options, schema: { parameters: [{ name: "file", type: string }] } },
    "Model.print": { options },
    "Model.nest": { options },
  };
  await engine.deployer!.deploy(deployment("ml", code, functions, { classes }));
}

const of = (...args: unknown[]) => ({ ref: { instance: encodeInstance("Model", args) } });
const said = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
const whoami = (...args: unknown[]) => app.remoteWith("Model.whoami", [], of(...args));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("an instance is constructed and entered before its first call, and exits when it is no longer needed", async () => {
  await deploy({ scaledownWindowMs: 1 });
  await whoami("a");
  await until(() => said().includes("app stops"));
  expect(said()).toEqual(["app starts", "new a", "enter a", "exit a", "app stops"]);
  await until(async () => (await hostStatus(home.url))?.containers.length === 0);
});

test("calls at the same time share the instance, as many together as concurrency says", async () => {
  await deploy({ concurrency: { maxInputs: 4 } });
  const gate = `${file}-gate`;
  const all = Array.from({ length: 4 }, () => app.remoteWith("Model.wait", [gate], of("a")));
  const ref = app.ref("Model.wait", of("a").ref);
  await until(async () => (await engine.invoker.stats(ref)).numRunningInputs === 4);
  writeFileSync(gate, "");
  expect(new Set(await Promise.all(all)).size).toBe(1);
  expect(said().filter((line) => line === "new a")).toHaveLength(1);
});

test("a container that dies is replaced by another with an instance of the same arguments", async () => {
  await deploy();
  const before = await whoami("a");
  const after = await app.remoteWith("Model.die", [`${file}-died`], of("a"));
  expect(after).not.toBe(before);
  expect(await whoami("a")).toBe(after);
  expect(said().filter((line) => line === "enter a")).toHaveLength(2);
});

test("a restarted host goes on with the durable call of a method, on a new instance of the same arguments", async () => {
  await deploy();
  const gate = `${file}-gate`;
  const id = await app.spawn("Model.wait", [[gate], [gate]], of("kept"));
  await until(() => said().includes("enter kept"));
  await stopHost(home.url, { force: true });
  appendFileSync(file, "restarted\n");
  writeFileSync(gate, "");
  const outcomes = await app.get(id, 2);
  expect(new Set(outcomes.map(({ value }) => value)).size).toBe(1);
  expect(said().slice(said().indexOf("restarted"))).toEqual(["restarted", "app starts", "new kept", "enter kept"]);
});

test("arguments that do not fit the constructor are refused like those of a function", async () => {
  await deploy({ validate: true });
  const refused = await whoami(5).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InvalidError);
  expect((refused as InvalidError).message).toBe("Model(name): expected string, received number");
  expect((refused as InvalidError).hint).toContain("Model(name: string)");
  const missing = await whoami().catch((error: unknown) => error);
  expect((missing as InvalidError).message).toBe("Model(name): expected string, received nothing");
  expect(said()).not.toContain("new 5");
});

test("an instance that cannot enter fails its calls with what it threw", async () => {
  await deploy();
  const failed = await whoami("broken").catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(InternalFailure);
  expect((failed as InternalFailure).message).toContain("no weights");
  expect(typeof (await whoami("fine"))).toBe("number");
});

test("more instances than the host keeps take turns: the one that was idle for longest goes", async () => {
  await deploy();
  const [a, b] = [await whoami("a"), await whoami("b")];
  await whoami("c");
  expect(said()).toContain("exit a");
  expect(await whoami("b")).toBe(b);
  expect(await whoami("a")).not.toBe(a);
  const ids = await Promise.all(["d", "e", "f", "g"].map((each) => whoami(each)));
  expect(new Set(ids).size).toBe(4);
  expect((await hostStatus(home.url))!.containers.length).toBeLessThanOrEqual(2);
});

test("instances that wait for more of them than the host keeps fail, and the error says so", async () => {
  await deploy();
  expect(await app.remoteWith("Model.nest", [1], of("x"))).toBe(1);
  await expect(app.remoteWith("Model.nest", [5], of("x"))).rejects.toThrow(
    /ml\/Model waits for itself: all instances that run at a time \(2\) have inputs that wait for another call of ml\/Model/,
  );
  expect(await app.remoteWith("Model.nest", [1], of("y"))).toBe(1);
});

test("the autoscaler is set for one instance, and not without one", async () => {
  await deploy();
  await whoami("a");
  const settings = { minContainers: 2, maxContainers: 2 };
  await engine.invoker.updateAutoscaler(app.ref("Model.whoami", of("a").ref), settings);
  const runners = async (arg: string) =>
    (await engine.invoker.stats(app.ref("Model.print", of(arg).ref))).numTotalRunners;
  await until(async () => (await runners("a")) === 2);
  await whoami("b");
  expect(await runners("b")).toBe(1);
  await expect(engine.invoker.updateAutoscaler(app.ref("Model.whoami"), settings)).rejects.toThrow(InvalidError);
});

test("a class without parameters is kept warm before anybody calls", async () => {
  await deploy({ minContainers: 1 }, []);
  await until(() => said().includes("enter undefined"));
  expect(typeof (await whoami())).toBe("number");
  expect(said().filter((line) => line.startsWith("new"))).toHaveLength(1);
});

test("logs and calls are found by the method, and by the class", async () => {
  await deploy();
  await app.remoteWith("Model.print", [], of("a"));
  await whoami("a");
  const texts = async (fn: string) => {
    const found: string[] = [];
    for await (const entry of engine.monitor!.logs({ app: "ml", function: fn })) {
      found.push(`${entry.function}: ${entry.text}`);
    }
    return found;
  };
  expect(await texts("Model.print")).toEqual(["Model.print: printed by a\n"]);
  expect(await texts("Model")).toEqual(["Model.print: printed by a\n"]);
  expect(await texts("Mod")).toEqual([]);
  const calls = await engine.monitor!.calls({ app: "ml", function: "Model" });
  expect(calls.map((call) => call.function).sort()).toEqual(["Model.print", "Model.whoami"]);
  const { instance } = of("a").ref;
  expect(calls.map((call) => call.instance)).toEqual([instance, instance]);
});
