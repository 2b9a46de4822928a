/**
 * Breaks a host again and again while calls run, and keeps a ledger of them: hosts, containers and callers that are killed or
 * stand still, starts that fail, a disk without room, a clock that jumps. Run by hand, as root for the disk, after a build:
 *
 *     node test/engines/local/kill-loop.ts [seconds] [seed]
 *
 * What is checked: every acknowledged input ends once for each reader, with the right value; whoever reads a call later gets the
 * same outcomes; one key makes one call; a call that is not durable ends once and fails only with its host. Executions are
 * counted. Ends with exit code 1 when anything is wrong, and says what.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Engine } from "../../../src/engine/index.ts";
import { hostStatus, stopHost } from "../../../src/engines/local/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { Ledger, type Value } from "../../engine/ledger.ts";
import { smallDisk } from "../../support/small-disk.ts";

const [seconds = "300", seed = String(Date.now() % 100_000)] = process.argv.slice(2);
const LARGE = 20_000_000;
/** Calls with large results: they stay on the disk. */
const LARGE_CALLS = 50;
const HOUR_MS = 3_600_000;
const built = join(import.meta.dirname, "../../../dist/index.js");
/** Hosts and containers are those of dist. */
const { Client } = (await import(built)) as typeof import("../../../src/index.ts");

const ledger = new Ledger(Number(seed));
const { counts } = ledger;
const scratch = mkdtempSync(join(tmpdir(), "fkl-"));
const disk = smallDisk(3_000);
const home = disk?.path ?? mkdtempSync(join(tmpdir(), "fkl-"));
const url = `local:${home}`;
const down = join(scratch, "down");
const clock = join(scratch, "clock");
let largeCalls = 0;
let readAgain = 0;

const apps = [
  deployment(
    "loop",
    `
import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What it returns differs from run to run. */
const run = async (n, log, ms) => { await sleep(ms); appendFileSync(log, n + "\\n"); return { n, run: randomUUID() }; };
export const work = app.function(async function work(n, log, ms) { return run(n, log, ms); });
export const large = app.function(async function large(n, log, ms) {
  return { ...(await run(n, log, ms)), bytes: new Uint8Array(${LARGE}).fill(n + 1) };
});
export const count = app.function(async function* count(n, log, ms) {
  for (let i = 0; i < n; i++) { await sleep(ms); yield i; }
});`,
    { work: { options: { maxContainers: 4, scaledownWindowMs: 2_000 } }, large: {}, count: { mode: "generator" } },
  ),
  deployment(
    "flaky",
    `
import { appendFileSync, existsSync } from "node:fs";
import { randomUUID } from "node:crypto";
app.onStart(() => { if (existsSync(${JSON.stringify(down)}) && Math.random() < 0.8) throw new Error("the database does not answer"); });
export const work = app.function(async function work(n, log, ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  appendFileSync(log, n + "\\n");
  return { n, run: randomUUID() };
});`,
    { work: { options: { maxContainers: 3, scaledownWindowMs: 200, startRetryMs: 24 * HOUR_MS } } },
  ),
];

// Hosts take their time from here. Their containers do not inherit this.
writeFileSync(clock, "0");
const preload = join(scratch, "clock.mjs");
writeFileSync(
  preload,
  `import { readFileSync } from "node:fs";
   const Real = Date;
   let ahead = 0;
   if (process.argv[1]?.includes("/host/")) setInterval(() => { ahead = Number(readFileSync(${JSON.stringify(clock)}, "utf8")); }, 100).unref();
   globalThis.Date = class extends Real {
     constructor(...args) { if (args.length === 0) super(Real.now() + ahead); else super(...args); }
     static now() { return Real.now() + ahead; }
   };`,
);
process.env["NODE_OPTIONS"] = `--import ${pathToFileURL(preload)}`;
process.env["FARCALL_HOME"] = home;

const newFile = (number: number): string => {
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  return file;
};
const executions = (file: string): void => {
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
};
const inputsOf = (count: number, file: string, ms: number): unknown[][] =>
  Array.from({ length: count }, (_, n) => [n, file, ms]);
const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

let broken = true;

/** A reader may be told that no host can be reached, while one cannot be; then it asks again. */
async function reading<T>(name: string, id: string, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ledger.within(`${name} ${id}`, read(), async () =>
        JSON.stringify(await engines[0]!.invoker.poll(id, {})).slice(0, 300),
      );
    } catch (error) {
      if (codeOf(error) !== "FARCALL_ENGINE_UNAVAILABLE" || !broken) throw error;
      readAgain++;
      ledger.log(`${name} ${id} is read again: ${(error as Error).message}`);
      await sleep(500);
    }
  }
}

