/** An earlier farcall, built from the commit that bench/baseline.txt names, to compare with. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { REPOSITORY, runNode } from "./project.ts";

const FILE = join(REPOSITORY, "bench/baseline.txt");
/** Not below node_modules, where Node runs no TypeScript. */
const FOLDER = join(REPOSITORY, ".baseline");

/** The folder of the built package, from an earlier run or made now; undefined where its commit cannot be had. */
export function baseline(log: (line: string) => void): string | undefined {
  const commit = readFileSync(FILE, "utf8").trim();
  const folder = join(FOLDER, commit);
  if (existsSync(folder)) return folder;
  log(`building ${commit.slice(0, 12)} (once)`);
  const missing = fetchCommit(commit);
  if (missing !== undefined) {
    log(`left out: commit ${commit} of bench/baseline.txt cannot be had: ${missing}`);
    return undefined;
  }
  mkdirSync(FOLDER, { recursive: true });
  const staging = mkdtempSync(join(FOLDER, "staging-"));
  try {
    const archive = execFileSync("git", ["archive", commit], { cwd: REPOSITORY, maxBuffer: 1 << 28 });
    execFileSync("tar", ["-x", "-C", staging], { input: archive });
    shareModules(staging);
    runNode(["scripts/build.ts"], staging);
    renameSync(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return folder;
}

/** A shallow clone may not have it. @returns why it cannot be had */
function fetchCommit(commit: string): string | undefined {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: REPOSITORY, encoding: "utf8" });
  if (git("cat-file", "-e", `${commit}^{commit}`).status === 0) return undefined;
  const { status, stderr, error } = git("fetch", "--quiet", "--depth", "1", "origin", commit);
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** Its own folder, since builds write there. */
function shareModules(root: string): void {
  const modules = join(root, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(REPOSITORY, "node_modules"))) {
    if (name.startsWith(".") && name !== ".bin") continue;
    symlinkSync(join(REPOSITORY, "node_modules", name), join(modules, name));
  }
}
