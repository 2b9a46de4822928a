/**
 * The caller's side: one span round each call, whatever its method and however many inputs it has, and the span's context on
 * its way with the call. It is put round the engine's `open`, the one road that all calls take.
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
  Progress,
  TraceContext,
} from "../engine/index.ts";
import { decodeError, failureToError } from "../runtime/index.ts";
import type { Api } from "./api.ts";
import { attributesOf, recordError, typeOf } from "./attributes.ts";

/** Has the engine's calls observed from now on. */
export function observeCalls(api: Api, engine: Engine): Engine {
  const { invoker } = engine;
  const tools: Tools = {
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
  api: Api;
  tracer: Tracer;
  duration: Histogram;
}

class ObservedCall implements CallHandle, CallSink {
  readonly id: string;
  readonly #tools: Tools;
  readonly #request: OpenCall;
  readonly #sink: CallSink;
  readonly #handle: CallHandle;
  readonly #span: Span;
  readonly #begun = performance.now();
  #put = 0;
  #ended = 0;
  #failed = 0;
  #noMore = false;
  #over = false;
  /** Of the first input that failed. */
  #error: unknown;
  /** An input's failure is being handed on: a cancel that comes of it is because of it. */
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
    const trace: TraceContext = {};
    api.propagation.inject(api.trace.setSpan(api.context.active(), this.#span), trace);
    this.#handle = open({ ...request, trace }, this);
    this.id = this.#handle.id;
    this.#span.setAttribute("farcall.call.id", this.id);
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
          // Another's, whose idempotency key this one has.
          if (id !== this.id) this.#span.setAttribute("farcall.call.id", id);
          this.#finish();
        },
        (error: unknown) => this.#finish(error),
      );
    } else this.#finishIfDone();
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
      if (this.#failed === 1) this.#error = errorIn(output);
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
    // Of many inputs the caller may well take some to fail.
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

function errorIn(output: Output): unknown {
  if (output.kind === "failure") return failureToError(output.failure);
  try {
    return output.kind === "exception" ? decodeError(output.payload) : undefined;
  } catch (undecodable) {
    // The caller hears the same from its own decoding.
    return undecodable;
  }
}