async function durable(engine: Engine, other: Engine): Promise<void> {
  const number = ++counts.calls;
  const app = ledger.pick(["loop", "loop", "flaky"]);
  const fn = app === "loop" && ledger.random() < 0.12 && ++largeCalls < LARGE_CALLS ? "large" : "work";
  const name = `durable ${number} of ${app}/${fn}`;
  const count = fn === "large" ? 1 + ledger.below(2) : ledger.pick([1, 1, 5, 60, 1_500]);
  const file = newFile(number);
  const late = ledger.random() < 0.15;
  const options = {
    ...(ledger.random() < 0.4 && { idempotencyKey: `key ${number}` }),
    ...(late && { dueAt: Date.now() + ledger.below(4_000) }),
  };
  const openers = "idempotencyKey" in options ? [engine, other] : [engine];
  const all = inputsOf(count, file, ledger.pick([0, 0, 5, 30]));
  let id: string;
  try {
    const ids = await ledger.within(
      `${name}, to be accepted,`,
      Promise.all(openers.map((each) => new Driver(each, app).spawn(fn, all, options))),
    );
    if (new Set(ids).size > 1) ledger.complain(`${name}: one key has made the calls ${ids.join(" and ")}`);
    id = ids[0]!;
  } catch (error) {
    // It was not acknowledged, so nothing is promised.
    counts.failed++;
    ledger.log(`${name} was not accepted: ${(error as Error).message}`);
    if (codeOf(error) !== "FARCALL_ENGINE_UNAVAILABLE") ledger.complain(`${name}: ${(error as Error).message}`);
    return;
  }
  counts.inputs += count;
  const settle = async (): Promise<void> => {
    const read = (from: Engine) => reading(name, id, () => new Driver(from, app).get(id, count));
    const told = await Promise.all([engine, other].map(read));
    const [first = [], second = []] = told.map((outcomes, at) =>
      ledger.check(`${name}, reader ${at}`, outcomes, count),
    );
    ledger.same(name, first, second);
    for (const run of first) if (run.startsWith("error")) ledger.complain(`${name}: a durable input failed: ${run}`);
    for (const { value, index } of told.flat()) {
      const { bytes } = value as Value & { bytes?: Uint8Array };
      if (fn === "large" && !(bytes?.length === LARGE && bytes.every((byte) => byte === index + 1)))
        ledger.complain(`${name}: the bytes of input ${index} are wrong`);
    }
    const later = ledger.check(`${name}, read later`, await read(other), count);
    ledger.same(`${name}, read later`, first, later);
    const stored = await reading(name, id, () => engine.invoker.poll(id, {}));
    if (stored.length !== count) ledger.complain(`${name}: ${stored.length} outcomes of ${count} are stored`);
    executions(file);
  };
  // With a clock that was set back, its time comes when nothing breaks any more.
  if (late) lateCalls.push(settle());
  else await settle();
}
const lateCalls: Promise<void>[] = [];

async function passing(engine: Engine): Promise<void> {
  const number = ++counts.calls;
  const generates = ledger.random() < 0.2;
  const name = `${generates ? "generator" : "map"} ${number}`;
  const count = ledger.pick([1, 50, 500]);
  const file = newFile(number);
  const app = new Driver(engine, "loop");
  try {
    if (generates) {
      const call = app.call("count", [[count, file, 1]], { method: "remoteGen" });
      call.handle.credit(count + 1);
      const outcomes = await ledger.within(name, call.outcomes);
      const [end] = outcomes.splice(-1);
      if (end?.error) throw end.error;
      if (outcomes.length !== count || outcomes.some(({ value }, at) => value !== at))
        ledger.complain(`${name}: ${outcomes.length} of ${count} values, or in another order`);
      return;
    }
    counts.inputs += count;
    const runs = ledger.check(
      name,
      await ledger.within(name, app.call("work", inputsOf(count, file, ledger.pick([0, 5, 30]))).outcomes),
      count,
    );
    for (const run of runs) if (run.startsWith("error")) ledger.complain(`${name}: ${run}`);
  } catch (error) {
    counts.failed++;
    // A generator that has yielded does not begin again.
    const allowed = ["FARCALL_ENGINE_UNAVAILABLE", ...(generates ? ["FARCALL_INTERNAL_FAILURE"] : [])];
    if (!allowed.includes(String(codeOf(error))))
      ledger.complain(`${name}: ${codeOf(error)} ${(error as Error).message}`);
  }
  executions(file);
}

