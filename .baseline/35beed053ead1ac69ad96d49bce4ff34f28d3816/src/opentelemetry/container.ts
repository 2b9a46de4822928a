/** The container's side: a span around each attempt, in whose context the author's function runs. */
import type { Context, Span } from "@opentelemetry/api";
import type { Failure } from "../engine/index.ts";
import { type Api, flush } from "./api.ts";
import { failureType, type ObservedFunction, recordError } from "./attributes.ts";
import { type ObservedCall, Runs } from "./runs.ts";

export class ContainerTelemetry {
  readonly #api: Api;
  readonly #runs: Runs;
  readonly #fn: ObservedFunction;
  readonly #container: string;

  constructor(api: Api, fn: ObservedFunction, container: string) {
    this.#api = api;
    this.#runs = new Runs(api);
    this.#fn = fn;
    this.#container = container;
  }

  start(call: ObservedCall, index: number, attempt: number): Run {
    const run = { fn: this.#fn, container: this.#container, call, index, attempt };
    const { span, context } = this.#runs.start(run);
    return new Run(this.#api, span, context);
  }

  flush(): Promise<void> {
    return flush(this.#api);
  }
}

export class Run {
  readonly #api: Api;
  readonly #span: Span;
  readonly #context: Context;

  constructor(api: Api, span: Span, context: Context) {
    this.#api = api;
    this.#span = span;
    this.#context = context;
  }

  /** Runs `body`, and everything it starts, in the span's context. */
  within<T>(body: () => T): T {
    return this.#api.context.with(this.#context, body);
  }

  threw(error: unknown): void {
    recordError(this.#api, this.#span, error);
  }

  /** Arguments that do not fit, results that cannot be sent. */
  failed(failure: Failure): void {
    this.#span.setAttribute("error.type", failureType(failure));
    this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: failure.message });
  }

  cancelled(): void {
    this.#span.setAttribute("farcall.cancelled", true);
  }

  end(): void {
    this.#span.end();
  }
}
