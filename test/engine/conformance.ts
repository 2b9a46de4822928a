/**
 * What every engine must do, written against the port alone: an adapter's test calls `conformance` with a way to make an
 * engine on fresh state, and passes or is no engine.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeployEvent, Engine, InputRecord, LogEntry } from "../../src/engine/index.ts";
import {
  CancelledError,
  FunctionTimeoutError,
  InternalFailure,
  InvalidError,
  NotFoundError,
  SignatureMismatchError,
} from "../../src/runtime/errors.ts";
import { decodeArguments, encodeArguments, encodeInstance } from "../../src/runtime/index.ts";
import type { ClassSchema } from "../../src/schema/index.ts";
import { patient } from "../support/limits.ts";
import { deployment, type HandMadeFunction } from "./deployment.ts";
import { Driver, type Outcome, outcomeOf } from "./drive.ts";
import { keeps } from "./kept.ts";

/** Machines that run tests are slow at times; nothing here is about how long it takes. */

export interface EngineUnderTest extends AsyncDisposable {
  engine: Engine;
  /** A second engine on the same state, as another process would open it. */
  another(): Engine;
  /** Breaks what can break between callers and the place where calls run (a server dies), so that it has to be found again. */
  interrupt(): Promise<void>;
}

export type CreateEngine = (options?: {
  /** How long results are kept. Default: the engine's own. */
  retentionMs?: number;
}) => Promise<EngineUnderTest>;

const body = `
import { writeFileSync, readFileSync, existsSync, appendFileSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Counts across containers. */
const bump = (file) => { appendFileSync(file, "x"); return readFileSync(file).length; };
export const add = app.function(async function add(a, b) { return a + b; });
export const fail = app.function(function fail(text) { throw new RangeError(text); });
export const slow = app.function(async function slow(ms, value) { await sleep(ms); return value; });
const gate = async (file) => { while (!existsSync(file)) await sleep(5); };
export const apart = app.function(async function apart(file) { await gate(file); return process.pid; });
export const together = app.function(async function together(file) { await gate(file); return process.pid; });
export const count = app.function(async function* count(n) { for (let i = 0; i < n; i++) yield i; });
export const guarded = app.function(async function* guarded(file) { try { for (let i = 0; ; i++) yield i; } finally { writeFileSync(file, "cleaned"); } });
export const flaky = app.function(function flaky(file, failures) { const n = bump(file); if (n <= failures) throw new Error("attempt " + n); return n; });
export const late = app.function(function late(file) { const n = bump(file); return n === 1 ? new Promise(() => {}) : n; });
export const lateBeside = app.function(async function lateBeside(file) { const { attempt } = context(); appendFileSync(file, "x"); await sleep(attempt === 0 ? 400 : 0); return attempt; });
export const spin = app.function(function spin() { for (;;); });
export const never = app.function(async function never() { await new Promise((resolve) => context().signal.addEventListener("abort", resolve)); return "stopped"; });
export const crashOnce = app.function(function crashOnce(file, value) { if (!existsSync(file)) { writeFileSync(file, ""); process.exit(7); } return value; });
export const crash = app.function(function crash(file) { bump(file); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });
export const mixed = app.function(function mixed(i) { if (i === 13) process.exit(1); return i; });
export const hog = app.function(function hog() { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); });
export const say = app.function(async function say(text) { console.log(text); return text; });
export const environment = app.function(function environment() { return [process.env.COLOUR, process.env.TOKEN, process.env.OTHER]; });
export const identity = app.function(function identity(x) { return x; });
export const where = app.function(function where() { const { callId, version, attempt } = context(); return { callId, version, attempt }; });
export const survivor = app.function(function survivor() { const { attempt } = context(); if (attempt < 2) process.exit(7); return attempt; });
export const Counter = app.class(class Counter {
  id = process.pid + " " + Math.random();
  constructor(start) { this.count = start; }
  enter() { this.entered = true; }
  add(n) { this.count += n; return { id: this.id, entered: this.entered, count: this.count, method: context().function }; }
  whoami() { return this.id; }
  *upTo(n) { while (this.count < n) yield this.count++; }
});
`;

