/** Inputs that a batched function runs in one call, counted while they leave. */

export class Batch {
  #left: number;

  constructor(size: number) {
    this.#left = size;
  }

  /** One of them has left. Returns whether it was the last. */
  inputLeft(): boolean {
    return --this.#left === 0;
  }
}
