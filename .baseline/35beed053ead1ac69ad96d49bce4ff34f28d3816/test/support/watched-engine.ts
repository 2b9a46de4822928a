/** A real engine, and what passes through its port: for tests of what the runtime asks of an engine, and when. */
import type { CallHandle, CallSink, Engine, OpenCall, Output, Progress } from "../../src/engine/index.ts";

export interface Observed {
  opened: OpenCall[];
  /** Inputs that were put, in all calls. */
  put: number;
  /** Outputs that came, in all calls. */
  outputs: number;
  /** Calls that their callers cancelled. */
  cancelled: number;
  /** Attachments that have not been let go. */
  attached: number;
}

export interface WatchOptions {
  /** Inputs without an output, in a call, from which on `drained()` asks to wait. Default: the engine's own limits. */
  highWater?: number;
}

export class WatchedEngine implements Engine {
  readonly url: string;
  readonly registry: Engine["registry"];
  readonly invoker: Engine["invoker"];
  readonly deployer: Engine["deployer"];
  readonly monitor: Engine["monitor"];
  readonly deployHint: string;
  readonly codec: Engine["codec"];
  readonly idempotency: Engine["idempotency"];
  readonly delays: Engine["delays"];
  readonly progress: Engine["progress"];
  readonly arguments: Engine["arguments"];
  readonly trace: Engine["trace"];
  readonly backpressure: Engine["backpressure"];
  readonly observed: Observed = { opened: [], put: 0, outputs: 0, cancelled: 0, attached: 0 };
  closed = 0;
  readonly #engine: Engine;

  constructor(engine: Engine, options: WatchOptions = {}) {
    this.#engine = engine;
    this.url = engine.url;
    this.registry = engine.registry;
    this.deployer = engine.deployer;
    this.monitor = engine.monitor;
    this.deployHint = engine.deployHint;
    this.codec = engine.codec;
    this.idempotency = engine.idempotency;
    this.delays = engine.delays;
    this.progress = engine.progress;
    this.arguments = engine.arguments;
    this.trace = engine.trace;
    this.backpressure = engine.backpressure;
    const { invoker } = engine;
    const { observed } = this;
    this.invoker = {
      ...invoker,
      open: (request, sink) => new WatchedCall(engine, request, sink, observed, options.highWater),
      attach: (id, range, sink) => {
        const { credit, detach } = bound(invoker.attach(id, range, sink));
        observed.attached++;
        let over = false;
        return {
          credit,
          detach: () => {
            if (!over) observed.attached--;
            over = true;
            detach();
          },
        };
      },
    };
  }

  async close(): Promise<void> {
    this.closed++;
    await this.#engine.close();
  }
}

function bound(handle: Pick<CallHandle, "credit" | "detach">): Pick<CallHandle, "credit" | "detach"> {
  return { credit: (count) => handle.credit(count), detach: () => handle.detach() };
}

class WatchedCall implements CallHandle, CallSink {
  readonly #handle: CallHandle;
  readonly #sink: CallSink;
  readonly #observed: Observed;
  readonly #highWater: number;
  #outstanding = 0;
  #cancelled = false;
  #wake: (() => void) | undefined;

  constructor(
    engine: Engine,
    request: OpenCall,
    sink: CallSink,
    observed: Observed,
    highWater = Number.POSITIVE_INFINITY,
  ) {
    observed.opened.push(request);
    this.#sink = sink;
    this.#observed = observed;
    this.#highWater = highWater;
    this.#handle = engine.invoker.open(request, this);
  }

  get id(): string {
    return this.#handle.id;
  }

  put(index: number, payload: Uint8Array): void {
    this.#observed.put++;
    this.#outstanding++;
    this.#handle.put(index, payload);
  }

  drained(): Promise<void> | undefined {
    if (this.#outstanding < this.#highWater) return this.#handle.drained();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  end(): Promise<string> {
    return this.#handle.end();
  }

  credit(count: number): void {
    this.#handle.credit(count);
  }

  cancel(): void {
    if (!this.#cancelled) this.#observed.cancelled++;
    this.#cancelled = true;
    this.#handle.cancel();
  }

  detach(): void {
    this.#handle.detach();
  }

  output(output: Output): void {
    this.#observed.outputs++;
    if (output.kind !== "yield") this.#outstanding--;
    this.#sink.output(output);
    // As an engine that reads frames: the payload is valid until the sink returns, and keeping it shows.
    if ("payload" in output) output.payload.fill(0xff);
    this.#wake?.();
  }

  progress(progress: Progress): void {
    this.#sink.progress?.(progress);
  }

  failed(failure: Parameters<CallSink["failed"]>[0]): void {
    this.#sink.failed(failure);
    this.#wake?.();
  }
}