const functions: Record<string, HandMadeFunction> = {
  add: {},
  fail: {},
  slow: { options: { maxContainers: 4 } },
  apart: { options: { maxContainers: 3 } },
  together: { options: { concurrency: { maxInputs: 8 }, maxContainers: 1 } },
  count: { mode: "generator" },
  guarded: { mode: "generator" },
  flaky: { options: { retries: { maxRetries: 3, backoffCoefficient: 1, initialDelayMs: 5, maxDelayMs: 5 } } },
  late: {
    options: { timeoutMs: 150, retries: { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 } },
  },
  lateBeside: {
    options: {
      timeoutMs: 150,
      maxContainers: 1,
      concurrency: { maxInputs: 4 },
      retries: { maxRetries: 3, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 },
    },
  },
  spin: { options: { timeoutMs: 200 } },
  never: {},
  crashOnce: {},
  crash: { options: { maxContainers: 1 } },
  mixed: { options: { maxContainers: 2 } },
  hog: { options: { memoryMiB: 32 } },
  say: {},
  environment: { options: { env: { COLOUR: "green" }, secrets: ["TOKEN"] } },
  identity: {},
  where: {},
  survivor: {},
  "Counter.add": { options: { maxContainers: 1 } },
  "Counter.whoami": { options: { maxContainers: 1 } },
  "Counter.upTo": { mode: "generator", options: { maxContainers: 1 } },
};

const classes: ClassSchema[] = [
  {
    name: "Counter",
    constructors: [{ parameters: [{ name: "start", type: { kind: "primitive", name: "number" } }] }],
    signature: "signature of Counter",
  },
];

function recordOf({ payload, outputs }: InputRecord): { args?: unknown[]; outcomes: Outcome[] } {
  return { ...(payload && { args: decodeArguments(payload).args }), outcomes: outputs.map(outcomeOf) };
}

