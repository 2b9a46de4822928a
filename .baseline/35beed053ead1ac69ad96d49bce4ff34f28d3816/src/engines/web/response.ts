/** The response of a web function on its way to the client: its first piece is the head, and those that follow are the body. */
import { type ServerResponse, validateHeaderName, validateHeaderValue } from "node:http";
import type { Failure } from "../../engine/index.ts";
import type { WebResponseHead } from "../../wire/container-protocol.ts";
import { sendProblem, statusOf } from "./problem.ts";
import { HOP_BY_HOP } from "./request.ts";

/** Pieces of a body on their way. */
export const WINDOW = 16;

const NOTHING = new Uint8Array();

export interface WebResponseOptions {
  response: ServerResponse;
  /** The client has taken so many pieces that it had left lying: as many more may come. */
  onTaken: (count: number) => void;
  /** Nothing more can be sent: all of it was, or the client is gone. */
  onClose: () => void;
}

export class WebResponse {
  readonly #response: ServerResponse;
  #headSent = false;
  #failed = false;
  /** Pieces that the client has not taken. */
  #owed = 0;

  constructor({ response, onTaken, onClose }: WebResponseOptions) {
    this.#response = response;
    response.on("close", onClose);
    response.on("drain", () => {
      const count = this.#owed;
      this.#owed = 0;
      if (count > 0) onTaken(count);
    });
  }

  /** Its status says so. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Returns whether the client has taken it. Throws for what HTTP does not allow, such as a control character in a header, while
   * nothing of it has been sent.
   */
  write(piece: Uint8Array): boolean {
    if (!this.#headSent) {
      this.#sendHead(JSON.parse(Buffer.from(piece).toString()) as WebResponseHead);
      return true;
    }
    if (this.#response.write(piece)) return true;
    this.#owed++;
    return false;
  }

  #sendHead({ status, statusText, headers }: WebResponseHead): void {
    const sent = headers.filter(([name]) => !HOP_BY_HOP.has(name));
    checkHead(status, statusText, sent);
    this.#headSent = true;
    this.#failed = status >= 500;
    for (const [name, value] of sent) this.#response.appendHeader(name, value);
    // More or less than was announced would be taken for a part of the next response.
    this.#response.strictContentLength = true;
    this.#response.writeHead(status, statusText || undefined);
    // Sends the head at once, before the body; flushHeaders() would send characters beyond ASCII as UTF-8.
    this.#response.write(NOTHING);
  }

  end(): void {
    try {
      this.#response.end();
    } catch {
      // The body is shorter than its content-length, so it is as incomplete as one that broke.
      this.#response.destroy();
    }
  }

  /** The body broke after the head had been sent: an end would make it look whole. */
  break(): void {
    this.#response.destroy();
  }

  fail(failure: Failure): void {
    if (this.#headSent) this.#response.destroy();
    else sendProblem(this.#response, statusOf(failure), failure);
  }
}

/** Throws as Node does when the head is written, while nothing of it has been. */
function checkHead(status: number, statusText: string, headers: WebResponseHead["headers"]): void {
  if (status < 200 || status > 599) throw new RangeError(`a response of status ${status}, as Response.error() makes`);
  validateHeaderValue("status text", statusText);
  for (const [name, value] of headers) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
}

/** The failure of a handler whose response HTTP does not allow. @param name of the function, with its app */
export function invalidResponse(name: string, error: unknown): Failure {
  return {
    code: "INTERNAL_FAILURE",
    message: `${name} returned an invalid HTTP response: ${(error as Error).message}`,
  };
}
