/** The server of the page: on loopback, for one engine. Routes are few, so a table of them is all there is to it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Engine, FunctionRef, LogEntry, Monitor } from "../../engine/index.ts";
import { InvalidError, monitorOf } from "../../runtime/index.ts";
import type { Arguments, Checked } from "../api.ts";
import { type Asset, Assets } from "./assets.ts";
import { call, callView, isRunning, problemOf, readArguments, wholeValue } from "./calls.ts";
import { appView, classView, diffView, functionView } from "./describe.ts";
import { ADDRESS, Guard, HEADERS } from "./guard.ts";
import { Lease } from "./lease.ts";
import { Live } from "./live.ts";

export interface UiOptions {
  engine: Engine;
  /** 0 or absent: any that is free. */
  port?: number | undefined;
  /** Whether the engine runs, found out without starting it. An engine that always runs has none. */
  isAwake?: (() => Promise<boolean>) | undefined;
}

export interface Ui {
  /** With the token. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Files that are given as arguments come in the body, as base64. */
const MAX_BODY_BYTES = 96 * 1024 * 1024;
const MAX_CALLS = 200;
const KEEP_ALIVE_MS = 15_000;
const LINES = { "content-type": "application/x-ndjson" };

/** Rejects with InvalidError when the port is taken. The engine stays its owner's to close. */
export async function serveUi({ engine, port = 0, isAwake }: UiOptions): Promise<Ui> {
  const guard = new Guard();
  const lease = new Lease(engine);
  const routes = new Routes(lease, new Live({ lease, isAwake }));
  const server = createServer((request, response) => {
    // A browser that leaves while it is written to: `close` follows, which ends what is sent.
    response.on("error", () => {});
    handle(request, response, guard, routes).catch((error: unknown) => sendProblem(response, error));
  });
  server.listen({ host: ADDRESS, port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new InvalidError(`port ${port} cannot be used: ${(error as Error).message}`, {
      hint: "leave --port out to take any that is free",
      cause: error,
    });
  }
  const address = server.address() as AddressInfo;
  guard.listensOn(address.port);
  return {
    port: address.port,
    url: `http://${ADDRESS}:${address.port}/#token=${guard.token}`,
    async close() {
      routes.live.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await lease.close();
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, guard: Guard, routes: Routes): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const url = new URL(`http://${ADDRESS}${request.url?.startsWith("/") ? request.url : "/"}`);
  const refusal = guard.judge(request, url);
  if (refusal) {
    response.writeHead(refusal.status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    response.end(`${refusal.message}\n`);
    return;
  }
  await routes.answer(request, response, url);
}

class Routes {
  readonly live: Live;
  readonly #lease: Lease;
  readonly #assets = new Assets();

  constructor(lease: Lease, live: Live) {
    this.#lease = lease;
    this.live = live;
  }

  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname, searchParams: query } = url;
    if (!pathname.startsWith("/api/")) {
      if (request.method !== "GET") return sendStatus(response, 405);
      const asset = pathname.startsWith("/page/")
        ? this.#assets.get(pathname.slice(6))
        : this.#assets.get("index.html");
      return asset ? sendAsset(response, asset) : sendStatus(response, 404);
    }
    const route = `${request.method} ${pathname.slice(5)}`;
    switch (route) {
      case "GET live":
        return this.#stream(request, response, (send) =>
          this.live.watch(send, query.has("name") ? functionRef(query) : undefined),
        );
      case "GET logs":
        return this.#logs(response, query);
      case "POST call":
        return this.#call(request, response, query.has("durable"));
      default:
        // Looking again by itself is no reason to start what has just stopped.
        if (query.has("again") && !(await this.live.isAwake())) return sendStatus(response, 503);
        sendJson(response, await this.#lease.use((engine) => this.#result(route, query, engine, request)));
    }
  }

  async #result(route: string, query: URLSearchParams, engine: Engine, request: IncomingMessage): Promise<unknown> {
    const { registry, invoker } = engine;
    switch (route) {
      case "GET apps":
        return { engine: engine.url, apps: await registry.listApps() };
      case "GET app":
        return appView(registry, appRef(query));
      case "GET function":
        return functionView(registry, functionRef(query));
      case "GET class":
        return classView(registry, functionRef(query));
      case "GET diff":
        return diffView(registry, appRef(query), whole(query, "from"), whole(query, "to"));
      case "GET calls": {
        const filter = Object.fromEntries(
          ["app", "environment", "function"].flatMap((key) => (query.has(key) ? [[key, query.get(key)!]] : [])),
        );
        return monitorOf(engine).calls({ ...filter, limit: Math.min(MAX_CALLS, whole(query, "limit", 50)) });
      }
      case "GET one-call":
        return callView(engine, text(query, "id"), whole(query, "start", 0));
      case "GET value":
        return wholeValue(engine, text(query, "id"), whole(query, "index"), text(query, "part"));
      case "POST cancel":
        await invoker.cancel(text(query, "id"));
        return {};
      case "POST check": {
        const { faults, instance } = await readArguments(engine, await bodyOf(request));
        return { faults, instance } satisfies Checked;
      }
      default:
        throw new InvalidError(`there is no ${route}`, { hint: "reload the page" });
    }
  }

  async #call(request: IncomingMessage, response: ServerResponse, durable: boolean): Promise<void> {
    const given = await bodyOf(request);
    this.live.touch();
    await this.#each(response, (engine, signal) => call(engine, given, durable, signal));
  }

