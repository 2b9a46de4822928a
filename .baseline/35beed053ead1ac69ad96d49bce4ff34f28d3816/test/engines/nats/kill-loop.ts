/**
 * Breaks a cluster again and again while calls run, and keeps a ledger of them: three servers, three workers, and callers that
 * may die too. Run by hand:
 *
 *     node test/engines/nats/kill-loop.ts [seconds] [seed]
 *
 * What is checked: every acknowledged input ends once for each waiter, with the right value; whoever reads a call later gets the
 * same outcomes; one key makes one call; of calls that are not durable, each input ends once, and what fails was lost with a
 * worker or a server. Executions are counted. Ends with exit code 1 when anything is wrong, and says what.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../../../src/engine/index.ts";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { HOME, streams } from "../../../src/engines/nats/names.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver, type Outcome } from "../../engine/drive.ts";
import { Cluster } from "./cluster.ts";

const [seconds = "300", seed = String(Date.now() % 100_000)] = process.argv.slice(2);
/** While things break, nothing says how long a call may take; after that it has so long. */
const WAIT_MS = 60_000;
const retries = { maxRetries: 3, backoffCoefficient: 1, initialDelayMs: 10, maxDelayMs: 10 };

const app = deployment(
  "loop",
  `
import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What it returns differs from run to run. */
const run = async (n, log, ms) => { await sleep(ms); appendFileSync(log, n + "\\n"); return { n, run: randomUUID() }; };
export const repeated = app.function(async function repeated(n, log, ms) { return run(n, log, ms); });
export const once = app.function(async function once(n, log, ms) { return run(n, log, ms); });
`,
  {
    repeated: { options: { retries, maxContainers: 6 } },
    once: { options: { maxContainers: 6 } },
  },
);

type Value = { n: number; run: string };

/** mulberry32: the same rounds for the same seed. */
let state = Number(seed);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;

const scratch = mkdtempSync(join(tmpdir(), "fkl-"));
const counts = { calls: 0, inputs: 0, executions: 0, failed: 0, faults: 0, events: {} as Record<string, number> };
const wrong: string[] = [];
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 23)} ${line}`);
const complain = (line: string): void => {
  counts.faults++;
  wrong.push(line);
  log(`WRONG: ${line}`);
};

const calm = Promise.withResolvers<void>();

/** Rejects when nothing breaks any more and it has not ended all the same. @param id of the call that is waited for */
async function within<T>(name: string, promise: Promise<T>, id?: string): Promise<T> {
  let ended = false;
  const late = calm.promise.then(async () => {
    for (let waited = 0; waited < WAIT_MS && !ended; waited += 500) await sleep(500);
    if (ended) return new Promise<never>(() => {});
    throw new Error(`${name} does not end${id === undefined ? "" : `: ${await describeCall(id)}`}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    ended = true;
  }
}

async function describeCall(id: string): Promise<string> {
  const info = await engines[0]!.invoker.call(id);
  const outputs = await engines[0]!.invoker.poll(id, {});
  const home = await operator.ask(({ jsm }) => jsm.consumers.info(streams.calls, HOME));
  return JSON.stringify({
    info,
    outputs: outputs.length,
    delivered: home.delivered,
    floor: home.ack_floor,
    unacked: home.num_ack_pending,
    redelivered: home.num_redelivered,
    pending: home.num_pending,
  });
}

function inputsOf(count: number, file: string, ms: number): unknown[][] {
  return Array.from({ length: count }, (_, n) => [n, file, ms]);
}

/** Each input has one outcome, which is its own. */
function check(name: string, outcomes: readonly Outcome[], count: number): string[] {
  const runs: string[] = [];
  for (const { index, value, error } of outcomes) {
    if (runs[index] !== undefined) complain(`${name}: input ${index} was told twice`);
    if (!error && (value as Value).n !== index) complain(`${name}: input ${index} has the value of another`);
    runs[index] = error ? `error ${(error as { code?: string }).code}` : (value as Value).run;
  }
  for (let index = 0; index < count; index++) if (!runs[index]) complain(`${name}: input ${index} has no outcome`);
  return runs;
}

function same(name: string, one: readonly string[], other: readonly string[]): void {
  const at = one.findIndex((run, index) => run !== other[index]);
  if (at >= 0) complain(`${name}: readers disagree about input ${at}: ${one[at]} and ${other[at]}`);
}

async function durable(engine: Engine, other: Engine): Promise<void> {
  const number = ++counts.calls;
  const name = `durable ${number}`;
  const count = pick([1, 1, 5, 60, 400]);
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  const driver = new Driver(engine, "loop");
  const idempotencyKey = random() < 0.4 ? `key ${number}` : undefined;
  const all = inputsOf(count, file, pick([0, 5, 30]));
  const options = { ...(idempotencyKey !== undefined && { idempotencyKey }) };
  let id: string;
  try {
    const ids = await within(
      `${name}, to be accepted`,
      Promise.all(
        [driver, ...(idempotencyKey === undefined ? [] : [new Driver(other, "loop")])].map((each) =>
          each.spawn("once", all, options),
        ),
      ),
    );
    if (new Set(ids).size > 1) complain(`${name}: one key has made the calls ${ids.join(" and ")}`);
    id = ids[0]!;
  } catch (error) {
    // It was not acknowledged, so nothing is promised.
    counts.failed++;
    log(`${name} was not accepted: ${(error as Error).message}`);
    return;
  }
  counts.inputs += count;
  const read = (from: Engine) => within(`${name} ${id}`, new Driver(from, "loop").get(id, count), id);
  const told = await Promise.all([engine, other].map(read));
  const [first = [], second = []] = told.map((outcomes, at) => check(`${name}, reader ${at}`, outcomes, count));
  same(name, first, second);
  for (const run of first) if (run.startsWith("error")) complain(`${name}: a durable input failed: ${run}`);
  const later = check(`${name}, read later`, await read(other), count);
  same(`${name}, read later`, first, later);
  const polled = (await engine.invoker.poll(id, {})).length;
  if (polled !== count) complain(`${name}: ${polled} outcomes of ${count} are stored`);
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
}

