/**
 * Where a `local:` engine keeps things: one state directory per engine, private to the user, and the socket on which its
 * host answers. Everything that a name or a permission can get wrong is decided here.
 */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { EngineUnavailableError, InvalidError } from "../../runtime/errors.ts";

export interface StatePaths {
  /** Canonical engine URL: `local:/absolute/state`. */
  readonly url: string;
  readonly state: string;
  /** Unix socket, or a named pipe on Windows. */
  readonly socket: string;
  readonly database: string;
  readonly logDatabase: string;
  /** Says how often durable inputs have run. */
  readonly attempts: string;
  /** Holds the port of web functions. */
  readonly webPort: string;
  readonly artifacts: string;
  readonly compileCache: string;
  readonly hostLog: string;
  /** Held for the moment in which a client starts the host, so that two hundred clients do not start two hundred. */
  readonly startLock: string;
}

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const MAX_SOCKET_BYTES = 103;

export function statePaths(url: string): StatePaths {
  const state = stateDirectory(url);
  return {
    url: `local:${state}`,
    state,
    socket: socketPath(state),
    database: join(state, "state.db"),
    logDatabase: join(state, "logs.db"),
    attempts: join(state, "attempts"),
    webPort: join(state, "web-port"),
    artifacts: join(state, "artifacts"),
    compileCache: resolve(process.env["NODE_COMPILE_CACHE"] || join(state, "compile-cache")),
    hostLog: join(state, "host.log"),
    startLock: join(state, "starting.lock"),
  };
}

function stateDirectory(url: string): string {
  if (!url.startsWith("local:")) {
    throw new InvalidError(`"${url}" is not a URL of the local engine`, {
      hint: "Write local: or local:/path/to/state.",
    });
  }
  const path = url.slice("local:".length).replace(/^\/\/(?=\/)/, "");
  const absolute = resolve(path || process.env["FARCALL_HOME"] || defaultStateDirectory());
  return realPath(absolute);
}

/** One directory must have one socket, whatever links lead to it, and whether or not it is there yet. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync.native(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

function defaultStateDirectory(): string {
  const home = homedir();
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "farcall");
  if (process.platform === "win32")
    return join(process.env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "farcall");
  return join(process.env["XDG_STATE_HOME"] || join(home, ".local", "state"), "farcall");
}

function socketPath(state: string): string {
  const hash = createHash("sha256").update(state).digest("hex").slice(0, 16);
  if (process.platform === "win32") return `\\\\.\\pipe\\farcall-${hash}`;
  const inside = join(state, "host.sock");
  if (Buffer.byteLength(inside) <= MAX_SOCKET_BYTES) return inside;
  return join(socketFolder(), `${hash}.sock`);
}

/** For state directories with long paths. Not in TMPDIR, which may differ between two clients of one host. */
function socketFolder(): string {
  return `/tmp/farcall-${userInfo().uid}`;
}

/** Creates the state directory and the socket's, and refuses what belongs to another user. */
export function prepareDirectories(paths: StatePaths): void {
  privateDirectory(paths.state, false);
  if (process.platform === "win32") return;
  const folder = resolve(paths.socket, "..");
  // A folder in a place where all may write must be ours alone, or another user could answer in the host's name.
  if (folder !== paths.state) privateDirectory(folder, true);
}

function privateDirectory(path: string, mustBePrivate: boolean): void {
  try {
    makeFolders(path);
  } catch (error) {
    throw unusable(path, error);
  }
  const stats = mustBePrivate ? lstatSync(path) : statSync(path);
  if (!stats.isDirectory()) throw unusable(path, new Error("it is not a directory"));
  const uid = process.getuid?.();
  if (uid !== undefined && stats.uid !== uid) {
    throw unusable(path, new Error(`it belongs to user ${stats.uid}, this process runs as user ${uid}`));
  }
  if (mustBePrivate && (stats.mode & 0o077) !== 0) {
    throw unusable(path, new Error("other users can enter it"));
  }
}

/** Node's own `recursive` never ends in folders like /proc, which answer ENOENT when something cannot be created in them. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (existsSync(path)) return;
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || existsSync(parent)) throw error;
    makeFolders(parent);
    makeFolders(path);
  }
}

function unusable(path: string, cause: unknown): EngineUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EngineUnavailableError(`the state directory ${path} cannot be used: ${reason}`, {
    cause,
    hint: "Set FARCALL_HOME (or the engine's URL, local:/path) to a directory that you own and can write to.",
  });
}
