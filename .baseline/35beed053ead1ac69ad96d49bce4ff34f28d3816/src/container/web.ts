/** HTTP in a container: a request arrives as one payload, and its response is sent as a head and the pieces of a body. */

import { decodeCustom, encodedForm } from "../runtime/index.ts";
import type { ArgumentValidator } from "../schema/check/index.ts";
import { type AppManifest, type Declaration, type FunctionSchema, fromJson, toJson } from "../schema/index.ts";
import type { WebRequestHead, WebResponseHead } from "../wire/container-protocol.ts";
import { stackOf } from "./generator.ts";
import type { Input } from "./input.ts";
import type { Outbox } from "./outbox.ts";

export type Handler = (request: Request) => unknown;

/** In one frame. */
const MAX_PIECE_BYTES = 256 * 1024;

interface Answering {
  handler: Handler;
  /** The function's, for messages. */
  name: string;
  outbox: Outbox;
}

/** The handler's response; an error becomes a response with status 500. Never rejects. */
export async function answer(input: Input, payload: Buffer, { handler, name, outbox }: Answering): Promise<Response> {
  try {
    const request = requestIn(payload, input.context.signal);
    input.serves(request);
    const response = await input.within(() => handler(request));
    if (!(response instanceof Response)) throw new TypeError(`${name} is a web function and must return a Response`);
    if (response.bodyUsed || response.body?.locked)
      throw new TypeError(`${name} returned a Response whose body has been read, or is being read`);
    return response;
  } catch (error) {
    input.run?.threw(error);
    outbox.log("stderr", `${stackOf(error)}\n`, input);
    return problem(500, "Internal Server Error", String(error));
  }
}

function requestIn(payload: Buffer, signal: AbortSignal): Request {
  const headEnd = 4 + payload.readUInt32LE(0);
  const { method, url, headers } = JSON.parse(payload.toString("utf8", 4, headEnd)) as WebRequestHead; // the engine wrote it
  const body = payload.subarray(headEnd);
  const hasBody = method !== "GET" && method !== "HEAD" && body.length > 0;
  return new Request(url, { method, headers, signal, ...(hasBody && { body: Uint8Array.from(body) }) });
}

/** The response to a request, piece by piece. Leaving it early cancels the body, and so does cancelling the input, even while the body is idle. */
export async function* piecesOf(answer: Promise<Response>, input: Input): AsyncGenerator<Uint8Array, void, void> {
  const response = await answer;
  const { signal } = input.context;
  const head: WebResponseHead = {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers].filter(([name]) => !(wasDecoded(response) && OF_ENCODED.has(name))),
  };
  yield Buffer.from(JSON.stringify(head));
  if (!response.body) return;
  const reader = response.body.getReader();
  let cancelled: Promise<void> | undefined;
  const cancel = (): Promise<void> => {
    cancelled ??= reader.cancel(signal.reason);
    return cancelled;
  };
  // An error from the author's `cancel` is thrown below.
  const onAbort = (): void => void cancel().catch(() => {});
  signal.addEventListener("abort", onAbort);
  let ended = false;
  try {
    // Nobody reads a body after such a head.
    while (!signal.aborted && input.request?.method !== "HEAD") {
      const { done, value } = await reader.read();
      ended = done;
      if (done) break;
      if (!((value as unknown) instanceof Uint8Array))
        throw new TypeError("a response's body must be made of bytes: Uint8Array");
      for (let at = 0; at < value.length; at += MAX_PIECE_BYTES) yield value.subarray(at, at + MAX_PIECE_BYTES);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (cancelled || !ended) await cancel();
  }
}

/** Headers that describe the bytes as another server sent them, which `fetch` has since decoded. */
const OF_ENCODED = new Set(["content-encoding", "content-length"]);

function wasDecoded({ url, headers }: Response): boolean {
  return url !== "" && headers.has("content-encoding");
}

/** RFC 9457. */
function problem(status: number, title: string, detail: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: "about:blank", title, status, detail });
  return new Response(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

/** A typed function as a handler: POST a JSON object of its arguments by name. */
export function jsonHandler(
  fn: (...args: never[]) => unknown,
  name: string,
  manifest: Pick<AppManifest, "functions" | "declarations">,
  validate: ArgumentValidator | undefined,
): Handler {
  const schema = manifest.functions.find((one) => one.name === name)!; // the engine made it from this manifest
  return async (request) => {
    if (request.method !== "POST") {
      return problem(405, "Method Not Allowed", `${name} is called with POST, not ${request.method}`, {
        allow: "POST",
      });
    }
    // Other sites' pages cannot send this type without a preflight request.
    if (!/^application\/([\w.-]+\+)?json\b/i.test(request.headers.get("content-type") ?? "")) {
      return problem(415, "Unsupported Media Type", `${name} takes content-type: application/json`);
    }
    const text = await request.text();
    let body: unknown;
    try {
      body = text === "" ? {} : JSON.parse(text);
    } catch (error) {
      return problem(400, "Bad Request", `the body is not JSON: ${(error as Error).message}`);
    }
    const read = argumentsIn(body, schema, manifest.declarations);
    if (typeof read === "string") return problem(400, "Bad Request", read);
    const wrong = validate?.(read);
    if (wrong) return problem(400, "Bad Request", `${wrong.message}; ${wrong.hint}`);
    const result = await fn(...(read as never[]));
    if (result === undefined) return new Response(null, { status: 204 });
    return new Response(toJson(result, encodedForm), { headers: { "content-type": "application/json" } });
  };
}

/** The arguments in the order of the parameters, or a message that says what is wrong with them. */
function argumentsIn(
  body: unknown,
  { name, parameters }: FunctionSchema,
  declarations: readonly Declaration[],
): unknown[] | string {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return `the body must be a JSON object of the arguments by name: { ${parameters.map((one) => `"${one.name}": …`).join(", ")} }`;
  }
  const given = new Map<string, unknown>(Object.entries(body));
  const args: unknown[] = [];
  for (const parameter of parameters) {
    const value = given.get(parameter.name);
    given.delete(parameter.name);
    const converted = value === undefined ? undefined : fromJson(value, parameter.type, declarations, decodeCustom);
    if (!parameter.rest) args.push(converted);
    else if (Array.isArray(converted)) args.push(...(converted as unknown[]));
    else if (converted !== undefined) return `${name}(${parameter.name}): expected an array`;
  }
  if (given.size > 0) {
    const known = parameters.map((one) => one.name).join(", ") || "none";
    return `${name} has no argument ${[...given.keys()].join(", ")}; it has ${known}`;
  }
  while (args.length > 0 && args.at(-1) === undefined) args.pop();
  return args;
}
