/** What the URL of a `nats` engine says: the servers, and nothing that is secret, since stubs and manifests keep it. */
import { InvalidError } from "../../runtime/errors.ts";

const DEFAULT_PORT = 4222;
const HINT =
  'Write "nats://host:4222", or several servers of one cluster: "nats://a:4222,b:4222,c:4222"; "tls://host:4222" insists on TLS.';

export interface Address {
  /** Canonical: the URL with every port. */
  url: string;
  /** `host:port` */
  servers: string[];
  /** Nothing goes over a connection without TLS. */
  tls: boolean;
}

/** Throws InvalidError. */
export function parseAddress(url: string): Address {
  const [, scheme = "", hosts] = /^(nats|tls):\/\/([^/?#]+)\/?$/i.exec(url) ?? [];
  if (hosts === undefined) throw new InvalidError(`"${url}" is not the URL of a NATS engine`, { hint: HINT });
  if (hosts.includes("@")) {
    throw new InvalidError("the URL of a NATS engine contains credentials, which generated stubs would keep", {
      hint: "Remove them from the URL, and name a file with credentials in FARCALL_NATS_CREDS.",
    });
  }
  const servers = hosts.split(",").map((host) => withPort(host, url));
  const tls = scheme.toLowerCase() === "tls";
  return { url: `${tls ? "tls" : "nats"}://${servers.join(",")}`, servers, tls };
}

function withPort(host: string, url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(`nats://${host}`);
  } catch (cause) {
    throw new InvalidError(`"${url}" is not the URL of a NATS engine`, { hint: HINT, cause });
  }
  return `${parsed.hostname.toLowerCase()}:${parsed.port || DEFAULT_PORT}`;
}
