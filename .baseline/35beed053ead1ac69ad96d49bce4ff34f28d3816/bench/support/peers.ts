/** The packages that farcall is compared with: installed into bench/ on first use, exactly as locked. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export const BENCH = join(import.meta.dirname, "..");
export const PEER_MODULES = join(BENCH, "node_modules");

export function installPeers(log: (line: string) => void): void {
  const installed = join(PEER_MODULES, ".package-lock.json");
  const lock = join(BENCH, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  log("installing the peers into bench/node_modules (once)");
  execFileSync("npm", ["ci", "--prefix", BENCH, "--ignore-scripts"], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Absolute path of a file inside a peer's package. */
export function peerFile(name: string, file: string): string {
  return join(PEER_MODULES, name, file);
}

/** "orval 8.38.0": a contestant's name with the version that runs. */
export function peerName(name: string): string {
  const { version } = JSON.parse(readFileSync(peerFile(name, "package.json"), "utf8")) as { version: string };
  return `${name} ${version}`;
}

/** A program of the system that a peer needs; its contestant is left out without it. */
export function hasProgram(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}
