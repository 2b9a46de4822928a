/** What waits, for what and for how long: containers that do not start, a host that stands still, readers, and functions that wait for themselves. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { hostStatus, localEngine } from "../../../src/engines/local/index.ts";
import { CancelledError, FunctionTimeoutError, InternalFailure } from "../../../src/runtime/errors.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Its start hook throws as long as the file is there. */
function flaky(down: string, options = {}) {
  return deployment(
    "work",
    `import { existsSync } from "node:fs";
    app.onStart(() => { if (existsSync(${JSON.stringify(down)})) throw new Error("the database does not answer"); });
    export const job = app.function(function job(n) { return n * 2; });`,
    { job: { options: { maxContainers: 1, ...options } } },
  );
}

test("spawned inputs wait while containers fail to start, which can be seen, and run as soon as one does", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const down = join(home.path, "down");
  writeFileSync(down, "");
  await engine.deployer!.deploy(flaky(down));
  const app = new Driver(engine, "work");
  const inputs = Array.from({ length: 1_000 }, (_, n) => [n]);
  const id = await app.spawn("job", inputs);
  await expect
    .poll(async () => (await engine.invoker.stats(app.ref("job"))).startProblem, patient)
    .toMatch(/the database does not answer/);
  expect(await engine.invoker.call(id)).toMatchObject({
    numEnded: 0,
    startProblem: expect.stringContaining("the database does not answer") as string,
  });
  expect((await engine.monitor!.calls()).find((call) => call.id === id)?.startProblem).toMatch(/database/);
  // A caller who waits for its result gets the reason at once, with a key too, and the others wait on.
  await expect(app.remote("job", 1)).rejects.toThrow(/the database does not answer/);
  const keyed = { method: "remote", durable: true, idempotencyKey: "k" } as const;
  await expect(app.remoteWith("job", [1], keyed)).rejects.toThrow(/the database does not answer/);
  expect(await engine.invoker.call(id)).toMatchObject({ numEnded: 0 });
  rmSync(down);
  const outcomes = await app.get(id, inputs.length);
  expect(outcomes.every(({ index, value }) => value === index * 2)).toBe(true);
  expect(await engine.invoker.stats(app.ref("job"))).not.toHaveProperty("startProblem");
  await engine.close();
});

test("spawned inputs fail once their containers have failed to start for as long as startRetryMs says", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const down = join(home.path, "down");
  writeFileSync(down, "");
  await engine.deployer!.deploy(flaky(down, { startRetryMs: 300 }));
  const app = new Driver(engine, "work");
  const [outcome] = await app.get(await app.spawn("job", [[1]]));
  expect(outcome!.error).toBeInstanceOf(InternalFailure);
  expect(String(outcome!.error)).toMatch(/did not start: .*the database does not answer.*tried again for 300 ms/s);
  await engine.close();
});

test.skipIf(process.platform === "win32")(
  "the time for which the host stands still is not the function's",
  async () => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    const gate = join(home.path, "begun");
    await engine.deployer!.deploy(
      deployment(
        "work",
        `import { writeFileSync } from "node:fs";
      export const sleepy = app.function(async function sleepy(ms) {
        writeFileSync(${JSON.stringify(gate)}, "");
        await new Promise((r) => setTimeout(r, ms));
        return ms;
      });`,
        { sleepy: { options: { timeoutMs: 2_000, maxContainers: 1 } } },
      ),
    );
    const app = new Driver(engine, "work");
    await app.remote("sleepy", 0);
    rmSync(gate);
    const { pid } = (await hostStatus(home.url))!;
    const running = app.remote("sleepy", 500);
    await expect.poll(() => existsSync(gate), { ...patient, interval: 5 }).toBe(true);
    process.kill(pid, "SIGSTOP");
    await delay(3_000);
    process.kill(pid, "SIGCONT");
    expect(await running).toBe(500);
    // The limit holds.
    await expect(app.remote("sleepy", 1e6)).rejects.toThrow(FunctionTimeoutError);
    await engine.close();
  },
);

const counting = deployment(
  "work",
  "export const count = app.function(async function* count(n) { for (let i = 0; i < n; i++) yield i; });",
  { count: { mode: "generator", options: { timeoutMs: 400, maxContainers: 1 } } },
);

