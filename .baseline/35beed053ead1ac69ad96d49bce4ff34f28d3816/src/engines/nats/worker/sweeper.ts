/** Removes what has expired. Readers go by the times in the records, so nothing depends on when this comes to it. */
import type { CallStore } from "../durable/index.ts";

const SWEEP_MS = 600_000;
/** For so long after its results have expired it is known that there was a call. */
const TOMBSTONE_MS = 30 * 86_400_000;

export interface SweeperOptions {
  store: CallStore;
  /** Another worker sweeps. */
  isOff: () => boolean;
  /** Milliseconds since 1970. */
  now(): number;
  log(line: string): void;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  /** Calls whose results are removed. */
  readonly #swept = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async sweep(): Promise<void> {
    const { store, isOff, now, log } = this.#options;
    if (this.#sweeping || isOff()) return;
    this.#sweeping = true;
    try {
      // In the order of their ends, which is nearly that of their expiry.
      for (let next = await store.endAfter(0); next; next = await store.endAfter(next.sequence)) {
        const { id, ended } = next;
        const late = now() - ended.expiresAt;
        if (late < 0) return;
        if (late > TOMBSTONE_MS) {
          await store.forget(id);
          this.#swept.delete(id);
        } else if (!this.#swept.has(id)) {
          await store.removeResults(id);
          this.#swept.add(id);
        }
      }
    } catch (error) {
      log(`expired calls could not be removed, which is tried again: ${(error as Error).message}`);
    } finally {
      this.#sweeping = false;
    }
  }
}
