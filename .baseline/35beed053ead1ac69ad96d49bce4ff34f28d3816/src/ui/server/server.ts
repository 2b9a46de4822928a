/** The server of the page: on loopback, for one engine. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Engine } from "../../engine/index.ts";
import { InvalidError } from "../../runtime/index.ts";
import { ADDRESS, Guard, HEADERS } from "./guard.ts";
import { Lease } from "./lease.ts";
import { Live } from "./live.ts";
import { sendProblem } from "./responses.ts";
import { Routes, type WorkersOf } from "./routes.ts";

export interface UiOptions {
  engine: Engine;
  /** 0 or absent: any that is free. */
  port?: number | undefined;
  /** Whether the engine runs, found out without starting it. Absent for an engine that always runs. */
  isAwake?: (() => Promise<boolean>) | undefined;
  /** Absent for an engine whose work is not done by workers. */
  workers?: WorkersOf | undefined;
}

export interface Ui {
  /** With the token. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with InvalidError when the port is taken. The engine stays its owner's to close. */
export async function serveUi({ engine, port = 0, isAwake, workers }: UiOptions): Promise<Ui> {
  const guard = new Guard();
  const lease = new Lease(engine);
  const routes = new Routes({ lease, live: new Live({ lease, isAwake }), workers });
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
      hint: "Leave out --port to take any free port.",
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
