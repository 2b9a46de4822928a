/**
 * An engine without a host: runs an app's functions in this process, with the real codec on both sides. The second adapter of
 * the port, by which the runtime core is tested alone and the conformance suite is tested itself.
 */

import type {
  AutoscalerSettings,
  CallHandle,
  CallInfo,
  CallSink,
  DeployRequest,
  DeployResult,
  Engine,
  Failure,
  FunctionRef,
  FunctionStats,
  InputRange,
  InputRecord,
  Invoker,
  OpenCall,
  Output,
  Registry,
  ResolvedFunction,
} from "../../src/engine/index.ts";
import {
  type App,
  decodeArguments,
  definitionsOf,
  encodeError,
  encodeValue,
  FarcallError,
  type FunctionDefinition,
  NotFoundError,
} from "../../src/runtime/index.ts";
import type { AppManifest, FunctionMode, FunctionSchema } from "../../src/schema/index.ts";

export interface InProcessOptions {
  /** Modes that cannot be told from the functions, by name. */
  modes?: Record<string, FunctionMode>;
  /** Inputs that a call takes before `drained()` asks to wait. Default: never asks. */
  highWater?: number;
}

export interface Observed {
  /** Inputs that were put, in all calls. */
  put: number;
  /** Inputs that have begun to run. */
  started: number;
  opened: OpenCall[];
  cancelled: number;
  granted: number;
  /** Attachments that have not been let go. */
  attached: number;
}

export class InProcessEngine implements Engine {
  readonly url = "in-process:";
  readonly observed: Observed = { put: 0, started: 0, opened: [], cancelled: 0, granted: 0, attached: 0 };
  readonly registry: Registry;
  readonly invoker: Invoker;
  closed = 0;

  readonly #functions = new Map<string, FunctionDefinition>();
  readonly #app: string;
  readonly #calls = new Map<string, Call>();
  readonly #keys = new Map<string, string>();
  #nextCall = 1;

  constructor(app: App, moduleExports: Record<string, unknown> = {}, options: InProcessOptions = {}) {
    this.#app = app.name;
    for (const definition of definitionsOf(app, moduleExports)) {
      const mode = options.modes?.[definition.name] ?? definition.mode;
      this.#functions.set(definition.name, { ...definition, mode });
    }
    this.registry = this.#registry();
    this.invoker = this.#invoker(options);
  }

  async close(): Promise<void> {
    this.closed++;
  }

  #find(ref: FunctionRef): FunctionDefinition | Failure {
    const found = ref.app === this.#app && ref.environment === "main" ? this.#functions.get(ref.name) : undefined;
    if (found) return found;
    return {
      code: "NOT_FOUND",
      message: `function "${ref.name}" of app "${ref.app}" (${ref.environment}) is not deployed`,
    };
  }

  #registry(): Registry {
    const refuse = (): never => {
      throw new Error("the in-process engine has no deploys: it runs the app that it was made with");
    };
    return {
      listApps: async () => [],
      getManifest: async (): Promise<{ etag: string; manifest?: AppManifest }> => refuse(),
      resolve: async (ref): Promise<ResolvedFunction> => {
        const found = this.#find(ref);
        if ("code" in found) throw new NotFoundError(found.message);
        const schema = {
          name: found.name,
          mode: found.mode,
          parameters: [],
          returns: { kind: "primitive", name: "unknown" },
          options: found.options,
          signature: "",
        } satisfies FunctionSchema;
        const web = found.mode === "web" ? { webUrl: `http://127.0.0.1/${found.name}` } : {};
        return {
          app: ref.app,
          environment: ref.environment,
          name: ref.name,
          version: 1,
          mode: found.mode,
          schema,
          ...web,
        };
      },
      deploy: async (_request: DeployRequest): Promise<DeployResult> => refuse(),
      remove: async () => refuse(),
      watchDeploys: () => refuse(),
    };
  }

  #invoker(options: InProcessOptions): Invoker {
    const callOf = (id: string): Call => {
      const call = this.#calls.get(id);
      if (!call) throw new NotFoundError(`call ${id} is not known`);
      return call;
    };
    return {
      open: (request, sink) => {
        this.observed.opened.push(request);
        const key = request.idempotencyKey && `${request.function.name}:${request.idempotencyKey}`;
        const known = key === undefined ? undefined : this.#keys.get(key);
        if (known !== undefined) return handleOfKnown(known);
        const id = `fc-${this.#nextCall++}`;
        const call = new Call(id, request, this.#find(request.function), sink, this.observed, options.highWater);
        if (request.durable) this.#calls.set(id, call);
        if (key !== undefined) this.#keys.set(key, id);
        return call;
      },
      attach: (id, range, sink) => {
        const call = this.#calls.get(id);
        if (call) return call.attach(range, sink);
        queueMicrotask(() => sink.failed({ code: "NOT_FOUND", message: `call ${id} is not known` }));
        return { grant() {}, detach() {} };
      },
      poll: async (id, range) => callOf(id).outputsIn(range),
      call: async (id) => callOf(id).info(),
      inputs: async (id, range) => callOf(id).inputsIn(range),
      calls: async () => [...this.#calls.values()].map((call) => call.info()),
      cancel: async (id) => callOf(id).cancel(),
      progress: async function* () {},
      stats: async (): Promise<FunctionStats> => ({ backlog: 0, numTotalRunners: 1, numRunningInputs: 0 }),
      updateAutoscaler: async (_ref: FunctionRef, _settings: AutoscalerSettings) => {},
      logs: async function* () {},
    };
  }
}

