/** What the system says of a process, by its id. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import type { StatePaths } from "../paths.ts";
import { currentUser } from "../private.ts";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    // Behind the name in brackets: state, …, number of threads. Z: it has ended, and its parent has not noticed yet.
    // Its files are closed once its other threads have ended too.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return fields[0] !== "Z" || Number(fields[17]) > 1;
  } catch {
    // Not on Linux, or gone meanwhile, which the next look will show.
    return true;
  }
}

/** Whether a process is this user's host of this state directory: ids of processes are used again. */
export function isHost(pid: number, { state }: StatePaths): boolean {
  // Nothing there says what a process runs. That it listens on a pipe of a random name has been enough to reach it.
  if (process.platform === "win32") return true;
  try {
    const [uid, command] = process.platform === "linux" ? fromProc(pid) : fromPs(pid);
    return uid === currentUser() && command === `farcall host ${state}`;
  } catch {
    // Gone meanwhile.
    return false;
  }
}

function fromProc(pid: number): [uid: number, command: string] {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "");
  return [statSync(`/proc/${pid}`).uid, command];
}

function fromPs(pid: number): [uid: number, command: string] {
  const line = execFileSync("ps", ["-o", "uid=", "-o", "args=", "-ww", "-p", String(pid)], { encoding: "utf8" }).trim();
  const end = line.search(/\s/);
  return [Number(line.slice(0, end)), line.slice(end).trim()];
}
