/** What calls go to: a function's place in a registry, and the engine that keeps it. */
import type { Engine, FunctionRef, OpenCall, ResolvedFunction } from "../engine/index.ts";
import type { FunctionMode } from "../schema/index.ts";
import type { Client } from "./client.ts";
import { currentContext } from "./context.ts";
import type { FindErrorClass } from "./declared-errors.ts";
import { defaultEngine, engineGeneration } from "./engines.ts";
import { InvalidError } from "./errors.ts";
import type { CallOptionsInit } from "./markers.ts";
import { refFor } from "./payloads.ts";
import { monitorOf, requireFeature } from "./roles.ts";
import { answered } from "./stacks.ts";

/** What a call's options ask of an engine. */
type Wishes = Pick<CallOptionsInit, "idempotencyKey" | "onProgress"> & { dueAt?: number | undefined };

/** The names that a function has for its arguments, by those that its stub shows instead. */
export type WireNames = Readonly<Record<string, string>>;

type Named = Readonly<Record<string, unknown>> | undefined;

interface TargetOptions {
  client?: Client | undefined;
  stubEngine?: string | undefined;
  mode?: FunctionMode | undefined;
  names?: WireNames | undefined;
  /** The classes that the stubs have for errors. */
  findError?: FindErrorClass | undefined;
}

export class Target {
  readonly ref: FunctionRef;
  readonly client: Client | undefined;
  /** URL of the engine that the stub was generated from. */
  readonly stubEngine: string | undefined;
  /** Unknown until the engine has been asked, when the function was named rather than generated. */
  mode: FunctionMode | undefined;
  /** The classes that the stubs have for errors. */
  readonly findError: FindErrorClass | undefined;

  /** The mode is what the engine has said, rather than what the stub was generated with: a later deploy may change it. */
  #asked = false;
  readonly #names: WireNames | undefined;
  /** In whose place calls go, while a test has them run in this process. */
  #redirected: Engine | undefined;
  #engine: Engine | undefined;
  #generation = -1;
  #resolved: Promise<ResolvedFunction> | undefined;
  /** For the engine whose codec it was last translated by. */
  #translated: { engine: Engine; ref: FunctionRef } | undefined;
  /** What opens a call without options: always the same object, by which an engine recognises it. */
  readonly #plain = new Map<OpenCall["method"], OpenCall>();

  constructor(ref: FunctionRef, options: TargetOptions = {}) {
    this.ref = ref;
    this.client = options.client;
    this.stubEngine = options.stubEngine;
    this.mode = options.mode;
    this.#names = options.names;
    this.findError = options.findError;
  }

