/** How far the function has come, as the caller hears it. */
import type { Engine, Progress } from "../../engine/index.ts";
import type { FunctionCall } from "../function-call.ts";
import { monitorOf } from "../roles.ts";

export interface ProgressOptions {
  /** Ends the iteration quietly. */
  signal?: AbortSignal | undefined;
}

/** Hands it to a callback whose errors are its own: they do not fail the call. */
export function tell(onProgress: ((progress: Progress) => void) | undefined, progress: Progress): void {
  if (onProgress) queueMicrotask(() => onProgress(progress));
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

  /** Where the input is now; undefined when it has said nothing, waits, or has ended. */
  async latest(index = 0): Promise<Progress | undefined> {
    const engine = await this.#engine();
    for await (const progress of monitorOf(engine).progress(this.#id)) if (progress.index === index) return progress;
    return undefined;
  }

  /** The newest of each input that runs, then what comes until the call has ended. A slow reader misses what is out of date. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, void> {
    const engine = await this.#engine();
    yield* monitorOf(engine).progress(this.#id, { follow: true, signal: this.#signal });
  }
}

/** Returns what ends it. */
export function follow(call: FunctionCall<unknown>, onProgress: (progress: Progress) => void): () => void {
  const stop = new AbortController();
  const watch = async (): Promise<void> => {
    for await (const progress of call.progress({ signal: stop.signal })) tell(onProgress, progress);
  };
  // Whatever is wrong with the call is heard from its result.
  watch().catch(() => {});
  return () => stop.abort();
}