function handleOfKnown(id: string): CallHandle {
  return {
    id,
    put() {},
    drained: () => undefined,
    end: async () => id,
    grant() {},
    cancel() {},
    detach() {},
  };
}

interface Listener {
  range: InputRange;
  sink: CallSink;
}

class Call implements CallHandle {
  readonly id: string;
  readonly #request: OpenCall;
  readonly #found: FunctionDefinition | Failure;
  readonly #observed: Observed;
  readonly #highWater: number;
  readonly #listeners = new Set<Listener>();
  readonly #opener: Listener;
  readonly #outputs: Output[] = [];
  readonly #payloads = new Map<number, Uint8Array>();
  readonly #waiting: { index: number; payload: Uint8Array }[] = [];
  #scheduled = false;
  #inputs = 0;
  #ended = 0;
  #credit = 0;
  #cancelled = false;
  #wakeGenerator: (() => void) | undefined;
  #wakeSender: (() => void) | undefined;

  constructor(
    id: string,
    request: OpenCall,
    found: FunctionDefinition | Failure,
    sink: CallSink,
    observed: Observed,
    highWater = Number.POSITIVE_INFINITY,
  ) {
    this.id = id;
    this.#request = request;
    this.#found = found;
    this.#observed = observed;
    this.#highWater = highWater;
    this.#opener = { range: {}, sink };
    this.#listeners.add(this.#opener);
    if ("code" in found) {
      setImmediate(() => {
        if (this.#listeners.delete(this.#opener)) sink.failed(found);
      });
    }
  }

  put(index: number, payload: Uint8Array): void {
    this.#observed.put++;
    this.#inputs++;
    // An engine copies or sends before the turn ends.
    this.#waiting.push({ index, payload: Uint8Array.from(payload) });
    this.#payloads.set(index, Uint8Array.from(payload));
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    for (const input of this.#waiting.splice(0)) void this.#runInput(input.index, input.payload);
    this.#wakeSender?.();
    this.#wakeSender = undefined;
  }

  async #runInput(index: number, payload: Uint8Array): Promise<void> {
    const found = this.#found;
    if ("code" in found || this.#cancelled) return;
    this.#observed.started++;
    try {
      const { args, kwargs } = decodeArguments(payload);
      // Functions here have no names for their arguments: they get a record of those, last.
      const result = (found.fn as (...args: unknown[]) => unknown)(...args, ...(kwargs ? [kwargs] : []));
      if (found.mode === "generator") return await this.#iterate(index, result as AsyncGenerator<unknown>);
      this.#emit({ kind: "result", index, payload: encodeValue(await result, "result") });
    } catch (error) {
      if (error instanceof FarcallError && error.code === "FARCALL_SERIALIZATION") {
        this.#emit({
          kind: "failure",
          index,
          failure: { code: "SERIALIZATION", message: error.message, hint: error.hint },
        });
      } else {
        this.#emit({ kind: "exception", index, payload: encodeError(error) });
      }
    }
  }

