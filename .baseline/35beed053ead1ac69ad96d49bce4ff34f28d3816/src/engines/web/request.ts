/** A request as a call: the function that it names, and what the container makes a Request of. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { TraceContext } from "../../engine/index.ts";
import { InvalidError, NotFoundError } from "../../runtime/errors.ts";
import type { FunctionSchema } from "../../schema/index.ts";
import type { WebRequestHead } from "../../wire/container-protocol.ts";

export interface WebFunctionName {
  app: string;
  environment: string;
  name: string;
}

/** Headers that are about one connection, not about what travels on it. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export function isWeb({ mode, options }: Pick<FunctionSchema, "mode" | "options">): boolean {
  return mode === "web" || options.web === true;
}

/** Below the URL of a server. */
export function pathOf({ app, environment, name }: WebFunctionName): string {
  return `/${[environment, app, name].map(encodeURIComponent).join("/")}`;
}

/**
 * Throws InvalidError, NotFoundError when the path does not name a function.
 * @param path below the URL of the server
 * @param url of the request, for the error
 */
export function functionIn(path: string, url: string): WebFunctionName {
  const hint = "A web function answers at /<environment>/<app>/<function>.";
  let parts: string[];
  try {
    parts = new URL(path, "http://localhost").pathname.slice(1).split("/").map(decodeURIComponent);
  } catch (error) {
    throw new InvalidError(`${url} does not name a function: ${(error as Error).message}`, { hint });
  }
  const [environment, app, name] = parts;
  if (!environment || !app || !name) throw new NotFoundError(`${url} does not name a function`, { hint });
  return { app, environment, name };
}

export function traceIn({ traceparent, tracestate, baggage }: IncomingHttpHeaders): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const trace: TraceContext = { traceparent };
  if (typeof tracestate === "string") trace["tracestate"] = tracestate;
  if (typeof baggage === "string") trace["baggage"] = baggage;
  return trace;
}

/** The payload that the container makes a Request of. */
export function webPayload(request: IncomingMessage, url: string, body: readonly Buffer[]): Buffer {
  const headers: WebRequestHead["headers"] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && name !== "expect") headers.push([name, request.rawHeaders[i + 1]!]);
  }
  const head: WebRequestHead = { method: request.method ?? "GET", url, headers };
  const bytes = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes, ...body]);
}
