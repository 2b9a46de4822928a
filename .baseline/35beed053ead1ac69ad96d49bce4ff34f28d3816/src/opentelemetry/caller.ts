/**
 * The caller's side: one span around each call, whatever its method and number of inputs, and the span's context sent
 * along with the call. It wraps the engine's `open`, which all calls go through.
 */
import type { Histogram, Span, Tracer } from "@opentelemetry/api";
import type {
  CallHandle,
  CallSink,
  Engine,
  Failure,
  Invoker,
  OpenCall,
  Output,
  PayloadCodec,
  Progress,
  TraceContext,
} from "../engine/index.ts";
import { codecOf, failureToError } from "../runtime/index.ts";
import type { Api } from "./api.ts";
import { attributesOf, recordError, typeOf } from "./attributes.ts";

/** Traces the engine's calls from now on. */
export function observeCalls(api: Api, engine: Engine): Engine {
  const { invoker } = engine;
  const tools: Tools = {
    codec: codecOf(engine),
    carriesTrace: engine.trace !== false,
    api,
    tracer: api.trace.getTracer("farcall"),
    duration: api.metrics.getMeter("farcall").createHistogram("rpc.client.call.duration", {
      unit: "s",
      description: "How long a call takes its caller: until its last result, or until it is on disk when it is spawned",
    }),
  };
  const open = invoker.open.bind(invoker);
  invoker.open = (request, sink) => new ObservedCall(tools, open, request, sink);
  return engine;
}

interface Tools {
  codec: PayloadCodec;
  /** The engine passes on the span's context. */
  carriesTrace: boolean;
  api: Api;
  tracer: Tracer;
  duration: Histogram;
}

class ObservedCall implements CallHandle, CallSink {
  readonly #tools: Tools;
  readonly #request: OpenCall;
  readonly #sink: CallSink;
  readonly #handle: CallHandle;
  readonly #span: Span;
  readonly #begun = performance.now();
  #named = "";
  #put = 0;
  #ended = 0;
  #failed = 0;
  #noMore = false;
  #over = false;
  /** The first failed input's error. */
  #error: unknown;
  /** An input's failure is being delivered: a cancel during that is caused by it. */
  #failing = false;

  constructor(tools: Tools, open: Invoker["open"], request: OpenCall, sink: CallSink) {
    this.#tools = tools;
    this.#request = request;
    this.#sink = sink;
    const { api, tracer } = tools;
    const { app, environment, name, version } = request.function;
    this.#span = tracer.startSpan(`${app}/${name} ${request.method}`, {
      kind: request.durable ? api.SpanKind.PRODUCER : api.SpanKind.CLIENT,
      attributes: attributesOf({ app, environment, function: name, version }),
    });
    this.#handle = open(tools.carriesTrace ? { ...request, trace: this.#context() } : request, this);
    this.#name(this.#handle.id);
  }

  get id(): string {
    return this.#handle.id;
  }

  #context(): TraceContext {
    const { api } = this.#tools;
    const trace: TraceContext = {};
    api.propagation.inject(api.trace.setSpan(api.context.active(), this.#span), trace);
    return trace;
  }

  /** "" means that the engine has not named the call yet. */
  #name(id: string): void {
    if (id === this.#named || id === "") return;
    this.#named = id;
    this.#span.setAttribute("farcall.call.id", id);
  }

  // ---- from the caller

  put(index: number, payload: Uint8Array): void {
    this.#put++;
    this.#handle.put(index, payload);
  }

  drained(): Promise<void> | undefined {
    return this.#handle.drained();
  }

  end(): Promise<string> {
    this.#noMore = true;
    const ended = this.#handle.end();
    if (this.#request.durable) {
      ended.then(
        (id) => {
          // With an idempotency key it may be an earlier call's.
          this.#name(id);
          this.#finish();
        },
        (error: unknown) => this.#finish(error),
      );
    } else {
      if (this.#named === "") ended.then((id) => this.#name(id), ignore);
      this.#finishIfDone();
    }
    return ended;
  }

  credit(count: number): void {
    this.#handle.credit(count);
  }

  cancel(): void {
    this.#handle.cancel();
    if (this.#failing) this.#finish(this.#error);
    else if (!this.#over) {
      this.#span.setAttribute("farcall.cancelled", true);
      this.#finish();
    }
  }

  detach(): void {
    this.#handle.detach();
    this.#finish();
  }

  // ---- from the engine

  output(output: Output): void {
    if (output.kind === "exception" || output.kind === "failure") {
      this.#failed++;
      if (this.#failed === 1) this.#error = errorIn(this.#tools.codec, output);
      this.#failing = true;
    }
    this.#sink.output(output);
    this.#failing = false;
    if (output.kind === "yield") return;
    this.#ended++;
    this.#finishIfDone();
  }

  progress(progress: Progress): void {
    this.#sink.progress?.(progress);
  }

  failed(failure: Failure): void {
    this.#sink.failed(failure);
    this.#finish(failureToError(failure));
  }

  #finishIfDone(): void {
    if (!this.#noMore || this.#ended < this.#put || this.#request.durable) return;
    // With many inputs, the caller may well expect some to fail.
    if (this.#request.method === "map" && this.#error !== undefined) {
      this.#span.recordException(this.#error instanceof Error ? this.#error : String(this.#error));
      this.#finish();
    } else this.#finish(this.#error);
  }

  #finish(error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const { api, duration } = this.#tools;
    const { function: fn, method } = this.#request;
    if (method === "map" || method === "spawnMap") {
      this.#span.setAttribute("farcall.inputs", this.#put);
      if (this.#failed > 0) this.#span.setAttribute("farcall.inputs.failed", this.#failed);
    }
    if (error !== undefined) recordError(api, this.#span, error);
    const context = api.trace.setSpan(api.context.active(), this.#span);
    const attributes = {
      ...attributesOf({ app: fn.app, environment: fn.environment, function: fn.name }),
      "farcall.method": method,
      ...(error !== undefined && { "error.type": typeOf(error) }),
    };
    duration.record((performance.now() - this.#begun) / 1000, attributes, context);
    this.#span.end();
  }
}

/** A failure of the call reaches its sink. */
function ignore(): void {}

function errorIn(codec: PayloadCodec, output: Output): unknown {
  if (output.kind === "failure") return failureToError(output.failure);
  try {
    return output.kind === "exception" ? codec.decodeError(output.payload) : undefined;
  } catch (undecodable) {
    // The caller gets the same error when it decodes the output.
    return undecodable;
  }
}