/** A program that spawns calls until it is killed, and prints the id of each that was acknowledged. */
async function mortal(engine: Engine): Promise<void> {
  const number = ++counts.calls;
  const file = newFile(number);
  const program = join(scratch, "mortal.mjs");
  writeFileSync(
    program,
    `import { Function } from ${JSON.stringify(built)};
     const f = Function.fromName("loop", "work");
     const file = process.argv[2];
     for (;;) try {
       console.log((await f.spawnMap(Array.from({ length: 20 }, (_, n) => n), Array(20).fill(file), Array(20).fill(2))).id);
     } catch (error) { if (error.code !== "FARCALL_ENGINE_UNAVAILABLE") console.error(error); await new Promise((r) => setTimeout(r, 100)); }`,
  );
  const child: ChildProcess = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout!.on("data", (text: Buffer) => {
    printed += text;
  });
  await sleep(1_000 + ledger.below(2_500));
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  const ids = printed.split("\n").slice(0, -1);
  for (const id of ids) {
    counts.inputs += 20;
    const name = `${id} of a caller that was killed`;
    const runs = ledger.check(name, await reading(name, id, () => new Driver(engine, "loop").get(id, 20)), 20);
    for (const run of runs) if (run.startsWith("error")) ledger.complain(`${name}: a durable input failed: ${run}`);
  }
  executions(file);
}

/** The last host's process, and those of its containers. */
async function processes(): Promise<{ host: number; containers: number[] } | undefined> {
  const status = await Promise.race([hostStatus(url).catch(() => undefined), sleep(2_000)]);
  return status ? { host: status.pid, containers: status.containers.map(({ pid }) => pid) } : undefined;
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}

async function pause(pid: number | undefined, ms: number): Promise<void> {
  signal(pid, "SIGSTOP");
  await sleep(ms);
  signal(pid, "SIGCONT");
}

const events: Record<string, () => Promise<void>> = {
  "host killed": async () => signal((await processes())?.host, "SIGKILL"),
  "host told to stop": async () => signal((await processes())?.host, "SIGTERM"),
  "host paused": async () => pause((await processes())?.host, 500 + ledger.below(6_000)),
  async "host killed while it pauses"() {
    const host = (await processes())?.host;
    signal(host, "SIGSTOP");
    await sleep(ledger.below(3_000));
    signal(host, "SIGKILL");
  },
  "container killed": async () => signal(ledger.pick((await processes())?.containers ?? []), "SIGKILL"),
  "container paused": async () => pause(ledger.pick((await processes())?.containers ?? []), ledger.below(5_000)),
  async "starts fail"() {
    writeFileSync(down, "");
    signal((await processes())?.host, "SIGKILL");
    await sleep(ledger.below(6_000));
    rmSync(down);
  },
  async "the clock jumps"() {
    writeFileSync(clock, String((ledger.random() - 0.5) * 12 * HOUR_MS));
    await sleep(ledger.below(3_000));
  },
  async "no room on the disk"() {
    disk?.fill(ledger.pick([0, 4_096, 100_000, 1_000_000]));
    await sleep(ledger.below(2_000));
    if (ledger.random() < 0.5) signal((await processes())?.host, "SIGKILL");
    await sleep(ledger.below(4_000));
    disk?.free();
  },
};

ledger.log(`seed ${seed}, ${seconds} s, in ${home}${disk ? "" : " (no disk of its own)"}`);
const clients = [1, 2, 3].map(() => new Client({ engine: url }));
const engines = await Promise.all(clients.map((client) => client.engine()));
let code = 1;
try {
  for (const app of apps) await engines[0]!.deployer!.deploy(app);
  const until = performance.now() + 1_000 * Number(seconds);
  let stopped = false;
  const breaking = (async () => {
    while (!stopped) {
      await sleep(300 + ledger.below(2_500));
      const name = ledger.pick(Object.keys(events));
      ledger.event(name);
      await events[name]!();
    }
  })();
  const callers = Array.from({ length: 4 }, async (_, at) => {
    while (performance.now() < until) {
      const engine = ledger.pick(engines);
      const kind = ledger.random();
      const work = at === 0 ? mortal(engine) : kind < 0.7 ? durable(engine, ledger.pick(engines)) : passing(engine);
      await work.catch((error: Error) => ledger.complain(error.stack ?? error.message));
    }
  });
  // A fault of the loop itself ends it.
  const all = Promise.all(callers);
  await Promise.race([sleep(1_000 * Number(seconds)), breaking]);
  stopped = true;
  await breaking;
  writeFileSync(clock, "0");
  broken = false;
  ledger.calm();
  await all;
  for (const call of lateCalls) await call.catch((error: Error) => ledger.complain(error.message));
  if (existsSync(down)) ledger.complain("the loop itself is wrong: starts still fail");
  ledger.log(`read again ${readAgain} times`);
  code = ledger.close();
} finally {
  for (const engine of engines) await engine.close();
  await stopHost(url, { force: true });
  if (disk) disk[Symbol.dispose]();
  else rmSync(home, { recursive: true });
  rmSync(scratch, { recursive: true });
}
process.exit(code);
