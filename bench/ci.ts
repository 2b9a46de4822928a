/**
 * `npm run bench:ci`: this working tree beside the farcall of bench/baseline.txt, in turns; exits with 1 when a figure has become worse by a
 * quarter, and still is when that is measured again. Figures are processor time of all processes that take part: other load on
 * the machine hardly changes it.
 */

import { baseline } from "./support/baseline.ts";
import type { Contestant } from "./support/contestant.ts";
import { median, takeTurns } from "./support/measure.ts";
import { findProcesses, processorTime } from "./support/processes.ts";
import { REPOSITORY, timeNode } from "./support/project.ts";
import { makeShapedProject } from "./support/shaped-project.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const WORSE = 1.25;
const ROUNDS = 7;
const CALLS = 800;
const INPUTS = 30_000;
const FUNCTIONS = 200;
const log = (line: string): void => console.error(`· ${line}`);

/** Seconds of the processor that one turn takes. */
type Turn = () => number | Promise<number>;

const started = performance.now();
const earlier = baseline(log);
if (earlier === undefined) process.exit(0);
await using before = await contestants(earlier);
await using now = await contestants(REPOSITORY);
const worse: string[] = [];
for (const what of ["remote", "map", "codegen"] as const) {
  const turns = { before: before.turns[what], now: now.turns[what] };
  for (const turn of Object.values(turns)) await turn();
  if (await isWorse(what, turns)) {
    log(`${what} is measured again`);
    if (await isWorse(what, turns)) worse.push(what);
  }
}
log(`${Math.round((performance.now() - started) / 1_000)} s`);
if (worse.length > 0) {
  console.error(`${worse.join(", ")}: more than ${WORSE} times the processor time of the commit in bench/baseline.txt`);
  process.exitCode = 1;
}

async function isWorse(what: string, turns: { before: Turn; now: Turn }): Promise<boolean> {
  const samples = await takeTurns(ROUNDS, turns);
  const ratios = samples["now"]!.map((seconds, round) => seconds / samples["before"]![round]!);
  const ratio = median(ratios);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((each) => each.toFixed(2));
  const { before, now } = { before: median(samples["before"]!), now: median(samples["now"]!) };
  console.log(
    `${what.padEnd(8)} ${ratio.toFixed(2)} of before (${least} to ${most} in ${ROUNDS} rounds; ${before.toFixed(2)} s, now ${now.toFixed(2)} s of the processor)`,
  );
  // What is slower is so in its least disturbed turn too.
  return ratio > WORSE && Math.min(...samples["now"]!) > WORSE * Math.min(...samples["before"]!);
}

/** What one package does. */
async function contestants(root: string) {
  const resources = new AsyncDisposableStack();
  const app = resources.use(await startTrivialApp(root));
  const client = resources.use(await app.client());
  const shaped = resources.use(await makeShapedProject(true, FUNCTIONS, root));
  const { args, cwd, env, removeOutput } = shaped.generators["farcall"]!;
  const calls =
    (burst: (client: Contestant) => Promise<unknown>): Turn =>
    async () => {
      const start = taken(client, app.project.home);
      await burst(client);
      return taken(client, app.project.home) - start;
    };
  return {
    turns: {
      remote: calls((each) => each.latency(CALLS)),
      map: calls((each) => each.throughput(INPUTS)),
      codegen: () => {
        removeOutput();
        const start = processorTime(process.pid).children;
        timeNode(args, cwd, env);
        return processorTime(process.pid).children - start;
      },
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** By the client, the host and the containers that run at the moment. */
function taken(client: Contestant, home: string): number {
  const { hosts, containers } = findProcesses(home);
  return [client.pid, ...hosts, ...containers].reduce((sum, pid) => sum + processorTime(pid).own, 0);
}
