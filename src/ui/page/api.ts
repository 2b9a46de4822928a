/** The server, from the page: requests, streams, and what they say when they fail. */
import type { Arguments, CallEvent, LiveEvent, LogEntry, Problem } from "../api.ts";

export class ServerError extends Error {
  readonly hint: string | undefined;
  readonly code: string;
  constructor({ code, message, hint }: Problem) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export type Query = Record<string, string | number | undefined>;

function urlOf(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return `/api/${path}?${params}`;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await request(urlOf(path, query), signal ? { signal } : {});
  return (await response.json()) as T; // the server's own, of the same version
}

export async function post<T>(path: string, query: Query, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, query, body, signal)).json()) as T; // the same
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
    response = await fetch(url, init);
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
export async function* call(args: Arguments, durable: boolean, signal: AbortSignal): AsyncGenerator<CallEvent> {
  const response = await send("call", durable ? { durable: 1 } : {}, args, signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as CallEvent;
  }
}

/** Returns what ends it. It comes back by itself when the connection breaks. */
export function live(query: Query, onEvent: (event: LiveEvent) => void, onGone: () => void): () => void {
  const source = new EventSource(urlOf("live", query));
  source.addEventListener("message", (message) => onEvent(JSON.parse(message.data) as LiveEvent));
  source.addEventListener("error", onGone);
  return () => source.close();
}

/** Of a call: what there is, and while it runs what comes. */
export function logs(id: string, onEntry: (entry: LogEntry) => void, onEnd: () => void): () => void {
  const source = new EventSource(urlOf("logs", { id }));
  const end = (): void => {
    source.close();
    onEnd();
  };
  source.addEventListener("message", (message) => {
    const entry = JSON.parse(message.data) as LogEntry | null;
    if (entry) onEntry(entry);
    else end();
  });
  source.addEventListener("error", end);
  return () => source.close();
}
