/**
 * What durable calls hold in memory: payloads on their way to the disk, and small inputs that need not be read back from it.
 * Both are bounded for all calls together, however many wait.
 */

/** Payloads on their way to the disk. Whoever sends more waits. */
const UNSAVED_BYTES = 64 * 1024 * 1024;
/** Inputs that are kept although they are on disk. */
const KEPT_BYTES = 16 * 1024 * 1024;

export class Backlog {
  #unsaved = 0;
  #kept = 0;
  #waiting: (() => void)[] = [];

  get full(): boolean {
    return this.#unsaved > UNSAVED_BYTES;
  }

  /** Calls back once, when there is room again. */
  onRoom(listener: () => void): void {
    this.#waiting.push(listener);
  }

  add(bytes: number): void {
    this.#unsaved += bytes;
  }

  saved(bytes: number): void {
    this.#unsaved -= bytes;
    if (this.#unsaved > UNSAVED_BYTES / 2 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }

  /** False when the disk has to keep them alone. */
  keep(bytes: number): boolean {
    if (this.#kept + bytes > KEPT_BYTES) return false;
    this.#kept += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#kept -= bytes;
  }
}
