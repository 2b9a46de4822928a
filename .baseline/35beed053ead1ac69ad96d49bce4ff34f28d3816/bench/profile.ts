/**
 * Where farcall's time goes: `node bench/profile.ts remote|map|spawn-map [count]` runs one method for a while with Node's
 * CPU profiler in client, host and containers, and prints each process's hottest functions. The profiles stay in
 * bench/results/profile-<method>/ for a flame graph viewer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BENCH } from "./support/peers.ts";
import { findProcesses } from "./support/processes.ts";
import { REPOSITORY } from "./support/project.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

const ROWS = 22;
const COUNTS: Record<string, number> = { remote: 20_000, map: 400_000, "spawn-map": 100_000 };

const [method = "map", count = String(COUNTS[method])] = process.argv.slice(2);
if (!(method in COUNTS)) {
  console.error(`usage: node bench/profile.ts ${Object.keys(COUNTS).join("|")} [count]`);
  process.exit(2);
}
const folder = join(BENCH, "results", `profile-${method}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

{
  await using app = await startTrivialApp();
  // The host that deployed the app runs without the profiler: this one replaces it.
  app.project.farcall("host", "stop");
  const profiler = ["--cpu-prof", `--cpu-prof-dir=${folder}`];
  const host = spawn(
    process.execPath,
    [
      ...profiler,
      "--import",
      new URL("support/profile-children.ts", import.meta.url).href,
      join(REPOSITORY, "dist/engines/local/host/main.js"),
      app.project.home,
    ],
    { stdio: ["ignore", "inherit", "inherit"], env: { ...app.project.env, PROFILE_FOLDER: folder } },
  );
  await using client = await app.client({
    args: [method === "spawn-map" ? "spawnMap" : "map"],
    execArgv: profiler,
  });
  if (method === "remote") console.log(await client.latency(Number(count)));
  else console.log(`${Math.round(await client.throughput(Number(count)))} inputs/s, profiled`);
  const { containers } = findProcesses(app.project.home);
  for (const pid of containers) process.kill(pid, "SIGUSR2");
  await client[Symbol.asyncDispose]();
  while (readdirSync(folder).filter((file) => file.startsWith("container-")).length < containers.length)
    await sleep(50);
  const stopped = once(host, "exit");
  host.kill("SIGTERM");
  await stopped;
}

for (const file of readdirSync(folder)) {
  const profile = JSON.parse(readFileSync(join(folder, file), "utf8")) as Profile;
  print(file, profile);
}

function print(file: string, { nodes, samples, timeDeltas }: Profile): void {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  const self = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of samples.entries()) {
    const name = names.get(id)!;
    if (name === "(idle)" || name === "(program)") continue;
    const delta = timeDeltas[i]! / 1000;
    self.set(name, (self.get(name) ?? 0) + delta);
    busy += delta;
  }
  if (busy < 200) return;
  console.log(`\n${file}: ${Math.round(busy)} ms busy`);
  for (const [name, time] of [...self].sort((a, b) => b[1] - a[1]).slice(0, ROWS)) {
    console.log(
      `  ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${String(Math.round(time)).padStart(6)} ms  ${name}`,
    );
  }
}

function describe({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  const place = url.replace(/^.*\/(dist|node_modules)\//, "").replace(/^file:\/\//, "");
  return place ? `${functionName || "(anonymous)"} ${place}:${lineNumber + 1}` : functionName;
}
