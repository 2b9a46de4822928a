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
import { HOME, streams, subjects } from "../../../src/engines/nats/names.ts";
import { FrameReader } from "../../../src/wire/frames.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { Ledger } from "../../engine/ledger.ts";
import { Cluster } from "./cluster.ts";

const [seconds = "300", seed = String(Date.now() % 100_000)] = process.argv.slice(2);
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

const ledger = new Ledger(Number(seed));
const { counts } = ledger;
const scratch = mkdtempSync(join(tmpdir(), "fkl-"));

async function describeCall(id: string): Promise<string> {
  const info = await engines[0]!.invoker.call(id);
  const outputs = await engines[0]!.invoker.poll(id, {});
  const home = await operator.ask(({ jsm }) => jsm.consumers.info(streams.calls, HOME));
  return JSON.stringify({
    info,
    stored: await outputsAsLeaderHasThem(id),
    outputs: outputs.length,
    delivered: home.delivered,
    floor: home.ack_floor,
    unacked: home.num_ack_pending,
    redelivered: home.num_redelivered,
    pending: home.num_pending,
  });
}

/** Sequence, writer and indices of each message, to tell what was never stored from what a replica lacks. */
async function outputsAsLeaderHasThem(id: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let seq = 1; ; ) {
    const query = { seq, next_by_subj: subjects.outputs(id) };
    const message = await operator.readNewest(streams.outputs, query);
    if (!message) return found;
    const indices: number[] = [];
    new FrameReader(({ index }) => indices.push(index)).push(Buffer.from(message.data));
    found.push([message.seq, message.subject.split(".").at(-1), indices.join(" ")]);
    seq = message.seq + 1;
  }
}

function inputsOf(count: number, file: string, ms: number): unknown[][] {
  return Array.from({ length: count }, (_, n) => [n, file, ms]);
}

async function durable(engine: Engine, other: Engine): Promise<void> {
  const number = ++counts.calls;
  const name = `durable ${number}`;
  const count = ledger.pick([1, 1, 5, 60, 400]);
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  const driver = new Driver(engine, "loop");
  const idempotencyKey = ledger.random() < 0.4 ? `key ${number}` : undefined;
  const all = inputsOf(count, file, ledger.pick([0, 5, 30]));
  const options = { ...(idempotencyKey !== undefined && { idempotencyKey }) };
  let id: string;
  try {
    const ids = await ledger.within(
      `${name}, to be accepted`,
      Promise.all(
        [driver, ...(idempotencyKey === undefined ? [] : [new Driver(other, "loop")])].map((each) =>
          each.spawn("once", all, options),
        ),
      ),
    );
    if (new Set(ids).size > 1) ledger.complain(`${name}: one key has made the calls ${ids.join(" and ")}`);
    id = ids[0]!;
  } catch (error) {
    // It was not acknowledged, so nothing is promised.
    counts.failed++;
    ledger.log(`${name} was not accepted: ${(error as Error).message}`);
    return;
  }
  counts.inputs += count;
  const read = (from: Engine) =>
    ledger.within(`${name} ${id}`, new Driver(from, "loop").get(id, count), () => describeCall(id));
  const told = await Promise.all([engine, other].map(read));
  const [first = [], second = []] = told.map((outcomes, at) => ledger.check(`${name}, reader ${at}`, outcomes, count));
  ledger.same(name, first, second);
  for (const run of first) if (run.startsWith("error")) ledger.complain(`${name}: a durable input failed: ${run}`);
  const later = ledger.check(`${name}, read later`, await read(other), count);
  ledger.same(`${name}, read later`, first, later);
  const polled = (await engine.invoker.poll(id, {})).length;
  if (polled !== count) ledger.complain(`${name}: ${polled} outcomes of ${count} are stored`);
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
}