  /** Of a call that runs until it ends, otherwise what there is. */
  async #logs(response: ServerResponse, query: URLSearchParams): Promise<void> {
    const callId = text(query, "id");
    await this.#each(response, async function* (engine, signal): AsyncGenerator<LogEntry> {
      const { invoker } = engine;
      const monitor = monitorOf(engine);
      const running = isRunning(await invoker.call(callId));
      const ended = new AbortController();
      const stop = (): void => ended.abort();
      const until = AbortSignal.any([signal, ended.signal]);
      // When the engine is lost the logs end too, and say so.
      if (running) void untilEnd(monitor, callId, until).then(stop, stop);
      let last = 0;
      for await (const entry of monitor.logs({ callId, limit: 1_000, follow: running, signal: until })) {
        last = entry.sequence;
        yield entry;
      }
      // What was said last may come after the end.
      if (running && !signal.aborted) yield* monitor.logs({ callId, after: last });
    });
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
  async #stream(
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

async function untilEnd(monitor: Monitor, id: string, signal: AbortSignal): Promise<void> {
  for await (const _ of monitor.progress(id, { follow: true, signal }));
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

// ---- requests -------------------------------------------------------------------------------------------------

function text(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null || value === "") throw new InvalidError(`${name} is missing`);
  return value;
}

function whole(query: URLSearchParams, name: string, otherwise?: number): number {
  if (!query.has(name) && otherwise !== undefined) return otherwise;
  const value = Number(text(query, name));
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidError(`${name} is no whole number`);
  return value;
}

function appRef(query: URLSearchParams): { app: string; environment: string; version?: number } {
  const ref = { app: text(query, "app"), environment: text(query, "environment") };
  return query.has("version") ? { ...ref, version: whole(query, "version") } : ref;
}

function functionRef(query: URLSearchParams): FunctionRef {
  const ref = { ...appRef(query), name: text(query, "name") };
  return query.has("instance") ? { ...ref, instance: text(query, "instance") } : ref;
}

async function bodyOf(request: IncomingMessage): Promise<Arguments> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) throw new InvalidError("JSON is expected");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new InvalidError(`the arguments are over the limit of ${MAX_BODY_BYTES} bytes`, {
        hint: "call it from a program, or pass the path of the data",
      });
    }
    chunks.push(chunk);
  }
  let given: Partial<Arguments> | null;
  try {
    given = JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new InvalidError("the body is no JSON", { cause });
  }
  const { app, environment, name, version, args, construct = [] } = given ?? {};
  if (!app || !environment || !name || !version || !Array.isArray(args) || !Array.isArray(construct))
    throw new InvalidError("these are no arguments");
  return { app, environment, name, version, args, construct };
}

// ---- responses ------------------------------------------------------------------------------------------------

function sendAsset(response: ServerResponse, { type, body }: Asset): void {
  response.writeHead(200, { "content-type": type, "content-length": body.length });
  response.end(body);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function sendStatus(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${status}\n`);
}

function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.end();
    return;
  }
  const problem = problemOf(error);
  const status = problem.code === "FARCALL_NOT_FOUND" ? 404 : problem.code === "FARCALL_INVALID" ? 400 : 500;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(problem));
}
