/** Runs the built command line as a process, the way a user does. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { PROGRAM_MS } from "./limits.ts";

const repo = resolve(import.meta.dirname, "../..");
export const bins = { farcall: join(repo, "dist/cli/farcall.js"), codegen: join(repo, "dist/cli/codegen-bin.js") };

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Standard input; empty when left out. */
  input?: string;
  bin?: string;
}

export async function farcall(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(process.execPath, [options.bin ?? bins.farcall, ...args], options);
}

/** Any program, to its end. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(program, args, options, "pipe");
  // An empty write too fails when the program has ended by then.
  if (options.input === undefined) child.stdin?.end();
  else child.stdin?.end(options.input);
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = await ended;
  return { code, stdout, stderr };
}

export function start(
  program: string,
  args: readonly string[],
  options: RunOptions,
  stdin: "pipe" | "ignore",
): ChildProcess {
  const settings: SpawnOptions = {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [stdin, "pipe", "pipe"],
    // A program that hangs is killed, so that the test fails with its output and leaves nothing behind.
    timeout: PROGRAM_MS,
  };
  return spawn(program, args, settings);
}
