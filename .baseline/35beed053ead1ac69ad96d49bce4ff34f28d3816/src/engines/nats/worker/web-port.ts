/**
 * The HTTP server of a worker, for web functions: any worker with a port takes a request, and whichever worker has room runs
 * it. So a request is a call like others, and this worker its source.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EngineUnavailableError, InvalidError } from "../../../runtime/errors.ts";
import {
  invalidResponse,
  loopbackSite,
  publicSite,
  traceIn,
  WebHandler,
  type WebRequest,
  WebResponse,
  WINDOW,
} from "../../web/index.ts";
import type { Connection } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { answerOf, type SourceQuestion } from "../monitor/index.ts";
import type { Catalog, DeployedFunction } from "../registry/index.ts";
import { Source, type SourceCall } from "../source/index.ts";

/** For balancers: whether requests should come here. */
const HEALTH = "/healthz";

export interface WebPortSettings {
  /** 0: any that is free. */
  port: number;
  /** Of the network interface. Default: all with a public URL, and loopback without one. */
  address?: string | undefined;
  /** Where clients reach the workers; absent: functions have no URL, and this machine alone gets answers. */
  publicUrl?: URL | undefined;
}

export interface WebPortOptions extends WebPortSettings {
  connection: Connection;
  catalog: Catalog;
}

export class WebPort {
  readonly #options: WebPortOptions;
  readonly #source: Source;
  readonly #handler: WebHandler<DeployedFunction>;
  readonly #server: Server;
  #port = 0;
  #open = 0;
  #draining = false;

  constructor(options: WebPortOptions) {
    const { connection, catalog, publicUrl } = options;
    this.#options = options;
    this.#source = new Source({
      connection,
      catalog,
      answer: (source, question) => answerOf(source, question as SourceQuestion),
    });
    this.#handler = new WebHandler<DeployedFunction>({
      site: () => (publicUrl ? publicSite(publicUrl) : loopbackSite(this.#port)),
      locate: (path, { headers }) => {
        if (!publicUrl) return { path, url: `http://${headers.host}${path}` };
        // A balancer may have taken the path of the public URL away, or not.
        const base = publicUrl.pathname.replace(/\/$/, "");
        const below = base !== "" && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
        return { path: below, url: `${publicUrl.origin}${base}${below}` };
      },
      // While this worker drains, others run what comes here.
      stopping: () => undefined,
      find: (name) => catalog.function(name),
      failureOf: (error) => failureOf(error, "worker"),
      open: (request) => this.#run(request),
    });
    this.#server = createServer((request, response) => this.#onRequest(request, response));
  }

  get port(): number {
    return this.#port;
  }

  /** No request is under way. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** Rejects with EngineUnavailableError when the port cannot be had. */
  async start(): Promise<void> {
    const { port, publicUrl, address = publicUrl ? undefined : "127.0.0.1" } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const hint = "Choose another with --web-port, or another interface with --web-address.";
        reject(
          new EngineUnavailableError(`the port for web functions cannot be had: ${cause.message}`, { cause, hint }),
        );
      });
      this.#server.listen({ port, ...(address !== undefined && { host: address }) }, resolve);
    });
    this.#server.removeAllListeners("error");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== HEALTH) {
      if (this.#draining) response.setHeader("connection", "close");
      this.#handler.handle(request, response);
      return;
    }
    response.writeHead(this.#draining ? 503 : 200, { "content-type": "text/plain" });
    response.end(this.#draining ? "stopping\n" : "ok\n");
  }

  #run({ fn: { schema, manifest }, payload, headers, response: to }: WebRequest<DeployedFunction>): void {
    const { app, environment, version } = manifest;
    const trace = traceIn(headers);
    this.#open++;
    to.once("close", () => this.#open--);
    let call: SourceCall | undefined;
    const response = new WebResponse({
      response: to,
      onTaken: (count) => call?.credit(count),
      // The client is gone; for a call that has ended it means nothing.
      onClose: () => call?.cancel(),
    });
    const request = {
      function: { app, environment, name: schema.name, version },
      method: "web",
      durable: false,
      ...(trace && { trace }),
    } as const;
    call = this.#source.open(request, {
      failed: (failure) => response.fail(failure),
      output: (output) => {
        if (output.kind === "end") response.end();
        else if (output.kind === "failure") response.fail(output.failure);
        else if (output.kind === "yield") {
          try {
            // A copy: what comes in frames is only lent.
            if (response.write(Buffer.from(output.payload))) call!.credit(1);
          } catch (error) {
            call!.cancel();
            response.fail(invalidResponse(`${app}/${schema.name}`, error));
          }
        } else response.break();
      },
    });
    call.credit(WINDOW);
    call.put(0, payload);
    void call.end();
  }

  /** Says that requests should go elsewhere; those that come all the same are answered. */
  drain(): void {
    this.#draining = true;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#source.close();
  }
}

/** Throws InvalidError for what clients cannot use. */
export function readPublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw new InvalidError(`${JSON.stringify(text)} is not the public URL of web functions`, {
      hint: "Give what clients reach the workers' web ports under, such as https://functions.example.com.",
    });
  }
  return url;
}
