/**
 * What a client keeps of its connection: it connects on first use, comes back when the host goes, and keeps the process
 * alive only while something is awaited. Calls, requests and subscriptions are channels on it, each with a number of its own.
 */

import type { LogEntry } from "../../../engine/index.ts";
import { EngineUnavailableError, FarcallError } from "../../../runtime/errors.ts";
import { printable } from "../../../text/index.ts";
import type { Frame } from "../../../wire/frames.ts";
import type { StatePaths } from "../paths.ts";
import { FromHost } from "../protocol.ts";
import { type Link, type LinkOwner, openLink } from "./link.ts";

// Taken when farcall is loaded: fake timers of a user's test must not hold up a call.
const { setImmediate, setTimeout } = globalThis;

/**
 * So many milliseconds after its last use, a connection is checked before it is used: a program that was busy does not know
 * yet that the host is gone, and what it sends to a host that is gone might have run.
 */
const TRUSTED_MS = 100;

export interface Channel {
  /** Can go on over another connection at any time, so that a host which drains need not wait for it. */
  readonly movable: boolean;
  /** There is a connection: send what has to be sent. Called again after each `down`. */
  up(link: Link): void;
  /** The connection broke. A channel that cannot go on over a new one closes itself here. */
  down(): void;
  frame(frame: Frame): void;
  /** Room to write again. */
  drain(): void;
  /** No host can be reached: the channel is closed already. */
  unreachable(error: FarcallError): void;
}

export class Session implements LinkOwner {
  readonly paths: StatePaths;
  readonly #channels = new Map<number, Channel>();
  /** The link that each channel uses, for those that have one. */
  readonly #links = new Map<number, Link>();
  #link: Link | undefined;
  #connecting = false;
  #lastNumber = 0;
  /** By performance.now(). */
  #usedAt = 0;
  /** Channels that wait until the connection has been checked. */
  #looking: number[] = [];
  #held = 0;
  #breaks = 0;

  constructor(paths: StatePaths) {
    this.paths = paths;
  }

  /** Gives the channel its number; `up` follows at once when connected. */
  add(channel: Channel): number {
    do this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
    while (this.#channels.has(this.#lastNumber));
    this.#channels.set(this.#lastNumber, channel);
    return this.#lastNumber;
  }

  /** Connects the channel, now or once there is a host. Apart from `add`, since `up` needs the number. */
  start(number: number): void {
    const channel = this.#channels.get(number);
    if (!channel || this.#links.has(number)) return;
    const link = this.#link;
    if (!link) {
      this.#connect();
      return;
    }
    const now = performance.now();
    if (now - this.#usedAt > TRUSTED_MS || this.#looking.length > 0) {
      if (this.#looking.push(number) === 1) setImmediate(() => setImmediate(this.#looked));
      return;
    }
    this.#usedAt = now;
    this.#links.set(number, link);
    channel.up(link);
  }

  /** Everything that had arrived on the connection has been read. */
  readonly #looked = (): void => {
    const numbers = this.#looking;
    this.#looking = [];
    this.#usedAt = performance.now();
    if (this.#link && !this.#link.socket.writable) this.#link = undefined;
    for (const number of numbers) this.start(number);
  };

  remove(number: number): void {
    this.#channels.delete(number);
    const link = this.#links.get(number);
    if (!link) return;
    this.#links.delete(number);
    if (link.draining) this.#closeIfIdle(link);
  }

  /** While anything is held the process stays alive. */
  hold(): void {
    if (this.#held++ === 0) this.#link?.socket.ref();
  }

  release(): void {
    if (--this.#held === 0) this.#link?.socket.unref();
  }

  #connect(): void {
    if (this.#connecting) return;
    this.#connecting = true;
    openLink(this.paths, this, { start: true }).then(
      (link) => {
        this.#connecting = false;
        // With `start` there is always one.
        if (link) this.#opened(link);
      },
      (error: unknown) => {
        this.#connecting = false;
        this.#giveUp(asFarcallError(error));
      },
    );
  }

  #opened(link: Link): void {
    if (link.socket.destroyed) {
      this.#connect();
      return;
    }
    // All channels were closed meanwhile.
    if (this.#channels.size === 0) {
      link.socket.destroy();
      return;
    }
    this.#link = link;
    this.#usedAt = performance.now();
    if (this.#held === 0) link.socket.unref();
    for (const [number, channel] of this.#channels) {
      if (this.#links.has(number)) continue;
      this.#links.set(number, link);
      channel.up(link);
    }
  }

  #giveUp(error: FarcallError): void {
    for (const [number, channel] of [...this.#channels]) {
      if (this.#links.has(number)) continue;
      this.#channels.delete(number);
      channel.unreachable(error);
    }
  }

  frame(frame: Frame, link: Link): void {
    if (frame.type === FromHost.draining) this.#drainLink(link);
    else if (frame.type === FromHost.refused && frame.call === 0) link.socket.destroy();
    // Also of a call that was spawned, whose channel is closed while it runs.
    else if (frame.type === FromHost.log) printLog(JSON.parse(frame.payload.toString()) as LogEntry);
    else this.#channels.get(frame.call)?.frame(frame);
  }

  drain(): void {
    for (const channel of [...this.#channels.values()]) channel.drain();
  }

  down(link: Link): void {
    if (this.#link === link) this.#link = undefined;
    let orphans = 0;
    for (const [number, channel] of [...this.#channels]) {
      if (this.#links.get(number) !== link) continue;
      this.#links.delete(number);
      channel.down();
      if (this.#channels.has(number)) orphans++;
    }
    if (orphans === 0 || this.#link) {
      if (this.#link) this.#opened(this.#link);
      return;
    }
    // At once the first time. A host that keeps dying must not be started in a loop.
    const wait = Math.min(2000, this.#breaks === 0 ? 0 : 25 * 2 ** this.#breaks);
    this.#breaks++;
    setTimeout(() => {
      this.#breaks = Math.max(0, this.#breaks - 1);
    }, 10_000).unref();
    // Not unreferenced: what waits for this is held.
    setTimeout(() => {
      if (this.#link) this.#opened(this.#link);
      else if (this.#channels.size > 0) this.#connect();
    }, wait);
  }

  #drainLink(link: Link): void {
    link.drain();
    if (this.#link === link) this.#link = undefined;
    this.#closeIfIdle(link);
  }

  #closeIfIdle(link: Link): void {
    for (const [number, used] of this.#links) {
      if (used === link && this.#channels.get(number)?.movable === false) return;
    }
    link.writer.flush();
    link.socket.end();
  }

  /** Fails whatever is open and disconnects; a later use connects again. */
  async close(): Promise<void> {
    const error = new EngineUnavailableError(`the engine ${this.paths.url} was closed while this was under way`);
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    const links = new Set(this.#links.values());
    if (this.#link) links.add(this.#link);
    this.#links.clear();
    this.#link = undefined;
    for (const channel of channels) channel.unreachable(error);
    await Promise.all(
      [...links].map(
        (link) =>
          new Promise<void>((resolve) => {
            if (link.socket.destroyed) return resolve();
            link.socket.ref();
            link.socket.once("close", () => resolve());
            link.writer.flush();
            link.socket.destroySoon();
          }),
      ),
    );
  }
}

function printLog(entry: LogEntry): void {
  const line = `[${entry.app}/${entry.function}] ${entry.text.replace(/\n$/, "")}\n`;
  process.stderr.write(process.stderr.isTTY ? printable(line) : line);
}

function asFarcallError(error: unknown): FarcallError {
  if (error instanceof FarcallError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineUnavailableError(`the local engine failed: ${message}`, { cause: error });
}
