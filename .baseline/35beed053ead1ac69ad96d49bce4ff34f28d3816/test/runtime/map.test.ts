/** map and its relatives, including corner cases. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  callOptions,
  InvalidError,
  NotFoundError,
  repeat,
  SerializationError,
  UserCodeException,
} from "../../src/runtime/index.ts";
import { patient } from "../support/limits.ts";
import { collect, start, useEngine } from "./support.ts";

useEngine();

const range = (length: number) => Array.from({ length }, (_, i) => i);
const pause = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Counts the operations on it. `length` may be infinite. */
class Source implements Iterable<number>, AsyncIterable<number> {
  opened = 0;
  taken = 0;
  closed = 0;
  /** `next()` calls after the end. */
  after = 0;
  readonly #length: number;
  readonly #failAt: number;

  constructor(length: number, failAt = -1) {
    this.#length = length;
    this.#failAt = failAt;
  }

  #next(): IteratorResult<number> {
    if (this.closed > 0) this.after++;
    if (this.taken === this.#failAt) throw new Error(`input ${this.taken} is broken`);
    if (this.taken >= this.#length) return { value: undefined, done: true };
    return { value: this.taken++, done: false };
  }

  #return(): IteratorResult<number> {
    this.closed++;
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): Iterator<number> {
    this.opened++;
    return { next: () => this.#next(), return: () => this.#return() };
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    this.opened++;
    return { next: async () => this.#next(), return: async () => this.#return() };
  }

  /** The same as a sync iterable only. */
  get sync(): Iterable<number> {
    return { [Symbol.iterator]: () => this[Symbol.iterator]() };
  }
}

describe("inputs", () => {
  test("one iterable per argument, in step, as long as the shortest", async () => {
    const { defined } = start();
    expect(await collect(defined.add.map([1, 2, 3], [10, 20]))).toEqual([11, 22]);
    expect(await collect(defined.add.map([1, 2, 3]))).toEqual([11, 12, 13]);
    expect(await collect(defined.add.map([1, 2], undefined))).toEqual([11, 12]);
    expect(await collect(defined.add.map([1, 2], [undefined, 5]))).toEqual([11, 7]);
    expect(await collect(defined.add.map([1, 2], repeat(5)))).toEqual([6, 7]);
    expect(await collect(defined.add.map(new Source(3), new Set([1, 2, 3])))).toEqual([1, 3, 5]);
    expect(await collect(defined.double.map([]))).toEqual([]);
    expect(await collect(defined.nothing.map([1, 2]))).toEqual([undefined, undefined]);
    expect(await collect(defined.double.map([1], { orderOutputs: true }))).toEqual([2]);
  });

  test("starmap takes the list of arguments", async () => {
    const { defined } = start();
    expect(await collect(defined.add.starmap([[1, 2], [3]]))).toEqual([3, 13]);
    expect(await collect(defined.add.starmap([[1, 2]] as const, { returnExceptions: true }))).toEqual([3]);
    const wrong = [5] as unknown as [[number]];
    await expect(collect(defined.double.starmap(wrong))).rejects.toThrow(
      "an input is number 5, not a list of arguments",
    );
  });

  test("no inputs, or inputs that are not iterable, are refused at once", () => {
    const { defined } = start();
    const map = defined.add.map.bind(defined.add) as (...inputs: unknown[]) => unknown;
    expect(() => map()).toThrow(InvalidError);
    expect(() => map(undefined, {})).toThrow("was called without inputs");
    expect(() => map([1], 5)).toThrow("input 2 is number 5, not an iterable");
    expect(() => map(5)).toThrow("not an iterable");
    expect(() => map(Promise.resolve([1]))).toThrow(expect.objectContaining({ hint: "Await it first." }));
    expect(() => map([1], { ordered: true })).toThrow('unknown option "ordered"');
    expect(() => map([1], { maxOutstanding: 0 })).toThrow("maxOutstanding must be a whole number of 1 or more");
    expect(() => map([1], callOptions({}))).toThrow("takes its options as a plain object");
  });

  test("an iterator whose results are not objects is refused, as for…of does", async () => {
    const { defined } = start();
    const inputs = { [Symbol.iterator]: () => ({ next: () => 5 }) } as unknown as Iterable<number>;
    await expect(collect(defined.double.map(inputs))).rejects.toThrow("Iterator result 5 is not an object");
    const later = { [Symbol.asyncIterator]: () => ({ next: async () => 5 }) } as unknown as AsyncIterable<number>;
    await expect(collect(defined.double.map(later))).rejects.toThrow("Iterator result 5 is not an object");
  });

  test("unequal lengths: each iterator is closed once or ends by itself, and none is read too far", async () => {
    const { defined } = start();
    for (const [a, b] of [
      [3, 5],
      [5, 3],
      [4, 4],
      [0, 2],
      [2, 0],
    ] as const) {
      for (const async of [false, true]) {
        const sources = [new Source(a), new Source(b)] as const;
        const [left, right] = async ? sources : [sources[0].sync, sources[1].sync];
        expect((await collect(defined.add.map(left, right))).length).toBe(Math.min(a, b));
        for (const source of sources) {
          expect(source.opened).toBe(1);
          expect(source.taken).toBeLessThanOrEqual(Math.min(a, b) + 1);
          expect(source.after).toBe(0);
        }
        // The one that ended first is not closed; the other is.
        expect(sources[0].closed + sources[1].closed).toBe(1);
      }
    }
  });

  test("async inputs are read together, so that they take no longer than the slowest, and may feed each other", async () => {
    const { defined } = start();
    let release: (n: number) => void = () => {};
    async function* waiting() {
      for (let i = 0; i < 3; i++) yield await new Promise<number>((resolve) => (release = resolve));
    }
    async function* feeding() {
      for (let i = 0; i < 3; i++) {
        await pause();
        release(i);
        yield 10;
      }
    }
    expect(await collect(defined.add.map(waiting(), feeding()))).toEqual([10, 11, 12]);
  });

  test("an async input that has ended ends the map while another still waits", async () => {
    const { defined } = start();
    async function* forever() {
      yield 1;
      await new Promise(() => {});
    }
    async function* one() {
      yield 1;
    }
    expect(await collect(defined.add.map(forever(), one()))).toEqual([2]);
    expect(await collect(defined.add.map(forever(), [1]))).toEqual([2]);
  });

  test("a sync generator that aborts its own map is closed", async () => {
    const { defined } = start();
    for (const others of [[], [new Source(9)]]) {
      const controller = new AbortController();
      let closed = false;
      function* inputs() {
        try {
          yield 1;
          controller.abort(new Error("enough"));
          yield 2;
        } finally {
          closed = true;
        }
      }
      const outputs = defined.add.map(inputs(), ...(others as [Source?]), { signal: controller.signal });
      await expect(collect(outputs)).rejects.toThrow("enough");
      expect(closed).toBe(true);
      expect(others.every((source) => source.closed === 1)).toBe(true);
    }
  });

  test("nothing is read before the first next()", async () => {
    const { engine, defined } = start();
    const source = new Source(5);
    const items = defined.double.map(source);
    await pause();
    expect(source.opened).toBe(0);
    await items.return?.();
    expect(source.opened).toBe(0);
    expect(engine.observed.opened).toEqual([]);
  });

  test("an error of an input iterable reaches the consumer unchanged, and the others are closed", async () => {
    const { engine, defined } = start();
    for (const async of [false, true]) {
      const broken = new Source(5, 3);
      const whole = new Source(5);
      const inputs = async ? [broken, whole] : [broken.sync, whole.sync];
      await expect(collect(defined.add.map(inputs[0]!, inputs[1]!))).rejects.toThrow("input 3 is broken");
      expect(broken.closed).toBe(0);
      expect(whole.closed).toBe(1);
    }
    expect(engine.observed.cancelled).toBe(2);
  });

  test("an argument that cannot be sent is named with its input", async () => {
    const { defined } = start();
    const source = [1, { f: () => 1 }];
    await expect(collect(defined.echo.map(source))).rejects.toThrow(SerializationError);
    await expect(collect(defined.echo.map(source))).rejects.toThrow("input 1: arguments[0].f is a function");
  });

  test("an infinite iterable is read only as fast as outputs are consumed", async () => {
    const { engine, defined } = start();
    for (const async of [false, true]) {
      const source = new Source(Number.POSITIVE_INFINITY);
      const items: number[] = [];
      let most = 0;
      for await (const item of defined.double.map(async ? source : source.sync, { maxOutstanding: 7 })) {
        items.push(item);
        await pause();
        most = Math.max(most, source.taken - items.length);
        if (items.length === 20) break;
      }
      expect(items).toEqual(range(20).map((n) => n * 2));
      expect(most).toBe(7);
      expect(source.closed).toBe(1);
      expect(source.after).toBe(0);
    }
    expect(engine.observed.cancelled).toBe(2);
  });

  test("no input is taken in exchange for an item that the consumer has not received yet", async () => {
    const { defined } = start();
    for (const maxOutstanding of [1, 4]) {
      let [taken, got, most] = [0, 0, 0];
      function* endless() {
        for (;;) {
          most = Math.max(most, ++taken - got);
          yield taken;
        }
      }
      for await (const _ of defined.double.map(endless(), { maxOutstanding })) if (++got === 20) break;
      expect(most).toBe(maxOutstanding);
    }
  });

  test("a generator that blocks lets outputs through", async () => {
    const { defined } = start();
    let produced = 0;
    function* slow() {
      for (; produced < 50; produced++) {
        const until = performance.now() + 4;
        while (performance.now() < until);
        yield produced;
      }
    }
    let atFirst = 0;
    for await (const _ of defined.double.map(slow())) atFirst ||= produced;
    expect(atFirst).toBeLessThan(25);
    expect(produced).toBe(50);
  });

  test("sending waits while the engine is full", async () => {
    const { engine, defined } = start({ highWater: 10 });
    const items = defined.double.map(range(100));
    const first = items.next();
    expect(engine.observed.put).toBeLessThanOrEqual(10);
    expect(await first).toEqual({ value: 0, done: false });
    expect((await collect(items)).length).toBe(99);
  });
});

describe("outputs", () => {
  test("outputs come in the order of the inputs, unless orderOutputs is false", async () => {
    const { defined } = start();
    const delays = [300, 1, 150];
    expect(await collect(defined.wait.map(delays, delays))).toEqual([300, 1, 150]);
    expect(await collect(defined.wait.map(delays, delays, { orderOutputs: false }))).toEqual([1, 150, 300]);
  });

  test("the first failure rejects at once, also before earlier inputs are done, and cancels the rest", async () => {
    const { engine, defined } = start();
    const source = new Source(Number.POSITIVE_INFINITY);
    const waits = defined.wait.map([100_000, 1], repeat("x"));
    const odd = defined.even.map(source, { maxOutstanding: 4 });
    const read = collect(odd);
    await expect(read).rejects.toMatchObject({ name: "QuotaError", message: "1 is odd" });
    expect(source.closed).toBe(1);
    expect(engine.observed.cancelled).toBe(1);
    expect(await odd.next()).toEqual({ value: undefined, done: true });
    await waits.return?.();
  });

  test("returnExceptions: failures are items, wrapped or as they are", async () => {
    const { defined } = start();
    const wrapped = await collect(defined.even.map([0, 1, 2], { returnExceptions: true }));
    expect(wrapped[0]).toBe(0);
    expect(wrapped[2]).toBe(2);
    expect(wrapped[1]).toBeInstanceOf(UserCodeException);
    expect((wrapped[1] as UserCodeException).cause).toMatchObject({ name: "QuotaError", limit: 3 });
    const kept = await collect(defined.even.map([0, 1], { returnExceptions: true, wrapReturnedExceptions: false }));
    expect(kept[1]).toMatchObject({ name: "QuotaError" });
    expect(kept[1]).not.toBeInstanceOf(UserCodeException);
    const results = await collect(defined.unserialisable.starmap([[]], { returnExceptions: true }));
    expect((results[0] as UserCodeException).cause).toBeInstanceOf(SerializationError);
  });

  test("the stack of a failure shows the consumer", async () => {
    const { defined } = start();
    async function consumeOdd() {
      for await (const _ of defined.even.map([1]));
    }
    const error = (await consumeOdd().catch((thrown: unknown) => thrown)) as Error;
    expect(error.stack).toMatch(/called from ---\n(.*\n)*.*consumeOdd/);
  });

  test("break, return() and throw() cancel what is left and close the inputs", async () => {
    const { engine, defined } = start();
    const sources = range(3).map(() => new Source(Number.POSITIVE_INFINITY));
    for await (const item of defined.double.map(sources[0]!)) if (item === 4) break;
    const second = defined.double.map(sources[1]!);
    await second.next();
    expect(await second.return?.()).toEqual({ value: undefined, done: true });
    expect(await second.next()).toEqual({ value: undefined, done: true });
    const third = defined.double.map(sources[2]!);
    await third.next();
    await expect(third.throw?.(new Error("mine"))).rejects.toThrow("mine");
    expect(sources.map((source) => source.closed)).toEqual([1, 1, 1]);
    expect(engine.observed.cancelled).toBe(3);
  });

  test("return() waits neither for an output nor for an input that never comes", async () => {
    const { defined } = start();
    const stuck = defined.never.map([1, 2]);
    const waiting = stuck.next();
    await pause(5);
    await stuck.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    async function* silent(): AsyncGenerator<number> {
      await new Promise(() => {});
    }
    const quiet = defined.double.map(silent());
    const first = quiet.next();
    await pause(5);
    await quiet.return?.();
    expect(await first).toEqual({ value: undefined, done: true });
  });

  test("an error from closing an input reaches the code that leaves the loop", async () => {
    const { defined } = start();
    function* guarded() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what is tested
        throw new Error("not closed");
      }
    }
    const read = async () => {
      for await (const _ of defined.double.map(guarded())) break;
    };
    await expect(read()).rejects.toThrow("not closed");
  });

  test("a signal rejects with its reason, at once and in the middle", async () => {
    const { engine, defined } = start();
    const source = new Source(Number.POSITIVE_INFINITY);
    await expect(
      collect(defined.double.map(source, { signal: AbortSignal.abort(new Error("before")) })),
    ).rejects.toThrow("before");
    expect(source.opened).toBe(0);
    const controller = new AbortController();
    const stuck = collect(defined.never.map(source, { signal: controller.signal, maxOutstanding: 2 }));
    stuck.catch(() => {});
    await expect.poll(() => engine.observed.put, patient).toBe(2);
    controller.abort(new Error("during"));
    await expect(stuck).rejects.toThrow("during");
    expect(source.closed).toBe(1);
    expect(engine.observed.cancelled).toBe(1);
  });

  test("concurrent calls of next() are answered in order", async () => {
    const { defined } = start();
    const items = defined.wait.map([20, 5, 1], range(3));
    const answers = await Promise.all(range(5).map(() => items.next()));
    expect(answers.map(({ value, done }) => (done ? "done" : value))).toEqual([0, 1, 2, "done", "done"]);
    const yields = defined.count.remoteGen(3);
    expect(await Promise.all(range(4).map(async () => (await yields.next()).value))).toEqual([0, 1, 2, undefined]);
  });

  test("of several waiting calls of next(), the first gets a failure, and the others the end", async () => {
    const { defined } = start();
    const items = defined.even.map([2, 1]);
    const answers = await Promise.allSettled([items.next(), items.next(), items.next()]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[2]).toMatchObject({ value: { done: true } });
  });

  test("two loops over one stream share its items", async () => {
    const { defined } = start();
    const items = defined.wait.map([5, 5, 5], range(3));
    const [first, second] = await Promise.all([collect(items), collect(items)]);
    expect([...first, ...second].sort()).toEqual([0, 1, 2]);
  });

  test("a function that is not deployed", async () => {
    const { named } = start();
    await expect(collect(named.missing.map([1]))).rejects.toBeInstanceOf(NotFoundError);
  });

  test("items are there to take while the consumer is slow", async () => {
    const { engine, defined } = start();
    const items = defined.double.map(range(10));
    await items.next();
    await expect.poll(() => engine.observed.outputs, patient).toBe(10);
    expect(await collect(items)).toEqual(
      range(10)
        .slice(1)
        .map((n) => n * 2),
    );
  });
});

