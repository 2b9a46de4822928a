/**
 * An engine as small as the port allows: in memory and in this process, with a registry and an invoker and nothing else, and
 * with a codec of its own. It names its calls a turn after they are opened, as an engine does that is far away.
 */
import type { CallHandle, CallSink, Engine, FunctionRef, Invoker, OpenCall } from "../../../src/engine/index.ts";
import { cancelledCall } from "../../../src/engine/index.ts";
import { errorToFailure, FarcallError, NotFoundError, UnsupportedError } from "../../../src/runtime/errors.ts";
import type { TestApp } from "../conformance/index.ts";
import { MemoryCall, type Place } from "./call.ts";
import { jsonCodec } from "./codec.ts";
import type { AnyFunction } from "./program.ts";
import { MemoryRegistry, type Version } from "./registry.ts";

/** What several engines share, as if it were a server. */
export class MemoryWorld {
  readonly registry = new MemoryRegistry();
  readonly calls = new Map<string, MemoryCall>();
  readonly #running = new Map<string, { count: number }>();
  readonly #instances = new Map<string, Promise<Record<string, AnyFunction>>>();
  #named = 0;

  install(app: TestApp): void {
    this.registry.install(app);
  }

  open(request: OpenCall): MemoryCall {
    const call = new MemoryCall(`fc-memory-${++this.#named}`, request, this.#place(request.function));
    this.calls.set(call.id, call);
    return call;
  }

  call(id: string): MemoryCall {
    const call = this.calls.get(id);
    if (call) return call;
    throw new NotFoundError(`no call ${id}`);
  }

  /** Counted by function, and by instance where there is one. */
  running({ app, environment, name, instance }: FunctionRef): { count: number } {
    const key = JSON.stringify([app, environment, name, instance]);
    const running = this.#running.get(key) ?? { count: 0 };
    this.#running.set(key, running);
    return running;
  }

  #place(ref: FunctionRef): Place {
    const { version, schema } = this.registry.function(ref);
    const resolve = () =>
      ref.instance === undefined
        ? version.program.functions.get(schema.name)!
        : this.#method(version, schema.name, ref.instance);
    return { version, schema, resolve, running: this.running(ref) };
  }

  async #method(version: Version, name: string, instance: string): Promise<AnyFunction> {
    const [className = "", method = ""] = name.split(".");
    const key = JSON.stringify([version.manifest.app, version.etag, className, instance]);
    const made = this.#instances.get(key) ?? this.#construct(version, className, instance);
    this.#instances.set(key, made);
    const own = await made;
    return (...args) => own[method]!(...args);
  }

  async #construct(version: Version, className: string, instance: string): Promise<Record<string, AnyFunction>> {
    const { args, kwargs } = jsonCodec.decodeInstance(instance);
    const Own = version.program.classes.get(className)!;
    // What is passed by name is one object to JavaScript.
    const own = new Own(...args, ...(kwargs ? [kwargs] : []));
    await own["enter"]?.();
    return own;
  }
}

export function memoryEngine(world: MemoryWorld): Engine {
  /** Calls that end with this engine's connection. */
  const own = new Set<MemoryCall>();
  const { registry } = world;
  const invoker: Invoker = {
    open: (request, sink) => new MemoryHandle(world, own, request, sink),
    attach(id, range, sink) {
      try {
        return { credit() {}, detach: world.call(id).read(sink, range) };
      } catch (error) {
        if (!(error instanceof FarcallError)) throw error;
        queueMicrotask(() => sink.failed(errorToFailure(error)));
        return { credit() {}, detach() {} };
      }
    },
    poll: async (id, range) => world.call(id).poll(range),
    call: async (id) => world.call(id).info,
    cancel: async (id) => world.call(id).cancel(cancelledCall(id)),
    async stats(ref) {
      registry.function(ref);
      return { backlog: 0, numTotalRunners: 1, numRunningInputs: world.running(ref).count };
    },
    async updateAutoscaler() {
      throw new UnsupportedError("the engine in memory does not scale", { hint: "Leave the autoscaler alone." });
    },
  };
  return {
    url: "memory:",
    registry,
    invoker,
    codec: jsonCodec,
    deployHint: "Call MemoryWorld.install with the app.",
    idempotency: false,
    delays: false,
    progress: false,
    arguments: false,
    trace: false,
    backpressure: false,
    async close() {
      const failure = { code: "ENGINE_UNAVAILABLE", message: "the engine was closed" } as const;
      for (const call of own) call.cancel(failure);
      own.clear();
    },
  };
}

class MemoryHandle implements CallHandle {
  readonly #world: MemoryWorld;
  readonly #own: Set<MemoryCall>;
  readonly #sink: CallSink;
  readonly #opened: Promise<MemoryCall>;
  #call: MemoryCall | undefined;
  #over = false;

  constructor(world: MemoryWorld, own: Set<MemoryCall>, request: OpenCall, sink: CallSink) {
    this.#world = world;
    this.#own = own;
    this.#sink = sink;
    this.#opened = this.#open(request);
    this.#opened.catch((error: unknown) => {
      if (!(error instanceof FarcallError)) throw error;
      if (!this.#over) sink.failed(errorToFailure(error));
    });
  }

  get id(): string {
    return this.#call?.id ?? "";
  }

  async #open(request: OpenCall): Promise<MemoryCall> {
    await new Promise((resolve) => setImmediate(resolve));
    const call = this.#world.open(request);
    this.#call = call;
    // The results of a durable call are read by its id.
    if (request.durable) return call;
    this.#own.add(call);
    if (!this.#over) call.read(this.#sink);
    return call;
  }

  put(index: number, payload: Uint8Array): void {
    this.#later((call) => call.put(index, payload));
  }

  drained(): undefined {}

  async end(): Promise<string> {
    const call = await this.#opened;
    call.end();
    return call.id;
  }

  credit(): void {}

  cancel(): void {
    this.#over = true;
    if (this.#call) this.#call.cancel();
    else this.#later((call) => call.cancel());
  }

  detach(): void {
    this.#over = true;
  }

  #later(run: (call: MemoryCall) => void): void {
    // The sink has been given the reason why it could not be opened.
    this.#opened.then(run, () => {});
  }
}
