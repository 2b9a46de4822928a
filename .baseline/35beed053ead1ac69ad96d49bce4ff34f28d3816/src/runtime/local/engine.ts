/**
 * An engine that runs the definitions that it is given, in this process: no container, no retries, no time limit, nothing on disk.
 * Arguments and results pass farcall's codec, so that what cannot cross fails here as it would on any engine, and no two sides
 * share an object.
 */
import type {
  CallHandle,
  CallSink,
  Engine,
  FunctionRef,
  Invoker,
  OpenCall,
  Registry,
  ResolvedFunction,
} from "../../engine/index.ts";
import { cancelledCall } from "../../engine/index.ts";
import type { FunctionMode } from "../../schema/index.ts";
import { resolveOptions } from "../app/index.ts";
import { errorToFailure, FarcallError, NotFoundError, UnsupportedError } from "../errors.ts";
import { LocalCall, type Runnable } from "./call.ts";

/** A function or method that can run here. */
export interface LocalFunction {
  mode: FunctionMode;
  /** @param instance of a method: the encoded arguments of the constructor */
  resolve(instance: string | undefined): Runnable | Promise<Runnable>;
}

export class LocalEngine implements Engine {
  readonly url = "in-process:";
  readonly deployHint = "Pass definitions to withLocal().";
  readonly progress = false;
  readonly idempotency = false;
  readonly registry: Registry;
  readonly invoker: Invoker;
  readonly #functions: ReadonlyMap<string, LocalFunction>;
  readonly #calls = new Map<string, LocalCall>();

  /** @param functions by `app/name` */
  constructor(functions: ReadonlyMap<string, LocalFunction>) {
    this.#functions = functions;
    const none = () => {
      throw new UnsupportedError("stubs of withLocal() are not deployed", {
        hint: "Ask the registry of an engine, without withLocal().",
      });
    };
    this.registry = {
      listApps: async () => [],
      getManifest: async () => none(),
      history: async () => [],
      watchDeploys: () => none(),
      resolve: async (ref) => this.#resolved(ref),
    };
    this.invoker = {
      open: (request, sink) => this.#open(request, sink),
      attach: (id, range, sink) => {
        const call = this.#calls.get(id);
        if (call) return { credit: (count) => call.credit(count), detach: call.read(sink, range) };
        queueMicrotask(() => sink.failed(errorToFailure(unknownCall(id))));
        return { credit() {}, detach() {} };
      },
      poll: async (id, range) => this.#call(id).poll(range),
      call: async (id) => this.#call(id).info,
      cancel: async (id) => this.#call(id).cancel(cancelledCall(id)),
      stats: async (ref) => {
        this.#function(ref);
        const running = [...this.#calls.values()].filter(({ info }) => info.function === ref.name);
        const numRunningInputs = running.reduce((sum, { numRunning }) => sum + numRunning, 0);
        return { backlog: 0, numTotalRunners: 1, numRunningInputs };
      },
      updateAutoscaler: async (ref) => void this.#function(ref),
    };
  }

  async close(): Promise<void> {}

  #call(id: string): LocalCall {
    const call = this.#calls.get(id);
    if (!call) throw unknownCall(id);
    return call;
  }

  #function({ app, name }: FunctionRef): LocalFunction {
    const found = this.#functions.get(`${app}/${name}`);
    if (found) return found;
    throw new NotFoundError(`${app}/${name} has no definition in this process`, {
      hint: `Add ${name} to the definitions of withLocal().`,
    });
  }

  #resolved(ref: FunctionRef): ResolvedFunction {
    const { app, environment, name } = ref;
    const { mode } = this.#function(ref);
    const rest = { name: "args", type: { kind: "array", element: UNKNOWN } as const, rest: true as const };
    const options = resolveOptions(`function "${name}"`);
    const schema = { name, mode, parameters: [rest], returns: UNKNOWN, options, signature: ref.signature ?? "" };
    return { app, environment, name, version: 1, mode, schema };
  }

  #open(request: OpenCall, sink: CallSink): CallHandle {
    const id = `fc-local-${this.#calls.size + 1}`;
    let found: LocalFunction;
    try {
      found = this.#function(request.function);
    } catch (error) {
      if (!(error instanceof FarcallError)) throw error;
      const failure = errorToFailure(error);
      queueMicrotask(() => sink.failed(failure));
      return { ...NO_CALL, id, end: async () => id };
    }
    const isGenerator = found.mode === "generator";
    const call = new LocalCall(id, request, isGenerator, () => found.resolve(request.function.instance));
    this.#calls.set(id, call);
    const stop = request.durable ? () => {} : call.read(sink);
    return {
      id,
      put: (index, payload) => call.put(index, payload),
      drained: () => undefined,
      async end() {
        call.complete();
        return id;
      },
      credit: (count) => call.credit(count),
      cancel: () => call.cancel(),
      detach: stop,
    };
  }
}

const UNKNOWN = { kind: "primitive", name: "unknown" } as const;

const NO_CALL: Omit<CallHandle, "id" | "end"> = {
  put() {},
  drained: () => undefined,
  credit() {},
  cancel() {},
  detach() {},
};

function unknownCall(id: string): NotFoundError {
  return new NotFoundError(`call ${id} was not made in this process`, {
    hint: "Calls of withLocal() are kept until the stubs are given back.",
  });
}
