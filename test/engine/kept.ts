/** The part of the conformance suite about what an engine keeps: keys, outputs, logs and counts, also when it was interrupted. */
import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry, LogFilter } from "../../src/engine/index.ts";
import {
  CancelledError,
  EngineUnavailableError,
  InvalidError,
  NotFoundError,
  OutputExpiredError,
} from "../../src/runtime/errors.ts";
import { decodeArguments } from "../../src/runtime/index.ts";
import { patient } from "../support/limits.ts";
import type { CreateEngine, EngineUnderTest } from "./conformance.ts";
import { deployment, type HandMadeFunction } from "./deployment.ts";
import { Driver } from "./drive.ts";

const body = `
import { existsSync, writeFileSync } from "node:fs";
const gate = async (file) => { while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5)); };
export const add = app.function(function add(a, b) { return a + b; });
export const identity = app.function(function identity(x) { return x; });
export const together = app.function(async function together(file) { await gate(file); return "through"; });
export const apart = app.function(async function apart(file) { await gate(file); });
export const halve = app.function(function halve(n) { if (n % 2) throw new RangeError("odd"); return n / 2; });
export const never = app.function(async function never() { await new Promise(() => {}); });
export const say = app.function(function say(text) { console.log(text); });
export const steps = app.function(async function steps(file) { context().progress(0.5, "half"); await gate(file); context().progress(1); });
export const mark = app.function(function mark(file) { writeFileSync(file, ""); });
`;

const functions: Record<string, HandMadeFunction> = {
  add: {},
  identity: {},
  together: { options: { concurrency: { maxInputs: 8 }, maxContainers: 1 } },
  apart: { options: { maxContainers: 3 } },
  halve: {},
  never: {},
  say: {},
  steps: { options: { concurrency: { maxInputs: 2 } } },
  mark: {},
};

