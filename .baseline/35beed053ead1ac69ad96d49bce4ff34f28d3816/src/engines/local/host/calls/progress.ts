/**
 * How far the inputs of one call have come, as user code last reported, and who watches. Most calls have neither, and then this is
 * empty.
 */
import type { Progress } from "../../../../engine/index.ts";

export type ProgressWatcher = (progress: Progress) => void;

export class ProgressBoard {
  /** Of inputs that have not ended. */
  #latest: Map<number, Progress> | undefined;
  #watchers: Map<ProgressWatcher, () => void> | undefined;

  report(progress: Progress): void {
    this.#latest ??= new Map();
    this.#latest.set(progress.index, progress);
    if (this.#watchers) for (const watcher of this.#watchers.keys()) watcher(progress);
  }

  /** The input has its outcome, so its progress does not matter any more. */
  inputEnded(index: number): void {
    this.#latest?.delete(index);
  }

  get latest(): Iterable<Progress> {
    return this.#latest?.values() ?? [];
  }

  /** `onEnd` is called when nothing more comes. Returns the function that stops it. */
  watch(watcher: ProgressWatcher, onEnd: () => void): () => void {
    this.#watchers ??= new Map();
    this.#watchers.set(watcher, onEnd);
    return () => this.#watchers?.delete(watcher);
  }

  close(): void {
    this.#latest?.clear();
    if (!this.#watchers) return;
    const ends = [...this.#watchers.values()];
    this.#watchers.clear();
    for (const end of ends) end();
  }
}
