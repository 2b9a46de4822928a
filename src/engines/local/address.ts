/**
 * Where a host answers, and which process it is. Paths of sockets are short by law of the system, so the socket of a state
 * directory with a long path lies elsewhere, in a folder whose name nobody can guess or take before the host does. The host
 * writes where it is into its state directory, and clients believe that file alone, never what a peer says of itself.
 */
import { createHash, randomBytes } from "node:crypto";
import { lstatSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { EngineUnavailableError } from "../../runtime/errors.ts";
import type { StatePaths } from "./paths.ts";
import { currentUser, isPrivate } from "./private.ts";

/** As the host has written it. */
interface HostAddress {
  readonly pid: number;
  /** Unix socket, or a named pipe on Windows. */
  readonly socket: string;
}

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const MAX_SOCKET_BYTES = 103;
const SOCKET_NAME = "host.sock";
const FOLDER_PREFIX = "farcall-";

/** Undefined when no host has run here, or when its last words are damaged. */
export function readAddress({ address }: StatePaths): HostAddress | undefined {
  try {
    const { pid, socket } = JSON.parse(readFileSync(address, "utf8"));
    return Number.isSafeInteger(pid) && pid > 0 && typeof socket === "string" ? { pid, socket } : undefined;
  } catch {
    return undefined;
  }
}

/** The socket to connect to. Undefined when no host has made one. Throws EngineUnavailableError when it is not this user's own. */
export function socketOfHost(paths: StatePaths): string | undefined {
  const path = socketInside(paths) ?? readAddress(paths)?.socket;
  if (path === undefined || process.platform === "win32") return path;
  const folder = dirname(path);
  // The state directory has been looked at.
  if (folder !== paths.state) {
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (!stats.isDirectory() || !isPrivate(stats)) throw foreign(folder);
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (stats.uid !== currentUser()) throw foreign(path);
  return path;
}

/** The socket that a host is to make: what lay there is removed. */
export function placeForSocket(paths: StatePaths): string {
  if (process.platform === "win32") return pipeFor(paths);
  const socket = socketInside(paths) ?? socketOutside(paths);
  rmSync(socket, { force: true });
  return socket;
}

/** No two have the same name, and all of one directory can be told by theirs. */
function pipeFor({ state }: StatePaths): string {
  const directory = createHash("sha256").update(state).digest("hex").slice(0, 16);
  return `\\\\.\\pipe\\farcall-${directory}-${randomBytes(8).toString("hex")}`;
}

function socketInside({ state }: StatePaths): string | undefined {
  if (process.platform === "win32") return undefined;
  const inside = join(state, SOCKET_NAME);
  return Buffer.byteLength(inside) <= MAX_SOCKET_BYTES ? inside : undefined;
}

function socketOutside(paths: StatePaths): string {
  // That of a host which was killed.
  const last = readAddress(paths)?.socket;
  if (last && isSocketFolder(dirname(last))) return join(dirname(last), SOCKET_NAME);
  for (const parent of [process.env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"]) {
    if (!parent || Buffer.byteLength(join(parent, `${FOLDER_PREFIX}......`, SOCKET_NAME)) > MAX_SOCKET_BYTES) continue;
    try {
      // Made with a random name and mode 0700, or not at all.
      return join(mkdtempSync(join(parent, FOLDER_PREFIX)), SOCKET_NAME);
    } catch {
      // Not there, or not ours to write in.
    }
  }
  throw new EngineUnavailableError(
    `the path of ${paths.state} is too long for a socket, and no other place was found`,
    {
      hint: "Set FARCALL_HOME to a directory with a shorter path, or make XDG_RUNTIME_DIR or /tmp writable.",
    },
  );
}

function isSocketFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return basename(path).startsWith(FOLDER_PREFIX) && stats?.isDirectory() === true && isPrivate(stats);
}

/** Throws when it cannot be written and clients could not find the host without it. */
export function writeAddress(paths: StatePaths, address: HostAddress): void {
  const temporary = `${paths.address}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(address), { mode: 0o600 });
    renameSync(temporary, paths.address);
  } catch (error) {
    if (socketInside(paths) === undefined) throw error;
  }
}

/** Removes the folder of a socket that was outside the state directory. */
export function removeSocketFolder(paths: StatePaths, socket: string): void {
  const folder = dirname(socket);
  if (process.platform === "win32" || folder === paths.state) return;
  try {
    rmdirSync(folder);
  } catch {
    // Gone already, with what removes old files from temp folders.
  }
}

/** Unless it is another host's by now. */
export function removeAddress(paths: StatePaths): void {
  if (readAddress(paths)?.pid === process.pid) rmSync(paths.address, { force: true });
}

function foreign(path: string): EngineUnavailableError {
  return new EngineUnavailableError(`${path} is not this user's own, so another user could answer there`, {
    hint: "Remove it, or have its owner remove it; the next use starts the host. Set FARCALL_HOME to use another directory.",
  });
}