async function passing(engine: Engine): Promise<void> {
  const number = ++counts.calls;
  const name = `map ${number}`;
  const count = ledger.pick([1, 50, 500]);
  const fn = ledger.pick(["once", "repeated"]);
  const file = join(scratch, `calls-${number}`);
  writeFileSync(file, "");
  const { outcomes } = new Driver(engine, "loop").call(fn, inputsOf(count, file, ledger.pick([0, 5, 30])));
  counts.inputs += count;
  try {
    const runs = ledger.check(name, await ledger.within(name, outcomes), count);
    const errors = runs.filter((run) => run.startsWith("error"));
    counts.failed += errors.length;
    for (const error of errors) if (!error.includes("ENGINE_UNAVAILABLE")) ledger.complain(`${name}: ${error}`);
    if (fn === "repeated" && errors.length > 0)
      ledger.complain(`${name}: ${errors.length} inputs that may be repeated failed`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    counts.failed++;
    if (code !== "FARCALL_ENGINE_UNAVAILABLE") ledger.complain(`${name}: ${message}`);
    else if (fn === "repeated") ledger.complain(`${name}, which may be repeated: ${message}`);
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
  await sleep(1_500 + ledger.below(1_500));
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  const ids = printed.split("\n").slice(0, -1);
  for (const id of ids) {
    counts.inputs += 20;
    const outcomes = await ledger.within(
      `${id} of a caller that was killed`,
      new Driver(engine, "loop").get(id, 20),
      () => describeCall(id),
    );
    ledger.check(`${id} of a caller that was killed`, outcomes, 20);
  }
  counts.executions += readFileSync(file, "utf8").split("\n").length - 1;
}

const events: Record<string, (cluster: Cluster) => Promise<void>> = {
  async "worker killed"(cluster) {
    const worker = ledger.pick(cluster.workers);
    await worker.kill();
    await sleep(ledger.below(2_000));
    await worker.start();
  },
  async "worker told to stop"(cluster) {
    const worker = ledger.pick(cluster.workers);
    await worker.kill("SIGTERM");
    await worker.start();
  },
  async "worker paused"(cluster) {
    const { pid } = ledger.pick(cluster.workers);
    process.kill(pid, "SIGSTOP");
    await sleep(1_000 + ledger.below(6_000));
    process.kill(pid, "SIGCONT");
  },
  async "server killed"(cluster) {
    const server = ledger.pick(cluster.servers);
    await server.kill();
    await sleep(ledger.below(3_000));
    await server.start();
  },
  async "server isolated"(cluster) {
    cluster.isolate(ledger.below(cluster.servers.length));
    await sleep(2_000 + ledger.below(10_000));
    cluster.join();
  },
  async "road of a worker cut"(cluster) {
    const road = ledger.pick(cluster.roads);
    road.cut();
    await sleep(ledger.below(6_000));
    road.mend();
  },
  async "road of a worker stalled"(cluster) {
    const road = ledger.pick(cluster.roads);
    road.stall();
    await sleep(ledger.below(6_000));
    road.mend();
  },
};

ledger.log(`seed ${seed}, ${seconds} s`);
const cluster = await Cluster.start({ servers: 3, workers: 3, through: true });
const engines = [cluster.engine(), cluster.engine(), cluster.engine(1)];
const operator = new Connection(parseAddress(cluster.url), "operator");
try {
  await engines[0]!.deployer!.deploy(app);
  const until = performance.now() + 1_000 * Number(seconds);
  let stopped = false;
  const breaking = (async () => {
    while (!stopped) {
      await sleep(500 + ledger.below(2_500));
      const name = ledger.pick(Object.keys(events));
      ledger.event(name);
      await events[name]!(cluster);
    }
  })();
  const callers = Array.from({ length: 4 }, async (_, at) => {
    while (performance.now() < until) {
      const engine = ledger.pick(engines);
      const work =
        at === 0
          ? mortal(cluster, engine)
          : ledger.random() < 0.6
            ? durable(engine, ledger.pick(engines))
            : passing(engine);
      await work.catch((error: Error) => ledger.complain(error.message));
    }
  });
  // A fault of the loop itself ends it.
  const all = Promise.all(callers);
  await Promise.race([sleep(1_000 * Number(seconds)), breaking]);
  stopped = true;
  await breaking;
  ledger.calm();
  await all;
} finally {
  for (const engine of engines) await engine.close();
  await operator.close();
  await cluster[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
}
process.exit(ledger.close());
