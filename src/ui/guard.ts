/**
 * Who may talk to the server: the person who started it, and nobody else on the machine or on a web page. Each start has a token
 * of its own, which the printed URL carries once; a cookie that scripts cannot read carries it from then on.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export const ADDRESS = "127.0.0.1";

/** Nothing from elsewhere, nothing inline: text that came from an engine can never run. */
export const HEADERS: Record<string, string> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export type Verdict =
  | "allowed"
  /** With the token in its URL: to be sent on to the same place without it. */
  | "first visit"
  | { status: 401 | 403; message: string };

export class Guard {
  readonly token: string = randomBytes(16).toString("hex");
  #port = 0;

  listensOn(port: number): void {
    this.#port = port;
  }

  judge(request: IncomingMessage, url: URL): Verdict {
    const { host = "", origin, "sec-fetch-site": site } = request.headers;
    // A page from elsewhere whose name was made to point here does not know this name.
    if (!this.#hosts.includes(host)) return { status: 403, message: `${JSON.stringify(host)} is not this server` };
    if (origin !== undefined && origin !== `http://${host}`) return elsewhere;
    const changes = request.method !== "GET";
    if (changes && origin === undefined) return elsewhere;
    // Other ports of this machine are the same site to a browser, and are sent the cookie with.
    if ((changes || url.pathname.startsWith("/api/")) && site !== undefined && site !== "same-origin") return elsewhere;
    const given = url.searchParams.get("token");
    if (given !== null && request.method === "GET" && this.#isToken(given)) return "first visit";
    if (this.#isToken(cookieIn(request, this.#cookie))) return "allowed";
    return {
      status: 401,
      message: "open the URL that farcall ui has printed: this one lacks its token, or is of an earlier start",
    };
  }

  admit(response: ServerResponse): void {
    response.setHeader("set-cookie", `${this.#cookie}=${this.token}; HttpOnly; SameSite=Strict; Path=/`);
  }

  get #hosts(): string[] {
    return [`${ADDRESS}:${this.#port}`, `localhost:${this.#port}`];
  }

  /** Cookies do not tell ports apart, so the name does. */
  get #cookie(): string {
    return `farcall-ui-${this.#port}`;
  }

  /** Takes the same time for every wrong token. */
  #isToken(given: string): boolean {
    const [one, other] = [given, this.token].map((text) => createHash("sha256").update(text).digest());
    return timingSafeEqual(one!, other!);
  }
}

const elsewhere: Verdict = { status: 403, message: "requests from other pages are refused" };

function cookieIn(request: IncomingMessage, name: string): string {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value = ""] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
  return "";
}
