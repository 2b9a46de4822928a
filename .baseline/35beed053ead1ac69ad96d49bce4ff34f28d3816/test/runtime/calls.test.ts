/** Calls of one input, durable calls and generators. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CancelledError,
  Client,
  callOptions,
  ExecutionError,
  Function,
  FunctionCall,
  GeneratorFunction,
  InvalidError,
  kwargs,
  NotFoundError,
  RemoteError,
  SerializationError,
  stubs,
  TimeoutError,
  withClient,
} from "../../src/runtime/index.ts";
import { patient } from "../support/limits.ts";
import { collect, start, useEngine } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(folder, { recursive: true }));
useEngine();

const stub = <F>(value: unknown) => value as F;

describe("remote", () => {
  test("resolves to the result", async () => {
    const { defined } = start();
    expect(await defined.double.remote(21)).toBe(42);
    expect(await defined.add.remote(1)).toBe(11);
    expect(await defined.add.remote(1, undefined)).toBe(11);
    expect(await defined.nothing.remote()).toBe(undefined);
    expect(await defined.echo.remote(new Map([["a", 1n]]))).toEqual([new Map([["a", 1n]])]);
  });

  test("rejects with the error that the function throws", async () => {
    const { defined } = start();
    const failure = defined.even.remote(3);
    await expect(failure).rejects.toBeInstanceOf(RemoteError);
    await expect(failure).rejects.toMatchObject({ name: "QuotaError", message: "3 is odd", limit: 3 });
  });

  test("the stack shows remote frames, then those of the caller", async () => {
    const { defined } = start();
    async function askForOdd() {
      await defined.even.remote(1);
    }
    const error = await askForOdd().catch((thrown: Error) => thrown);
    const stack = String((error as Error).stack);
    const [remote, local] = stack.split("    --- called from ---\n");
    expect(remote).toMatch(/^QuotaError: 1 is odd\n\s+at .*even/);
    expect(local).toMatch(/^\s+at (async )?askForOdd/);
    expect(local).not.toContain("RemoteFunction");
  });

  test("an error raised by farcall has the caller's stack", async () => {
    const { client, named } = start();
    async function askForMissing() {
      await named.missing.remote(1);
    }
    const error = await askForMissing().catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(NotFoundError);
    expect((error as Error).stack).toContain("askForMissing");
    expect((error as Error).stack).not.toContain("Socket");
    async function askForNothing() {
      await FunctionCall.fromId("fc-nothing", { client }).numInputs();
    }
    const unknown = await askForNothing().catch((thrown: Error) => thrown);
    expect((unknown as Error).stack).toContain("askForNothing");
  });

  test("a method detached from its function fails with advice on how to call it", async () => {
    const { defined } = start();
    const { double } = defined;
    // The compiler refuses the method itself, for what else Array.prototype.map passes.
    const remote = double.remote as (n: number) => Promise<number>;
    await expect(Promise.all([1, 2].map(remote))).rejects.toThrow(InvalidError);
    await expect(Promise.all([1, 2].map(remote))).rejects.toMatchObject({
      hint: expect.stringContaining("ids.map((id) => square.remote(id))") as string,
    });
    const { map } = double;
    expect(() => map([1])).toThrow(/map\(\) was called without its function/);
    expect(await Promise.all([1, 2].map((n) => double.remote(n)))).toEqual([2, 4]);
  });

  test("an argument that cannot be sent is refused before anything is sent", async () => {
    const { engine, defined } = start();
    await expect(defined.echo.remote(1, { f: () => 1 })).rejects.toThrow("arguments[1].f is a function");
    expect(engine.observed.put).toBe(0);
  });

  test("a result that cannot be sent is a SerializationError", async () => {
    const { defined } = start();
    await expect(defined.unserialisable.remote()).rejects.toThrow(SerializationError);
    await expect(defined.unserialisable.remote()).rejects.toThrow("result.callback is a function");
  });

  test("arguments are captured when the call is made", async () => {
    const { defined } = start();
    const list = [1];
    const answer = defined.echo.remote(list);
    list.push(2);
    expect(await answer).toEqual([[1]]);
  });

  test("a signal cancels, and the promise rejects with its reason", async () => {
    const { engine, defined } = start();
    const controller = new AbortController();
    const answer = defined.never.remote(1, callOptions({ signal: controller.signal }));
    const reason = new Error("enough");
    answer.catch(() => {});
    await expect.poll(() => engine.observed.put, patient).toBe(1);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(engine.observed.cancelled).toBe(1);
  });

  test("a signal that has aborted sends nothing", async () => {
    const { engine, defined } = start();
    await expect(defined.never.remote(1, callOptions({ signal: AbortSignal.abort("gone") }))).rejects.toBe("gone");
    expect(engine.observed.opened).toEqual([]);
  });

  test("the caller's time limit cancels, and rejects with TimeoutError", async () => {
    const { engine, defined } = start();
    await expect(defined.never.remote(1, callOptions({ timeoutMs: 10 }))).rejects.toBeInstanceOf(TimeoutError);
    expect(engine.observed.cancelled).toBe(1);
  });

  test("markers come last, once each", async () => {
    const { defined } = start();
    const options = callOptions({ timeoutMs: 1000 });
    expect(await defined.double.remote(1, options)).toBe(2);
    const remote = defined.echo.remote.bind(defined.echo);
    await expect(remote(options, 1)).rejects.toThrow("come last, once each");
    await expect(remote(options, options)).rejects.toThrow(InvalidError);
    await expect(remote(options, kwargs({}))).rejects.toThrow(InvalidError);
    await expect(remote(callOptions({ timeout: 3 } as object))).rejects.toThrow('unknown call option "timeout"');
  });

  test("arguments by name are sent, and come before call options", async () => {
    const { defined } = start();
    const remote = defined.echo.remote.bind(defined.echo) as (...args: unknown[]) => Promise<unknown[]>;
    // Functions written in TypeScript have no names for their arguments: the container says so, and has got them.
    await expect(remote(1, kwargs({ b: 2 }), callOptions({ timeoutMs: 60_000 }))).rejects.toThrow(
      "echo takes no arguments by name, received b",
    );
    const map = defined.echo.map.bind(defined.echo) as (...args: unknown[]) => AsyncIterable<unknown>;
    await expect(collect(map([1, 2], { kwargs: { c: 2 } }))).rejects.toThrow("received c");
  });

  test("whoever stops waiting for a call with a key does not cancel it for the others, at whatever moment", async () => {
    const { defined } = start();
    for (const [round, ms] of [0, 1, 2, 5, 20, 100].entries()) {
      const idempotencyKey = `given up ${round}`;
      const stop = new AbortController();
      const first = defined.wait.remote(150, round, callOptions({ idempotencyKey, signal: stop.signal }));
      setTimeout(() => stop.abort(new Error("enough")), ms);
      await expect(first).rejects.toThrow("enough");
      const late = callOptions({ idempotencyKey, timeoutMs: 1 });
      await expect(defined.wait.remote(150, round, late)).rejects.toThrow(TimeoutError);
      expect(await defined.wait.remote(150, round, callOptions({ idempotencyKey }))).toBe(round);
    }
  });

  test("the same idempotency key gives the same call", async () => {
    const { defined } = start();
    const options = callOptions({ idempotencyKey: "k1" });
    expect(await defined.double.remote(1, options)).toBe(2);
    expect(await defined.double.remote(1, options)).toBe(2);
    const first = await defined.double.spawn(5, callOptions({ idempotencyKey: "k2" }));
    const second = await defined.double.spawn(5, callOptions({ idempotencyKey: "k2" }));
    expect(second.id).toBe(first.id);
    await expect(defined.double.remote(100, options)).rejects.toThrow(InvalidError);
  });
});

describe("the wrong method for a function", () => {
  type Stubs = Record<"count" | "page" | "named", Function<[n: number], number>> & {
    double: GeneratorFunction<[n: number], number>;
  };
  let stubsOf: Stubs;
  beforeAll(() => {
    const { defined, named } = start();
    stubsOf = {
      count: stub<Function<[n: number], number>>(defined.count),
      double: stub<GeneratorFunction<[n: number], number>>(defined.double),
      page: stub<Function<[n: number], number>>(named.page),
      named: named.count,
    };
  });

  test.each<[string, (stubs: Stubs) => unknown, RegExp]>([
    ["remote on a generator", ({ count }) => count.remote(1), /remoteGen/],
    ["spawn on a generator", ({ count }) => count.spawn(1), /remoteGen/],
    ["map on a generator", ({ count }) => count.map([1]).next(), /remoteGen/],
    ["starmap on a generator", ({ count }) => count.starmap([[1]]).next(), /remoteGen/],
    ["forEach on a generator", ({ count }) => count.forEach([1]), /remoteGen/],
    ["spawnMap on a generator", ({ count }) => count.spawnMap([1]), /remoteGen/],
    ["remoteGen on a function", ({ double }) => double.remoteGen(1).next(), /remote\(/],
    ["remote on a web function", ({ page }) => page.remote(1), /http:\/\/127\.0\.0\.1:\d+\/main\/work\/page/],
    ["spawn on a web function", ({ page }) => page.spawn(1), /http:\/\/127\.0\.0\.1:\d+\/main\/work\/page/],
    ["remote on a generator known by name", ({ named }) => named.remote(1), /remoteGen/],
    ["map on a generator known by name", ({ named }) => named.map([1]).next(), /remoteGen/],
  ])("%s names the right one", async (_, call, hint) => {
    const error = await (async () => call(stubsOf))().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidError);
    expect((error as InvalidError).hint).toMatch(hint);
  });
});

describe("definitions and stubs", () => {
  test("local runs here and returns what the function returns", async () => {
    const { defined } = start();
    expect(defined.double.local(2)).toBe(4);
    expect(await defined.even.local(2)).toBe(2);
    expect(await collect(defined.count.local(3))).toEqual([0, 1, 2]);
    expect(defined.double.getRawF()(3)).toBe(6);
  });

  test("a stub has no definition", () => {
    const factory = stubs({ app: "work", environment: "main" });
    const double = factory.function<Function<[n: number], number>>("double", "s");
    expect(() => double.local(1)).toThrow(ExecutionError);
    expect(() => double.getRawF()).toThrow("the definition of work/double is elsewhere");
    expect(double).toBeInstanceOf(Function);
    const count = factory.generator<GeneratorFunction<[], number>>("count", "s");
    expect(count).toBeInstanceOf(GeneratorFunction);
    const hints = [double, count, factory.web("page", "s")].map((stub) => {
      try {
        return stub.getRawF();
      } catch (error) {
        return (error as ExecutionError).hint;
      }
    });
    for (const [i, method] of ["double.remote(", "count.remoteGen(", "page.getWebUrl("].entries()) {
      expect(hints[i]).toContain(method);
    }
  });

  test("a stub sends its signature along", async () => {
    const { engine, client } = start();
    const double = stubs({ app: "work", environment: "main" }).function<Function<[n: number], number>>(
      "double",
      "signature of double",
    );
    expect(await withClient(client, double).remote(4)).toBe(8);
    expect(engine.observed.opened[0]?.function).toMatchObject({
      app: "work",
      name: "double",
      signature: "signature of double",
    });
  });

  test.each([
    ["", "double", "letters"],
    ["work", "a.b", "no dots"],
    ["work", "", "letters"],
    ["../x", "double", "letters"],
  ])("fromName(%j, %j) is refused", (appName, name, hint) => {
    const error = (() => {
      try {
        return Function.fromName<[], void>(appName, name);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(InvalidError);
    expect((error as InvalidError).hint ?? "").toMatch(hint);
  });

  test.each([1.5, 0, -1, Number.NaN])("version %s is refused", (version) => {
    expect(() => Function.fromName<[], void>("work", "double", { version })).toThrow(InvalidError);
  });

  test("fromName sends nothing before its first use; hydrate asks once", async () => {
    const { named } = start();
    await expect(named.missing.hydrate()).rejects.toThrow(NotFoundError);
    const hydrated = await named.double.hydrate();
    expect(hydrated).toBe(named.double);
    expect(await named.double.getWebUrl()).toBeUndefined();
    expect(await named.page.getWebUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/main\/work\/page$/);
  });

  test("the autoscaler refuses invalid settings", async () => {
    const { defined } = start();
    await defined.double.updateAutoscaler({ minContainers: 1, maxContainers: 1 });
    await expect(defined.double.updateAutoscaler({ minContainers: 3, maxContainers: 2 })).rejects.toThrow(
      "more than maxContainers",
    );
    await expect(defined.double.updateAutoscaler({ minContainers: -1 })).rejects.toThrow(InvalidError);
    await expect(defined.double.updateAutoscaler({ maxContainers: 1.5 })).rejects.toThrow("whole number");
    await expect(defined.double.updateAutoscaler({ maxContainer: 1 } as object)).rejects.toMatchObject({
      hint: 'Did you mean "maxContainers"?',
    });
    await expect
      .poll(() => defined.double.getCurrentStats(), patient)
      .toEqual({ backlog: 0, numTotalRunners: 1, numRunningInputs: 0 });
  });
});

describe("FunctionCall", () => {
  test("get, repeatedly, and from the id alone", async () => {
    const { client, defined } = start();
    const call = await defined.double.spawn(4);
    expect(await call.get()).toBe(8);
    expect(await call.get()).toBe(8);
    expect(await Promise.all([call.get(), call.get(), call.get()])).toEqual([8, 8, 8]);
    expect(await FunctionCall.fromId<number>(call.id, { client }).get()).toBe(8);
    expect(await call.numInputs()).toBe(1);
  });

  test("timeoutMs: 0 looks once", async () => {
    const { defined } = start();
    const call = await defined.wait.spawn(1_000, "late");
    await expect(call.get({ timeoutMs: 0 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(call.get({ timeoutMs: 2 })).rejects.toBeInstanceOf(TimeoutError);
    expect(await call.get({ timeoutMs: 60_000 })).toBe("late");
    expect(await call.get({ timeoutMs: 0 })).toBe("late");
  });

  test("unknown options are refused by name, as is a time that is too long for a timer", async () => {
    const { defined } = start();
    const call = await defined.wait.spawn(1, "x");
    const given = (options: object) => call.get(options).catch((error: Error) => error.message);
    expect(await given({ timeoutMs: Number.POSITIVE_INFINITY })).toContain("from 0 to 2147483647, not Infinity");
    expect(await given({ timeoutMs: "5" })).toContain('not "5"');
    expect(await given({ timeout: 5 })).toContain('unknown option "timeout"');
    expect(await given({ index: -1 })).toContain("index must be a whole number, 0 or more");
    expect(() => call.iter({ start: 0.5 })).toThrow("start must be");
    expect(await call.cancel({ terminate: true } as object).catch((error: Error) => error.message)).toContain(
      "terminate",
    );
  });

  test("a signal stops the waiting, not the call", async () => {
    const { defined, engine } = start();
    const call = await defined.wait.spawn(1_000, 1);
    await expect(call.get({ signal: AbortSignal.timeout(1) })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(await call.get()).toBe(1);
    // Also while the engine is being loaded.
    const stop = new AbortController();
    const early = new FunctionCall(call.id, { engine: async () => engine }).get({ signal: stop.signal });
    stop.abort(new Error("stop"));
    await expect(early).rejects.toThrow("stop");
  });

  test("a failed call rejects each get with its own error object", async () => {
    const { defined } = start();
    const call = await defined.even.spawn(1);
    const first = await call.get().catch((error: unknown) => error);
    const second = await call.get().catch((error: unknown) => error);
    expect(first).toMatchObject({ name: "QuotaError" });
    expect(second).toMatchObject({ name: "QuotaError" });
    expect(second).not.toBe(first);
  });

  test("cancel, also after the end", async () => {
    const { defined } = start();
    const call = await defined.never.spawn();
    const waiting = call.get();
    await call.cancel();
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
    await expect(call.get()).rejects.toBeInstanceOf(CancelledError);
    await call.cancel();
  });

  test("a call for later says when it may begin, and runs then", async () => {
    const { defined } = start();
    const before = Date.now();
    const call = await defined.double.spawn(4, callOptions({ delayMs: 300 }));
    const many = await defined.double.spawnMap([1, 2], { at: new Date(before + 300) });
    expect(await call.get()).toBe(8);
    expect(Date.now()).toBeGreaterThanOrEqual(before + 300);
    expect(await collect(many.iter())).toEqual([2, 4]);
  });

  test.each<[string, object, string]>([
    ["a negative delay", { delayMs: -1 }, "delayMs must be milliseconds, 0 or more"],
    ["no number", { delayMs: "5" }, "delayMs must be milliseconds"],
    ["no time", { at: new Date("never") }, "at must be a valid Date"],
    ["a number for a Date", { at: 5 }, "at must be a valid Date"],
    ["two times", { delayMs: 5, at: new Date() }, "delayMs and at say the same thing"],
  ])("a call for later with %s is refused", async (_, options, message) => {
    const { defined } = start();
    await expect(defined.double.spawn(1, callOptions(options))).rejects.toThrow(message);
    await expect(defined.double.spawnMap([1], options)).rejects.toThrow(message);
  });

  test("calls whose callers wait cannot be for later", async () => {
    const { defined } = start();
    const later = callOptions({ delayMs: 5 });
    await expect(defined.double.remote(1, later)).rejects.toThrow("delayMs is for spawn and spawnMap");
    await expect(defined.double.remote(1, callOptions({ at: new Date() }))).rejects.toBeInstanceOf(InvalidError);
    expect(() => defined.double.map([1], { delayMs: 5 } as object)).toThrow('unknown option "delayMs"');
  });

  test("an idempotency key finds its call, also when that was cancelled", async () => {
    const { defined } = start();
    const key = callOptions({ idempotencyKey: "cancelled" });
    const call = await defined.never.spawn(key);
    await call.cancel();
    const same = await defined.never.spawn(key);
    expect(same.id).toBe(call.id);
    await expect(same.get()).rejects.toBeInstanceOf(CancelledError);
    await expect(defined.never.remote(key)).rejects.toBeInstanceOf(CancelledError);
  });

  test("many inputs: get by index, iter by range, in order", async () => {
    const { defined } = start();
    const call = await defined.wait.spawnMap([9, 1, 5], ["a", "b", "c"]);
    expect(await call.numInputs()).toBe(3);
    expect(await call.get({ index: 2 })).toBe("c");
    expect(await collect(call.iter())).toEqual(["a", "b", "c"]);
    expect(await collect(call.iter({ start: 1 }))).toEqual(["b", "c"]);
    expect(await collect(call.iter({ start: 1, end: 2 }))).toEqual(["b"]);
    expect(await collect(call.iter({ start: 2, end: 1 }))).toEqual([]);
    expect(await collect(call.iter({ end: 100 }))).toEqual(["a", "b", "c"]);
  });

  test("an input that the call does not have is refused rather than waited for", async () => {
    const { defined } = start();
    const none = await defined.double.spawnMap([]);
    expect(await none.numInputs()).toBe(0);
    expect(await collect(none.iter())).toEqual([]);
    await expect(none.get()).rejects.toThrow("has no inputs");
    const call = await defined.double.spawnMap([1]);
    await expect(call.get({ index: 5 })).rejects.toBeInstanceOf(InvalidError);
    await expect(call.get({ index: 5, timeoutMs: 0 })).rejects.toThrow("has one input");
  });

  test("iter of more inputs than it requests at a time; readers let go", async () => {
    const { engine, defined } = start();
    const inputs = Array.from({ length: 2500 }, (_, i) => i);
    const call = await defined.double.spawnMap(inputs);
    expect(await collect(call.iter())).toEqual(inputs.map((n) => n * 2));
    const started = call.iter();
    await started.next();
    await started.return?.();
    await call.get({ index: 7 });
    expect(engine.observed.attached).toBe(0);
  });

  test("iter yields the results before a failure, then rejects", async () => {
    const { defined } = start();
    const call = await defined.even.spawnMap([0, 2, 3, 4]);
    await call.get({ index: 3 });
    const items: unknown[] = [];
    const read = async () => {
      for await (const item of call.iter()) items.push(item);
    };
    await expect(read()).rejects.toMatchObject({ name: "QuotaError" });
    expect(items).toEqual([0, 2]);
  });

  test("iter of a cancelled call yields the results from before, and fails only when more are requested", async () => {
    const { defined } = start();
    const call = await defined.wait.spawnMap([1, 1, 1, 600_000], ["a", "b", "c", "d"]);
    for (const index of [0, 1, 2]) await call.get({ index });
    await call.cancel();
    expect(await collect(call.iter({ end: 3 }))).toEqual(["a", "b", "c"]);
    const items: unknown[] = [];
    const read = async () => {
      for await (const item of call.iter()) items.push(item);
    };
    await expect(read()).rejects.toBeInstanceOf(CancelledError);
    expect(items).toEqual(["a", "b", "c"]);
  });

  test("gather: results in order; the first failure rejects and the others go on", async () => {
    const { defined, engine } = start();
    const slow = await defined.wait.spawn(10, "slow");
    const quick = await defined.double.spawn(1);
    expect(await FunctionCall.gather(slow, quick)).toEqual(["slow", 2]);
    const failing = await defined.even.spawn(1);
    const going = await defined.wait.spawn(500, "on");
    await expect(FunctionCall.gather(going, failing)).rejects.toMatchObject({ name: "QuotaError" });
    // Nobody waits for it, and the process may end.
    await expect.poll(() => engine.observed.attached).toBe(0);
    expect(await engine.invoker.call(going.id)).toMatchObject({ numEnded: 0 });
    expect(await going.get()).toBe("on");
  });

  test("an invalid id is refused; an unknown id is not found", async () => {
    const { client } = start();
    expect(() => FunctionCall.fromId("nope")).toThrow(InvalidError);
    await expect(FunctionCall.fromId("fc-999", { client }).get()).rejects.toBeInstanceOf(NotFoundError);
    await expect(FunctionCall.fromId("fc-999", { client }).get({ timeoutMs: 0 })).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe("remoteGen", () => {
  test("yields the function's values, and then ends", async () => {
    const { defined, named } = start();
    expect(await collect(defined.count.remoteGen(1000))).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(await collect(defined.count.remoteGen(0))).toEqual([]);
    expect(await collect(named.gen.remoteGen(2))).toEqual([0, 1]);
  });

  test("runs nothing before the first next()", async () => {
    const { engine, defined } = start();
    const items = defined.count.remoteGen(3);
    expect(engine.observed.opened).toEqual([]);
    await items.return();
    expect(engine.observed.opened).toEqual([]);
  });

  test("a slow reader holds the generator back", async () => {
    const { defined } = start();
    const file = join(folder, "slow");
    const items = defined.count.remoteGen(100_000, undefined, file);
    await items.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(readFileSync(file).length).toBeLessThan(20);
    await items.return();
  });

  test("leaving the loop ends the remote generator and runs its finally", async () => {
    const { engine, defined } = start();
    const file = join(folder, "left");
    for await (const n of defined.count.remoteGen(1_000_000, undefined, file)) if (n === 5) break;
    await expect.poll(() => readFileSync(file, "utf8"), patient).toMatch(/^y+f$/);
    expect(engine.observed.cancelled).toBe(1);
  });

  test("an error comes after the values yielded before it", async () => {
    const { defined } = start();
    const items: number[] = [];
    const read = async () => {
      for await (const n of defined.count.remoteGen(100, 7)) {
        items.push(n);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await expect(read()).rejects.toMatchObject({ name: "RangeError", message: "at 7" });
    expect(items).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("a signal and a time limit end it", async () => {
    const { defined } = start();
    const controller = new AbortController();
    const read = async () => {
      for await (const n of defined.count.remoteGen(1_000_000, callOptions({ signal: controller.signal }))) {
        if (n === 10) controller.abort(new Error("stop"));
      }
    };
    await expect(read()).rejects.toThrow("stop");
    const slow = defined.trickle.remoteGen(callOptions({ timeoutMs: 20 }));
    await expect(collect(slow)).rejects.toBeInstanceOf(TimeoutError);
  });
});

describe("clients", () => {
  test("bind a stub, or a namespace of stubs, and leave the original alone", async () => {
    const { engine, client } = start();
    const original = Function.fromName<[n: number], number>("work", "double");
    const namespace = { double: original, other: 5 };
    const bound = withClient(client, namespace);
    expect(await bound.double.remote(1)).toBe(2);
    expect(bound.other).toBe(5);
    expect(bound.double).not.toBe(original);
    expect(engine.observed.opened.length).toBe(1);
  });

  test("an engine of an unknown kind is refused at once", () => {
    expect(() => new Client({ engine: "carrier-pigeon:" })).toThrow(InvalidError);
    expect(() => new Client({ engine: "nonsense" })).toThrow("is not the URL of a known engine");
  });
});
