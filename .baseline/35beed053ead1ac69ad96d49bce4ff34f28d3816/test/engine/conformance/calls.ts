/** What every engine does with the calls of a caller who waits. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InvalidError, NotFoundError } from "../../../src/runtime/errors.ts";
import { Driver, type Outcome } from "../drive.ts";
import { work } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

export function calls(suite: Suite): void {
  suite.describe("calls", [], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const stats = (name: string) => under.engine.invoker.stats(app.ref(name));
    const running = async (name: string) => (await stats(name)).numRunningInputs;
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(work);
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("runs an input and gives its result", async () => {
      expect(await app.remote("add", 1, 2)).toBe(3);
    });

    test("rejects with what user code throws", async () => {
      await expect(app.remote("fail", "too far")).rejects.toMatchObject({ name: "RangeError", message: "too far" });
    });

    test("gives every input of a map its own outcome", async () => {
      const inputs = Array.from({ length: 2_000 }, (_, i) => [i, 1]);
      const outcomes = await app.map("add", inputs);
      expect(outcomes).toEqual(inputs.map(([i], index) => ({ index, value: (i as number) + 1 })));
    });

    test("ends a call without inputs", async () => {
      const { handle, acknowledged } = app.call("add", []);
      expect(await acknowledged).toBe(handle.id);
      expect(await app.call("add", [], { method: "spawnMap", durable: true }).acknowledged).toMatch(/^fc-/);
    });

    suite.needing(["bytes"])("carries a large payload", async () => {
      const bytes = new Uint8Array(5_000_000).fill(7);
      // Not toEqual, which goes over such an array element by element.
      expect(Buffer.compare((await app.remote("identity", bytes)) as Uint8Array, bytes)).toBe(0);
    });

    suite.needing(["backpressure"])("sends no more yields than were granted", async () => {
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

    test("fails a call of a function that is not deployed", async () => {
      await expect(app.remote("ad", 1, 2)).rejects.toThrow(NotFoundError);
    });

    suite.needing(["version"])("lets user code ask for its call, version and attempt", async () => {
      const { handle, outcomes } = app.call("where", [[]], { method: "remote" });
      expect((await outcomes)[0]?.value).toEqual({ callId: handle.id, version: 1, attempt: 0 });
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

    test("retries what user code throws, as often as the policy says", async () => {
      expect(await app.remote("flaky", file(), 3)).toBe(4);
      await expect(app.remote("flaky", file(), 9)).rejects.toThrow("attempt 4");
    });

    test("signals a cancel to running user code", async () => {
      const { handle } = app.call("never", [[]]);
      await expect.poll(() => running("never"), patient).toBe(1);
      handle.cancel();
      await expect.poll(() => running("never"), patient).toBe(0);
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
            if (index < 20) handle.put(index + 1, app.codec.encodeArguments([index, 1]));
            else resolve();
          },
          failed: () => resolve(),
        },
      );
      handle.put(0, app.codec.encodeArguments([0, 1]));
      await promise;
      await handle.end();
      expect(outcomes.length).toBe(21);
    });

    test("does not let a long map hold up another caller", async () => {
      const { handle } = app.call(
        "slow",
        Array.from({ length: 5_000 }, () => [5, 0]),
      );
      expect(await app.remote("slow", 1, "mine")).toBe("mine");
      handle.cancel();
    });

    suite.needing(["trace"])("a call may carry trace context", async () => {
      const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", baggage: "tenant=acme" };
      expect(await app.remoteWith("add", [1, 2], { trace })).toBe(3);
      expect(await app.get(await app.spawn("add", [[1, 2]], { trace }))).toEqual([{ index: 0, value: 3 }]);
    });
  });

  suite.describe("classes", ["classes"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const counter = (start: number) => ({ ref: { instance: app.codec.encodeInstance("Counter", [start]) } });
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(work);
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("runs the methods of a class on one instance for each set of constructor arguments", patient, async () => {
      const first = (await app.remoteWith("Counter.add", [1], counter(10))) as { id: string };
      expect(first).toMatchObject({ entered: true, count: 11, method: "Counter.add" });
      expect(await app.remoteWith("Counter.add", [2], counter(10))).toEqual({ ...first, count: 13 });
      expect(await app.remoteWith("Counter.whoami", [], counter(10))).toBe(first.id);
      expect(await app.remoteWith("Counter.whoami", [], counter(20))).not.toBe(first.id);
      const stats = await under.engine.invoker.stats(app.ref("Counter.add", counter(10).ref));
      expect(stats.numTotalRunners).toBe(1);
    });

    test("runs generators among the methods of a class", patient, async () => {
      const { handle, outcomes } = app.call("Counter.upTo", [[22]], { method: "remoteGen", ...counter(20) });
      handle.credit(10);
      expect((await outcomes).map(({ value, end }) => value ?? end)).toEqual([20, 21, true]);
    });

    suite.needing(["idempotency"])(
      "keeps a method's durable call, and keys of two instances apart",
      patient,
      async () => {
        const key = { idempotencyKey: "method 1" };
        const id = await app.spawn("Counter.whoami", [[]], { ...counter(30), ...key });
        expect(await app.spawn("Counter.whoami", [[]], { ...counter(30), ...key })).toBe(id);
        const other = await app.spawn("Counter.whoami", [[]], { ...counter(40), ...key });
        expect(other).not.toBe(id);
        const [[one], [two]] = await Promise.all([app.get(id), app.get(other)]);
        expect(one!.value).not.toBe(two!.value);
      },
    );

    test("refuses a call of a method without an instance, and of a function with one", async () => {
      await expect(app.remote("Counter.add", 1)).rejects.toThrow(InvalidError);
      await expect(app.remoteWith("add", [1, 2], counter(10))).rejects.toThrow(InvalidError);
    });
  });
}
