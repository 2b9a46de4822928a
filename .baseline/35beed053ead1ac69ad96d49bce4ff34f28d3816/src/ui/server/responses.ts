/** The ways in which the server answers. */
import type { ServerResponse } from "node:http";
import type { Asset } from "./assets.ts";
import { problemOf } from "./calls.ts";

export function sendAsset(response: ServerResponse, { type, body }: Asset): void {
  response.writeHead(200, { "content-type": type, "content-length": body.length });
  response.end(body);
}

/** As nothing that a browser would open by itself. */
export function sendBytes(response: ServerResponse, bytes: Uint8Array): void {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length });
  response.end(bytes);
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

export function sendStatus(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${status}\n`);
}

export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.end();
    return;
  }
  const problem = problemOf(error);
  const status = problem.code === "FARCALL_NOT_FOUND" ? 404 : problem.code === "FARCALL_INVALID" ? 400 : 500;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(problem));
}
