/** NATS's errors as farcall's. They are recognised by name and code, since the packages that define them are loaded late. */
import type { Failure } from "../../engine/index.ts";
import { EngineUnavailableError, errorToFailure, FarcallError, InternalFailure } from "../../runtime/errors.ts";

/** JetStream's error codes. */
const WRONG_LAST_SEQUENCE = 10071;
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
const NO_JETSTREAM_IN_ACCOUNT = 10039;
const NO_SUITABLE_PEERS = 10005;
/**
 * Temporarily unavailable, no quorum, not the leader; and what is being written by somebody else, or by an earlier attempt, and may
 * yet fail: the message with this id, the last one of the subject.
 */
const UNAVAILABLE = new Set([10008, 10003, 10009, 10158, 10163, 10164]);

const TEMPORARY = new Set([
  ...["TimeoutError", "NoRespondersError", "ConnectionError", "RequestError"],
  // What the client makes of JetStream not answering; whether it is enabled at all the server says when we connect.
  "JetStreamNotEnabled",
]);

export function codeOf(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}

/** Somebody else has written meanwhile. */
export function isConflict(error: unknown): boolean {
  return chain(error).some((each) => codeOf(each) === WRONG_LAST_SEQUENCE);
}

/** It may work a little later: servers restart, or elect a leader. */
export function isTemporary(error: unknown): boolean {
  return chain(error).some((each) => TEMPORARY.has((each as Error).name) || UNAVAILABLE.has(codeOf(each) ?? 0));
}

export function isMissingStream(error: unknown): boolean {
  return chain(error).some((each) => codeOf(each) === STREAM_NOT_FOUND);
}

export function isMissingConsumer(error: unknown): boolean {
  return chain(error).some((each) => codeOf(each) === CONSUMER_NOT_FOUND);
}

export function asFarcallError(error: unknown, url: string): FarcallError {
  if (error instanceof FarcallError) return error;
  const errors = chain(error);
  const { message, name } = error as Error;
  const has = (code: number) => errors.some((each) => codeOf(each) === code);
  if (isMissingStream(error)) {
    return new EngineUnavailableError(`the NATS servers of ${url} are not set up for farcall`, {
      cause: error,
      hint: `Run \`farcall nats init --engine ${url}\`.`,
    });
  }
  if (has(NO_JETSTREAM_IN_ACCOUNT)) return noJetStream(url);
  if (has(NO_SUITABLE_PEERS)) {
    return new EngineUnavailableError(`the NATS servers of ${url} cannot keep so many replicas: ${message}`, {
      cause: error,
    });
  }
  const names = errors.map((each) => (each as Error).name);
  if (names.includes("AuthorizationError") || names.includes("UserAuthenticationExpiredError")) {
    return new EngineUnavailableError(`${url} refuses these credentials: ${message}`, {
      cause: error,
      hint: "FARCALL_NATS_CREDS names the file with the credentials.",
    });
  }
  if (names.includes("PermissionViolationError")) {
    return new EngineUnavailableError(`these credentials do not allow it: ${message}`, {
      cause: error,
      hint: "Ask whoever operates the servers: docs/nats.md says what farcall needs.",
    });
  }
  return new EngineUnavailableError(`${url} cannot be reached: ${message || name}`, {
    cause: error,
    hint: "Is a nats-server with JetStream running there?",
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