test("an input that keeps its process busy runs out of time alone: those that it kept from running run again", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const options = { timeoutMs: 1_000, maxContainers: 1, concurrency: { maxInputs: 8 } };
  await engine.deployer!.deploy(
    deployment(
      "work",
      `export const work = app.function(async function work(how) {
        if (how === "busy") for (;;);
        if (how === "asleep") await new Promise(() => {});
        return how;
      });`,
      { work: { options } },
    ),
  );
  const app = new Driver(engine, "work");
  const outcomes = async (...how: string[]) =>
    (
      await app.map(
        "work",
        how.map((one) => [one]),
      )
    ).map(({ value, error }) => error ?? value);
  expect(await outcomes("warm")).toEqual(["warm"]);
  const [busy, ...others] = await outcomes("busy", "a", "b", "c");
  expect(busy).toBeInstanceOf(FunctionTimeoutError);
  expect(others).toEqual(["a", "b", "c"]);
  // A process that answers has not kept anything from running.
  const asleep = await outcomes("asleep", "asleep", "asleep", "d");
  expect(asleep.slice(0, 3).every((one) => one instanceof FunctionTimeoutError)).toBe(true);
  expect(asleep[3]).toBe("d");
  await engine.close();
});

test("a generator that waits for its reader does not run out of time", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(counting);
  const app = new Driver(engine, "work");
  const got: unknown[] = [];
  const { handle, outcomes } = app.call("count", [[4]], {
    method: "remoteGen",
    onOutcome: ({ value, end }) => got.push(end ? "end" : value),
  });
  handle.credit(2);
  await expect.poll(() => got.length, patient).toBe(2);
  await delay(1_500);
  handle.credit(10);
  await outcomes;
  expect(got).toEqual([0, 1, 2, 3, "end"]);
  await engine.close();
});

test("a generator whose reader stays away is stopped, and the reader can see why", async () => {
  await using home = await temporaryHome();
  const env = { ...home.env, FARCALL_READER_MS: "300" };
  expect(await program("await engine.registry.listApps();", env).finished).toMatchObject({ code: 0 });
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(counting);
  const app = new Driver(engine, "work");
  const { handle, outcomes } = app.call("count", [[4]], { method: "remoteGen" });
  handle.credit(2);
  const error = (await outcomes).at(-1)!.error;
  expect(error).toBeInstanceOf(CancelledError);
  expect(String(error)).toMatch(/its reader had not asked for more in 300 ms/);
  // Its container serves others.
  const next = app.call("count", [[0]], { method: "remoteGen" });
  next.handle.credit(1);
  expect(await next.outcomes).toEqual([{ index: 0, end: true }]);
  await engine.close();
});

test("a function that waits for itself fails long before its timeout, and says why", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment(
      "work",
      `import { Function } from "farcall";
      export const nest = app.function(async function nest(depth) {
        return depth === 0 ? 0 : (await Function.fromName("work", "nest").remote(depth - 1)) + 1;
      });
      export const through = app.function(async function through(depth) {
        return Function.fromName("work", "nest").remote(depth);
      });`,
      { nest: { options: { maxContainers: 2 } }, through: { options: { maxContainers: 1 } } },
    ),
  );
  const app = new Driver(engine, "work");
  expect(await app.remote("nest", 1)).toBe(1);
  await expect(app.remote("nest", 5)).rejects.toThrow(/nest waits for itself: all its containers \(2\)/);
  await expect(app.remote("through", 5)).rejects.toThrow(/nest waits for itself/);
  // What only waits its turn is not meant.
  expect(await app.map("nest", [[1], [0], [0], [0]]).then((all) => all.map(({ value }) => value))).toEqual([
    1, 0, 0, 0,
  ]);
  await engine.close();
});

