/**
 * The HTTP server of a host, for its web functions: on loopback only, at `/<environment>/<app>/<function>`. It listens once
 * there is a web function, on a port that stays the same for a state directory as long as nobody else takes it.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InvalidError, NotFoundError } from "../../../../runtime/errors.ts";
import type { FunctionSchema } from "../../../../schema/index.ts";
import { sendProblem, type WebRequest, webPayload } from "../calls/index.ts";
import { asFailure, warn } from "../failures.ts";
import type { Services } from "../services.ts";
import { Bodies } from "./bodies.ts";
import { type Refusal, refusalOf } from "./guard.ts";

const ADDRESS = "127.0.0.1";
const FIRST_PORT = 20_000;
const PORTS = 12_000;

export function isWeb({ mode, options }: FunctionSchema): boolean {
  return mode === "web" || options.web === true;
}

/** Of a request whose function is not to be had. */
const STATUS: Record<string, number> = { NOT_FOUND: 404, ENGINE_UNAVAILABLE: 503 };

export class WebServer {
  readonly #services: Services;
  readonly #bodies = new Bodies();
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
      writeFileSync(file, `${this.#port}\n`, { mode: 0o600 });
    } catch (error) {
      warn(`the port of web functions may change: ${error}`);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = ({ status, code, message, hint }: Refusal): void => {
      // The rest of the body is not read.
      response.setHeader("connection", "close");
      if (status === 503) response.setHeader("retry-after", "1");
      sendProblem(response, status, { code, message, hint });
    };
    const refusal = refusalOf(request, [`${ADDRESS}:${this.#port}`, `localhost:${this.#port}`]);
    if (refusal) return refuse(refusal);
    if (this.#services.draining) {
      return refuse({ status: 503, code: "ENGINE_UNAVAILABLE", message: "the host is stopping" });
    }
    const { registry, calls } = this.#services;
    // A proxy's client names the whole URL.
    const url = `http://${request.headers.host}${(request.url ?? "/").replace(/^https?:\/\/[^/?#]*/i, "")}`;
    let fn: WebRequest["fn"];
    try {
      fn = registry.function(functionIn(url));
      registry.checkRunnable(fn.version);
      if (!isWeb(fn.schema)) {
        return refuse({
          status: 404,
          code: "NOT_FOUND",
          message: `${fn.version.app}/${fn.schema.name} is not a web function`,
          hint: "Call it with remote().",
        });
      }
    } catch (error) {
      const { code, message, hint } = asFailure(error);
      return refuse({ status: STATUS[code] ?? 400, code, message, hint });
    }
    const body = await this.#bodies.read(request);
    if (!body) return; // The client is gone.
    if (!("chunks" in body)) return refuse(body);
    response.once("close", body.release);
    if (response.destroyed) return body.release();
    this.#services.pools.prepare();
    calls.openWeb({ fn, payload: webPayload(request, url, body.chunks), headers: request.headers, response });
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
