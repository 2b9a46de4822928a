/** A set of indices that stays small. */

/** Indices seen, one bit each: a million outputs fit in 125 kB. */
export class IndexSet {
  #bits = new Uint8Array(16);

  has(index: number): boolean {
    return ((this.#bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** False when it was there. */
  add(index: number): boolean {
    const at = index >>> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = 1 << (index & 7);
    if (this.#bits[at]! & bit) return false;
    this.#bits[at]! |= bit;
    return true;
  }
}
