/** Looks at the host of a state directory, or stops it, without ever starting one. */
import { setTimeout as delay } from "node:timers/promises";
import type { EngineStatus, Failure } from "../../../engine/index.ts";
import { EngineUnavailableError, failureToError } from "../../../runtime/errors.ts";
import { duration } from "../../../text/index.ts";
import type { Frame } from "../../../wire/frames.ts";
import { readAddress } from "../address.ts";
import { statePaths } from "../paths.ts";
import { FromHost, type HostStatus, type Requests, ToHost } from "../protocol.ts";
import { isAlive, isHost } from "./alive.ts";
import { type Link, openLink } from "./link.ts";
import { reachHost } from "./start.ts";

/** `undefined` when no host runs. */
export async function hostStatus(url: string): Promise<HostStatus | undefined> {
  const control = await connectControl(url);
  if (!control) return undefined;
  try {
    return await control.ask("status", {});
  } finally {
    control.link.socket.destroy();
  }
}

/** The same for people who look for what is wrong. */
export async function engineStatus(url: string): Promise<EngineStatus> {
  const status = await hostStatus(url);
  const host = status
    ? `process ${status.pid}, farcall ${status.version}, up for ${duration(status.uptimeMs)}`
    : "not running; the next use starts it";
  return { facts: [{ name: "host", value: host }], warnings: [] };
}

/** Whether a host runs. Cheap, but a use of it like any other: it does not stop for some seconds. */
export async function hostRuns(url: string): Promise<boolean> {
  const socket = await reachHost(statePaths(url), false);
  socket?.destroy();
  return socket !== undefined;
}

/**
 * Stops the host and resolves once its process is gone; true when there was one. It first finishes running inputs, for
 * half a minute at most; durable work that is left goes on with the next host. `force` kills the containers at once.
 */
export async function stopHost(url: string, options: { force?: boolean } = {}): Promise<boolean> {
  const control = await connectControl(url);
  if (!control) return false;
  const paths = statePaths(url);
  const { pid } = control.link.host;
  // A process is stopped for what this user's own files and the system say of it, never for what a peer says.
  const isOurs = readAddress(paths)?.pid === pid;
  const stopped = control.ask("stop", options).catch((error: unknown) => {
    // It may be gone before its answer has come through.
    if (!control.closed()) throw error;
  });
  await stopped;
  control.link.socket.end();
  if (await hasEnded(pid, options.force ? 5_000 : 60_000)) return true;
  if (!options.force) {
    throw new EngineUnavailableError(`the host (process ${pid}) does not stop`, {
      hint: "Stop it with `farcall host stop --force`.",
    });
  }
  if (!isOurs || !isHost(pid, paths)) {
    throw new EngineUnavailableError(`the host does not stop, and process ${pid} is not known to be it`, {
      hint: `Find the process with \`ps aux | grep "farcall host"\` and stop it yourself; see ${paths.hostLog}.`,
    });
  }
  process.kill(pid, "SIGKILL");
  await hasEnded(pid, Number.POSITIVE_INFINITY);
  return true;
}

async function hasEnded(pid: number, limitMs: number): Promise<boolean> {
  for (const begun = performance.now(); isAlive(pid); await delay(5)) {
    if (performance.now() - begun > limitMs) return false;
  }
  return true;
}

interface Control {
  link: Link;
  closed(): boolean;
  ask<M extends "status" | "stop">(method: M, params: Requests[M]["params"]): Promise<Requests[M]["result"]>;
}

async function connectControl(url: string): Promise<Control | undefined> {
  let onFrame: (frame: Frame) => void = () => {};
  let onDown: () => void = () => {};
  let closed = false;
  const link = await openLink(
    statePaths(url),
    {
      frame: (frame) => onFrame(frame),
      down: () => {
        closed = true;
        onDown();
      },
      drain: () => {},
    },
    { start: false },
  );
  if (!link) return undefined;
  return {
    link,
    closed: () => closed,
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        onDown = () => reject(new EngineUnavailableError("the host closed the connection"));
        if (closed) return onDown();
        onFrame = (frame) => {
          const value: unknown = frame.payload.length > 0 ? JSON.parse(frame.payload.toString()) : undefined;
          // The cast is safe: the host answers this method with its result type (protocol.ts).
          if (frame.type === FromHost.response) resolve(value as never);
          else if (frame.type === FromHost.refused) reject(failureToError(value as Failure));
        };
        link.json(ToHost.request, 1, { method, params });
        link.writer.flush();
      }),
  };
}
