/**
 * The HTTP server of a host, for its web functions: on loopback only, at `/<environment>/<app>/<function>`. It listens once
 * there is a web function, on a port that stays the same for a state directory as long as nobody else takes it.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Failure } from "../../../../engine/index.ts";
import { InvalidError, NotFoundError } from "../../../../runtime/errors.ts";
import type { FunctionSchema } from "../../../../schema/index.ts";
import { sendProblem, type WebRequest, webPayload } from "../calls/index.ts";
import { asFailure, warn } from "../failures.ts";
import type { Services } from "../services.ts";

const ADDRESS = "127.0.0.1";
const FIRST_PORT = 20_000;
const PORTS = 12_000;
/** Held in memory until the function has it. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

export function isWeb({ mode, options }: FunctionSchema): boolean {
  return mode === "web" || options.web === true;
}

/** Of a request whose function is not to be had. */
const STATUS: Record<string, number> = { NOT_FOUND: 404, ENGINE_UNAVAILABLE: 503 };

export class WebServer {
  readonly #services: Services;
  #server: Server | undefined;
  #starting: Promise<void> | undefined;
  #port: number | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Resolves once it listens. When it cannot, functions have no URL. */
  start(): Promise<void> {
    this.#starting ??= this.#listen().catch((error: unknown) => {
      this.#starting = undefined;
      warn(`web functions have no URL: ${error}`);
    });
    return this.#starting;
  }

  urlOf({ app, environment, name }: { app: string; environment: string; name: string }): string | undefined {
    if (this.#port === undefined) return undefined;
    return `http://${ADDRESS}:${this.#port}/${[environment, app, name].map(encodeURIComponent).join("/")}`;
  }

  /** Takes no more requests. Those that are running go on. */
  drain(): void {
    this.#server?.close();
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  async #listen(): Promise<void> {
    const file = this.#services.paths.webPort;
    const usual = readPort(file) ?? portFor(this.#services.paths.state);
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => sendProblem(response, 500, asFailure(error)));
    });
    try {
      await listenOn(server, usual);
    } catch {
      await listenOn(server, 0);
    }
    server.on("error", (error) => warn(`the web server failed: ${error.message}`));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    try {
      writeFileSync(file, `${this.#port}\n`);
    } catch (error) {
      warn(`the port of web functions may change: ${error}`);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, code: Failure["code"], message: string, hint?: string): void => {
      // The rest of the body is not read.
      response.setHeader("connection", "close");
      sendProblem(response, status, { code, message, hint });
    };
    // A page from elsewhere whose name was made to point here asks for that name.
    const { host = "" } = request.headers;
    if (host !== `${ADDRESS}:${this.#port}` && host !== `localhost:${this.#port}`) {
      return refuse(403, "INVALID", `${JSON.stringify(host)} is not this server`);
    }
    if (this.#services.draining) return refuse(503, "ENGINE_UNAVAILABLE", "the host is stopping");
    // The Fetch API has no such requests.
    if (request.method === "TRACE" || request.method === "CONNECT")
      return refuse(405, "INVALID", `web functions do not answer ${request.method}`);
    const { registry, calls } = this.#services;
    // A proxy's client names the whole URL.
    const url = `http://${host}${(request.url ?? "/").replace(/^https?:\/\/[^/?#]*/i, "")}`;
    let fn: WebRequest["fn"];
    try {
      fn = registry.function(functionIn(url));
      registry.checkRunnable(fn.version);
      if (!isWeb(fn.schema)) {
        return refuse(
          404,
          "NOT_FOUND",
          `${fn.version.app}/${fn.schema.name} is not a web function`,
          "Call it with remote().",
        );
      }
    } catch (error) {
      const { code, message, hint } = asFailure(error);
      return refuse(STATUS[code] ?? 400, code, message, hint);
    }
    const body: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MAX_REQUEST_BYTES) {
          return refuse(413, "INVALID", `the request's body is over the limit of ${MAX_REQUEST_BYTES} bytes`);
        }
        body.push(chunk);
      }
    } catch {
      return; // The client is gone.
    }
    this.#services.pools.prepare();
    calls.openWeb({ fn, payload: webPayload(request, url, body), headers: request.headers, response });
  }
}

function functionIn(url: string): { app: string; environment: string; name: string } {
  const hint = "A web function answers at /<environment>/<app>/<function>.";
  let parts: string[];
  try {
    parts = new URL(url).pathname.slice(1).split("/").map(decodeURIComponent);
  } catch (error) {
    throw new InvalidError(`${url} does not name a function: ${(error as Error).message}`, { hint });
  }
  const [environment, app, name] = parts;
  if (!environment || !app || !name) throw new NotFoundError(`${url} does not name a function`, { hint });
  return { app, environment, name };
}

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: ADDRESS, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function readPort(file: string): number | undefined {
  try {
    const port = Number.parseInt(readFileSync(file, "utf8"), 10);
    return port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined; // the first time
  }
}

/** Different for most state directories. */
function portFor(state: string): number {
  return FIRST_PORT + (createHash("sha256").update(state).digest().readUInt32LE(0) % PORTS);
}
