/** The memory for bodies of requests: each is held until its function has ended, and all of them share one limit. */
import type { IncomingMessage } from "node:http";
import type { Refusal } from "./guard.ts";

const MIB = 1024 * 1024;
/** Of one request. */
const MAX_BODY_BYTES = 64 * MIB;
/** Of all requests at a time. */
const MAX_HELD_BYTES = 256 * MIB;

export interface Body {
  chunks: Buffer[];
  /** Its memory is free for others. Once. */
  release(): void;
}

export class Bodies {
  #held = 0;

  /** Undefined when the client has gone. */
  async read(request: IncomingMessage): Promise<Body | Refusal | undefined> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const release = (): void => {
      this.#held -= bytes;
      bytes = 0;
    };
    const refuse = (refusal: Refusal): Refusal => {
      release();
      return refusal;
    };
    // What a client announces takes no memory yet, so only what has come counts for the others.
    if (Number(request.headers["content-length"]) > MAX_BODY_BYTES) return tooLarge;
    try {
      // Leaving the loop must not destroy the connection, which has the refusal to carry.
      const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of pieces) {
        if (bytes + chunk.length > MAX_BODY_BYTES) return refuse(tooLarge);
        if (this.#held + chunk.length > MAX_HELD_BYTES) return refuse(tooMany);
        bytes += chunk.length;
        this.#held += chunk.length;
        chunks.push(chunk);
      }
    } catch {
      release();
      return undefined;
    }
    return { chunks, release };
  }
}

const tooLarge: Refusal = {
  status: 413,
  code: "INVALID",
  message: `the request's body is over the limit of ${MAX_BODY_BYTES} bytes`,
  hint: "Send it in parts, or pass the path or URL of the data.",
};

const tooMany: Refusal = {
  status: 503,
  code: "ENGINE_UNAVAILABLE",
  message: `the bodies of all requests are over their shared limit of ${MAX_HELD_BYTES} bytes`,
  hint: "Send it again once other requests have ended.",
};
