/**
 * Who may talk to the server: the person who started it, and nobody else on the machine or on a web page. Each start has a token
 * of its own. The printed URL has it behind a #, which no browser sends; the page's script keeps it where only pages of this
 * address and port can read it, and sends it in a header. Cookies would go to every port of this machine.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const ADDRESS = "127.0.0.1";

/** Nothing from elsewhere, nothing inline: text that came from an engine can never run. */
export const HEADERS: Record<string, string> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Why a request is refused. */
export interface Refusal {
  status: 400 | 401 | 403;
  message: string;
}

export class Guard {
  readonly token: string = randomBytes(16).toString("hex");
  #port = 0;

  listensOn(port: number): void {
    this.#port = port;
  }

  /** The page's files are the same for everybody and say nothing; what the engine says is for who has the token. */
  judge(request: IncomingMessage, url: URL): Refusal | undefined {
    const { host = "", origin, authorization = "", "sec-fetch-site": site } = request.headers;
    if (request.headersDistinct["host"]?.length !== 1)
      return { status: 400, message: "the request needs one Host header" };
    // A page from elsewhere whose name was made to point here does not know this name.
    if (!this.#hosts.includes(host)) return { status: 403, message: `${JSON.stringify(host)} is not this server` };
    if (origin !== undefined && origin !== `http://${host}`) return elsewhere;
    const changes = request.method !== "GET";
    if (changes && origin === undefined) return elsewhere;
    const isPage = !changes && !url.pathname.startsWith("/api/");
    if (isPage) return undefined;
    if (site !== undefined && site !== "same-origin") return elsewhere;
    if (this.#isToken(authorization.replace(/^Bearer /, ""))) return undefined;
    return {
      status: 401,
      message: "open the URL that farcall ui has printed: this page has no token, or that of an earlier start",
    };
  }

  get #hosts(): string[] {
    return [`${ADDRESS}:${this.#port}`, `localhost:${this.#port}`];
  }

  /** Takes the same time for every wrong token. */
  #isToken(given: string): boolean {
    const [one, other] = [given, this.token].map((text) => createHash("sha256").update(text).digest());
    return timingSafeEqual(one!, other!);
  }
}

const elsewhere: Refusal = { status: 403, message: "requests from other pages are refused" };
