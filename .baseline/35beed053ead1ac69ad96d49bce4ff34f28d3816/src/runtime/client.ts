/** An explicit choice of engine, for programs that talk to more than one. */
import type { Engine } from "../engine/index.ts";
import { loaderOf, openEngine } from "./engines.ts";

export interface ClientOptions {
  /** URL, or an engine itself, which then stays its owner's to close. */
  engine: string | Engine;
}

export class Client {
  readonly #choice: string | Engine;
  #opening: Promise<Engine> | undefined;
  #opened: Engine | undefined;

  /** Throws InvalidError on an unknown kind of engine. No I/O before the first call. */
  constructor(options: ClientOptions) {
    if (typeof options.engine === "string") loaderOf(options.engine);
    else this.#opened = options.engine;
    this.#choice = options.engine;
  }

  /** The engine itself, for its registry and what else the port offers. Not a promise once it is open. */
  engine(): Engine | Promise<Engine> {
    if (this.#opened) return this.#opened;
    this.#opening ??= this.#open(String(this.#choice));
    return this.#opening;
  }

  async #open(url: string): Promise<Engine> {
    try {
      this.#opened = await openEngine(url);
      return this.#opened;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Drops the connection that this client has opened. Idempotent; a later call opens a new one. */
  async close(): Promise<void> {
    if (typeof this.#choice !== "string") return;
    const engine = this.#opening ?? this.#opened;
    const opened = await engine;
    this.#opened = undefined;
    await opened?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
