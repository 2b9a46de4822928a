/**
 * Which requests a web function gets. It listens on loopback, where every page that this machine's browsers show can send
 * requests too: pages whose site's name was made to point here, and forms and scripts of any site.
 */
import type { IncomingMessage } from "node:http";
import type { Failure } from "../../../../engine/index.ts";

export interface Refusal {
  status: number;
  code: Failure["code"];
  message: string;
  hint?: string | undefined;
}

/** By HTTP's own rules these change nothing, so links and images of other sites may ask for them. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** `hosts`: the names under which the server answers. */
export function refusalOf(request: IncomingMessage, hosts: readonly string[]): Refusal | undefined {
  const { method = "GET" } = request;
  const given = request.headersDistinct["host"] ?? [];
  // Which of them counts, every server and proxy decides for itself.
  if (given.length > 1) return { status: 400, code: "INVALID", message: "the request has more than one Host header" };
  const [host = ""] = given;
  // A page from elsewhere whose name was made to point here asks for that name.
  if (!hosts.includes(host)) {
    return { status: 403, code: "INVALID", message: `${JSON.stringify(host)} is not this server` };
  }
  // The Fetch API has no such requests.
  if (method === "TRACE" || method === "CONNECT") {
    return { status: 405, code: "INVALID", message: `web functions do not answer ${method}` };
  }
  if (!SAFE_METHODS.has(method) && isFromElsewhere(request)) {
    return {
      status: 403,
      code: "INVALID",
      message: `${method} requests from pages of other sites are refused`,
      hint: "Pages of this machine (localhost, 127.0.0.1) can send them, and so can programs that are not browsers.",
    };
  }
  return undefined;
}

/** Whether the page that sends a request is of another site. Browsers alone send these headers, and no page can set them. */
function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "cross-site") return false;
  if (origin === undefined) return site !== undefined;
  return !isOfThisMachine(origin);
}

/** Also false for "null": the origin of files and of sandboxed frames, which any site can make. */
function isOfThisMachine(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