describe("forEach and spawnMap", () => {
  test("forEach resolves when all are done", async () => {
    const { engine, defined } = start();
    await defined.double.forEach(range(3000), { maxOutstanding: 10 });
    expect(engine.observed.outputs).toBe(3000);
    await defined.double.forEach([]);
  });

  test("forEach rejects at the first failure, or ignores failures", async () => {
    const { defined } = start();
    const source = new Source(Number.POSITIVE_INFINITY);
    await expect(defined.even.forEach(source, { maxOutstanding: 3 })).rejects.toMatchObject({ name: "QuotaError" });
    expect(source.closed).toBe(1);
    await defined.even.forEach(range(10), { ignoreExceptions: true });
  });

  test("spawnMap resolves to one call of all inputs", async () => {
    const { defined } = start();
    const call = await defined.add.spawnMap(range(100), repeat(1));
    expect(await call.numInputs()).toBe(100);
    expect(await collect(call.iter())).toEqual(range(100).map((n) => n + 1));
    const none = await defined.add.spawnMap([]);
    expect(await none.numInputs()).toBe(0);
    expect(await collect(none.iter())).toEqual([]);
  });

  test("spawnMap that cannot go on cancels what it has sent, and closes its inputs", async () => {
    const { engine, defined } = start();
    const broken = new Source(5, 3);
    const whole = new Source(5);
    await expect(defined.add.spawnMap(broken, whole)).rejects.toThrow("input 3 is broken");
    expect(whole.closed).toBe(1);
    const controller = new AbortController();
    async function* silent(): AsyncGenerator<number> {
      yield 1;
      controller.abort(new Error("stop"));
      await new Promise(() => {});
    }
    const stuck = defined.double.spawnMap(silent(), { signal: controller.signal });
    await expect(stuck).rejects.toThrow("stop");
    expect(engine.observed.cancelled).toBe(2);
  });
});

