/**
 * The lock that a client holds while it starts a host. Two hosts of one directory are impossible, since a host holds its database
 * exclusively; the lock only spares the machine the hosts that would lose.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import type { StatePaths } from "../paths.ts";
import { cannotWrite } from "../private.ts";
import { isAlive } from "./alive.ts";

const STALE_MS = 15_000;

/** Returns the function that releases the lock; `undefined` when another process holds it. Throws EngineUnavailableError. */
export function takeStartLock(paths: StatePaths): (() => void) | undefined {
  try {
    const file = openSync(paths.startLock, "wx", 0o600);
    writeSync(file, String(process.pid));
    closeSync(file);
    return () => removeIfThere(paths.startLock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw cannotWrite(paths.state, error as Error);
    }
    if (isStale(paths.startLock)) removeIfThere(paths.startLock);
    return undefined;
  }
}

function isStale(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (Date.now() - statSync(lock).mtimeMs > STALE_MS) return true;
    // Empty: its owner is between creating and writing it.
    return pid > 0 && !isAlive(pid);
  } catch {
    // Gone meanwhile.
    return false;
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
