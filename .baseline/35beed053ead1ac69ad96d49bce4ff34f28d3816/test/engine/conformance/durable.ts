/** What an engine keeps of the calls that nobody waits for: results, cancels, keys, also across an interruption. */
import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CancelledError,
  EngineUnavailableError,
  InvalidError,
  NotFoundError,
  OutputExpiredError,
} from "../../../src/runtime/errors.ts";
import { Driver } from "../drive.ts";
import { kept, work } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

export function durable(suite: Suite): void {
  suite.describe("durable calls", ["durable"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(work);
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("keeps a durable call's results, readable by id again and again", async () => {
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
      expect(await under.engine.invoker.call(id)).toMatchObject({
        id,
        numInputs: 3,
        numEnded: 3,
        ...(!suite.lacks("inputIndex") && { method: "spawnMap" }),
      });
    });

    test("refuses to wait for an input that the call does not have", async () => {
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

    test("polls the outputs that are ready, and no more", async () => {
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

    test("does not find calls that were never made", async () => {
      await expect(app.get("fc-nothing")).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.poll("fc-nothing", {})).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.call("fc-nothing")).rejects.toThrow(NotFoundError);
      if (!suite.lacks("monitor"))
        await expect(under.engine.monitor!.inputs("fc-nothing", {})).rejects.toThrow(NotFoundError);
      await expect(under.engine.invoker.cancel("fc-nothing")).rejects.toThrow(NotFoundError);
    });

    suite.needing(["idempotency"])("gives the same call for the same idempotency key", async () => {
      const count = file();
      const idempotencyKey = "order 17";
      const first = await app.spawn("flaky", [[count, 0]], { idempotencyKey });
      expect(await app.spawn("flaky", [[count, 0]], { idempotencyKey })).toBe(first);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey })).toBe(1);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey: "order 18" })).toBe(2);
      expect(await app.remoteWith("flaky", [count, 0], { idempotencyKey: "order 18" })).toBe(2);
    });
  });

  suite.describe("what is kept", ["durable"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(kept);
      app = new Driver(under.engine, "kept");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    suite.needing(["idempotency"])("a key counts for one function in one environment", async () => {
      const idempotencyKey = "order 1";
      const first = await app.spawn("identity", [["mine"]], { idempotencyKey });
      const other = await app.spawn("add", [[1, 2]], { idempotencyKey });
      expect(await app.get(other)).toEqual([{ index: 0, value: 3 }]);
      await under.prepare({ ...kept, environment: "staging" });
      const staging = await app.spawn("identity", [["other"]], { idempotencyKey, ref: { environment: "staging" } });
      expect(new Set([first, other, staging]).size).toBe(3);
      expect(await app.get(staging)).toEqual([{ index: 0, value: "other" }]);
    });

    suite.needing(["idempotency"])(
      "a key gives the same call to another caller, also while it runs and after it was cancelled",
      async () => {
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
      },
    );

    test("each reader of a call gets each output once, whenever it begins, and nothing after it detaches", async () => {
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
  });

  suite.describe("across an interruption", ["interruption"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(kept);
      app = new Driver(under.engine, "kept");
      await app.remote("add", 1, 1);
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("deployed apps stay, and a watcher is notified of each deploy once", async () => {
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
        await under.prepare({ name: "again", body: code, functions: { f: {} } });
        expect(await registry.resolve({ app: "again", environment: "main", name: "f" })).toMatchObject({ version: n });
        await under.interrupt();
      }
      await watching;
      expect(seen).toEqual([1, 2, 3]);
      // Asks again until it is answered; a call would fail if it went out just before the end was noticed.
      await registry.listApps();
      expect(await new Driver(under.engine, "again").remote("f")).toBe(3);
      expect(await new Driver(under.engine, "again").remoteWith("f", [], { ref: { version: 1 } })).toBe(1);
    });

    test("a call that is not durable fails, and says that it may already have run", async () => {
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

    test("a durable call continues on its version, and its reader gets each output once", async () => {
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
      expect(await app.spawn("add", [[2, 3]], { idempotencyKey })).toBe(done);
      await expect(app.get(cancelled)).rejects.toThrow(CancelledError);
      expect(await invoker.call(failed)).toMatchObject({ numInputs: 3, numEnded: 3, numFailed: 2 });
      await expect(invoker.updateAutoscaler(app.ref("add"), { minContainers: 2 })).rejects.toThrow(InvalidError);
    });
  });

  suite.needing(["expiry"])("results expire with an error of their own, and free their key", async () => {
    await using under = await suite.create({ retentionMs: 300 });
    const { invoker } = under.engine;
    await under.prepare(kept);
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
