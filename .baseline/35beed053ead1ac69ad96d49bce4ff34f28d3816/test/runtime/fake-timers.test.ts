/** Fake timers of a user's test never hold up a call. */
import { afterEach, expect, test, vi } from "vitest";
import { collect, start, useEngine } from "./support.ts";

useEngine();

afterEach(() => {
  vi.useRealTimers();
});

test("every way to call works while all timers are fake", async () => {
  const { defined, named } = start();
  vi.useFakeTimers();
  expect(await defined.double.remote(2)).toBe(4);
  expect(await collect(defined.double.map([1, 2, 3]))).toEqual([2, 4, 6]);
  expect(await collect(named.gen.remoteGen(3))).toEqual([0, 1, 2]);
  const call = await defined.double.spawn(4);
  expect(await call.get()).toBe(8);
  const many = await defined.double.spawnMap([1, 2]);
  expect(await collect(many.iter())).toEqual([2, 4]);
  await defined.double.forEach([1, 2]);
});

test("also while microtasks, setImmediate and the clock are fake", async () => {
  const { defined } = start();
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "setInterval", "queueMicrotask", "performance", "Date"],
  });
  expect(await defined.double.remote(2)).toBe(4);
  const gathered = await collect(defined.double.map(Array.from({ length: 300 }, (_, n) => n)));
  expect(gathered).toHaveLength(300);
});