  async #iterate(index: number, generator: AsyncGenerator<unknown>): Promise<void> {
    for await (const item of generator) {
      while (this.#credit === 0 && !this.#cancelled) {
        await new Promise<void>((resolve) => {
          this.#wakeGenerator = resolve;
        });
      }
      if (this.#cancelled) break;
      this.#credit--;
      this.#emit({ kind: "yield", index, payload: encodeValue(item) });
    }
    this.#emit({ kind: "end", index });
  }

  #emit(output: Output): void {
    if (this.#cancelled) return;
    if (output.kind !== "yield") this.#ended++;
    if (this.#request.durable) this.#outputs[output.index] = output;
    for (const { range, sink } of [...this.#listeners]) if (within(range, output.index)) sink.output(volatile(output));
  }

  drained(): Promise<void> | undefined {
    if (this.#waiting.length < this.#highWater) return undefined;
    return new Promise((resolve) => {
      this.#wakeSender = resolve;
    });
  }

  async end(): Promise<string> {
    return this.id;
  }

  grant(count: number): void {
    this.#observed.granted += count;
    this.#credit += count;
    this.#wakeGenerator?.();
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#observed.cancelled++;
    for (let index = 0; index < this.#inputs; index++) {
      if (!this.#outputs[index]) {
        this.#outputs[index] = {
          kind: "failure",
          index,
          failure: { code: "CANCELLED", message: `${this.id} was cancelled` },
        };
      }
    }
    this.#listeners.delete(this.#opener);
    for (const { range, sink } of [...this.#listeners]) {
      for (const output of this.outputsIn(range)) if (output.kind === "failure") sink.output(output);
    }
    this.#cancelled = true;
    this.#wakeGenerator?.();
  }

  detach(): void {
    this.#listeners.delete(this.#opener);
  }

  attach(range: InputRange, sink: CallSink): Pick<CallHandle, "grant" | "detach"> {
    const listener = { range, sink };
    this.#observed.attached++;
    setImmediate(() => {
      if (detached) return;
      for (const output of this.outputsIn(range)) sink.output(volatile(output));
      this.#listeners.add(listener);
    });
    let detached = false;
    return {
      grant: (count) => this.grant(count),
      detach: () => {
        if (!detached) this.#observed.attached--;
        detached = true;
        this.#listeners.delete(listener);
      },
    };
  }

  outputsIn(range: InputRange): Output[] {
    return this.#outputs.filter((output) => output && within(range, output.index));
  }

  inputsIn(range: InputRange): InputRecord[] {
    return [...this.#payloads].flatMap(([index, payload]) =>
      within(range, index) ? [{ index, payload, outputs: this.outputsIn({ start: index, end: index + 1 }) }] : [],
    );
  }

  info(): CallInfo {
    return {
      id: this.id,
      app: this.#request.function.app,
      environment: this.#request.function.environment,
      function: this.#request.function.name,
      version: 1,
      method: this.#request.method,
      mode: "code" in this.#found ? "unary" : this.#found.mode,
      numInputs: this.#inputs,
      numEnded: this.#ended,
      createdAt: "",
      cancelled: this.#cancelled,
    };
  }
}

function within({ start = 0, end = Number.POSITIVE_INFINITY }: InputRange, index: number): boolean {
  return index >= start && index < end;
}

/** A payload is valid only until the sink returns, as in an engine that reads frames: whoever keeps it will notice. */
function volatile(output: Output): Output {
  if (!("payload" in output)) return output;
  const payload = Uint8Array.from(output.payload);
  queueMicrotask(() => payload.fill(0xff));
  return { ...output, payload };
}
