import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { InvalidError, OutputExpiredError } from "../../../src/runtime/errors.ts";
import { encodeArguments } from "../../../src/runtime/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

/** Set to 200 for the full siege. */
const ROUNDS = Number(process.env["FARCALL_KILL_ROUNDS"]) || 8;
const double = deployment(
  "work",
  "export const double = app.function(async function double(n, ms = 0) { if (ms) await new Promise((r) => setTimeout(r, ms)); return n * 2; });",
  {
    double: { options: { maxContainers: 2, concurrency: { maxInputs: 4 } } },
  },
);

test("results and idempotency keys outlive the host", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const id = await app.spawn("double", [[1], [2]], { idempotencyKey: "key" });
  await app.get(id, 2);
  await stopHost(home.url, { force: true });
  expect(await app.get(id, 2)).toEqual([
    { index: 0, value: 2 },
    { index: 1, value: 4 },
  ]);
  expect(await app.spawn("double", [[1], [2]], { idempotencyKey: "key" })).toBe(id);
  expect(await engine.invoker.call(id)).toMatchObject({ numInputs: 2, numEnded: 2, method: "spawnMap" });
  await engine.close();
});

test("the same key with other arguments is an error that says so, also after the host has gone", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const key = { idempotencyKey: "pay-invoice-7" };
  const refused = async (inputs: unknown[][]): Promise<void> => {
    const error = await app.spawn("double", inputs, key).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidError);
    expect((error as Error).message).toMatch(/idempotency key.*other arguments/);
  };
  const id = await app.spawn("double", [[1], [2]], key);
  await refused([[1], [3]]);
  await app.get(id, 2);
  await refused([[1]]);
  await stopHost(home.url, { force: true });
  await refused([[1], [2], [3]]);
  expect(await app.spawn("double", [[1], [2]], key)).toBe(id);
  await engine.close();
});

test("keys are the same only when they are, and calls made in the same moment do not fail with each other", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const keys = ["a\ud800", "a\ud801", "a\0x", "a\0y", "a", "", "a".repeat(100_000)];
  const results = await Promise.all([
    ...keys.map((idempotencyKey, n) => app.remoteWith("double", [n], { idempotencyKey })),
    ...Array.from({ length: 5 }, async (_, n) => (await app.get(await app.spawn("double", [[100 + n]])))[0]!.value),
  ]);
  expect(results).toEqual([0, 2, 4, 6, 8, 10, 12, 200, 202, 204, 206, 208]);
  await stopHost(home.url, { force: true });
  const again = keys.map((idempotencyKey, n) => app.remoteWith("double", [n], { idempotencyKey }));
  expect(await Promise.all(again)).toEqual([0, 2, 4, 6, 8, 10, 12]);
  await engine.close();
});

test("what was acknowledged runs although the host is killed at once", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const inputs = Array.from({ length: 5_000 }, (_, n) => [n]);
  const id = await app.spawn("double", inputs);
  process.kill((await hostStatus(home.url))!.pid, "SIGKILL");
  const outcomes = await app.get(id, inputs.length);
  expect(outcomes.every(({ index, value }) => value === index * 2)).toBe(true);
  expect(new Set(outcomes.map(({ index }) => index)).size).toBe(inputs.length);
  await engine.close();
});

test("an input that may have run before its host was killed is not a first attempt", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment(
      "work",
      `export const attempt = app.function(async function attempt(ms) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return context().attempt;
      });`,
      { attempt: {} },
    ),
  );
  const app = new Driver(engine, "work");
  expect(await app.get(await app.spawn("attempt", [[0]]))).toEqual([{ index: 0, value: 0 }]);
  const id = await app.spawn("attempt", [[1_500]]);
  await expect
    .poll(async () => (await engine.invoker.stats(app.ref("attempt"))).numRunningInputs, { ...patient, interval: 20 })
    .toBe(1);
  process.kill((await hostStatus(home.url))!.pid, "SIGKILL");
  expect(await app.get(id)).toEqual([{ index: 0, value: 1 }]);
  await engine.close();
});

