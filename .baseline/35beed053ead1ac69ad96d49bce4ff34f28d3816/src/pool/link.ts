/** What comes from a container's process: frames, output, and its end, which is there once its stream has been read to the end too. */
import { FrameFeed } from "../wire/frame-feed.ts";
import { type Frame, FrameReader } from "../wire/frames.ts";
import type { ContainerProcess } from "./processes.ts";

/** How long after the exit of a process its stream may stay open, in milliseconds: something else may hold its other end. */
const LAST_FRAMES_MS = 500;

/** The container, as its link sees it. */
interface LinkedContainer {
  /** @param now when its bytes came, by performance.now() */
  received(frame: Frame, now: number): void;
  /** What it sent cannot be handled. */
  misunderstood(error: Error): void;
  printed(stream: "stdout" | "stderr", text: string): void;
  /** What it sent before is still to be read. @param exit how, in words */
  exited(exit: string, signal: string | null): void;
  /** Nothing more comes. May be called more than once. */
  gone(): void;
}

export class Link {
  readonly #container: LinkedContainer;
  readonly #process: ContainerProcess;
  readonly #feed: FrameFeed;
  #exited = false;
  #socketClosed = false;
  /** When the bytes came that are being handled. */
  #now = 0;

  constructor(process: ContainerProcess, container: LinkedContainer) {
    this.#process = process;
    this.#container = container;
    this.#feed = this.#readFrames();
    this.#readOutput();
    const { child } = process;
    child.on("exit", (code, signal) => {
      this.#exited = true;
      container.exited(signal ? `killed by ${signal}` : `exit code ${code}`, signal);
      if (this.#socketClosed) container.gone();
      // What it sent before it died is still to be read.
      else setTimeout(() => this.#giveUp(), LAST_FRAMES_MS).unref();
    });
    child.on("error", (error) => {
      this.#exited = true;
      container.exited(error.message, null);
      container.gone();
    });
  }

  #giveUp(): void {
    this.#feed.finish();
    this.#container.gone();
  }

  #readFrames(): FrameFeed {
    const { socket, kill } = this.#process;
    const reader = new FrameReader((frame) => this.#container.received(frame, this.#now));
    const feed = new FrameFeed(socket, (chunk, mayStop) => {
      this.#now = performance.now();
      try {
        return reader.push(chunk, mayStop);
      } catch (error) {
        this.#container.misunderstood(error as Error);
        return chunk.length;
      }
    });
    // Writes to a dead process; its `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      feed.finish();
      this.#socketClosed = true;
      if (this.#exited) this.#container.gone();
      else kill();
    });
    return feed;
  }

  #readOutput(): void {
    const { child } = this.#process;
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.setEncoding("utf8");
      child[stream]!.on("data", (text: string) => this.#container.printed(stream, text));
      child[stream]!.on("error", () => {});
    }
  }

  close(): void {
    this.#process.socket.destroy();
  }
}
