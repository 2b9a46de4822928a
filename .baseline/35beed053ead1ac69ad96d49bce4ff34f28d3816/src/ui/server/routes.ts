/**
 * What the server answers, by route. The tables have a handler for each route of api.ts: one that is forgotten, or answers with
 * something else than the page expects, does not compile.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine, LogEntry, Monitor } from "../../engine/index.ts";
import { InvalidError, monitorOf, UnsupportedError } from "../../runtime/index.ts";
import type { EngineView, Files, Requests, Streams, WorkerReport } from "../api.ts";
import { Assets } from "./assets.ts";
import { call, isRunning, problemOf, readArguments } from "./calls.ts";
import { appView, classView, diffView, functionView } from "./describe.ts";
import { bytesOf, callView, wholeValue } from "./inputs.ts";
import type { Lease } from "./lease.ts";
import { appFigures, ListedCalls } from "./listed.ts";
import type { Live } from "./live.ts";
import { appRef, bodyOf, functionRef, text, whole } from "./request.ts";
import { sendAsset, sendBytes, sendJson, sendStatus } from "./responses.ts";

const MAX_CALLS = 200;
const KEEP_ALIVE_MS = 15_000;
const FILES: Files = "GET bytes";
const LINES = { "content-type": "application/x-ndjson" };

interface Asked {
  query: URLSearchParams;
  request: IncomingMessage;
  /** What is remembered from one list of calls to the next. */
  listed: ListedCalls;
  workers: WorkersOf | undefined;
}

/** Lists the workers of the engine. */
export type WorkersOf = () => Promise<WorkerReport[]>;

type Handler<Answer> = (engine: Engine, asked: Asked) => Promise<Answer> | Answer;

const ANSWERS: { [Route in keyof Requests]: Handler<Requests[Route]> } = {
  "GET engine": engineView,
  "GET workers": async ({ url }, { workers }) => {
    if (workers) return workers();
    throw new UnsupportedError(`${url} has no workers`, { hint: "Its work is done without them." });
  },
  "GET apps": ({ registry }) => registry.listApps(),
  "GET figures": (engine) => appFigures(engine),
  "GET app": ({ registry }, { query }) => appView(registry, appRef(query)),
  "GET function": (engine, { query }) => functionView(engine, functionRef(query)),
  "GET class": ({ registry }, { query }) => classView(registry, functionRef(query)),
  "GET diff": ({ registry }, { query }) => diffView(registry, appRef(query), whole(query, "from"), whole(query, "to")),
  "GET calls": (engine, { query, listed }) => {
    const filter = Object.fromEntries(
      ["app", "environment", "function"].flatMap((key) => (query.has(key) ? [[key, query.get(key)!]] : [])),
    );
    return listed.list(engine, { ...filter, limit: Math.min(MAX_CALLS, whole(query, "limit", 50)) });
  },
  "GET one-call": (engine, { query }) =>
    callView(engine, text(query, "id"), whole(query, "start", 0), query.has("failed")),
  "GET value": (engine, { query }) => wholeValue(engine, text(query, "id"), whole(query, "index"), text(query, "part")),
  "POST cancel": async ({ invoker }, { query }) => {
    await invoker.cancel(text(query, "id"));
    return {};
  },
  "POST check": async (engine, { request }) => {
    const given = await bodyOf(request);
    if ("again" in given) throw new InvalidError("what has run once needs no check");
    const { faults, instance } = await readArguments(engine, given);
    return { faults, instance };
  },
};

/** Does not ask the engine for anything. */
function engineView(engine: Engine, { workers }: Asked): EngineView {
  return {
    url: engine.url,
    deployHint: engine.deployHint,
    pollMs: engine.pollMs ?? 0,
    abilities: {
      monitor: engine.monitor !== undefined,
      progress: engine.progress !== false,
      arguments: engine.arguments !== false,
      workers: workers !== undefined,
    },
  };
}

export class Routes {
  readonly live: Live;
  readonly #lease: Lease;
  readonly #workers: WorkersOf | undefined;
  readonly #assets = new Assets();
  readonly #listed = new ListedCalls();
  readonly #streams: Record<
    keyof Streams,
    (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void>
  > = {
    "GET live": (request, response, query) =>
      this.#subscribe(request, response, (send) =>
        this.live.watch(send, query.has("name") ? functionRef(query) : undefined),
      ),
    "GET logs": (_, response, query) => {
      const id = text(query, "id");
      return this.#each(response, (engine, signal) => logsOf(engine, id, signal));
    },
    "POST call": async (request, response, query) => {
      const given = await bodyOf(request);
      this.live.touch();
      await this.#each(response, (engine, signal) => call(engine, given, query.has("durable"), signal));
    },
  };

