/** The server, from the page: requests, streams, and what they say when they fail. */
import type {
  Again,
  Arguments,
  CallEvent,
  EngineView,
  Files,
  LiveEvent,
  LogEntry,
  Problem,
  Requests,
  RouteOf,
} from "../api.ts";

export class ServerError extends Error {
  readonly hint: string | undefined;
  readonly code: string;
  constructor({ code, message, hint }: Problem) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

const KEY = "farcall-token";
const COME_BACK_MS = 2_000;

/** Of this start of the server: from the address that it printed, once, then from where pages of this port find it. */
function token(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    localStorage.setItem(KEY, given);
    history.replaceState(undefined, "", location.pathname + location.search);
  }
  return localStorage.getItem(KEY) ?? "";
}

export type Query = Record<string, string | number | undefined>;

function urlOf(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return `/api/${path}?${params}`;
}

export async function get<Name extends RouteOf<"GET", Requests>>(
  name: Name,
  query: Query = {},
  signal?: AbortSignal,
): Promise<Requests[`GET ${Name}`]> {
  const response = await request(urlOf(name, query), signal ? { signal } : {});
  return (await response.json()) as Requests[`GET ${Name}`]; // the server's own, of the same version
}

export async function post<Name extends RouteOf<"POST", Requests>>(
  name: Name,
  query: Query,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Requests[`POST ${Name}`]> {
  return (await (await send(name, query, body, signal)).json()) as Requests[`POST ${Name}`]; // the same
}

/** The bytes of a value of a call. */
export async function file(query: Query): Promise<Blob> {
  const route: Files = "GET bytes";
  return (await request(urlOf(route.slice(4), query), {})).blob();
}

let asked: Promise<EngineView> | undefined;

/** What the engine is and can do, asked once. */
export function engineView(): Promise<EngineView> {
  asked ??= get("engine").catch((error: unknown) => {
    asked = undefined;
    throw error;
  });
  return asked;
}

function send(path: string, query: Query, body: unknown, signal?: AbortSignal): Promise<Response> {
  return request(urlOf(path, query), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body ?? {}),
    ...(signal && { signal }),
  });
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token()}` } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ServerError({
      code: "GONE",
      message: "farcall ui has ended.",
      hint: "Start it again, and open the URL that it prints.",
    });
  }
  if (response.ok) return response;
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    throw new ServerError((await response.json()) as Problem);
  }
  throw new ServerError({ code: String(response.status), message: (await response.text()).trim() });
}

/** Makes a call; ends when it has ended. Aborting cancels it. */
export async function* call(args: Arguments | Again, durable: boolean, signal: AbortSignal): AsyncGenerator<CallEvent> {
  yield* lines<CallEvent>(await send("call", durable ? { durable: 1 } : {}, args, signal));
}

/** A value on each line; empty ones keep the connection alive. */
async function* lines<T>(response: Response): AsyncGenerator<T> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    for (const line of whole) if (line !== "") yield JSON.parse(line) as T; // the server's own, of the same version
  }
}

/** Until `stop` is aborted; it comes back by itself when the connection breaks. */
export async function live(
  query: Query,
  stop: AbortSignal,
  onEvent: (event: LiveEvent) => void,
  onGone: () => void,
): Promise<void> {
  while (!stop.aborted) {
    try {
      for await (const event of lines<LiveEvent>(await request(urlOf("live", query), { signal: stop }))) onEvent(event);
    } catch {
      // The same as its end.
    }
    if (stop.aborted) return;
    onGone();
    await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
  }
}

/** Of a call: what there is, and while it runs what comes. */
export async function* logs(id: string, signal: AbortSignal): AsyncGenerator<LogEntry> {
  for await (const entry of lines<LogEntry | CallEvent>(await request(urlOf("logs", { id }), { signal })))
    if ("sequence" in entry) yield entry;
}
