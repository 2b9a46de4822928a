/** One connection of a client to the host: greeting, frames both ways, and what becomes of it when either side goes. */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import { packageVersion } from "../../../text/index.ts";
import { CallHeaderWriter } from "../../../wire/call-header.ts";
import { type Frame, FrameError, FrameReader, FrameWriter } from "../../../wire/frames.ts";
import type { StatePaths } from "../paths.ts";
import { FromHost, type Hello, PROTOCOL, ToHost, type Welcome } from "../protocol.ts";
import { compareVersions } from "../version.ts";
import { isAlive } from "./alive.ts";
import { reachHost } from "./start.ts";

// Taken when farcall is loaded: fake timers of a user's test must not hold up a call.
const { clearTimeout, setTimeout } = globalThis;

const GREETING_LIMIT_MS = 15_000;
/** Longer than a host drains. */
const REPLACE_LIMIT_MS = 45_000;

/** The object that a link reports to. */
export interface LinkOwner {
  frame(frame: Frame, link: Link): void;
  /** No frame follows. */
  down(link: Link): void;
  drain(): void;
}

const NOBODY: LinkOwner = { frame() {}, down() {}, drain() {} };

export class Link {
  readonly writer: FrameWriter;
  readonly wantsLogs = wantsLogs();
  readonly callHeaders = new CallHeaderWriter();
  readonly socket: Socket;
  readonly host: Welcome;
  #owner: LinkOwner;
  #draining = false;

  constructor(owner: LinkOwner, socket: Socket, writer: FrameWriter, host: Welcome) {
    this.#owner = owner;
    this.socket = socket;
    this.writer = writer;
    this.host = host;
  }

  get owner(): LinkOwner {
    return this.#owner;
  }

  handOver(owner: LinkOwner): void {
    this.#owner = owner;
  }

  /** The host has asked to open nothing more here. */
  get draining(): boolean {
    return this.#draining;
  }

  drain(): void {
    this.#draining = true;
  }

  json(type: number, call: number, value: unknown): void {
    this.writer.write(type, call, 0, Buffer.from(JSON.stringify(value)));
  }
}

/** Connects, and starts or replaces the host where that is needed. `undefined`: no host runs, and `start` does not say to start one. */
export async function openLink(
  paths: StatePaths,
  owner: LinkOwner,
  options: { start: boolean },
): Promise<Link | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = await reachHost(paths, options.start);
    if (!socket) return undefined;
    const link = await greet(socket, owner, paths);
    if (!link) {
      // Closed before it answered: that host was on its way out, or can take no more connections at present.
      await delay(Math.min(150, 2 ** attempt));
      continue;
    }
    const { version, protocol } = link.host;
    const compared = compareVersions(version, packageVersion());
    if (!options.start || (compared === 0 && protocol === PROTOCOL)) return link;
    if (compared < 0 || (compared === 0 && protocol < PROTOCOL)) {
      await replace(link);
      continue;
    }
    if (link.host.protocol === PROTOCOL) return link;
    link.socket.destroy();
    throw new EngineUnavailableError(
      `the host of ${paths.state} is farcall ${link.host.version}, which farcall ${packageVersion()} cannot talk to`,
      { hint: "Update farcall in this project, or give it a state directory of its own with FARCALL_HOME." },
    );
  }
  throw new EngineUnavailableError(`the host of ${paths.state} keeps closing its connections`, {
    hint: `It may have as many open as its limit of open files allows (ulimit -n); see ${paths.hostLog}.`,
  });
}

function greet(socket: Socket, owner: LinkOwner, paths: StatePaths): Promise<Link | undefined> {
  return new Promise((resolve, reject) => {
    const writer = new FrameWriter(socket);
    let link: Link | undefined;
    const timer = setTimeout(() => {
      reject(
        new EngineUnavailableError(`the host of ${paths.state} took the connection but does not answer`, {
          hint: `It may be stopped or overloaded: see ${paths.hostLog}.`,
        }),
      );
      socket.destroy();
    }, GREETING_LIMIT_MS);
    const reader = new FrameReader((frame) => {
      if (link) link.owner.frame(frame, link);
      else if (frame.type === FromHost.welcome) {
        clearTimeout(timer);
        link = new Link(owner, socket, writer, JSON.parse(frame.payload.toString()) as Welcome);
        resolve(link);
      } else socket.destroy();
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        // A stream that cannot be cut into frames cannot be trusted again; `close` tells the owner.
        socket.destroy();
      }
    });
    socket.on("drain", () => link?.owner.drain());
    // `close` follows each error and is what counts.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      if (link) link.owner.down(link);
      else resolve(undefined);
    });
    const container = process.env["FARCALL_CONTAINER"];
    const hello: Hello = {
      protocol: PROTOCOL,
      version: packageVersion(),
      pid: process.pid,
      ...(container && { container }),
    };
    writer.write(ToHost.hello, 0, 0, Buffer.from(JSON.stringify(hello)));
    writer.flush();
  });
}

/** Asks an older host to drain, and waits until it has let go. */
async function replace(link: Link): Promise<void> {
  const closed = new Promise<void>((resolve) => link.socket.once("close", () => resolve()));
  // It waits until its clients have left, and this is one of them.
  link.handOver({ ...NOBODY, frame: () => link.socket.end() });
  link.json(ToHost.request, 1, { method: "stop", params: {} });
  link.writer.flush();
  await closed;
  for (const begun = performance.now(); isAlive(link.host.pid); await delay(10)) {
    if (performance.now() - begun > REPLACE_LIMIT_MS) return;
  }
}

/** Whether the output of this program's calls goes to its stderr. */
function wantsLogs(): boolean {
  const value = process.env["FARCALL_LOGS"];
  return value !== undefined && value !== "" && value !== "0";
}