test("attempts and retries outlive a killed host, and what no container has had is a first attempt", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment(
      "work",
      `import { appendFileSync } from "node:fs";
      export const flaky = app.function(async function flaky(ledger, ms) {
        const { attempt } = context();
        if (ledger) appendFileSync(ledger, attempt + " ");
        if (ledger && attempt < 2) throw new Error("not yet");
        await new Promise((resolve) => setTimeout(resolve, ms));
        return attempt;
      });`,
      {
        flaky: {
          options: {
            maxContainers: 1,
            retries: { maxRetries: 2, initialDelayMs: 1, backoffCoefficient: 1, maxDelayMs: 1 },
          },
        },
      },
    ),
  );
  const app = new Driver(engine, "work");
  const ledger = join(home.path, "ledger");
  writeFileSync(ledger, "");
  const id = await app.spawn("flaky", [[ledger, 1_500]]);
  const waiting = await app.spawn(
    "flaky",
    Array.from({ length: 20 }, () => ["", 0]),
  );
  await expect.poll(() => readFileSync(ledger, "utf8"), { ...patient, interval: 20 }).toBe("0 1 2 ");
  process.kill((await hostStatus(home.url))!.pid, "SIGKILL");
  expect(await app.get(id)).toEqual([{ index: 0, value: 3 }]);
  expect(readFileSync(ledger, "utf8")).toBe("0 1 2 3 ");
  const outcomes = await app.get(waiting, 20);
  expect(outcomes.at(-1)).toEqual({ index: 19, value: 0 });
  await engine.close();
});

test("a cancel that was acknowledged holds although the host is killed at once", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const id = await app.spawn("double", [[1, 60_000]]);
  const { pid } = (await hostStatus(home.url))!;
  // After a long write the host lets the disk rest: what comes now is written later.
  await app.spawn(
    "double",
    Array.from({ length: 20_000 }, (_, n) => [n]),
  );
  await engine.invoker.cancel(id);
  process.kill(pid, "SIGKILL");
  expect(await engine.invoker.call(id)).toMatchObject({ cancelled: true });
  await engine.close();
});

test("a spawnMap that is interrupted by a killed host arrives whole", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  await app.remote("double", 1);
  const { pid } = (await hostStatus(home.url))!;
  const handle = engine.invoker.open(
    { function: app.ref("double"), method: "spawnMap", durable: true },
    { output() {}, failed() {} },
  );
  const count = 20_000;
  for (let n = 0; n < count; n++) {
    handle.put(n, encodeArguments([n]));
    await handle.drained();
    if (n === 12_000) process.kill(pid, "SIGKILL");
  }
  const id = await handle.end();
  handle.detach();
  expect((await hostStatus(home.url))!.pid).not.toBe(pid);
  const outcomes = await app.get(id, count);
  expect(outcomes.every(({ index, value }) => value === index * 2)).toBe(true);
  await engine.close();
});

test("a program that ends after its spawn leaves the work to the host", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const { stdout, code } = await program('console.log(await app.spawn("double", [[21, 300]]));', home.env).finished;
  expect(code).toBe(0);
  expect(await new Driver(engine, "work").get(stdout.trim())).toEqual([{ index: 0, value: 42 }]);
  await engine.close();
});

const gated = deployment(
  "work",
  `import { existsSync } from "node:fs";
  export const gated = app.function(async function gated(gate, n) {
    while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 10));
    return n;
  });`,
  { gated: { options: { maxContainers: 1, concurrency: { maxInputs: 16 } } } },
);

