/**
 * Around the whole run: builds dist when a source is newer (the tests run what users run), gives the run a temp folder of
 * its own, and afterwards fails the run when a process or a file of it is left behind. Two runs side by side share nothing.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMPILE_SERVER } from "./compile.ts";
import { CONDITION_MS } from "./limits.ts";

const repo = resolve(import.meta.dirname, "../..");
const RUN_VARIABLE = "FARCALL_TEST_RUN";
/** Made by tools rather than by tests: Node's compile cache, what farcall keeps of introspections. */
const EXPECTED_FILES = new Set(["node-compile-cache", "farcall-cache"]);

export default async function setup(): Promise<() => Promise<void>> {
  buildWhenStale();
  // Short: paths of unix sockets have at most about 100 bytes.
  const folder = mkdtempSync(join(tmpdir(), "ft-"));
  const outside = { TMPDIR: tmpdir() };
  process.env.TMPDIR = folder;
  process.env[RUN_VARIABLE] = folder;
  // A test that forgets its own home still touches nobody's.
  process.env.FARCALL_HOME = join(folder, "home");
  delete process.env.FARCALL_ENGINE;
  // Hosts and containers run from the sources: compiled once, not once for each home.
  process.env.NODE_COMPILE_CACHE = join(folder, "node-compile-cache");
  // Apps that many tests deploy are read once.
  process.env.FARCALL_CACHE = join(folder, "farcall-cache");
  // For tsc and esbuild: collecting garbage is a fifth of what they take.
  process.env.GOGC ??= "400";
  const compileServer = await startCompileServer(join(folder, "compile.sock"));

  return async () => {
    await compileServer.stop();
    const processes = await lingering(folder);
    const files = readdirSync(folder).filter((name) => !EXPECTED_FILES.has(name));
    // First, or they go on writing into the folder.
    for (const { pid } of processes) process.kill(pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    Object.assign(process.env, outside);
    const left = [
      ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
      ...files.map((name) => `file ${name}`),
    ];
    if (left.length > 0) throw new Error(`the tests left behind:\n  ${left.join("\n  ")}`);
  };
}

async function startCompileServer(socket: string): Promise<{ stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "compile-server.ts"), socket], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  process.env[COMPILE_SERVER] = socket;
  return {
    async stop() {
      child.stdin.end();
      await ended;
      rmSync(socket, { force: true });
    },
  };
}

function buildWhenStale(): void {
  const built = join(repo, "dist/index.js");
  const sources = [join(repo, "src"), join(repo, "templates")].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return;
  const { status } = spawnSync(process.execPath, [join(repo, "scripts/build.ts")], { stdio: "inherit" });
  // While somebody writes, what was built before will do.
  if (status !== 0 && (process.env.CI || !existsSync(built))) throw new Error("the build failed");
  if (status !== 0) return;
  const now = new Date();
  utimesSync(built, now, now);
}

/** Processes that a test has started and that have not ended a while after the last test. Linux only. */
async function lingering(run: string): Promise<{ pid: number; command: string }[]> {
  if (!existsSync("/proc/self/environ")) return [];
  const until = performance.now() + CONDITION_MS / 10;
  for (;;) {
    const found = processesWith(`${RUN_VARIABLE}=${run}`);
    if (found.length === 0 || performance.now() > until) return found;
    await sleep(250);
  }
}

function processesWith(variable: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
        if (!environment.includes(variable)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ").trim();
        // A vitest worker that is about to exit, and zombies, whose command line is empty.
        return command === "" || command.includes("vitest") ? [] : [{ pid: Number(name), command }];
      } catch {
        // Another user's process, or one that has just ended.
        return [];
      }
    });
}
