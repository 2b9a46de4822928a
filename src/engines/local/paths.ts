/**
 * Where a `local:` engine keeps things: one state directory per engine, and the files in it. That they are the user's own is
 * decided in private.ts, where the host answers in address.ts.
 */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { InvalidError } from "../../runtime/errors.ts";

export interface StatePaths {
  /** Canonical engine URL: `local:/absolute/state`. */
  readonly url: string;
  readonly state: string;
  /** Which process the host is, and on which socket it answers. */
  readonly address: string;
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

export function statePaths(url: string): StatePaths {
  const state = stateDirectory(url);
  return {
    url: `local:${state}`,
    state,
    address: join(state, "host.address"),
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