test("a restarted host answers about any of thousands of open calls at once, and takes all of them up", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(gated);
  const app = new Driver(engine, "work");
  const gate = join(home.path, "gate");
  const ids: string[] = [];
  for (let n = 0; n < 3_000; n += 500) {
    ids.push(...(await Promise.all(Array.from({ length: 500 }, (_, k) => app.spawn("gated", [[gate, n + k]])))));
  }
  process.kill((await hostStatus(home.url))!.pid, "SIGKILL");
  const last = ids.pop()!;
  const reading = app.get(ids.at(-1)!);
  await engine.invoker.cancel(last);
  expect(await engine.invoker.call(last)).toMatchObject({ cancelled: true });
  writeFileSync(gate, "");
  expect(await reading).toEqual([{ index: 0, value: 2_998 }]);
  const values = await Promise.all(ids.map(async (id) => (await app.get(id))[0]!.value));
  expect(values).toEqual(ids.map((_, n) => n));
  expect(await hostStatus(home.url)).toMatchObject({ openCalls: 0 });
  await engine.close();
});

test("inputs that wait lie on the disk, not in memory", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(gated);
  const app = new Driver(engine, "work");
  const gate = join(home.path, "gate");
  const blockers = await app.spawn(
    "gated",
    Array.from({ length: 16 }, () => [gate]),
  );
  const memory = async (): Promise<number> => (await hostStatus(home.url))!.memoryBytes;
  const large = "x".repeat(200_000);
  const ids: string[] = [];
  const spawnMore = async (count: number): Promise<void> => {
    for (const until = ids.length + count; ids.length < until; ) {
      ids.push(...(await Promise.all(Array.from({ length: 50 }, () => app.spawn("gated", [[gate, large]])))));
    }
  };
  // What the collector lets lie about has reached its bound by then.
  await spawnMore(400);
  const before = await memory();
  await spawnMore(800);
  expect((await memory()) - before).toBeLessThan(80e6);
  writeFileSync(gate, "");
  await app.get(blockers, 16);
  expect(((await app.get(ids[100]!))[0]!.value as string).length).toBe(200_000);
  await engine.close();
});

test("a call whose caller was killed before it was acknowledged never runs", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const spawner = program(
    `import { encodeArguments } from ${JSON.stringify(join(import.meta.dirname, "../../../src/runtime/index.ts"))};
     const handle = engine.invoker.open({ function: app.ref("double"), method: "spawnMap", durable: true }, { output() {}, failed() {} });
     for (let n = 0; n < 100; n++) handle.put(n, encodeArguments([n]));
     console.log(handle.id + " open"); setInterval(() => {}, 1000);`,
    home.env,
  );
  await spawner.said("open");
  const id = (await engine.monitor!.calls())[0]?.id ?? "";
  await expect.poll(async () => (await engine.monitor!.calls())[0]?.numInputs, patient).toBe(100);
  spawner.child.kill("SIGKILL");
  await spawner.finished;
  expect(id).toMatch(/^fc-|^$/);
  expect((await engine.monitor!.calls())[0]).toMatchObject({ numEnded: 0, numInputs: 100 });
  expect(await engine.invoker.stats(new Driver(engine, "work").ref("double"))).toMatchObject({
    backlog: 0,
    numRunningInputs: 0,
  });
  await engine.close();
});

/** Spawns without end, and says what was acknowledged: the call's id, its first input, and how many it has. */
const SPAWNER = `
  let next = Number(process.env.FIRST);
  for (;;) {
    const inputs = Array.from({ length: next % 3 ? 1 : 50 }, () => [next++]);
    const id = await app.spawn("double", inputs);
    console.log(id, inputs[0][0], inputs.length);
  }`;

