/** The HTTP server of a worker for those who watch it: GET /metrics and GET /healthz, apart from the port that clients reach. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import { metricsText, type WorkerFigures } from "./metrics.ts";

export interface MetricsPortSettings {
  /** 0: any that is free. */
  port: number;
  /** Of the network interface. Default: this machine alone. */
  address?: string | undefined;
}

export interface MetricsPortOptions extends MetricsPortSettings {
  figures(): WorkerFigures;
}

export class MetricsPort {
  readonly #options: MetricsPortOptions;
  readonly #server: Server;

  constructor(options: MetricsPortOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      const [status, type, body] = this.#answer(request.method ?? "", request.url ?? "");
      response.writeHead(status, { "content-type": type }).end(request.method === "HEAD" ? undefined : body);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Rejects with EngineUnavailableError when the port cannot be had. */
  async start(): Promise<void> {
    const { port, address = "127.0.0.1" } = this.#options;
    this.#server.listen({ port, host: address });
    try {
      await once(this.#server, "listening");
    } catch (cause) {
      throw new EngineUnavailableError(`the port for metrics cannot be had: ${(cause as Error).message}`, {
        cause,
        hint: "Choose another with --metrics.",
      });
    }
  }

  #answer(method: string, url: string): [status: number, type: string, body: string] {
    const plain = "text/plain; charset=utf-8";
    if (method !== "GET" && method !== "HEAD") return [405, plain, "only GET and HEAD\n"];
    const path = url.split("?")[0];
    const figures = this.#options.figures();
    if (path === "/metrics") return [200, `text/plain; version=0.0.4; charset=utf-8`, metricsText(figures)];
    if (path !== "/healthz") return [404, plain, "there are /metrics and /healthz\n"];
    return figures.connected && !figures.report.draining ? [200, plain, "ok\n"] : [503, plain, "takes no work\n"];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
