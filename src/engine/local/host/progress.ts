/**
 * How far the inputs of one call have come, as user code last said, and who wants to hear it. A call has one only from the
 * first report or the first watcher on: most calls never do.
 */
import type { Progress } from "../../index.ts";

export type ProgressWatcher = (progress: Progress) => void;

export class ProgressBoard {
  /** Of inputs that have not ended. */
  readonly #latest = new Map<number, Progress>();
  readonly #watchers = new Map<ProgressWatcher, () => void>();

  report(progress: Progress): void {
    this.#latest.set(progress.index, progress);
    for (const watcher of this.#watchers.keys()) watcher(progress);
  }

  /** The input has its outcome: what it said before tells nothing more. */
  inputEnded(index: number): void {
    this.#latest.delete(index);
  }

  get latest(): Iterable<Progress> {
    return this.#latest.values();
  }

  /** `onEnd` hears when nothing more comes. Returns what stops it. */
  watch(watcher: ProgressWatcher, onEnd: () => void): () => void {
    this.#watchers.set(watcher, onEnd);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    this.#latest.clear();
    const ends = [...this.#watchers.values()];
    this.#watchers.clear();
    for (const end of ends) end();
  }
}
