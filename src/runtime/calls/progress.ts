/** How far the function has come, as its caller sees it. */
import type { Engine, Monitor, Progress } from "../../engine/index.ts";
import { monitorOf, requireFeature } from "../roles.ts";
import { queueMicrotask } from "../timers.ts";

export interface ProgressOptions {
  /** Ends the iteration quietly. */
  signal?: AbortSignal | undefined;
}

/** Hands it to a callback whose errors are its own: they are printed, and neither fail the call nor end the program. */
export function report(onProgress: ((progress: Progress) => unknown) | undefined, progress: Progress): void {
  if (!onProgress) return;
  queueMicrotask(() => {
    try {
      const result = onProgress(progress);
      // An async callback.
      if (result instanceof Promise) result.catch(complain);
    } catch (error) {
      complain(error);
    }
  });
}

function complain(error: unknown): void {
  console.error("farcall: onProgress threw an error, and the call goes on:", error);
}

/** The progress of a call's inputs. Iterate it to watch; `latest` looks once. */
export class CallProgress implements AsyncIterable<Progress> {
  readonly #id: string;
  readonly #engine: () => Engine | Promise<Engine>;
  readonly #signal: AbortSignal | undefined;

  constructor(id: string, engine: () => Engine | Promise<Engine>, options: ProgressOptions) {
    this.#id = id;
    this.#engine = engine;
    this.#signal = options.signal;
  }

  /** Where the input is now; undefined when it has reported nothing, waits, or has ended. */
  async latest(index = 0): Promise<Progress | undefined> {
    const monitor = await this.#monitor();
    for await (const progress of monitor.progress(this.#id)) if (progress.index === index) return progress;
    return undefined;
  }

  /** The newest of each input that runs, then what comes until the call has ended. A slow reader misses what is out of date. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, void> {
    const monitor = await this.#monitor();
    yield* monitor.progress(this.#id, { follow: true, signal: this.#signal });
  }

  async #monitor(): Promise<Monitor> {
    const engine = await this.#engine();
    requireFeature(engine, "progress");
    return monitorOf(engine);
  }
}

/**
 * Hands all progress of a call to a callback.
 * @param progressOf ends when the signal aborts
 * @returns `stop` ends it; `over` resolves when nothing more comes
 */
export function follow(
  progressOf: (signal: AbortSignal) => AsyncIterable<Progress>,
  onProgress: (progress: Progress) => void,
): { stop: () => void; over: Promise<void> } {
  const stop = new AbortController();
  const watch = async (): Promise<void> => {
    for await (const progress of progressOf(stop.signal)) report(onProgress, progress);
  };
  // Whatever is wrong with the call, its result says.
  return { stop: () => stop.abort(), over: watch().catch(() => {}) };
}
