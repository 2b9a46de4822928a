/** The engines of one run, each opened once and closed at the end. */
import { DEFAULT_ENGINE, type Engine } from "../engine/index.ts";

export class Engines {
  readonly #given: Engine | string | undefined;
  readonly #opened = new Map<string, Promise<Engine>>();

  /** @param given replaces the engine that the configs name; its owner closes it if it is already open */
  constructor(given: Engine | string | undefined) {
    this.#given = given;
  }

  url(configured: string | undefined): string {
    const given = typeof this.#given === "object" ? this.#given.url : this.#given;
    return given ?? (process.env.FARCALL_ENGINE || configured || DEFAULT_ENGINE);
  }

  async open(configured: string | undefined): Promise<Engine> {
    if (typeof this.#given === "object") return this.#given;
    const url = this.url(configured);
    let engine = this.#opened.get(url);
    if (!engine) {
      engine = import("../engines/index.ts").then(({ openEngine }) => openEngine(url));
      this.#opened.set(url, engine);
    }
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const engines = await Promise.allSettled(this.#opened.values());
    await Promise.all(engines.map((engine) => (engine.status === "fulfilled" ? engine.value.close() : undefined)));
  }
}
