/** Decides when the inputs that wait for a batched function are to run: when they fill a batch, or have waited for others long enough. */
import type { BatchOptions } from "../schema/index.ts";

export class BatchWindow {
  readonly #options: BatchOptions;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = false;

  constructor(options: BatchOptions, onDue: () => void) {
    this.#options = options;
    this.#onDue = onDue;
  }

  /** How many of those that wait may run together now; 0 to wait for more, until `onDue`. */
  size(waiting: number): number {
    if (waiting === 0) {
      this.close();
      return 0;
    }
    if (waiting >= this.#options.maxSize || this.#due) return this.#options.maxSize;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#due = true;
      this.#onDue();
    }, this.#options.waitMs);
    return 0;
  }

  /** A batch has been taken, or there is nothing to wait for: the next input begins a new window. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
  }
}
