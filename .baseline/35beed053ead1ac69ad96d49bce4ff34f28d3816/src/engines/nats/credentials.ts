/**
 * Who this process is to NATS, and whom it trusts, by the files that the environment names. Credentials are read again each time
 * that it connects, since they are renewed.
 */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { ConnectionOptions, TlsOptions } from "@nats-io/transport-node";
import { EngineUnavailableError } from "../../runtime/errors.ts";
import type { Address } from "./address.ts";
import { seedIn } from "./nkeys.ts";
import { CA, CREDS, type Environment, readSetting } from "./settings.ts";

type Transport = typeof import("@nats-io/transport-node");

const CERT = "FARCALL_NATS_CERT";
const KEY = "FARCALL_NATS_KEY";

/** The part of subjects that stands for a user without credentials. */
export const NOBODY = "-";

export interface Identity {
  /** The user's public nkey (U…), or NOBODY. */
  readonly user: string;
  /** Undefined without credentials. */
  readonly sign: ((bytes: Uint8Array) => Uint8Array) | undefined;
  readonly options: Pick<ConnectionOptions, "authenticator">;
}

/** From a `.creds` file, or one with the seed of a user's nkey. Throws EngineUnavailableError. */
export function identity(env: Environment, transport: Transport): Identity {
  const file = env[CREDS];
  if (!file) return { user: NOBODY, sign: undefined, options: {} };
  let content = readCredentials(file);
  const pair = transport.nkeys.fromSeed(Buffer.from(seedIn(content, "SU")!));
  const renewed = (): string => {
    try {
      content = readCredentials(file);
    } catch {
      // It is just being replaced: what it held before is still what the server has to judge.
    }
    return content;
  };
  const authenticator = isJwt(content)
    ? transport.credsAuthenticator(() => Buffer.from(renewed()))
    : transport.nkeyAuthenticator(() => Buffer.from(seedIn(renewed(), "SU")!));
  return { user: pair.getPublicKey(), sign: (bytes) => pair.sign(bytes), options: { authenticator } };
}

function readCredentials(file: string): string {
  const content = readSetting(CREDS, file);
  if (seedIn(content, "SU") !== undefined) return content;
  throw new EngineUnavailableError(`${file} has no credentials for NATS`, {
    hint: `${CREDS} names a .creds file, or a file with the seed of a user's nkey (SU…).`,
  });
}

function isJwt(content: string): boolean {
  return content.includes("BEGIN NATS USER JWT");
}

/** The server says whether it wants TLS, unless the URL does; these say whom to trust, and who we are. */
export function tls(env: Environment, address: Address): { tls?: TlsOptions } {
  const { [CA]: ca, [CERT]: cert, [KEY]: key } = env;
  if (!address.tls && !ca && !cert && !key) return {};
  return {
    tls: {
      // Passed on to Node's TLS, though it is not in the type.
      ...({ checkServerIdentity: identityCheck(address) } as TlsOptions),
      ...(ca && { ca: readSetting(CA, ca) }),
      ...(cert && { cert: readSetting(CERT, cert) }),
      ...(key && { key: readSetting(KEY, key) }),
    },
  };
}

/**
 * The client names no server that it reaches by an IP address, and Node then wants a certificate for "localhost". Such a server
 * has to have one for an address of the URL.
 */
function identityCheck({ servers }: Address): typeof checkServerIdentity {
  const hosts = servers.map((server) => server.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""));
  const ips = hosts.filter((host) => isIP(host) !== 0);
  return (host, certificate) => {
    if (host !== "localhost" || hosts.includes(host) || ips.length === 0) return checkServerIdentity(host, certificate);
    const errors = ips.map((ip) => checkServerIdentity(ip, certificate));
    return errors.every((error) => error !== undefined) ? errors[0] : undefined;
  };
}