  constructor({ lease, live, workers }: { lease: Lease; live: Live; workers: WorkersOf | undefined }) {
    this.#lease = lease;
    this.live = live;
    this.#workers = workers;
  }

  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname, searchParams: query } = url;
    if (!pathname.startsWith("/api/")) {
      if (request.method !== "GET") return sendStatus(response, 405);
      const asset = this.#assets.get(pathname);
      return asset ? sendAsset(response, asset) : sendStatus(response, 404);
    }
    const route = `${request.method} ${pathname.slice(5)}`;
    if (isRoute(this.#streams, route)) return this.#streams[route](request, response, query);
    if (route === FILES) return this.#bytes(response, query);
    if (!isRoute(ANSWERS, route)) throw new InvalidError(`${route} is not a route`, { hint: "Reload the page." });
    // Looking again by itself is not a reason to start what has just stopped.
    if (query.has("again") && !(await this.live.isAwake())) return sendStatus(response, 503);
    const asked = { query, request, listed: this.#listed, workers: this.#workers };
    sendJson(response, await this.#lease.use(async (engine) => ANSWERS[route](engine, asked)));
  }

  /** A binary value of a call, for the page to show or to save. */
  async #bytes(response: ServerResponse, query: URLSearchParams): Promise<void> {
    const [id, part, path] = [text(query, "id"), text(query, "part"), query.get("path") ?? ""];
    const bytes = await this.#lease.use((engine) => bytesOf(engine, id, whole(query, "index"), part, path));
    sendBytes(response, bytes);
  }

  /** Sends what is generated, one a line and as fast as it is taken; ends it when the browser leaves. */
  async #each(
    response: ServerResponse,
    generate: (engine: Engine, signal: AbortSignal) => AsyncGenerator<unknown>,
  ): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    await this.#lease.use(async (engine) => {
      response.writeHead(200, LINES);
      try {
        for await (const value of generate(engine, gone.signal)) {
          if (!response.write(line(value)) && !gone.signal.aborted)
            await Promise.race([once(response, "drain"), once(response, "close")]);
        }
      } catch (error) {
        response.write(line({ event: "failed", error: { ...problemOf(error), name: "error", text: "" } }));
      }
      response.end();
    });
  }

  /** Events, one a line, until the browser leaves. */
  async #subscribe(
    request: IncomingMessage,
    response: ServerResponse,
    subscribe: (send: (value: unknown) => void) => () => void,
  ): Promise<void> {
    response.writeHead(200, LINES);
    const stop = subscribe((value) => response.write(line(value)));
    // A browser that went without a word is noticed by what it no longer takes.
    const timer = setInterval(() => response.write("\n"), KEEP_ALIVE_MS);
    request.socket.setNoDelay(true);
    response.on("close", () => {
      clearInterval(timer);
      stop();
    });
  }
}

function isRoute<Table extends object>(table: Table, route: string): route is keyof Table & string {
  return Object.hasOwn(table, route);
}

/** Of a call that runs until it ends, otherwise what there is. */
async function* logsOf(engine: Engine, callId: string, signal: AbortSignal): AsyncGenerator<LogEntry> {
  const monitor = monitorOf(engine);
  // Only progress tells when a call has ended: without it there is nothing that would end the waiting.
  const follow = engine.progress !== false && isRunning(await engine.invoker.call(callId));
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  const until = AbortSignal.any([signal, ended.signal]);
  // When the engine is lost the logs end too, and say so.
  if (follow) void untilEnd(monitor, callId, until).then(stop, stop);
  let last = 0;
  for await (const entry of monitor.logs({ callId, limit: 1_000, follow, signal: until })) {
    last = entry.sequence;
    yield entry;
  }
  // What was printed last may come after the end.
  if (follow && !signal.aborted) yield* monitor.logs({ callId, after: last });
}

async function untilEnd(monitor: Monitor, id: string, signal: AbortSignal): Promise<void> {
  for await (const _ of monitor.progress(id, { follow: true, signal }));
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