export function conformance(name: string, create: CreateEngine, scratch: () => string): void {
  describe(`${name}: registry`, () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await create();
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("lists nothing before the first deploy, then each app with its newest version", async () => {
      const { registry } = under.engine;
      expect(await registry.listApps()).toEqual([]);
      const first = await under.engine.deployer!.deploy(
        deployment("letters", "export const a = app.function(function a() {});", { a: {} }),
      );
      expect(first).toMatchObject({ version: 1, changed: true, manifest: { app: "letters", version: 1 } });
      expect(Date.parse(first.manifest.deployedAt)).toBeGreaterThan(0);
      const second = await under.engine.deployer!.deploy(
        deployment("letters", "export const b = app.function(function b() {});", { b: {} }),
      );
      expect(second).toMatchObject({ version: 2, changed: true, previous: { version: 1 } });
      expect(await registry.listApps()).toMatchObject([
        { app: "letters", environment: "main", version: 2, functions: 1 },
      ]);
      expect(await registry.listApps({ environment: "other" })).toEqual([]);
    });

    test("registers nothing when what is deployed has not changed", async () => {
      const request = deployment("same", "export const a = app.function(function a() {});", { a: {} });
      const first = await under.engine.deployer!.deploy(request);
      const again = await under.engine.deployer!.deploy(request);
      expect(again).toMatchObject({ version: first.version, changed: false });
      const other = deployment(
        "same",
        "export const a = app.function(function a() {});",
        { a: {} },
        { secrets: { TOKEN: "2" } },
      );
      expect(await under.engine.deployer!.deploy(other)).toMatchObject({ version: 2, changed: true });
    });

    test("gives the manifest of the newest or of a named version, and none when the caller has it", async () => {
      const { registry } = under.engine;
      const ref = { app: "letters", environment: "main" };
      const newest = await registry.getManifest(ref);
      expect(newest.manifest?.functions.map((fn) => fn.name)).toEqual(["b"]);
      expect((await registry.getManifest({ ...ref, version: 1 })).manifest?.functions.map((fn) => fn.name)).toEqual([
        "a",
      ]);
      expect(await registry.getManifest(ref, { ifNotEtag: newest.etag })).toEqual({ etag: newest.etag });
    });

    test("names what is nearest when an app, environment, version or function is unknown", async () => {
      const { registry } = under.engine;
      const refused = async (ref: { app: string; environment: string; name: string; version?: number }) => {
        const error = await registry.resolve(ref).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(NotFoundError);
        const { message, hint } = error as NotFoundError;
        return `${message} ${hint}`;
      };
      expect(await refused({ app: "leters", environment: "main", name: "b" })).toMatch(/leters.*main.*letters/s);
      expect(await refused({ app: "letters", environment: "prod", name: "b" })).toMatch(/prod.*main/s);
      expect(await refused({ app: "letters", environment: "main", name: "bb" })).toMatch(/bb.*Did you mean b/s);
      expect(await refused({ app: "letters", environment: "main", name: "b", version: 9 })).toMatch(/version 9.*1, 2/s);
    });

    test("lets a stub call a function that has changed compatibly, and refuses one that has not", async () => {
      const { registry } = under.engine;
      const parameter = (name: string, optional: boolean) => ({
        name,
        type: { kind: "primitive" as const, name: "string" as const },
        ...(optional && { optional: true as const }),
      });
      const version = (signature: string, parameters: ReturnType<typeof parameter>[]) =>
        under.engine.deployer!.deploy(
          deployment("shapes", `export const f = app.function(function f() {}); // ${signature}`, {
            f: { schema: { signature, parameters, returns: { kind: "primitive", name: "string" } } },
          }),
        );
      await version("one", [parameter("a", false)]);
      await version("two", [parameter("a", false), parameter("b", true)]);
      const ref = { app: "shapes", environment: "main", name: "f", signature: "one" };
      expect(await registry.resolve(ref)).toMatchObject({ name: "f", version: 2 });
      await version("three", [parameter("a", false), parameter("b", false)]);
      const error = (await registry.resolve(ref).catch((thrown: unknown) => thrown)) as SignatureMismatchError;
      expect(error).toBeInstanceOf(SignatureMismatchError);
      expect(error.hint).toMatch(/codegen/);
      await expect(registry.resolve({ ...ref, signature: "unheard of" })).rejects.toThrow(SignatureMismatchError);
    });

    test("tells watchers of each deploy and removal, also of those that happened while they were away", async () => {
      const { registry } = under.engine;
      const seen: DeployEvent[] = [];
      const stop = new AbortController();
      const { promise: ready, resolve: onReady } = Promise.withResolvers<number>();
      const watching = (async () => {
        for await (const event of registry.watchDeploys({ signal: stop.signal, onReady })) {
          seen.push(event);
          if (event.kind === "removed") stop.abort();
        }
      })();
      const start = await ready;
      const other = under.another();
      await other.deployer!.deploy(deployment("watched", "export const a = app.function(function a() {});", { a: {} }));
      await other.deployer!.remove({ app: "watched", environment: "main" });
      await watching;
      expect(seen).toMatchObject([
        { kind: "deployed", app: "watched", version: 1 },
        { kind: "removed", app: "watched" },
      ]);
      const missed: DeployEvent[] = [];
      const late = new AbortController();
      for await (const event of registry.watchDeploys({ after: start, signal: late.signal })) {
        missed.push(event);
        if (missed.length === 2) late.abort();
      }
      expect(missed).toEqual(seen);
      await other.close();
    });

    test("forgets a removed app", async () => {
      const { registry } = under.engine;
      await under.engine.deployer!.deploy(
        deployment("gone", "export const a = app.function(function a() {});", { a: {} }),
      );
      await under.engine.deployer!.remove({ app: "gone", environment: "main" });
      await expect(registry.getManifest({ app: "gone", environment: "main" })).rejects.toThrow(NotFoundError);
      await expect(under.engine.deployer!.remove({ app: "gone", environment: "main" })).rejects.toThrow(NotFoundError);
    });
  });

  describe(`${name}: calls`, () => {
    let under: EngineUnderTest;
    let app: Driver;
    let files = 0;
    const stats = (name: string) => under.engine.invoker.stats(app.ref(name));
    const running = async (name: string) => (await stats(name)).numRunningInputs;
    const file = () => `${scratch()}/file-${++files}`;
    beforeAll(async () => {
      under = await create();
      await under.engine.deployer!.deploy(
        deployment("work", body, functions, { secrets: { TOKEN: "t", OTHER: "o" }, classes }),
      );
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("runs an input and gives its result", async () => {
      expect(await app.remote("add", 1, 2)).toBe(3);
    });

    test("brings back what user code throws", async () => {
      await expect(app.remote("fail", "too far")).rejects.toThrow(RangeError);
    });

    test("gives every input of a map its own outcome", async () => {
      const inputs = Array.from({ length: 2_000 }, (_, i) => [i, 1]);
      const outcomes = await app.map("add", inputs);
      expect(outcomes).toEqual(inputs.map(([i], index) => ({ index, value: (i as number) + 1 })));
    });

    test("ends a call without inputs", async () => {
      expect(await app.call("add", []).acknowledged).toMatch(/^fc-/);
    });

    test("carries a large payload", async () => {
      const bytes = new Uint8Array(5_000_000).fill(7);
      // Not toEqual, which goes over such an array element by element.
      expect(Buffer.compare((await app.remote("identity", bytes)) as Uint8Array, bytes)).toBe(0);
    });

    test("sends no more yields than were granted", async () => {
      const values: unknown[] = [];
      const { handle, outcomes } = app.call("count", [[5]], {
        method: "remoteGen",
        onOutcome: (outcome) => "value" in outcome && values.push(outcome.value),
      });
      handle.credit(2);
      await expect.poll(() => values, patient).toEqual([0, 1]);
      handle.credit(10);
      await outcomes;
      expect(values).toEqual([0, 1, 2, 3, 4]);
    });

    test("runs a generator's finally when the call is cancelled", async () => {
      const cleaned = file();
      const { handle } = app.call("guarded", [[cleaned]], { method: "remoteGen", onOutcome: () => handle.cancel() });
      handle.credit(1);
      await expect.poll(() => existsSync(cleaned), patient).toBe(true);
    });

    test("refuses a method that does not suit the function, naming the right one", async () => {
      await expect(app.remote("count", 1)).rejects.toThrow(InvalidError);
      const error = (await app
        .call("add", [[1, 2]], { method: "remoteGen" })
        .outcomes.catch((thrown: unknown) => thrown)) as InvalidError;
      expect(error).toBeInstanceOf(InvalidError);
      expect(error.hint).toContain("remote()");
    });

    test("fails a call to what is not deployed", async () => {
      await expect(app.remote("ad", 1, 2)).rejects.toThrow(NotFoundError);
    });

    test("tells user code its call, version and attempt", async () => {
      const { handle, outcomes } = app.call("where", [[]], { method: "remote" });
      expect((await outcomes)[0]?.value).toEqual({ callId: handle.id, version: 1, attempt: 0 });
    });

    test("gives a container its env and the secrets that the function names, and no others", async () => {
      expect(await app.remote("environment")).toEqual(["green", "t", undefined]);
    });

    test("delivers nothing after a cancel", async () => {
      const outcomes: Outcome[] = [];
      const { handle } = app.call(
        "slow",
        [
          [1, "a"],
          [1, "b"],
          [60_000, "c"],
        ],
        { onOutcome: (each) => outcomes.push(each) },
      );
      await expect.poll(() => outcomes.length, patient).toBe(2);
      handle.cancel();
      handle.cancel();
      await app.remote("add", 1, 1);
      expect(outcomes.length).toBe(2);
    });

    test("spreads inputs over containers up to the maximum", async () => {
      const gate = file();
      const { outcomes } = app.call(
        "apart",
        Array.from({ length: 9 }, () => [gate]),
      );
      await expect.poll(() => stats("apart"), patient).toEqual({ backlog: 6, numTotalRunners: 3, numRunningInputs: 3 });
      writeFileSync(gate, "");
      expect(new Set((await outcomes).map((outcome) => outcome.value)).size).toBe(3);
    });

    test("runs as many inputs in one container as concurrency allows", async () => {
      const gate = file();
      const { outcomes } = app.call(
        "together",
        Array.from({ length: 10 }, () => [gate]),
      );
      await expect
        .poll(() => stats("together"), patient)
        .toEqual({ backlog: 2, numTotalRunners: 1, numRunningInputs: 8 });
      writeFileSync(gate, "");
      expect(new Set((await outcomes).map((outcome) => outcome.value)).size).toBe(1);
    });

    test("does not let a long map hold up another caller", async () => {
      const { handle } = app.call(
        "slow",
        Array.from({ length: 5_000 }, () => [5, 0]),
      );
      expect(await app.remote("slow", 1, "mine")).toBe("mine");
      handle.cancel();
    });

    test("retries what user code throws, as often as the policy says", async () => {
      expect(await app.remote("flaky", file(), 3)).toBe(4);
      await expect(app.remote("flaky", file(), 9)).rejects.toThrow("attempt 4");
    });

    test("ends an attempt that takes too long, and retries it", async () => {
      expect(await app.remote("late", file())).toBe(2);
    });

    test("does not take what an attempt says after its time for the outcome of the next", async () => {
      const tries = file();
      expect(await app.map("lateBeside", [[tries], [tries]])).toEqual([
        { index: 0, value: 1 },
        { index: 1, value: 1 },
      ]);
      expect(readFileSync(tries).length).toBe(4);
    });

    test("kills a container that does not come back from a loop, and runs others' inputs elsewhere", async () => {
      await expect(app.remote("spin")).rejects.toThrow(FunctionTimeoutError);
    });

    test("tells running user code that its call was cancelled", async () => {
      const { handle } = app.call("never", [[]]);
      await expect.poll(() => running("never"), patient).toBe(1);
      handle.cancel();
      await expect.poll(() => running("never"), patient).toBe(0);
    });

    test("runs an input again whose container died", async () => {
      expect(await app.remote("crashOnce", file(), "value")).toBe("value");
    });

    test("tells user code of runs whose container died", async () => {
      expect(await app.remote("survivor")).toBe(2);
    });

    test("gives up on an input that kills every container", async () => {
      const tries = file();
      await expect(app.remote("crash", tries)).rejects.toThrow(InternalFailure);
      expect(readFileSync(tries).length).toBe(9);
    });

    test("finds the one input of a map that kills containers; the others have their results", async () => {
      const outcomes = await app.map(
        "mixed",
        Array.from({ length: 40 }, (_, i) => [i]),
      );
      expect(outcomes.filter((outcome) => outcome.error).map((outcome) => outcome.index)).toEqual([13]);
      expect(outcomes[13]?.error).toBeInstanceOf(InternalFailure);
    });

    test("says so when a container runs out of memory", async () => {
      await expect(app.remote("hog")).rejects.toThrow(/out of memory.*32/s);
    });

    test("keeps what a container prints, with its call and input", async () => {
      const { handle, outcomes } = app.call("say", [["first"], ["second"]]);
      await outcomes;
      const logs: LogEntry[] = [];
      await expect
        .poll(async () => {
          logs.length = 0;
          for await (const entry of under.engine.monitor!.logs({ callId: handle.id })) logs.push(entry);
          return logs.map(({ text, inputIndex, stream }) => `${inputIndex} ${stream} ${text.trim()}`).sort();
        }, patient)
        .toEqual(["0 stdout first", "1 stdout second"]);
      expect(logs[0]).toMatchObject({ app: "work", function: "say" });
    });

    test("follows logs until told to stop", async () => {
      const stop = new AbortController();
      const texts: string[] = [];
      const following = (async () => {
        for await (const entry of under.engine.monitor!.logs({
          function: "say",
          limit: 0,
          follow: true,
          signal: stop.signal,
        })) {
          texts.push(entry.text.trim());
        }
      })();
      await expect
        .poll(async () => {
          await app.remote("say", "followed");
          return texts.length;
        }, patient)
        .toBeGreaterThan(0);
      stop.abort();
      await following;
      expect(texts).toContain("followed");
    });

    test("keeps a durable call's results for whoever asks by id, again and again", async () => {
      const id = await app.spawn("add", [
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      const expected = [2, 4, 6].map((value, index) => ({ index, value }));
      expect(await app.get(id, 3)).toEqual(expected);
      expect(await app.get(id, 3)).toEqual(expected);
      const other = under.another();
      expect(await new Driver(other, "work").get(id, 1, { start: 1, end: 2 })).toEqual([expected[1]]);
      await other.close();
      expect((await under.engine.invoker.poll(id, {})).length).toBe(3);
      expect(await under.engine.invoker.call(id)).toMatchObject({ id, numInputs: 3, numEnded: 3, method: "spawnMap" });
    });

    test("tells who waits for an input that the call does not have", async () => {
      const none = await app.spawn("add", []);
      await expect(app.get(none, 1, { start: 0, end: 1 })).rejects.toThrow(InvalidError);
      const id = await app.spawn("add", [
        [1, 1],
        [2, 2],
      ]);
      await expect(app.get(id, 1, { start: 2, end: 3 })).rejects.toThrow("has 2 inputs");
      await app.get(id, 2);
      await expect(app.get(id, 1, { start: 7, end: 8 })).rejects.toThrow(InvalidError);
      expect(await under.engine.invoker.poll(id, { start: 7, end: 8 })).toEqual([]);
    });

    test("polls what is ready and no more", async () => {
      const id = await app.spawn("slow", [
        [1, "a"],
        [60_000, "b"],
      ]);
      await app.get(id, 1, { start: 0, end: 1 });
      expect((await under.engine.invoker.poll(id, {})).map(({ index }) => index)).toEqual([0]);
      await under.engine.invoker.cancel(id);
      const outputs = await under.engine.invoker.poll(id, {});
      expect(outputs.map(({ index, kind }) => `${index} ${kind}`)).toEqual(["0 result", "1 failure"]);
      await expect(app.get(id, 2)).rejects.toThrow(CancelledError);
      expect(await under.engine.invoker.call(id)).toMatchObject({ cancelled: true, numInputs: 2, numEnded: 1 });
      await under.engine.invoker.cancel(id);
    });

    test("remembers the inputs of a durable call beside what came of them", async () => {
      const id = await app.spawn("mixed", [[1], [2]]);
      await app.get(id, 2);
      const failing = await app.spawn("fail", [["no"]]);
      await app.get(failing);
      const records = await under.engine.monitor!.inputs(id, {});
      expect(records.map(recordOf)).toEqual([
        { args: [1], outcomes: [{ index: 0, value: 1 }] },
        { args: [2], outcomes: [{ index: 1, value: 2 }] },
      ]);
      expect((await under.engine.monitor!.inputs(id, { start: 1, end: 2 })).map(recordOf)).toHaveLength(1);
      expect((await under.engine.monitor!.inputs(failing, {})).map(recordOf)).toMatchObject([
        { args: ["no"], outcomes: [{ error: { name: "RangeError", message: "no" } }] },
      ]);
    });

    test("remembers the first inputs of a map and those that failed, for a while", async () => {
      const { handle, outcomes } = app.call(
        "mixed",
        Array.from({ length: 40 }, (_, i) => [i]),
      );
      await outcomes;
      const records = (await under.engine.monitor!.inputs(handle.id, {})).map(recordOf);
      expect(records[0]).toEqual({ args: [0], outcomes: [{ index: 0, value: 0 }] });
      expect(records).toContainEqual({ args: [13], outcomes: [{ index: 13, error: expect.any(InternalFailure) }] });
      expect(records.length).toBeLessThan(40);
    });

    test("remembers what a generator has given so far", async () => {
      const { handle, outcomes } = app.call("count", [[3]], { method: "remoteGen" });
      handle.credit(10);
      await outcomes;
      expect((await under.engine.monitor!.inputs(handle.id, {})).map(recordOf)).toEqual([
        { args: [3], outcomes: [...[0, 1, 2].map((value) => ({ index: 0, value })), { index: 0, end: true }] },
      ]);
    });

    test("remembers no arguments that are large, and says so by leaving them out", async () => {
      const large = "x".repeat(1_000_000);
      const id = await app.spawn("identity", [[large]]);
      await app.get(id);
      const { handle, outcomes } = app.call("say", [[large]], { method: "remote" });
      await outcomes;
      for (const call of [id, handle.id]) {
        const [record] = await under.engine.monitor!.inputs(call, {});
        expect(record).toMatchObject({ index: 0, outputs: [{ kind: "result" }] });
        expect(record).not.toHaveProperty("payload");
      }
    });

    test("does not know calls that never were", async () => {
      await expect(app.get("fc-nothing")).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.poll("fc-nothing", {})).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.call("fc-nothing")).rejects.toThrow(NotFoundError);
      await expect(under.engine.monitor!.inputs("fc-nothing", {})).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.cancel("fc-nothing")).rejects.toThrow(NotFoundError);
    });

    test("gives the same call for the same idempotency key", async () => {
      const count = file();
      const idempotencyKey = "order 17";
      const first = await app.spawn("flaky", [[count, 0]], { idempotencyKey });
      expect(await app.spawn("flaky", [[count, 0]], { idempotencyKey })).toBe(first);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey })).toBe(1);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey: "order 18" })).toBe(2);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey: "order 18" })).toBe(2);
    });

    const counter = (start: number) => ({ ref: { instance: encodeInstance("Counter", [start]) } });

    test("runs the methods of a class on one instance for each set of constructor arguments", async () => {
      const first = (await app.remoteWith("Counter.add", [1], counter(10))) as { id: string };
      expect(first).toMatchObject({ entered: true, count: 11, method: "Counter.add" });
      expect(await app.remoteWith("Counter.add", [2], counter(10))).toEqual({ ...first, count: 13 });
      expect(await app.remoteWith("Counter.whoami", [], counter(10))).toBe(first.id);
      expect(await app.remoteWith("Counter.whoami", [], counter(20))).not.toBe(first.id);
      const stats = await under.engine.invoker.stats(app.ref("Counter.add", counter(10).ref));
      expect(stats.numTotalRunners).toBe(1);
    });

    test("runs generators among the methods of a class", async () => {
      const { handle, outcomes } = app.call("Counter.upTo", [[22]], { method: "remoteGen", ...counter(20) });
      handle.credit(10);
      expect((await outcomes).map(({ value, end }) => value ?? end)).toEqual([20, 21, true]);
    });

    test("keeps a method's durable call, and tells the calls of two instances with one key apart", async () => {
      const key = { idempotencyKey: "method 1" };
      const id = await app.spawn("Counter.whoami", [[]], { ...counter(30), ...key });
      expect(await app.spawn("Counter.whoami", [[]], { ...counter(30), ...key })).toBe(id);
      const other = await app.spawn("Counter.whoami", [[]], { ...counter(40), ...key });
      expect(other).not.toBe(id);
      const [[one], [two]] = await Promise.all([app.get(id), app.get(other)]);
      expect(one!.value).not.toBe(two!.value);
    });

    test("refuses a method's call without an instance, and an instance of what has none", async () => {
      await expect(app.remote("Counter.add", 1)).rejects.toThrow(InvalidError);
      await expect(app.remoteWith("add", [1, 2], counter(10))).rejects.toThrow(InvalidError);
    });

    test("lists calls, newest first", async () => {
      const id = await app.spawn("add", [[1, 1]]);
      await app.get(id);
      const { handle, outcomes } = app.call("add", [[1, 1]]);
      await outcomes;
      const calls = await under.engine.monitor!.calls({ function: "add", limit: 50 });
      expect(calls.map((call) => call.id)).toEqual(expect.arrayContaining([id, handle.id]));
      expect(calls.length).toBeLessThanOrEqual(50);
      expect(calls.map((call) => call.createdAt)).toEqual(
        calls
          .map((call) => call.createdAt)
          .toSorted()
          .reverse(),
      );
    });

    test("finishes a call on the version that it was opened on", async () => {
      const version = (n: number) =>
        deployment(
          "moving",
          `export const f = app.function(async function f(ms) { await new Promise((r) => setTimeout(r, ms)); return ${n}; });`,
          { f: {} },
        );
      await under.engine.deployer!.deploy(version(1));
      const moving = new Driver(under.engine, "moving");
      const { handle, outcomes } = moving.call("f", [[100], [100], [100], [100]]);
      await expect.poll(async () => (await under.engine.invoker.call(handle.id)).numInputs, patient).toBe(4);
      await under.engine.deployer!.deploy(version(2));
      expect(await moving.remote("f", 1)).toBe(2);
      expect((await outcomes).map((outcome) => outcome.value)).toEqual([1, 1, 1, 1]);
      expect(await moving.remoteWith("f", [1], { ref: { version: 1 } })).toBe(1);
    });

    test("scales as the autoscaler is told, until the next deploy", async () => {
      const version = (n: number) =>
        deployment("scaled", `export const f = app.function(function f() { return ${n}; });`, { f: {} });
      const { invoker } = under.engine;
      await under.engine.deployer!.deploy(version(1));
      const ref = { app: "scaled", environment: "main", name: "f" };
      const runners = async () => (await invoker.stats(ref)).numTotalRunners;
      expect(await runners()).toBe(0);
      await invoker.updateAutoscaler(ref, { minContainers: 2 });
      await expect.poll(runners, patient).toBe(2);
      await expect(invoker.updateAutoscaler(ref, { maxContainers: 1 })).rejects.toThrow(InvalidError);
      await expect(invoker.updateAutoscaler(ref, { minContainers: 1.5 })).rejects.toThrow(InvalidError);
      await invoker.updateAutoscaler(ref, { minContainers: 0, scaledownWindowMs: 50 });
      await expect.poll(runners, patient).toBe(0);
      await invoker.updateAutoscaler(ref, { maxContainers: 2, minContainers: 2 });
      await expect.poll(runners, patient).toBe(2);
      // Also one that changes nothing.
      expect(await under.engine.deployer!.deploy(version(1))).toMatchObject({ changed: false });
      await expect(invoker.updateAutoscaler(ref, { maxContainers: 1 })).resolves.not.toThrow();
      await invoker.updateAutoscaler(ref, { minContainers: 0, scaledownWindowMs: 50 });
      await expect.poll(runners, patient).toBe(0);
      await under.engine.deployer!.deploy(version(2));
      await new Driver(under.engine, "scaled").remote("f");
      expect(await runners()).toBe(1);
    });

    test("cancels the calls of an app that is removed", async () => {
      await under.engine.deployer!.deploy(
        deployment("leaving", "export const f = app.function(function f() { return new Promise(() => {}); });", {
          f: {},
        }),
      );
      const leaving = new Driver(under.engine, "leaving");
      const id = await leaving.spawn("f", [[]]);
      const { outcomes } = leaving.call("f", [[]]);
      await expect
        .poll(async () => (await under.engine.invoker.stats(leaving.ref("f"))).numRunningInputs, patient)
        .toBe(2);
      await under.engine.deployer!.remove({ app: "leaving", environment: "main" });
      await expect(outcomes).rejects.toThrow(CancelledError);
      await expect(leaving.get(id)).rejects.toThrow(CancelledError);
    });

    test("says why an app cannot be loaded", async () => {
      await under.engine.deployer!.deploy(deployment("broken", 'throw new Error("no licence");', { f: {} }));
      await expect(new Driver(under.engine, "broken").remote("f")).rejects.toThrow(/no licence/);
    });

    test("says that a container did not start in time", async () => {
      await under.engine.deployer!.deploy(
        deployment("sleepy", "await new Promise(() => setInterval(() => {}, 1000));", {
          f: { options: { startupTimeoutMs: 300 } },
        }),
      );
      await expect(new Driver(under.engine, "sleepy").remote("f")).rejects.toThrow(/300 ms/);
    });

    test("goes on after it was closed", async () => {
      const other = under.another();
      const driver = new Driver(other, "work");
      expect(await driver.remote("add", 2, 2)).toBe(4);
      await other.close();
      await other.close();
      expect(await driver.remote("add", 2, 3)).toBe(5);
      const pending = driver.call("never", [[]]);
      await expect.poll(() => running("never"), patient).toBe(1);
      await other.close();
      await expect(pending.outcomes).rejects.toThrow(/closed/);
      await expect.poll(() => running("never"), patient).toBe(0);
    });

    test("takes inputs that are put while others run", async () => {
      const outcomes: Outcome[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const handle = under.engine.invoker.open(
        { function: app.ref("add"), method: "map", durable: false },
        {
          output: ({ index }) => {
            outcomes.push({ index });
            if (index < 20) handle.put(index + 1, encodeArguments([index, 1]));
            else resolve();
          },
          failed: () => resolve(),
        },
      );
      handle.put(0, encodeArguments([0, 1]));
      await promise;
      await handle.end();
      expect(outcomes.length).toBe(21);
    });
  });

  keeps(name, create, scratch);
}