  bind(client: Client): Target {
    // What was asked of one engine says nothing about another's.
    const mode = this.#asked ? undefined : this.mode;
    const { stubEngine, findError } = this;
    return new Target(this.ref, { client, stubEngine, mode, names: this.#names, findError });
  }

  /** Arguments by the names that the function itself has for them. */
  named(kwargs: Named): Named {
    const names = this.#names;
    if (!kwargs || !names) return kwargs;
    const entries = Object.entries(kwargs);
    return Object.fromEntries(entries.map(([name, value]) => [Object.hasOwn(names, name) ? names[name] : name, value]));
  }

  /** `images/resize`, as people read it. */
  get label(): string {
    return `${this.ref.app}/${this.ref.name}`;
  }

  /** Not a promise once it is known: calls then go out in the same turn. */
  engine(): Engine | Promise<Engine> {
    if (this.#redirected) return this.#redirected;
    if (this.#engine && this.#generation === engineGeneration()) return this.#engine;
    const generation = engineGeneration();
    const engine = this.client ? this.client.engine() : defaultEngine(this.stubEngine);
    if (engine instanceof Promise) return engine.then((opened) => this.#remember(opened, generation));
    return this.#remember(engine, generation);
  }

  /** Calls go to `engine` until the function that this returns is called. */
  redirect(engine: Engine): () => void {
    const before = this.#redirected;
    this.#redirected = engine;
    this.#resolved = undefined;
    return () => {
      this.#redirected = before;
      this.#resolved = undefined;
    };
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
      const resolved = await engine.registry.resolve(this.refOn(engine));
      if (this.mode === undefined) this.#asked = true;
      if (this.#asked) this.mode = resolved.mode;
      return resolved;
    } catch (error) {
      this.#resolved = undefined;
      throw error;
    }
  }

  /** Throws UnsupportedError, before anything is sent, when the engine lacks what the options ask for. */
  checkFeatures(engine: Engine, { idempotencyKey, onProgress, dueAt }: Wishes): void {
    if (dueAt !== undefined) requireFeature(engine, "delays");
    if (idempotencyKey !== undefined) requireFeature(engine, "idempotency");
    if (!onProgress) return;
    requireFeature(engine, "progress");
    // The progress of a kept call is read by its id.
    if (idempotencyKey !== undefined) monitorOf(engine);
  }

  /** The reference in the engine's own terms. Throws SerializationError for constructor arguments that its codec refuses. */
  refOn(engine: Engine): FunctionRef {
    if (!engine.codec || this.ref.instance === undefined) return this.ref;
    if (this.#translated?.engine !== engine) this.#translated = { engine, ref: refFor(engine, this.ref) };
    return this.#translated.ref;
  }

  request(engine: Engine, method: OpenCall["method"], durable: boolean, wishes: Wishes = {}): OpenCall {
    const ref = this.refOn(engine);
    const { idempotencyKey, onProgress, dueAt } = wishes;
    const parent = currentContext()?.inputId;
    if (parent === undefined && idempotencyKey === undefined && dueAt === undefined && !onProgress) {
      const known = this.#plain.get(method);
      if (known?.function === ref) return known;
      const plain = { function: ref, method, durable };
      this.#plain.set(method, plain);
      return plain;
    }
    return { function: ref, method, durable, idempotencyKey, dueAt, progress: onProgress && true, parent };
  }

  /** Whether a call that expects this mode can go out without a question to the engine. */
  isReadyFor(wanted: FunctionMode): boolean {
    return this.mode === wanted || (this.mode !== undefined && this.mode !== "web" && !this.#asked);
  }

  /** Rejects with InvalidError when the function does not answer the way the method expects. Asks again for what a deploy may have changed. */
  async expectMode(method: string, wanted: FunctionMode): Promise<void> {
    if (this.#asked && this.mode !== wanted) this.#resolved = undefined;
    if (this.mode === undefined || (this.#asked && this.mode !== wanted)) await this.resolve();
    await this.#refuseWeb(method);
    this.checkMode(method, wanted);
  }

  /** As `checkMode`, if the stub says how the function answers. */
  checkDeclaredMode(method: string, wanted: FunctionMode): void {
    if (this.mode !== undefined && !this.#asked) this.checkMode(method, wanted);
  }

  async #refuseWeb(method: string): Promise<void> {
    if (this.mode !== "web") return;
    const { webUrl } = await this.resolve();
    throw new InvalidError(`${this.label} is a web function: ${method}() cannot run it`, {
      hint: webUrl === undefined ? "Send HTTP requests to its URL." : `Send HTTP requests to ${webUrl}.`,
    });
  }

  /** Throws InvalidError when the function does not answer the way the method expects. The mode has to be known. */
  checkMode(method: string, wanted: FunctionMode): void {
    // A web function is refused where its URL can be asked for.
    if (this.mode === wanted || this.mode === "web") return;
    if (this.mode === "generator") {
      throw new InvalidError(`${this.label} is a generator: ${method}() cannot run it`, {
        hint: `Write \`for await (const item of ${this.ref.name}.remoteGen(…))\`.`,
      });
    }
    throw new InvalidError(`${this.label} is not a generator: ${method}() cannot run it`, {
      hint: `Write \`await ${this.ref.name}.remote(…)\`.`,
    });
  }
}