async function passing(engine: Engine): Promise<void> {
  const number = ++counts.calls;
  const name = `map ${number}`;
  const count = pick([1, 50, 500]);
  const fn = pick(["once", "repeated"]);
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  const { outcomes } = new Driver(engine, "loop").call(fn, inputsOf(count, file, pick([0, 5, 30])));
  counts.inputs += count;
  try {
    const runs = check(name, await within(name, outcomes), count);
    const errors = runs.filter((run) => run.startsWith("error"));
    counts.failed += errors.length;
    for (const error of errors) if (!error.includes("ENGINE_UNAVAILABLE")) complain(`${name}: ${error}`);
    if (fn === "repeated" && errors.length > 0)
      complain(`${name}: ${errors.length} inputs that may be repeated failed`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    counts.failed++;
    if (code !== "FARCALL_ENGINE_UNAVAILABLE") complain(`${name}: ${message}`);
    else if (fn === "repeated") complain(`${name}, which may be repeated: ${message}`);
  }
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
}

/** A program that spawns calls until it is killed, and prints the id of each that was acknowledged. */
async function mortal(cluster: Cluster, engine: Engine): Promise<void> {
  const number = ++counts.calls;
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  const program = join(scratch, "mortal.mjs");
  const module = (path: string) => JSON.stringify(join(import.meta.dirname, "../../..", path));
  writeFileSync(
    program,
    `import { natsEngine } from ${module("src/engines/nats/index.ts")};
     import { Driver } from ${module("test/engine/drive.ts")};
     const [url, file] = process.argv.slice(2);
     const driver = new Driver(natsEngine(url), "loop");
     for (;;) console.log(await driver.spawn("once", Array.from({ length: 20 }, (_, n) => [n, file, 5])));`,
  );
  const child: ChildProcess = spawn(process.execPath, [program, cluster.url, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout!.on("data", (text: Buffer) => {
    printed += text;
  });
  await sleep(1_500 + below(1_500));
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  const ids = printed.split("\n").slice(0, -1);
  for (const id of ids) {
    counts.inputs += 20;
    const outcomes = await within(`${id} of a caller that was killed`, new Driver(engine, "loop").get(id, 20), id);
    check(`${id} of a caller that was killed`, outcomes, 20);
  }
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
}

const events: Record<string, (cluster: Cluster) => Promise<void>> = {
  async "worker killed"(cluster) {
    const worker = pick(cluster.workers);
    await worker.kill();
    await sleep(below(2_000));
    await worker.start();
  },
  async "worker told to stop"(cluster) {
    const worker = pick(cluster.workers);
    await worker.kill("SIGTERM");
    await worker.start();
  },
  async "worker paused"(cluster) {
    const { pid } = pick(cluster.workers);
    process.kill(pid, "SIGSTOP");
    await sleep(1_000 + below(6_000));
    process.kill(pid, "SIGCONT");
  },
  async "server killed"(cluster) {
    const server = pick(cluster.servers);
    await server.kill();
    await sleep(below(3_000));
    await server.start();
  },
  async "server isolated"(cluster) {
    cluster.isolate(below(cluster.servers.length));
    await sleep(2_000 + below(10_000));
    cluster.join();
  },
  async "road of a worker cut"(cluster) {
    const road = pick(cluster.roads);
    road.cut();
    await sleep(below(6_000));
    road.mend();
  },
  async "road of a worker stalled"(cluster) {
    const road = pick(cluster.roads);
    road.stall();
    await sleep(below(6_000));
    road.mend();
  },
};

log(`seed ${seed}, ${seconds} s`);
const cluster = await Cluster.start({ servers: 3, workers: 3, through: true });
const engines = [cluster.engine(), cluster.engine(), cluster.engine(1)];
const operator = new Connection(parseAddress(cluster.url), "operator");
try {
  await engines[0]!.deployer!.deploy(app);
  const until = performance.now() + 1_000 * Number(seconds);
  let stopped = false;
  const breaking = (async () => {
    while (!stopped) {
      await sleep(500 + below(2_500));
      const name = pick(Object.keys(events));
      counts.events[name] = (counts.events[name] ?? 0) + 1;
      log(name);
      await events[name]!(cluster);
    }
  })();
  const callers = Array.from({ length: 4 }, async (_, at) => {
    while (performance.now() < until) {
      const engine = pick(engines);
      const work =
        at === 0 ? mortal(cluster, engine) : random() < 0.6 ? durable(engine, pick(engines)) : passing(engine);
      await work.catch((error: Error) => complain(error.message));
    }
  });
  // A fault of the loop itself ends it.
  const all = Promise.all(callers);
  await Promise.race([sleep(1_000 * Number(seconds)), breaking]);
  stopped = true;
  await breaking;
  log("nothing breaks any more");
  calm.resolve();
  await all;
} finally {
  for (const engine of engines) await engine.close();
  await operator.close();
  await cluster[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
}
log(JSON.stringify(counts));
for (const line of wrong) console.log(line);
process.exit(wrong.length === 0 ? 0 : 1);
