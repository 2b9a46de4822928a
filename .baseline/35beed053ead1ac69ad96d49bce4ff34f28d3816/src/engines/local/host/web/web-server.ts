/**
 * The HTTP server of a host, for its web functions: on loopback only, at `/<environment>/<app>/<function>`. It listens once
 * there is a web function, on a port that stays the same for a state directory as long as nobody else takes it.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { loopbackSite, pathOf, type WebFunctionName, WebHandler } from "../../../web/index.ts";
import type { WebRequest } from "../calls/index.ts";
import { asFailure, warn } from "../failures.ts";
import type { Services } from "../services.ts";

const ADDRESS = "127.0.0.1";
const FIRST_PORT = 20_000;
const PORTS = 12_000;

export class WebServer {
  readonly #services: Services;
  readonly #handler: WebHandler<WebRequest["fn"]>;
  #server: Server | undefined;
  #starting: Promise<void> | undefined;
  #port: number | undefined;

  constructor(services: Services) {
    this.#services = services;
    this.#handler = new WebHandler({
      site: () => loopbackSite(this.#port!),
      // It may have been asked for by another name of this machine.
      locate: (path, { headers }) => ({ path, url: `http://${headers.host}${path}` }),
      stopping: () => (services.draining ? "the host is stopping" : undefined),
      find: (name) => {
        const fn = services.registry.function(name);
        services.registry.checkRunnable(fn.version);
        return fn;
      },
      failureOf: asFailure,
      open: (request) => {
        services.pools.prepare();
        services.calls.openWeb(request);
      },
    });
  }

  /** Resolves once it listens. When it cannot, functions have no URL. */
  start(): Promise<void> {
    this.#starting ??= this.#listen().catch((error: unknown) => {
      this.#starting = undefined;
      warn(`web functions have no URL: ${error}`);
    });
    return this.#starting;
  }

  urlOf(fn: WebFunctionName): string | undefined {
    return this.#port === undefined ? undefined : `http://${ADDRESS}:${this.#port}${pathOf(fn)}`;
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
    const server = createServer((request, response) => this.#handler.handle(request, response));
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
