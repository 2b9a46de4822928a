/** Items by position, each taken once and in order. Grows to the longest stretch between the first missing and the newest. */

const EMPTY: unique symbol = Symbol("empty");

export class Ring<T> {
  #slots: (T | typeof EMPTY)[] = new Array<T | typeof EMPTY>(64).fill(EMPTY);
  /** Position of the next item to take. */
  #first = 0;

  set(position: number, item: T): void {
    if (position - this.#first >= this.#slots.length) this.#grow(position);
    this.#slots[position & (this.#slots.length - 1)] = item;
  }

  /** The next item, or `nothing`. */
  take<N>(nothing: N): T | N {
    const slot = this.#first & (this.#slots.length - 1);
    const item = this.#slots[slot] as T | typeof EMPTY;
    if (item === EMPTY) return nothing;
    this.#slots[slot] = EMPTY;
    this.#first++;
    return item;
  }

  /** Counts the next item as taken without its having been set. */
  skip(): void {
    this.#first++;
  }

  #grow(position: number): void {
    const old = this.#slots;
    let length = old.length;
    while (length <= position - this.#first) length *= 2;
    this.#slots = new Array<T | typeof EMPTY>(length).fill(EMPTY);
    for (let at = this.#first; at < this.#first + old.length; at++) {
      this.#slots[at & (length - 1)] = old[at & (old.length - 1)] as T | typeof EMPTY;
    }
  }
}
