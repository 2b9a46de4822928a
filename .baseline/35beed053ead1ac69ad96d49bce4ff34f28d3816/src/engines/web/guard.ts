/**
 * Which requests a web function gets. Every page that a browser shows can send requests to any server that the browser
 * reaches: pages whose site's name was made to point there, and forms and scripts of any site.
 */
import type { IncomingMessage } from "node:http";
import type { Failure } from "../../engine/index.ts";

export interface Refusal {
  status: number;
  code: Failure["code"];
  message: string;
  hint?: string | undefined;
}

/** By HTTP's own rules these change nothing, so links and images of other sites may ask for them. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Under which names a server answers, and whose pages may send it what changes something. */
export interface Site {
  /** Of `Host` headers, with their ports. */
  readonly hosts: readonly string[];
  /** Which pages are its own, for the hint of a refusal. */
  readonly ownPages: string;
  isOwn(origin: URL): boolean;
}

export function refusalOf(request: IncomingMessage, { hosts, isOwn, ownPages }: Site): Refusal | undefined {
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
  if (!SAFE_METHODS.has(method) && isFromElsewhere(request, isOwn)) {
    return {
      status: 403,
      code: "INVALID",
      message: `${method} requests from pages of other sites are refused`,
      hint: `Pages of ${ownPages} can send them, and so can programs that are not browsers.`,
    };
  }
  return undefined;
}

/** Whether the page that sends a request is of another site. Browsers alone send these headers, and no page can set them. */
function isFromElsewhere({ headers }: IncomingMessage, isOwn: Site["isOwn"]): boolean {
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "cross-site") return false;
  if (origin === undefined) return site !== undefined;
  // "null" is the origin of files and of sandboxed frames, which any site can make.
  return !(URL.canParse(origin) && isOwn(new URL(origin)));
}

const LOOPBACK = "127.0.0.1";

/** A server that this machine alone reaches. */
export function loopbackSite(port: number): Site {
  return {
    hosts: [`${LOOPBACK}:${port}`, `localhost:${port}`],
    ownPages: "this machine (localhost, 127.0.0.1)",
    isOwn: ({ hostname }) => /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname),
  };
}

/** A server that answers under the name in its URL. */
export function publicSite({ protocol, hostname, host, origin }: URL): Site {
  const usual: Record<string, string> = { "http:": "80", "https:": "443" };
  return {
    // Some clients name the port even where it is the usual one.
    hosts: host === hostname ? [host, `${host}:${usual[protocol]}`] : [host],
    ownPages: origin,
    isOwn: (other) => other.origin === origin,
  };
}
