/** What Modal's server refuses, and what the SDK throws, as farcall's errors. */
import {
  EngineUnavailableError,
  FarcallError,
  InvalidError,
  NotFoundError,
  UnsupportedError,
} from "../../runtime/errors.ts";

/** Statuses of gRPC, by number. */
export const Status = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  unauthenticated: 16,
} as const;

const CREDENTIALS = "Run `modal token new`, or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.";

/** The status of an RPC that failed; undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}

/** @param url of the engine, for messages */
export function rpcError(error: unknown, url: string): FarcallError {
  if (error instanceof FarcallError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const said = (error as { details?: unknown } | undefined)?.details;
  const details = typeof said === "string" && said !== "" ? lowerFirst(said) : lowerFirst(message);
  const cause = { cause: error };
  switch (statusOf(error)) {
    case Status.notFound:
      return new NotFoundError(`Modal does not find it: ${details}`, cause);
    case Status.invalidArgument:
    case Status.failedPrecondition:
      return new InvalidError(`Modal refuses it: ${details}`, cause);
    case Status.unimplemented:
      return new UnsupportedError(`Modal's server does not offer this: ${details}`, cause);
    case Status.unauthenticated:
    case Status.permissionDenied:
      return new EngineUnavailableError(`Modal refuses the token: ${details}`, { ...cause, hint: CREDENTIALS });
    case Status.resourceExhausted:
      return new EngineUnavailableError(`Modal is asked too much: ${details}`, { ...cause, hint: "Try again later." });
    default:
      if (/credentials/i.test(message)) {
        return new EngineUnavailableError(`${url} needs credentials for Modal: ${details}`, {
          ...cause,
          hint: CREDENTIALS,
        });
      }
      return new EngineUnavailableError(`Modal does not answer: ${details}`, {
        ...cause,
        hint: "Look at the network, and at https://status.modal.com.",
      });
  }
}

/** A message of somebody else, in the middle of a sentence of ours. */
function lowerFirst(message: string): string {
  const trimmed = message.replace(/\.$/, "");
  return /^[A-Z][a-z]/.test(trimmed) ? trimmed[0]!.toLowerCase() + trimmed.slice(1) : trimmed;
}
