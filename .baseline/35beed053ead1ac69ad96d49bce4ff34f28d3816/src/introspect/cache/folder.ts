/** Where farcall keeps what it can find out again, for all of a user's projects: one folder, which is the user's alone. */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Created where it is missing. Undefined where there is no such folder to be had: whoever can write to it decides what is deployed. */
export function cacheFolder(): string | undefined {
  try {
    const folder = join(base(), "introspection");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    const uid = process.geteuid?.();
    if (!stats.isDirectory() || (uid !== undefined && stats.uid !== uid)) return undefined;
    if (uid !== undefined && (stats.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return folder;
  } catch {
    // No home, a disk that is full or cannot be written to: nothing is kept.
    return undefined;
  }
}

function base(): string {
  const { FARCALL_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (FARCALL_CACHE) return resolve(FARCALL_CACHE);
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "farcall");
  if (process.platform === "win32")
    return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "farcall", "cache");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "farcall");
}
