/**
 * The page's hold on the engine. Whoever holds a connection keeps a local engine's host alive, and somebody may leave the page
 * open for days: so the connection is let go a moment after its last use. The next use connects again.
 */
import type { Engine } from "../../engine/index.ts";

const LINGER_MS = 1_500;

export class Lease {
  readonly #engine: Engine;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async use<T>(body: (engine: Engine) => Promise<T>): Promise<T> {
    const release = this.take();
    try {
      return await body(this.#engine);
    } finally {
      release();
    }
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** Returns what lets go of it. */
  take(): () => void {
    clearTimeout(this.#timer);
    this.#users++;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      if (--this.#users === 0) this.#timer = setTimeout(() => void this.#engine.close(), LINGER_MS).unref();
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#engine.close();
  }
}