export function keeps(name: string, create: CreateEngine, scratch: () => string): void {
  let files = 0;
  const file = () => `${scratch()}/kept-${++files}`;

  describe(`${name}: what is kept`, () => {
    let under: EngineUnderTest;
    let app: Driver;
    beforeAll(async () => {
      under = await create();
      await under.engine.deployer!.deploy(deployment("kept", body, functions));
      app = new Driver(under.engine, "kept");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("keys of one function, or of one environment, mean nothing in another", async () => {
      const idempotencyKey = "order 1";
      const first = await app.spawn("identity", [["mine"]], { idempotencyKey });
      const other = await app.spawn("add", [[1, 2]], { idempotencyKey });
      expect(await app.get(other)).toEqual([{ index: 0, value: 3 }]);
      await under.engine.deployer!.deploy(deployment("kept", body, functions, { environment: "staging" }));
      const staging = await app.spawn("identity", [["other"]], { idempotencyKey, ref: { environment: "staging" } });
      expect(new Set([first, other, staging]).size).toBe(3);
      expect(await app.get(staging)).toEqual([{ index: 0, value: "other" }]);
    });

    test("a key gives the same call to another caller, also while it runs and after it was cancelled", async () => {
      const gate = file();
      const idempotencyKey = "order 2";
      const first = await app.spawn("apart", [[gate]], { idempotencyKey });
      const other = under.another();
      const driver = new Driver(other, "kept");
      expect(await driver.spawn("apart", [[gate]], { idempotencyKey })).toBe(first);
      await other.invoker.cancel(first);
      expect(await driver.spawn("apart", [[gate]], { idempotencyKey })).toBe(first);
      await expect(driver.remoteWith("apart", [gate], { idempotencyKey })).rejects.toThrow(CancelledError);
      await other.close();
    });

    test("a call says how many of its inputs failed, kept on disk or not", async () => {
      const { invoker } = under.engine;
      const counts = { numInputs: 4, numEnded: 4, numFailed: 3 };
      const { handle, outcomes } = app.call("halve", [[1], [2], [3], [5]]);
      await outcomes;
      expect(await invoker.call(handle.id)).toMatchObject(counts);
      const id = await app.spawn("halve", [[1], [2], [3], [5]]);
      await app.get(id, 4);
      expect(await invoker.call(id)).toMatchObject(counts);
      const listed = new Map((await under.engine.monitor!.calls({ function: "halve" })).map((call) => [call.id, call]));
      expect([listed.get(handle.id), listed.get(id)]).toMatchObject([counts, counts]);
      const fine = await app.spawn("halve", [[2]]);
      await app.get(fine);
      expect(await invoker.call(fine)).toMatchObject({ numEnded: 1, numFailed: 0 });
    });

    test("remembers the arguments of a durable call's first inputs, and of those that failed", async () => {
      const inputs = Array.from({ length: 400 }, (_, i) => [i === 333 ? 333 : 2 * i]);
      const id = await app.spawn("halve", inputs);
      await app.get(id, inputs.length);
      const records = await under.engine.monitor!.inputs(id, {});
      expect(records.length).toBe(inputs.length);
      const args = (index: number) => {
        const { payload } = records[index]!;
        return payload && decodeArguments(payload).args;
      };
      expect([args(0), args(9), args(333)]).toEqual([[0], [18], [333]]);
    });

    test("each reader of a call has each output once, whenever it begins, and nothing after it has let go", async () => {
      const gate = file();
      const gates = Array.from({ length: 8 }, () => [gate]);
      const id = await app.spawn("together", gates);
      const early = app.get(id, 8);
      const some = app.get(id, 3, { start: 5, end: 8 });
      let heard = 0;
      const left = under.engine.invoker.attach(id, {}, { output: () => heard++, failed: () => heard++ });
      left.detach();
      writeFileSync(gate, "");
      expect((await early).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect((await some).map(({ index }) => index)).toEqual([5, 6, 7]);
      expect((await app.get(id, 8)).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect((await under.engine.invoker.poll(id, { start: 2, end: 4 })).map(({ index }) => index)).toEqual([2, 3]);
      expect(heard).toBe(0);
    });

    test("a cancelled input that had not begun never runs", async () => {
      const gate = file();
      const marked = file();
      const blocked = await app.spawn(
        "together",
        Array.from({ length: 8 }, () => [gate]),
      );
      const waiting = await app.spawn("together", [[gate]]);
      await under.engine.invoker.cancel(waiting);
      writeFileSync(gate, "");
      await app.get(blocked, 8);
      await expect(app.get(waiting)).rejects.toThrow(CancelledError);
      await app.remote("mark", marked);
      expect(existsSync(marked)).toBe(true);
      expect(await under.engine.invoker.call(waiting)).toMatchObject({ cancelled: true, numInputs: 1, numEnded: 0 });
    });

    test("the newest progress of each input is told, and followed to the end of the call", async () => {
      const gate = file();
      const { handle, outcomes } = app.call("steps", [[gate], [gate]]);
      const latest = async () => {
        const seen: string[] = [];
        for await (const { index, fraction, message } of under.engine.monitor!.progress(handle.id)) {
          seen.push(`${index} ${fraction} ${message}`);
        }
        return seen.sort();
      };
      await expect.poll(latest, patient).toEqual(["0 0.5 half", "1 0.5 half"]);
      const fractions = new Set<number>();
      const following = (async () => {
        for await (const { fraction } of under.engine.monitor!.progress(handle.id, { follow: true }))
          fractions.add(fraction);
      })();
      await expect.poll(() => fractions.size, patient).toBeGreaterThan(0);
      writeFileSync(gate, "");
      await outcomes;
      await following;
      expect([...fractions]).toContain(1);
      expect(await latest()).toEqual([]);
      await expect(under.engine.monitor!.progress("fc-nothing")[Symbol.asyncIterator]().next()).rejects.toThrow(
        NotFoundError,
      );
    });

    test("logs are found by app, environment, function and call, from a place on, the newest, in order", async () => {
      const say = async (text: string): Promise<string> => {
        const { handle, outcomes } = app.call("say", [[text]]);
        await outcomes;
        return handle.id;
      };
      const ids = [await say("one"), await say("two"), await say("three")];
      const entries = async (filter: LogFilter) => {
        const found: LogEntry[] = [];
        for await (const entry of under.engine.monitor!.logs(filter)) if (entry.stream === "stdout") found.push(entry);
        return found;
      };
      const words = async (filter: LogFilter) => (await entries(filter)).map(({ text }) => text.trim());
      await expect.poll(() => words({ app: "kept" }), patient).toEqual(["one", "two", "three"]);
      expect(await words({ app: "other" })).toEqual([]);
      expect(await words({ app: "kept", function: "add" })).toEqual([]);
      expect(await words({ app: "kept", environment: "staging" })).toEqual([]);
      expect(await words({ callId: ids[1] })).toEqual(["two"]);
      const all = await entries({ app: "kept", environment: "main", function: "say" });
      const sequences = all.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
      expect(await words({ app: "kept", function: "say", after: sequences[0] })).toEqual(["two", "three"]);
      expect(await words({ app: "kept", function: "say", limit: 1 })).toEqual(["three"]);
    });

    test("stats are of one version or of all, and only of functions that are", async () => {
      const gate = file();
      const { handle } = app.call(
        "apart",
        Array.from({ length: 4 }, () => [gate]),
      );
      const { invoker } = under.engine;
      const all = { backlog: 1, numTotalRunners: 3, numRunningInputs: 3 };
      await expect.poll(() => invoker.stats(app.ref("apart")), patient).toEqual(all);
      expect(await invoker.stats(app.ref("apart", { version: 1 }))).toEqual(all);
      handle.cancel();
      const none = { backlog: 0, numRunningInputs: 0 };
      await expect.poll(() => invoker.stats(app.ref("apart")), patient).toMatchObject(none);
      await expect(invoker.stats(app.ref("nothing"))).rejects.toThrow(NotFoundError);
      await expect(invoker.updateAutoscaler(app.ref("nothing"), {})).rejects.toThrow(NotFoundError);
    });

    test("a call may say where it was made", async () => {
      const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", baggage: "tenant=acme" };
      expect(await app.remoteWith("add", [1, 2], { trace })).toBe(3);
      expect(await app.get(await app.spawn("add", [[1, 2]], { trace }))).toEqual([{ index: 0, value: 3 }]);
    });
  });

  describe(`${name}: across an interruption`, () => {
    let under: EngineUnderTest;
    let app: Driver;
    beforeAll(async () => {
      under = await create();
      await under.engine.deployer!.deploy(deployment("kept", body, functions));
      app = new Driver(under.engine, "kept");
      await app.remote("add", 1, 1);
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("what is deployed stays, and a watcher hears of each deploy once", async () => {
      const { registry } = under.engine;
      const seen: number[] = [];
      const stop = new AbortController();
      const { promise: ready, resolve: onReady } = Promise.withResolvers<number>();
      const watching = (async () => {
        for await (const { app: deployed, version } of registry.watchDeploys({ signal: stop.signal, onReady })) {
          if (deployed !== "again") continue;
          seen.push(version);
          if (version === 3) stop.abort();
        }
      })();
      await ready;
      for (const n of [1, 2, 3]) {
        const code = `export const f = app.function(function f() { return ${n}; });`;
        expect(await under.engine.deployer!.deploy(deployment("again", code, { f: {} }))).toMatchObject({ version: n });
        await under.interrupt();
      }
      await watching;
      expect(seen).toEqual([1, 2, 3]);
      // Asks again until it is answered; a call would fail if it went out just before the end was noticed.
      await registry.listApps();
      expect(await new Driver(under.engine, "again").remote("f")).toBe(3);
      expect(await new Driver(under.engine, "again").remoteWith("f", [], { ref: { version: 1 } })).toBe(1);
    });

    test("a call that only its caller knew of fails, and says that it may have run", async () => {
      const { outcomes } = app.call("never", [[]]);
      const running = async () => (await under.engine.invoker.stats(app.ref("never"))).numRunningInputs;
      await expect.poll(running, patient).toBe(1);
      await under.interrupt();
      const error = (await outcomes.catch((thrown: unknown) => thrown)) as EngineUnavailableError;
      expect(error).toBeInstanceOf(EngineUnavailableError);
      expect(error.hint).toContain("idempotencyKey");
      await under.engine.registry.listApps();
      expect(await app.remote("add", 1, 2)).toBe(3);
    });

    test("a durable call goes on, on its version, and who reads it hears each output once", async () => {
      const gate = file();
      const id = await app.spawn(
        "together",
        Array.from({ length: 4 }, () => [gate]),
      );
      const reading = app.get(id, 4);
      await under.interrupt();
      writeFileSync(gate, "");
      expect((await reading).map(({ index, error }) => error ?? index)).toEqual([0, 1, 2, 3]);
      expect(await under.engine.invoker.call(id)).toMatchObject({ version: 1, numInputs: 4, numEnded: 4 });
    });

    test("results, cancels, keys and autoscaler settings are kept", async () => {
      const { invoker } = under.engine;
      const idempotencyKey = "order 3";
      const done = await app.spawn("add", [[2, 3]], { idempotencyKey });
      await app.get(done);
      const cancelled = await app.spawn("never", [[]]);
      await invoker.cancel(cancelled);
      const failed = await app.spawn("halve", [[1], [2], [3]]);
      await app.get(failed, 3);
      await invoker.updateAutoscaler(app.ref("add"), { maxContainers: 1 });
      await under.interrupt();
      expect(await app.get(done)).toEqual([{ index: 0, value: 5 }]);
      expect(await app.spawn("add", [[7, 7]], { idempotencyKey })).toBe(done);
      await expect(app.get(cancelled)).rejects.toThrow(CancelledError);
      expect(await invoker.call(failed)).toMatchObject({ numInputs: 3, numEnded: 3, numFailed: 2 });
      await expect(invoker.updateAutoscaler(app.ref("add"), { minContainers: 2 })).rejects.toThrow(InvalidError);
    });
  });

  test(`${name}: results expire, are known to have, and free their key`, async () => {
    await using under = await create({ retentionMs: 300 });
    const { invoker } = under.engine;
    await under.engine.deployer!.deploy(deployment("kept", body, functions));
    const app = new Driver(under.engine, "kept");
    const idempotencyKey = "order 4";
    const id = await app.spawn("identity", [["value"]], { idempotencyKey });
    const reading = () => app.get(id).catch((error: unknown) => error);
    await expect.poll(reading, patient).toBeInstanceOf(OutputExpiredError);
    await expect(invoker.poll(id, {})).rejects.toThrow(OutputExpiredError);
    expect(await invoker.call(id)).toMatchObject({ id, numEnded: 1 });
    const again = () => app.spawn("identity", [["new"]], { idempotencyKey }).catch(() => id);
    await expect.poll(again, patient).not.toBe(id);
  });
}
