/**
 * A remote function: what an app's definitions, generated stubs and `Function.fromName` all are. One class has every method,
 * because a function that is only named may turn out to be of any kind; the types (types.ts) show those that fit.
 */
import type { AutoscalerSettings, Engine, FunctionStats } from "../engine/index.ts";
import type { FunctionMode, ResolvedFunctionOptions } from "../schema/index.ts";
import { checkAutoscalerSettings } from "./autoscaler-settings.ts";
import {
  type CallArguments,
  dueAt,
  FollowedProgress,
  forEachChecks,
  GeneratorCall,
  Inputs,
  limit,
  MapCall,
  mapChecks,
  refuseDue,
  runUnary,
  spawnInputs,
  spawnMapChecks,
  splitCall,
  splitMap,
} from "./calls/index.ts";
import type { Client } from "./client.ts";
import { ExecutionError, failureToError, InvalidError } from "./errors.ts";
import { FunctionCall } from "./function-call.ts";
import type { ForEachOptions, MapOptions, SpawnMapOptions } from "./map-options.ts";
import type { CallOptionsInit } from "./markers.ts";
import { checkAppName, checkName, checkVersion, currentEnvironment } from "./names.ts";
import { codecOf, TakenArguments } from "./payloads.ts";
import type { AnyCallable } from "./signatures.ts";
import { answered, Raised, raise } from "./stacks.ts";
import { Target } from "./target.ts";
import { nextTurn } from "./timers.ts";

/** What an app knows of a function that is defined in this program. */
export interface DefinitionRecord {
  fn: AnyCallable;
  options: ResolvedFunctionOptions;
}

export class RemoteFunction {
  readonly #target: Target;
  readonly #definition: DefinitionRecord | undefined;

  constructor(target: Target, definition?: DefinitionRecord) {
    this.#target = target;
    this.#definition = definition;
  }

  static fromName(
    app: string,
    name: string,
    options: { environment?: string; version?: number; client?: Client } = {},
  ): RemoteFunction {
    checkAppName(app);
    checkName("function", name);
    const { environment = currentEnvironment(), version, client } = options;
    checkVersion(version);
    return new RemoteFunction(new Target({ app, environment, name, version }, { client }));
  }

  get app(): string {
    return this.#target.ref.app;
  }

  get name(): string {
    return this.#target.ref.name;
  }

  get environment(): string {
    return this.#target.ref.environment;
  }

  /** For `instanceof GeneratorFunction`. */
  get isGenerator(): boolean {
    return this.#target.mode === "generator";
  }

  /** For `withLocal`: whether the definition takes arrays. */
  get isBatched(): boolean {
    return this.#definition?.options.batch !== undefined;
  }

  /** For `withLocal`. Returns how to undo it. */
  redirect(engine: Engine): () => void {
    return this.#target.redirect(engine);
  }

