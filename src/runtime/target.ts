/** What calls go to: a function's place in a registry, and the engine that keeps it. */
import type { Engine, FunctionRef, OpenCall, ResolvedFunction } from "../engine/index.ts";
import type { FunctionMode } from "../schema/index.ts";
import { answered } from "./calls/stacks.ts";
import type { Client } from "./client.ts";
import { defaultEngine, engineGeneration } from "./engines.ts";
import { InvalidError } from "./errors.ts";
import type { CallOptionsInit } from "./markers.ts";

export class Target {
  readonly ref: FunctionRef;
  readonly client: Client | undefined;
  /** URL of the engine that the stub was generated from. */
  readonly stubEngine: string | undefined;
  /** Unknown until the engine has been asked, when the function was named rather than generated. */
  mode: FunctionMode | undefined;

  #engine: Engine | undefined;
  #generation = -1;
  #resolved: Promise<ResolvedFunction> | undefined;
  /** What opens a call that says nothing of its own: always the same object, by which an engine knows it again. */
  readonly #plain = new Map<OpenCall["method"], OpenCall>();

  constructor(
    ref: FunctionRef,
    options: { client?: Client | undefined; stubEngine?: string | undefined; mode?: FunctionMode | undefined } = {},
  ) {
    this.ref = ref;
    this.client = options.client;
    this.stubEngine = options.stubEngine;
    this.mode = options.mode;
  }

  bind(client: Client): Target {
    return new Target(this.ref, { client, stubEngine: this.stubEngine, mode: this.mode });
  }

  /** `images/resize`, as people read it. */
  get label(): string {
    return `${this.ref.app}/${this.ref.name}`;
  }

  /** Not a promise once it is known: calls then go out in the same turn. */
  engine(): Engine | Promise<Engine> {
    if (this.#engine && this.#generation === engineGeneration()) return this.#engine;
    const generation = engineGeneration();
    const engine = this.client ? this.client.engine() : defaultEngine(this.stubEngine);
    if (engine instanceof Promise) return engine.then((opened) => this.#remember(opened, generation));
    return this.#remember(engine, generation);
  }

  #remember(engine: Engine, generation: number): Engine {
    // A client's connection can be closed and opened again at any time, so it is asked each time.
    if (!this.client) {
      if (this.#engine !== engine) this.#resolved = undefined;
      this.#engine = engine;
      this.#generation = generation;
    }
    return engine;
  }

  /** Asks the engine once. A failure is asked again. */
  resolve(): Promise<ResolvedFunction> {
    this.#resolved ??= this.#resolve();
    return answered(this.#resolved);
  }

  async #resolve(): Promise<ResolvedFunction> {
    try {
      const engine = await this.engine();
      const resolved = await engine.registry.resolve(this.ref);
      this.mode = resolved.mode;
      return resolved;
    } catch (error) {
      this.#resolved = undefined;
      throw error;
    }
  }

  request(
    method: OpenCall["method"],
    durable: boolean,
    { idempotencyKey, onProgress }: Pick<CallOptionsInit, "idempotencyKey" | "onProgress"> = {},
  ): OpenCall {
    if (idempotencyKey === undefined && !onProgress) {
      const plain = this.#plain.get(method) ?? { function: this.ref, method, durable };
      this.#plain.set(method, plain);
      return plain;
    }
    return { function: this.ref, method, durable, idempotencyKey, progress: onProgress && true };
  }

  /** Rejects with InvalidError for a method that a web function lacks. Others are judged by `checkMode`. */
  async refuseWeb(method: string): Promise<void> {
    if (this.mode === undefined) await this.resolve();
    if (this.mode !== "web") return;
    const { webUrl } = await this.resolve();
    throw new InvalidError(`${this.label} is a web function: ${method}() cannot run it`, {
      hint: webUrl === undefined ? "send HTTP requests to its URL" : `send HTTP requests to ${webUrl}`,
    });
  }

  /** Throws InvalidError when the function answers in another way than the method waits for. The mode has to be known. */
  checkMode(method: string, wanted: FunctionMode): void {
    // What a web function lacks is refused where its URL can be asked for.
    if (this.mode === wanted || this.mode === "web") return;
    if (this.mode === "generator") {
      throw new InvalidError(`${this.label} is a generator: ${method}() cannot run it`, {
        hint: `for await (const item of ${this.ref.name}.remoteGen(…))`,
      });
    }
    throw new InvalidError(`${this.label} is no generator: ${method}() cannot run it`, {
      hint: `await ${this.ref.name}.remote(…)`,
    });
  }
}