test("a stream that nobody reads warns once that it never ran", async () => {
  const { defined } = start();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--expose-gc");
  const { runInNewContext } = await import("node:vm");
  const gc = runInNewContext("gc") as () => void;
  const forget = () => {
    defined.double.map([1]);
    void defined.double.map([1]).next();
    void defined.double.map([1]).return?.();
  };
  forget();
  await vi.waitFor(() => {
    gc();
    expect(warn).toHaveBeenCalledTimes(1);
  }, patient);
  await pause(20);
  gc();
  await pause(20);
  expect(warn.mock.calls).toEqual([[expect.stringContaining("double.map(…) was never iterated, so it never ran")]]);
  warn.mockRestore();
});

/** A model of map's promises, in a few lines. */
function model(inputs: readonly number[][], failing: ReadonlySet<number>, returnExceptions: boolean) {
  const length = Math.min(...inputs.map((input) => input.length));
  const fails = range(length).some((i) => failing.has(i));
  const outputs = range(length).map((i) =>
    failing.has(i) ? "failed" : inputs.reduce((sum, input) => sum + input[i]!, 0),
  );
  return { length, outputs, rejects: fails && !returnExceptions };
}

test("any map behaves like the model: lengths, orders, failures, windows, early exits", async () => {
  const { defined } = start();
  const scenario = fc.record({
    lengths: fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }),
    async: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    failing: fc.array(fc.nat(60), { maxLength: 3 }),
    delays: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
    orderOutputs: fc.boolean(),
    returnExceptions: fc.boolean(),
    maxOutstanding: fc.integer({ min: 1, max: 12 }),
    leaveAfter: fc.option(fc.nat(30), { nil: Number.POSITIVE_INFINITY }),
    slowReader: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { orderOutputs, returnExceptions, maxOutstanding, leaveAfter } = given;
      const failing = new Set(given.failing);
      const sources = given.lengths.map((length) => new Source(length));
      const inputs = sources.map((source, i) => (given.async[i] ? source : source.sync));
      const expected = model(given.lengths.map(range), failing, returnExceptions);
      const calls = defined.sum.map(repeat(given.failing), repeat(given.delays), ...inputs, {
        orderOutputs,
        returnExceptions,
        maxOutstanding,
      });
      const got: unknown[] = [];
      let rejected = false;
      try {
        if (leaveAfter > 0) {
          for await (const item of calls) {
            got.push(item instanceof UserCodeException ? "failed" : item);
            // The longest source is read once more than the shortest, which ends the call.
            expect(Math.max(...sources.map((source) => source.taken)) - got.length).toBeLessThanOrEqual(
              maxOutstanding + 1,
            );
            if (got.length >= leaveAfter) break;
            if (given.slowReader) await pause();
          }
        }
      } catch (error) {
        expect(error).toMatchObject({ name: "QuotaError" });
        rejected = true;
      }
      await calls.return?.();
      if (rejected) expect(expected.rejects).toBe(true);
      else expect(got.length).toBe(Math.min(leaveAfter, expected.rejects ? got.length : expected.length));
      if (expected.rejects && leaveAfter === Number.POSITIVE_INFINITY) expect(rejected).toBe(true);
      if (orderOutputs) expect(got).toEqual(expected.outputs.slice(0, got.length));
      else expect(expected.outputs).toEqual(expect.arrayContaining(got));
      for (const source of sources) {
        expect(source.closed).toBeLessThanOrEqual(1);
        expect(source.after).toBe(0);
        expect(source.taken).toBeLessThanOrEqual(expected.length + 1);
        const ended = source.taken === Math.min(...given.lengths) && source.closed === 0;
        if (source.opened > 0) expect(source.closed === 1 || ended).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