test(
  "nothing acknowledged is lost, and nothing told twice, while host, containers and clients are killed and paused at random",
  async () => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(double);
    const app = new Driver(engine, "work");
    const acknowledged: { id: string; inputs: number[] }[] = [];
    const heard = new Map<string, number>();
    let next = 0;
    const spawnSome = async (): Promise<void> => {
      const inputs = Array.from({ length: Math.random() < 0.5 ? 1 : 300 }, () => next++);
      const id = await app.spawn(
        "double",
        inputs.map((n) => [n, Math.random() < 0.05 ? 30 : 0]),
      );
      acknowledged.push({ id, inputs });
      engine.invoker.attach(
        id,
        {},
        {
          output: ({ index }) => heard.set(`${id} ${index}`, (heard.get(`${id} ${index}`) ?? 0) + 1),
          failed: (failure) => heard.set(`${id} ${failure.message}`, 99),
        },
      );
    };
    let clients = 0;
    const startClient = () => program(SPAWNER, { ...home.env, FIRST: String(++clients * 1_000_000) });
    let client = startClient();
    const told: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (Math.random() < 0.3) {
        client.child.kill("SIGKILL");
        told.push((await client.finished).stdout);
        client = startClient();
      }
      const spawning = Promise.all(Array.from({ length: 4 }, spawnSome));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      const status = await hostStatus(home.url);
      const victims = status ? [status.pid, status.pid, ...status.containers.map(({ pid }) => pid)] : [];
      const victim = victims[Math.floor(Math.random() * victims.length)];
      try {
        if (victim && process.platform !== "win32" && Math.random() < 0.3) {
          process.kill(victim, "SIGSTOP");
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 500));
          process.kill(victim, "SIGCONT");
        } else if (victim) process.kill(victim, "SIGKILL");
      } catch {
        // It was quicker.
      }
      await spawning;
    }
    client.child.kill("SIGKILL");
    told.push((await client.finished).stdout);
    const inputs = acknowledged.reduce((sum, call) => sum + call.inputs.length, 0);
    await expect.poll(() => heard.size, patient).toBe(inputs);
    expect([...heard.values()].every((times) => times === 1)).toBe(true);
    for (const { id, inputs } of acknowledged) {
      const outcomes = await app.get(id, inputs.length);
      expect(outcomes.map(({ value, error }) => error ?? value)).toEqual(inputs.map((n) => n * 2));
    }
    // The last line may be cut off.
    const whole = told.flatMap((stdout) => stdout.split("\n").slice(0, -1));
    for (const line of whole) {
      const [id, first, count] = line.split(" ");
      const outcomes = await app.get(id!, Number(count));
      expect(outcomes.map(({ value, error }) => error ?? value)).toEqual(
        Array.from({ length: Number(count) }, (_, i) => (Number(first) + i) * 2),
      );
    }
    await engine.close();
  },
  60_000 + ROUNDS * 15_000,
);

test("an input waits for its container, however often the container is killed while it starts", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const go = join(home.path, "go");
  await engine.deployer!.deploy(
    deployment(
      "work",
      `import { existsSync } from "node:fs";
      while (!existsSync(${JSON.stringify(go)})) await new Promise((r) => setTimeout(r, 20));
      export const double = app.function(function double(n) { return n * 2; });`,
      { double: { options: { maxContainers: 1 } } },
    ),
  );
  const app = new Driver(engine, "work");
  const id = await app.spawn("double", [[21]]);
  const killed = new Set<number>();
  const killNext = async (): Promise<number> => {
    for (const { pid, state } of (await hostStatus(home.url))!.containers) {
      if (state !== "starting" || killed.has(pid)) continue;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    }
    return killed.size;
  };
  await expect.poll(killNext, { ...patient, interval: 20 }).toBeGreaterThan(4);
  writeFileSync(go, "");
  expect(await app.get(id)).toEqual([{ index: 0, value: 42 }]);
  await engine.close();
});

test("results expire, and say so", async () => {
  await using home = await temporaryHome();
  const env = { ...home.env, FARCALL_RETENTION_MS: "300" };
  expect(await program("await engine.registry.listApps();", env).finished).toMatchObject({ code: 0 });
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(double);
  const app = new Driver(engine, "work");
  const id = await app.spawn("double", [[1]]);
  await expect
    .poll(async () => app.get(id).catch((error: unknown) => error), patient)
    .toBeInstanceOf(OutputExpiredError);
  await expect(engine.invoker.poll(id, {})).rejects.toThrow(OutputExpiredError);
  expect(await engine.invoker.call(id)).toMatchObject({ id, numEnded: 1 });
  await engine.close();
});
