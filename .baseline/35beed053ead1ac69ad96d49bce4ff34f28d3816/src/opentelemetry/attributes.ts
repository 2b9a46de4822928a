/** Attributes of spans and metrics, in one place: OpenTelemetry's conventions for RPC, and farcall's own names where it has none. */
import type { Attributes, Span } from "@opentelemetry/api";
import type { Failure } from "../engine/index.ts";
import { FarcallError } from "../runtime/errors.ts";
import type { Api } from "./api.ts";

/** A function, in the form that a load message and a reference share. */
export interface ObservedFunction {
  app: string;
  environment: string;
  function: string;
  version?: number | undefined;
}

export function attributesOf({ app, environment, function: name, version }: ObservedFunction): Attributes {
  return {
    "rpc.system": "farcall",
    "rpc.service": app,
    "rpc.method": name,
    "farcall.environment": environment,
    ...(version !== undefined && { "farcall.app.version": version }),
  };
}

export function failureType({ code }: Failure): string {
  return `FARCALL_${code}`;
}

/** A short name of a kind of error, for `error.type`: `FARCALL_NOT_FOUND`, `RangeError`. */
export function typeOf(error: unknown): string {
  if (error instanceof FarcallError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

/** The span ends badly because of `error`. */
export function recordError(api: Api, span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  span.setAttribute("error.type", typeOf(error));
  span.setStatus({ code: api.SpanStatusCode.ERROR, message });
}