  /** For `withClient`. */
  bind(client: Client): RemoteFunction {
    return new RemoteFunction(this.#target.bind(client), this.#definition);
  }

  async hydrate(): Promise<this> {
    await this.#target.resolve();
    return this;
  }

  #split(method: string, given: readonly unknown[]): CallArguments {
    const call = splitCall(`${this.name}.${method}`, given);
    if (call.init && method !== "spawn") refuseDue(`${this.name}.${method}`, call.init);
    return call.kwargs ? { ...call, kwargs: this.#target.named(call.kwargs) } : call;
  }

  // ---- one input ----

  async remote(...given: readonly unknown[]): Promise<unknown> {
    RemoteFunction.#check(this, "remote");
    const { args, kwargs, init } = this.#split("remote", given);
    let engine = this.#target.engine();
    let payload: Uint8Array;
    if (engine instanceof Promise) {
      const taken = new TakenArguments(args, kwargs);
      engine = await engine;
      payload = taken.for(engine);
    } else payload = codecOf(engine).encodeArguments(args, kwargs);
    if (init) this.#target.checkFeatures(engine, init);
    if (this.#target.mode !== "unary") await this.#expect("remote", "unary");
    init?.signal?.throwIfAborted();
    if (init?.idempotencyKey !== undefined) {
      // A call with a key must outlive this process: the input is kept, and its result read like that of any kept call.
      return await this.#keyed(engine, payload, init);
    }
    try {
      const request = this.#target.request(engine, "remote", false, init);
      return await runUnary(engine, request, payload, init, this.#target.findError);
    } catch (error) {
      throw raise(error);
    }
  }

  async #keyed(engine: Engine, payload: Uint8Array, init: CallOptionsInit): Promise<unknown> {
    const { onProgress, signal, timeoutMs } = init;
    const progressOf = (id: string, until: AbortSignal) =>
      new FunctionCall<unknown>(id, this.#target).progress({ signal: until });
    const progress = onProgress && new FollowedProgress(progressOf, onProgress);
    try {
      const call = await this.#spawn("remote", engine, payload, init, { onOpened: (id) => progress?.opened(id) });
      progress?.accepted(call.id);
      const result = await call.get({ signal, timeoutMs });
      // What was reported last comes just before the end of the call.
      await progress?.over;
      return result;
    } finally {
      progress?.stop();
    }
  }

  async spawn(...given: readonly unknown[]): Promise<FunctionCall<unknown>> {
    RemoteFunction.#check(this, "spawn");
    const { args, kwargs, init } = this.#split("spawn", given);
    if (init?.onProgress) {
      throw new InvalidError(`${this.name}.spawn: onProgress is for calls that wait for their result`, {
        hint: "Write `for await (const { fraction } of call.progress())`.",
      });
    }
    const due = init && dueAt(`${this.name}.spawn`, init);
    const taken = new TakenArguments(args, kwargs);
    const engine = await this.#target.engine();
    const payload = taken.for(engine);
    if (init) this.#target.checkFeatures(engine, { ...init, dueAt: due });
    await this.#expect("spawn", "unary");
    init?.signal?.throwIfAborted();
    return this.#spawn("spawn", engine, payload, init, { due });
  }

  async #spawn(
    method: "spawn" | "remote",
    engine: Engine,
    payload: Uint8Array,
    init: CallArguments["init"],
    { due, onOpened }: { due?: number | undefined; onOpened?: (id: string) => void },
  ): Promise<FunctionCall<unknown>> {
    try {
      const id = await new Promise<string>((resolve, reject) => {
        const handle = engine.invoker.open(
          this.#target.request(engine, method, true, init && { idempotencyKey: init.idempotencyKey, dueAt: due }),
          {
            output() {},
            // A turn later, so that an acceptance that came with it counts: a call found by its key may have been cancelled.
            failed: (failure) => nextTurn(() => reject(new Raised(failureToError(failure), false))),
          },
        );
        const unlimit =
          init &&
          limit(init, `${this.name}.${method}`, (error) => {
            // Whoever has the key may wait for the same call, or make it again.
            if (init.idempotencyKey === undefined) handle.cancel();
            else handle.detach();
            reject(error);
          });
        handle.put(0, payload);
        const kept = handle.end();
        onOpened?.(handle.id);
        kept
          .then(
            (durable) => {
              // The result is read by id.
              handle.detach();
              resolve(durable);
            },
            (error: unknown) => reject(new Raised(error, false)),
          )
          .finally(unlimit);
      });
      return new FunctionCall<unknown>(id, this.#target);
    } catch (error) {
      throw raise(error);
    }
  }

  remoteGen(...given: readonly unknown[]): AsyncGenerator<unknown, undefined, void> {
    RemoteFunction.#check(this, "remoteGen");
    const { args, kwargs, init } = this.#split("remoteGen", given);
    this.#target.checkDeclaredMode("remoteGen", "generator");
    return new GeneratorCall(this.#target, new TakenArguments(args, kwargs), init);
  }

  // ---- many inputs ----

  map(...given: readonly unknown[]): AsyncIterableIterator<unknown, undefined, void> {
    RemoteFunction.#check(this, "map");
    const { inputs, options } = splitMap<MapOptions>(`${this.name}.map`, given, mapChecks);
    return this.#map("map", new Inputs(`${this.name}.map`, inputs), options);
  }

  starmap(...given: readonly unknown[]): AsyncIterableIterator<unknown, undefined, void> {
    RemoteFunction.#check(this, "starmap");
    const { inputs, options } = splitMap<MapOptions>(`${this.name}.starmap`, given, mapChecks);
    if (inputs.length > 1) {
      throw new InvalidError(`${this.name}.starmap takes one iterable of argument lists, ${inputs.length} were given`, {
        hint: "Use map, which takes one iterable per argument.",
      });
    }
    return this.#map("starmap", new Inputs(`${this.name}.starmap`, inputs, true), options);
  }

  #map(method: string, inputs: Inputs, options: MapOptions & { kwargs?: Readonly<Record<string, unknown>> }): MapCall {
    this.#target.checkDeclaredMode(method, "unary");
    const wrap = options.wrapReturnedExceptions ?? true;
    return new MapCall(method, this.#target, inputs, {
      kwargs: this.#target.named(options.kwargs),
      ordered: options.orderOutputs ?? true,
      maxOutstanding: options.maxOutstanding ?? DEFAULT_OUTSTANDING,
      signal: options.signal,
      onProgress: options.onProgress,
      failures: options.returnExceptions ? (wrap ? "wrap" : "keep") : "reject",
      discard: false,
    });
  }

  async forEach(...given: readonly unknown[]): Promise<void> {
    RemoteFunction.#check(this, "forEach");
    const { inputs, options } = splitMap<ForEachOptions>(`${this.name}.forEach`, given, forEachChecks);
    if (options.onProgress) this.#target.checkFeatures(await this.#target.engine(), options);
    await this.#expect("forEach", "unary");
    const call = new MapCall("forEach", this.#target, new Inputs(`${this.name}.forEach`, inputs), {
      kwargs: this.#target.named(options.kwargs),
      ordered: false,
      maxOutstanding: options.maxOutstanding ?? DEFAULT_OUTSTANDING,
      signal: options.signal,
      onProgress: options.onProgress,
      failures: options.ignoreExceptions ? "ignore" : "reject",
      discard: true,
    });
    await call.next();
  }

  async spawnMap(...given: readonly unknown[]): Promise<FunctionCall<unknown>> {
    RemoteFunction.#check(this, "spawnMap");
    const { inputs, options } = splitMap<SpawnMapOptions>(`${this.name}.spawnMap`, given, spawnMapChecks);
    const due = dueAt(`${this.name}.spawnMap`, options);
    const taken = new Inputs(`${this.name}.spawnMap`, inputs);
    const named = options.kwargs ? { ...options, kwargs: this.#target.named(options.kwargs) } : options;
    const engine = await this.#target.engine();
    this.#target.checkFeatures(engine, { dueAt: due });
    await this.#expect("spawnMap", "unary");
    const id = await spawnInputs(engine, this.#target.request(engine, "spawnMap", true, { dueAt: due }), taken, named);
    return new FunctionCall<unknown>(id, this.#target);
  }

  #expect(method: string, mode: FunctionMode): Promise<void> | undefined {
    return this.#target.expectMode(method, mode);
  }

  /** A method that was taken from its function has none to call. */
  static #check(self: unknown, method: string): void {
    if (typeof self === "object" && self !== null && #target in self) return;
    throw new InvalidError(`${method}() was called without its function, as in ids.map(square.${method})`, {
      hint: `Write \`ids.map((id) => square.${method}(id))\`, so that the method keeps its function and gets nothing but the id.`,
    });
  }

  // ---- the definition ----

  local(...args: readonly unknown[]): unknown {
    return (this.#defined("local").fn as (...args: readonly unknown[]) => unknown)(...args);
  }

  getRawF(): AnyCallable {
    return this.#defined("getRawF").fn;
  }

  #defined(method: string): DefinitionRecord {
    if (this.#definition) return this.#definition;
    const { label, mode } = this.#target;
    const runs =
      mode === "web"
        ? `Send requests to the URL that ${this.name}.getWebUrl() gives`
        : `Call ${this.name}.${mode === "generator" ? "remoteGen" : "remote"}(…)`;
    throw new ExecutionError(`${this.name}.${method}(): this is a stub, and the definition of ${label} is elsewhere`, {
      hint: `${runs}, or import the function from the app's own module to run it in this process.`,
    });
  }

  // ---- the deployed function ----

  async updateAutoscaler(settings: AutoscalerSettings): Promise<void> {
    checkAutoscalerSettings(`${this.name}.updateAutoscaler`, settings);
    const engine = await this.#target.engine();
    await answered(engine.invoker.updateAutoscaler(this.#target.refOn(engine), settings));
  }

  async getCurrentStats(): Promise<FunctionStats> {
    const engine = await this.#target.engine();
    return answered(engine.invoker.stats(this.#target.refOn(engine)));
  }

  async getWebUrl(): Promise<string | undefined> {
    return (await this.#target.resolve()).webUrl;
  }
}

const DEFAULT_OUTSTANDING = 1000;
