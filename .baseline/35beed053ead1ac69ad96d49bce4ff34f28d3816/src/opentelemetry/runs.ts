/** The span of one attempt to run an input: made by the container, or by the host if the container died. */
import type { Context, Span, Tracer } from "@opentelemetry/api";
import type { TraceContext } from "../engine/index.ts";
import type { Api } from "./api.ts";
import { attributesOf, type ObservedFunction } from "./attributes.ts";

/**
 * How many of a call's inputs have runs that are children of its span. The rest begin their own traces, which link to it, so that a trace
 * stays small enough to look at, and the SDK's sampler decides on each.
 */
const MAX_CHILDREN = 100;

/** A call as containers see it. */
export interface ObservedCall {
  callId: string;
  method: string;
  trace?: TraceContext | undefined;
  /** The method of the class that the container runs, `Model.predict`. */
  function?: string | undefined;
}

/** The function or method that the call runs, in a container that may run all methods of a class. */
export function functionOf(container: ObservedFunction, call: ObservedCall): ObservedFunction {
  return call.function === undefined ? container : { ...container, function: call.function };
}

interface ObservedRun {
  fn: ObservedFunction;
  container: string;
  call: ObservedCall;
  index: number;
  attempt: number;
  /** Milliseconds since 1970; default: now. */
  startTime?: number;
}

export class Runs {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #contexts = new WeakMap<ObservedCall, Context>();

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer("farcall");
  }

  /** The context in which the call was made. */
  contextOf(call: ObservedCall): Context {
    let context = this.#contexts.get(call);
    if (!context) {
      const { propagation, ROOT_CONTEXT } = this.#api;
      context = call.trace ? propagation.extract(ROOT_CONTEXT, call.trace) : ROOT_CONTEXT;
      this.#contexts.set(call, context);
    }
    return context;
  }

  /** Whether an input's run belongs to its call's trace. */
  isChild(index: number): boolean {
    return index < MAX_CHILDREN;
  }

  start({ fn: loaded, container, call, index, attempt, startTime }: ObservedRun): { span: Span; context: Context } {
    const fn = functionOf(loaded, call);
    const { trace, SpanKind } = this.#api;
    const caller = this.contextOf(call);
    const link = this.isChild(index) ? undefined : trace.getSpanContext(caller);
    const parent = link ? trace.deleteSpan(caller) : caller;
    const waitedFor = call.method === "remote" || call.method === "remoteGen" || call.method === "web";
    const span = this.#tracer.startSpan(
      `${fn.app}/${fn.function} run`,
      {
        kind: waitedFor ? SpanKind.SERVER : SpanKind.CONSUMER,
        links: link ? [{ context: link }] : [],
        attributes: {
          ...attributesOf(fn),
          "farcall.call.id": call.callId,
          "farcall.input.index": index,
          "farcall.attempt": attempt,
          "farcall.container": container,
        },
        ...(startTime !== undefined && { startTime }),
      },
      parent,
    );
    return { span, context: trace.setSpan(parent, span) };
  }
}
