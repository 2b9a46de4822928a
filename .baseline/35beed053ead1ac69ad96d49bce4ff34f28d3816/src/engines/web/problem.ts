/** Failures as HTTP answers: RFC 9457. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Failure } from "../../engine/index.ts";

const STATUS: Partial<Record<Failure["code"], number>> = {
  INVALID: 400,
  NOT_FOUND: 404,
  FUNCTION_TIMEOUT: 504,
  CANCELLED: 503,
  ENGINE_UNAVAILABLE: 503,
};

/** @param other for a failure that has no status of its own */
export function statusOf({ code }: Pick<Failure, "code">, other = 500): number {
  return STATUS[code] ?? other;
}

export function sendProblem(response: ServerResponse, status: number, { code, message, hint }: Failure): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail: message,
    code: `FARCALL_${code}`,
    hint,
  });
  response.writeHead(status, { "content-type": "application/problem+json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}
