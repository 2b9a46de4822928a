/** How far the function has come, as its caller sees it. */
import type { Engine, Monitor, Progress } from "../../engine/index.ts";
import { monitorOf, requireFeature } from "../roles.ts";
import { queueMicrotask } from "../timers.ts";
import { ignore } from "./inputs.ts";

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

/** Hands the progress of a call that is kept on disk to a callback. */
export class FollowedProgress {
  readonly #progressOf: (id: string, signal: AbortSignal) => AsyncIterable<Progress>;
  readonly #onProgress: (progress: Progress) => void;
  #id = "";
  #stop = new AbortController();
  #watched: Promise<void> = Promise.resolve();

  /** @param progressOf ends when the signal aborts */
  constructor(
    progressOf: (id: string, signal: AbortSignal) => AsyncIterable<Progress>,
    onProgress: (progress: Progress) => void,
  ) {
    this.#progressOf = progressOf;
    this.#onProgress = onProgress;
  }

  /** The call is being sent: a quick one is over by the time that it is known to be kept. */
  opened(id: string): void {
    this.#id = id;
    this.#watched = this.#watch(id);
    this.#watched.catch(ignore);
  }

  /** Its id is certain: one that was found by its key has another. */
  accepted(id: string): void {
    if (id === this.#id) {
      // An engine may not have known it before.
      this.#watched = this.#watched.catch(() => this.#watch(id));
    } else {
      this.#stop.abort();
      this.#stop = new AbortController();
      this.#watched = this.#watch(id);
    }
    // Whatever is wrong with the call, its result says.
    this.#watched = this.#watched.catch(ignore);
  }

  /** Resolves when nothing more comes. */
  get over(): Promise<void> {
    return this.#watched;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(id: string): Promise<void> {
    for await (const progress of this.#progressOf(id, this.#stop.signal)) report(this.#onProgress, progress);
  }
}
