/** Reaches the host of a state directory, and starts it when there is none. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { EngineUnavailableError, failureToError, InvalidError } from "../../../runtime/errors.ts";
import { packageVersion } from "../../../text/index.ts";
import { socketOfHost } from "../address.ts";
import { rotateLog } from "../host-log.ts";
import type { StatePaths } from "../paths.ts";
import { checkDirectoryIfThere, prepareDirectory } from "../private.ts";
import type { StartReport } from "../protocol.ts";
import { takeStartLock } from "./start-lock.ts";

/** A host that is draining keeps its directory for so long at most, so a start may have to wait as long. */
const START_LIMIT_MS = 60_000;

/** A host that has said nothing for so long hangs, and is killed. */
const START_HANG_MS = Number(process.env["FARCALL_HOST_START_MS"]) || START_LIMIT_MS;

/** Resolves to `undefined` when there is no host, unless `start` says to start one. */
export async function reachHost(paths: StatePaths, start: boolean): Promise<Socket | undefined> {
  if (start) prepareDirectory(paths);
  else if (!checkDirectoryIfThere(paths)) return undefined;
  const begun = performance.now();
  for (let wait = 5; ; wait = Math.min(wait * 1.5, 150)) {
    const socket = await tryConnect(paths);
    if (socket) return socket;
    if (!start) return undefined;
    const outcome = await startHost(paths);
    if (outcome === "ready") continue;
    if (performance.now() - begun > START_LIMIT_MS) {
      throw new EngineUnavailableError(`the host of ${paths.state} did not answer within ${START_LIMIT_MS / 1000} s`, {
        hint: `See ${paths.hostLog}, and stop a host that hangs with "farcall host stop --force".`,
      });
    }
    await delay(wait * (0.75 + Math.random() / 2));
  }
}

const HINTS: Record<string, string> = {
  EACCES: "The socket belongs to another user. Set FARCALL_HOME to a directory of yours.",
  ENOTDIR: "Set FARCALL_HOME (or the engine's URL, local:/path) to a directory.",
};

/** Resolves to `undefined` when nothing listens there. */
async function tryConnect(paths: StatePaths): Promise<Socket | undefined> {
  const path = socketOfHost(paths);
  if (path === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.destroy();
      // EAGAIN: more clients wait to be accepted than the kernel queues.
      if (["ENOENT", "ECONNREFUSED", "ECONNRESET", "EAGAIN"].includes(error.code ?? "")) resolve(undefined);
      else {
        reject(
          new EngineUnavailableError(`cannot connect to the host on ${path}: ${error.message}`, {
            cause: error,
            hint: HINTS[error.code ?? ""],
          }),
        );
      }
    });
  });
}

async function startHost(paths: StatePaths): Promise<"ready" | "busy"> {
  const release = takeStartLock(paths);
  if (!release) return "busy";
  try {
    return await spawnHost(paths);
  } finally {
    release();
  }
}

/** Variables that are meant for this process alone, not for a host that outlives it. */
const OWN_VARIABLES = [
  "NODE_OPTIONS",
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_UNIQUE_ID",
  "NODE_V8_COVERAGE",
];

/** The host's file: of this package, or, as `@farcall/client` has none, of the farcall of the project. Throws EngineUnavailableError. */
function hostEntry(): string {
  const own = new URL(import.meta.url.endsWith(".ts") ? "../host/main.ts" : "../host/main.js", import.meta.url);
  if (existsSync(own)) return fileURLToPath(own);
  const hint = `Install farcall ${packageVersion()} beside @farcall/client, or start the host first: any farcall command does.`;
  let manifest: string;
  try {
    manifest = createRequire(join(process.cwd(), "/")).resolve("farcall/package.json");
  } catch (cause) {
    throw new EngineUnavailableError("no host runs, and @farcall/client cannot start one by itself", { cause, hint });
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  if (version !== packageVersion()) {
    const message = `no host runs, and the installed farcall ${version} is not of the version of @farcall/client`;
    throw new EngineUnavailableError(message, { hint });
  }
  return join(dirname(manifest), "dist/engines/local/host/main.js");
}

async function spawnHost(paths: StatePaths): Promise<"ready" | "busy"> {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_COMPILE_CACHE: paths.compileCache };
  for (const name of OWN_VARIABLES) delete env[name];
  if (env["FARCALL_OTEL"]) env["FARCALL_OTEL"] = moduleUrl(env["FARCALL_OTEL"]);
  rotateLog(paths.hostLog);
  const entry = hostEntry();
  const log = openSync(paths.hostLog, "a", 0o600);
  const logStart = fstatSync(log).size;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entry, "--detached", paths.state], {
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    cwd: paths.state,
    env,
    windowsHide: true,
  });
  closeSync(log);
  child.unref();
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    child.kill("SIGKILL");
  }, START_HANG_MS);
  const report = await new Promise<StartReport | undefined>((resolve, reject) => {
    child.once("error", reject);
    const pipe = child.stdio[3] as Socket;
    let text = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n")) {
        resolve(JSON.parse(text) as StartReport);
        pipe.destroy();
      }
    });
    pipe.on("error", reject);
    pipe.on("close", () => resolve(undefined));
  })
    .catch((error: Error) => {
      throw new EngineUnavailableError(`the host process could not be started: ${error.message}`, { cause: error });
    })
    .finally(() => clearTimeout(limit));
  if (hangs) {
    const said = lastLines(paths.hostLog, logStart);
    throw new EngineUnavailableError(
      `the host of ${paths.state} did not start within ${START_HANG_MS / 1000} s and was stopped; its log says: ${said || "nothing"}`,
      { hint: "Set FARCALL_HOST_START_MS to more milliseconds if the machine is slow." },
    );
  }
  if (report === undefined) {
    throw new EngineUnavailableError(`the host of ${paths.state} stopped while it started`, {
      hint: `The last lines of ${paths.hostLog}:\n${lastLines(paths.hostLog, logStart)}`,
    });
  }
  if ("failure" in report) throw failureToError(report.failure);
  return "ready" in report ? "ready" : "busy";
}

/** The host runs in another folder, so names are resolved here. Throws InvalidError. */
function moduleUrl(name: string): string {
  if (name.startsWith("file:")) return name;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), "/")).resolve(name)).href;
  } catch (error) {
    throw new InvalidError(`FARCALL_OTEL names ${name}, which cannot be found from ${process.cwd()}`, {
      cause: error,
      hint: "Write the path of a module (./instrumentation.ts), or the name of an installed package.",
    });
  }
}

function lastLines(file: string, from: number): string {
  const lines = readFileSync(file).subarray(from).toString("utf8").trimEnd().split("\n");
  return lines.slice(-20).join("\n");
}