test("functions that wait for each other fail long before their timeouts, and the error names all of them", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const gate = join(home.path, "gate");
  const one = { options: { maxContainers: 1 } };
  const calling = (name: string, next: string) => `
    export const ${name} = app.function(async function ${name}(depth) {
      while (!existsSync(${JSON.stringify(gate)})) await new Promise((done) => setTimeout(done, 10));
      return depth === 0 ? 0 : (await Function.fromName("work", "${next}").remote(depth - 1)) + 1;
    });`;
  await engine.deployer!.deploy(
    deployment(
      "work",
      `import { existsSync } from "node:fs"; import { Function } from "farcall";
      ${calling("a", "b")} ${calling("b", "c")} ${calling("c", "a")}
      export const outside = app.function(async function outside(depth) { return Function.fromName("work", "a").remote(depth); });
      export const slow = app.function(async function slow(ms) { await new Promise((done) => setTimeout(done, ms)); });
      export const patient = app.function(async function patient(ms) { await Function.fromName("work", "slow").remote(ms); });`,
      { a: { options: { maxContainers: 2 } }, b: one, c: one, outside: one, slow: one, patient: one },
    ),
  );
  const app = new Driver(engine, "work");
  // Each call holds the container that another needs; none of them calls itself.
  const calls = ["a", "a", "b", "c"].map((name) => app.remote(name, 1).catch((error: unknown) => error));
  const running = async () =>
    Promise.all(["a", "b", "c"].map(async (name) => (await engine.invoker.stats(app.ref(name))).numRunningInputs));
  await expect.poll(running, patient).toEqual([2, 1, 1]);
  const outside = app.remote("outside", 0).catch((error: unknown) => error);
  writeFileSync(gate, "");
  const [failed] = await Promise.all(calls);
  expect(String(failed)).toMatch(/work\/a waits for work\/b, which waits for work\/c, which waits for work\/a/);
  expect(String(failed)).toContain("work/b: all its containers (1) run inputs that wait for work/c");
  // It only waited for them.
  expect(await outside).toBe(0);
  expect(await app.remote("a", 3)).toBe(3);
  // What waits for something that goes on is not meant, however long it takes.
  expect(await Promise.all([4_000, 10, 10].map((ms) => app.remote("patient", ms)))).toHaveLength(3);
  await engine.close();
});

test("an input that waits for another of its own key fails likewise, and one that waits for a limit in time does not", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const nest = (name: string) => `
    export const ${name} = app.function(async function ${name}(key, depth) {
      return depth === 0 ? 0 : (await Function.fromName("work", "${name}").remote(key, depth - 1)) + 1;
    });`;
  await engine.deployer!.deploy(
    deployment("work", `import { Function } from "farcall"; ${nest("keyed")} ${nest("limited")}`, {
      keyed: { options: { maxContainers: 4, concurrency: { maxInputs: 1, key: [[0]], perKey: 2 } } },
      limited: { options: { maxContainers: 2, limit: { count: 1, perMs: 4_000 } } },
    }),
  );
  const app = new Driver(engine, "work");
  const limited = app.remote("limited", "k", 1);
  await expect(app.remote("keyed", "k", 5)).rejects.toThrow(
    /work\/keyed waits for itself: all inputs of one key that may run at a time \(2\)/,
  );
  expect(await app.remote("keyed", "k", 1)).toBe(1);
  expect(await limited).toBe(1);
  await engine.close();
});

test("an input that waits for what it has spawned, or called with a key, fails likewise, and the call that it waited for goes on", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const ids = join(home.path, "ids");
  const nest = (name: string, body: string) => `
    export const ${name} = app.function(async function ${name}(depth) {
      if (depth === 0) return 0;
      const inner = Function.fromName("work", "${name}");
      const kept = (call) => { appendFileSync(${JSON.stringify(ids)}, call.id + "\\n"); return call; };
      ${body}
    });`;
  const one = { options: { maxContainers: 1 } };
  await engine.deployer!.deploy(
    deployment(
      "work",
      `import { appendFileSync } from "node:fs"; import { callOptions, Function } from "farcall";
      ${nest("got", "return (await kept(await inner.spawn(depth - 1)).get()) + 1;")}
      ${nest("read", "for await (const each of kept(await inner.spawnMap([depth - 1, 0])).iter()) depth += each; return depth;")}
      ${nest("keyed", `return (await inner.remote(depth - 1, callOptions({ idempotencyKey: "k" + depth }))) + 1;`)}
      ${nest("timed", "const call = kept(await inner.spawn(depth - 1)); try { return await call.get({ timeoutMs: 6_000 }); } catch (error) { return error.name; }")}`,
      { got: one, read: one, keyed: one, timed: one },
    ),
  );
  const app = new Driver(engine, "work");
  const itself = (name: string) => new RegExp(`work/${name} waits for itself: all its containers \\(1\\)`);
  await Promise.all(["got", "read", "keyed"].map((name) => expect(app.remote(name, 1)).rejects.toThrow(itself(name))));
  const known = readFileSync(ids, "utf8").split("\n").slice(0, -1);
  const outcomes = await Promise.all(known.map(async (id) => app.get(id, (await engine.invoker.call(id)).numInputs)));
  expect(outcomes.flat().map(({ value }) => value)).toEqual([0, 0, 0]);
  // The first call with the key has ended, and this one gets its result.
  expect(await app.remote("keyed", 1)).toBe(1);
  // Whoever gives up by itself does not wait for good.
  expect(await app.remote("timed", 1)).toBe("TimeoutError");
  await engine.close();
});

vi.setConfig({ testTimeout: 1_200_000 });
