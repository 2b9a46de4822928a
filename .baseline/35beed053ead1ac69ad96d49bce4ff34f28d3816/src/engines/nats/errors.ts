/** NATS's errors as farcall's. They are recognised by name and code, since the packages that define them are loaded late. */
import type { Failure } from "../../engine/index.ts";
import { EngineUnavailableError, errorToFailure, FarcallError, InternalFailure } from "../../runtime/errors.ts";
import { rightTo } from "./roles.ts";
import { CA, CREDS } from "./settings.ts";

const CREDS_HINT = `${CREDS} names the file with the credentials.`;

/** JetStream's error codes. */
const WRONG_LAST_SEQUENCE = 10071;
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
const NO_JETSTREAM_IN_ACCOUNT = 10039;
const NO_SUITABLE_PEERS = 10005;
/** Limits of the account, of the server, and of a stream. */
const NO_ROOM = [10002, 10023, 10028, 10047, 10077];
/**
 * Temporarily unavailable, no quorum, not the leader; and what is being written by somebody else, or by an earlier attempt, and may
 * yet fail: the message with this id, the last one of the subject.
 */
const UNAVAILABLE = [10008, 10003, 10009, 10158, 10163, 10164];

const TEMPORARY = new Set([
  ...["TimeoutError", "NoRespondersError", "ConnectionError", "RequestError"],
  // What the client makes of JetStream not answering; whether it is enabled at all the server says when we connect.
  "JetStreamNotEnabled",
]);

const REFUSALS = new Set(["AuthorizationError", "UserAuthenticationExpiredError"]);

const CERTIFICATE_HINT =
  " One that wants certificates hangs up without a word: set FARCALL_NATS_CERT and FARCALL_NATS_KEY.";

/** Of Node's TLS: the certificate is not that of the host, is out of date, or comes from somebody who is not trusted. */
const CERTIFICATE = /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

export function codeOf(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}

/** Whether one of these codes is an error's, or one's that it was caused by. */
function hasCode(error: unknown, ...codes: number[]): boolean {
  return chain(error).some((each) => codes.includes(codeOf(each) ?? 0));
}

/** Somebody else has written meanwhile. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, WRONG_LAST_SEQUENCE);
}

/** The server does not take these credentials, or not any more. */
export function isRefusal(error: unknown): boolean {
  return chain(error).some((each) => REFUSALS.has((each as Error).name));
}

/** It may work a little later: servers restart, or elect a leader. */
export function isTemporary(error: unknown): boolean {
  if (deniedIn(error)) return false;
  return hasCode(error, ...UNAVAILABLE) || chain(error).some((each) => TEMPORARY.has((each as Error).name));
}

/** What there is takes all that streams may hold. */
export function isNoRoom(error: unknown): boolean {
  return hasCode(error, ...NO_ROOM);
}

/** Fewer servers are there than copies are wanted. */
export function isWithoutPeers(error: unknown): boolean {
  return hasCode(error, NO_SUITABLE_PEERS);
}

export function isMissingStream(error: unknown): boolean {
  return hasCode(error, STREAM_NOT_FOUND);
}

export function isMissingConsumer(error: unknown): boolean {
  return hasCode(error, CONSUMER_NOT_FOUND);
}

export function asFarcallError(error: unknown, url: string): FarcallError {
  if (error instanceof FarcallError) return error;
  const errors = chain(error);
  const { message, name } = error as Error;
  if (isMissingStream(error)) {
    return new EngineUnavailableError(`the NATS servers of ${url} are not set up for farcall`, {
      cause: error,
      hint: `Run \`farcall nats init --engine ${url}\`.`,
    });
  }
  if (hasCode(error, NO_JETSTREAM_IN_ACCOUNT)) return noJetStream(url);
  if (isNoRoom(error)) {
    return new EngineUnavailableError(`the NATS servers of ${url} have no room left to store it: ${message}`, {
      cause: error,
      hint: "It was not accepted. Raise the limits of the streams, the account or the server, and call again.",
    });
  }
  if (isWithoutPeers(error)) {
    return new EngineUnavailableError(`the NATS servers of ${url} cannot keep so many replicas: ${message}`, {
      cause: error,
    });
  }
  if (isRefusal(error)) {
    return new EngineUnavailableError(`${url} refuses these credentials: ${message}`, {
      cause: error,
      hint: CREDS_HINT,
    });
  }
  const denied = deniedIn(error);
  if (denied) return notAllowed(denied, url);
  const insecure = errors.find((each) => CERTIFICATE.test(String((each as { code?: unknown }).code)));
  if (insecure) {
    return new EngineUnavailableError(`${url} is not trusted: ${(insecure as Error).message}`, {
      cause: error,
      hint: `${CA} names the file with the certificate of the authority that the servers' certificates come from.`,
    });
  }
  if (message === "server does not support 'tls'") {
    return new EngineUnavailableError(`${url} has no TLS`, {
      cause: error,
      hint: "Write nats:// and leave FARCALL_NATS_CA, FARCALL_NATS_CERT and FARCALL_NATS_KEY out, or give the servers certificates.",
    });
  }
  return new EngineUnavailableError(`${url} cannot be reached: ${message || name}`, {
    cause: error,
    hint: `Is a nats-server with JetStream running there?${url.startsWith("tls:") ? CERTIFICATE_HINT : ""}`,
  });
}

interface Violation extends Error {
  operation: "publish" | "subscription";
  subject: string;
}

function deniedIn(error: unknown): Violation | undefined {
  return chain(error).find((each): each is Violation => (each as Error).name === "PermissionViolationError");
}

function notAllowed(denied: Violation, url: string): EngineUnavailableError {
  const { operation, subject } = denied;
  const right = rightTo(operation === "publish" ? "publish" : "subscribe", subject);
  const refused = `${url} refuses ${operation === "publish" ? "to publish" : "a subscription"} to "${subject}"`;
  if (!right) {
    return new EngineUnavailableError(`${refused}, which no role of farcall's may do`, { cause: denied });
  }
  return new EngineUnavailableError(`these credentials may not ${right.what}: ${refused}`, {
    cause: denied,
    hint: `It takes the role ${right.roles.join(" or ")}. ${CREDS_HINT} \`farcall nats roles\` prints what each role may do.`,
  });
}

/**
 * What a caller is told of an error.
 * @param who failed, when it is a fault of farcall's
 */
export function failureOf(error: unknown, who: "engine" | "worker" = "engine"): Failure {
  if (error instanceof FarcallError) return errorToFailure(error);
  return errorToFailure(new InternalFailure(`the ${who} failed: ${(error as Error).message}`));
}

export function noJetStream(url: string): EngineUnavailableError {
  return new EngineUnavailableError(`JetStream is not enabled on ${url}`, {
    hint: "Start nats-server with -js, and enable JetStream for the account.",
  });
}

function chain(error: unknown): unknown[] {
  const errors: unknown[] = [];
  for (let each = error; each instanceof Error && errors.length < 5; each = each.cause) errors.push(each);
  return errors;
}
