/** Calls that nobody waits for: spawned, read later from any process, cancelled, listed. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  CancelledError,
  FunctionCall,
  InvalidError,
  OutputExpiredError,
  TimeoutError,
} from "../../../src/runtime/index.ts";
import { FakeModal, fn, PythonError } from "./fake/index.ts";
import { collect, Setup } from "./setup.ts";

let modal: Setup;
beforeEach(async () => {
  modal = new Setup(await FakeModal.start());
});
afterEach(async () => {
  await modal[Symbol.asyncDispose]();
});

const double = fn(({ args }) => Number(args[0]) * 2, { concurrency: 20 });
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test("spawnMap() sends inputs in large batches, and its results can be read by index, in order, and all at once", async () => {
  modal.fake.deploy("shop", { double });
  const call: FunctionCall<unknown> = await modal.function("double").spawnMap(range(120));
  expect([modal.fake.count("functionPutInputs"), modal.fake.count("functionFinishInputs")]).toEqual([1, 1]);
  expect(await collect(call.iter())).toEqual(range(120).map((n) => n * 2));
  expect(await call.get({ index: 119 })).toBe(238);
  expect(await call.numInputs()).toBe(120);
  expect(await collect(call.iter({ start: 48, end: 51 }))).toEqual([96, 98, 100]);
  await expect(call.get({ index: 120 })).rejects.toThrow(InvalidError);
  const again = FunctionCall.fromId(call.id, { client: modal.client });
  expect(await again.get({ index: 1 })).toBe(2);
});

test("results are asked for in pages of 49", async () => {
  modal.fake.deploy("shop", { double });
  const call: FunctionCall<unknown> = await modal.function("double").spawnMap(range(99));
  await collect(call.iter());
  modal.fake.resetCounts();
  expect(await modal.engine.invoker.poll(call.id, {})).toHaveLength(99);
  expect(modal.fake.count("functionGetOutputs")).toBe(3);
});

test("a spawned call's failure is that of the function, after the server's retries", async () => {
  const attempts: number[] = [];
  const flaky = fn(
    ({ attempt }) => {
      attempts.push(attempt);
      throw new PythonError("ValueError", `attempt ${attempt}`);
    },
    { retries: 1 },
  );
  modal.fake.deploy("shop", { flaky, double });
  const call = await modal.function("flaky").spawn();
  await expect(call.get()).rejects.toMatchObject({ name: "ValueError", message: "attempt 1" });
  expect(attempts).toEqual([0, 1]);
  const fine = await modal.function("double").spawn(4);
  expect(await FunctionCall.gather(fine, fine)).toEqual([8, 8]);
});

test("get() waits no longer than it was told, and a cancelled call says that it was", async () => {
  const seen = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  modal.fake.deploy("shop", {
    forever: fn(({ signal }) => {
      seen.resolve();
      signal.addEventListener("abort", () => aborted.resolve());
      return new Promise(() => {});
    }),
  });
  const call = await modal.function("forever").spawn();
  await seen.promise;
  await expect(call.get({ timeoutMs: 0 })).rejects.toThrow(TimeoutError);
  await expect(call.get({ timeoutMs: 50 })).rejects.toThrow(TimeoutError);
  const reading = call.get();
  await call.cancel();
  await aborted.promise;
  await expect(reading).rejects.toThrow(CancelledError);
  expect(await modal.engine.invoker.call(call.id)).toMatchObject({ cancelled: true, function: "forever", app: "shop" });
});

test("results that Modal no longer keeps are an error of their own", async () => {
  modal.fake.deploy("shop", { double });
  const call = await modal.function("double").spawn(1);
  await call.get();
  modal.fake.calls.need(call.id).outputs.length = 0;
  await expect(call.get()).rejects.toThrow(OutputExpiredError);
  await expect(modal.engine.invoker.poll(call.id, {})).rejects.toThrow(OutputExpiredError);
});

test("large inputs and results of a spawned call are blobs, from 8 KiB on", async () => {
  modal.fake.deploy("shop", { echo: fn(({ args }) => args[0]) });
  const data = new Uint8Array(10_000).fill(7);
  const call = await modal.function("echo").spawn(data);
  expect(Buffer.compare((await call.get()) as Uint8Array, data)).toBe(0);
  expect(modal.fake.blobs.stored.size).toBe(2);
});

test("calls of an app are listed, newest first, with how they ended", async () => {
  modal.fake.deploy("shop", {
    double,
    odd: fn(({ args }) => {
      if (Number(args[0]) % 2) throw new PythonError("ValueError", "odd");
    }),
  });
  const call: FunctionCall<unknown> = await modal.function("odd").spawnMap([0, 1, 2]);
  await collect(call.iter({ start: 0, end: 1 }));
  await expect.poll(async () => (await modal.engine.invoker.call(call.id)).numEnded).toBe(3);
  await modal.function("double").remote(1);
  const calls = await modal.engine.monitor!.calls({ app: "shop" });
  expect(calls.map((each) => [each.function, each.numInputs, each.numFailed])).toEqual([
    ["double", 1, 0],
    ["odd", 3, 1],
  ]);
  expect(await modal.engine.monitor!.calls({ app: "shop", function: "odd" })).toHaveLength(1);
});

test("what a function prints is read and followed", async () => {
  modal.fake.deploy("shop", { says: fn(({ args, print }) => print(String(args[0]))) });
  await modal.function("says").remote("first");
  const stop = new AbortController();
  const texts: string[] = [];
  const following = (async () => {
    const { signal } = stop;
    for await (const entry of modal.engine.monitor!.logs({ app: "shop", function: "says", follow: true, signal })) {
      texts.push(`${entry.function} ${entry.stream} ${entry.text.trim()}`);
    }
  })();
  await expect.poll(() => texts).toEqual(["says stdout first"]);
  await modal.function("says").remote("second");
  await expect.poll(() => texts).toEqual(["says stdout first", "says stdout second"]);
  stop.abort();
  await following;
});

test("a map without inputs opens no call, and a spawned one has ended at once", async () => {
  modal.fake.deploy("shop", { double });
  expect(await collect(modal.function("double").map([]))).toEqual([]);
  await modal.function("double").forEach([]);
  expect(modal.fake.count("functionMap")).toBe(0);
  const call: FunctionCall<unknown> = await modal.function("double").spawnMap([]);
  expect(await collect(call.iter())).toEqual([]);
  const [info] = await modal.engine.monitor!.calls({});
  expect(info).toMatchObject({ id: call.id, numInputs: 0, endedAt: expect.any(String) });
});
