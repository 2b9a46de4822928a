/**
 * Every error that farcall itself raises, under one base. `code` is for programs, `message` says what happened and where,
 * `hint` says what to do next.
 */
import type { Failure, FailureCode } from "../engine/index.ts";

export interface FarcallErrorOptions extends ErrorOptions {
  hint?: string | undefined;
}

export class FarcallError extends Error {
  /** Stable, for programs: `FARCALL_NOT_FOUND`. */
  readonly code: string;
  /** What to do next, when farcall knows. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: FarcallErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** The call, option or argument makes no sense as given. */
export class InvalidError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_INVALID", message, options);
  }
}

/** No such app, environment, version, function or call. */
export class NotFoundError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_NOT_FOUND", message, options);
  }
}

/** A stub was generated from a signature that the deployed function no longer accepts. */
export class SignatureMismatchError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_SIGNATURE_MISMATCH", message, options);
  }
}

/** The method cannot run here: `local()` on a stub. */
export class ExecutionError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_EXECUTION", message, options);
  }
}

/** A value cannot cross the wire. The message has the path inside the value. */
export class SerializationError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_SERIALIZATION", message, options);
  }
}

/** The caller's own time limit passed (`get({ timeoutMs })`, `callOptions({ timeoutMs })`). */
export class TimeoutError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_TIMEOUT", message, options);
  }
}

/** The function's own `timeoutMs` passed in the container. */
export class FunctionTimeoutError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_FUNCTION_TIMEOUT", message, options);
  }
}

/** The container failed through no error of the user's code that farcall could see: crashed, out of memory, did not start. */
export class InternalFailure extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_INTERNAL_FAILURE", message, options);
  }
}

/** Results are kept for seven days. */
export class OutputExpiredError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_OUTPUT_EXPIRED", message, options);
  }
}

/** The call was cancelled. */
export class CancelledError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_CANCELLED", message, options);
  }
}

/** The engine cannot be reached or refuses to serve. */
export class EngineUnavailableError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_ENGINE_UNAVAILABLE", message, options);
  }
}

/** The engine cannot do this at all. Nothing was sent. */
export class UnsupportedError extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_UNSUPPORTED", message, options);
  }
}

/** An error of a class that the caller does not have, thrown by user code; keeps its name, message, own properties and causes. */
export class RemoteError extends FarcallError {
  readonly #name: string;

  constructor(name: string, message: string, options?: FarcallErrorOptions) {
    super("FARCALL_REMOTE", message, options);
    this.#name = name;
  }

  override get name(): string {
    return this.#name;
  }
}

/** Wraps what user code threw when it is an item of a map's output (`returnExceptions: true`); the original is `cause`. */
export class UserCodeException extends FarcallError {
  constructor(message: string, options?: FarcallErrorOptions) {
    super("FARCALL_USER_CODE", message, options);
  }
}

const classes: Record<FailureCode, new (message: string, options?: FarcallErrorOptions) => FarcallError> = {
  INVALID: InvalidError,
  NOT_FOUND: NotFoundError,
  SIGNATURE_MISMATCH: SignatureMismatchError,
  EXECUTION: ExecutionError,
  SERIALIZATION: SerializationError,
  TIMEOUT: TimeoutError,
  FUNCTION_TIMEOUT: FunctionTimeoutError,
  INTERNAL_FAILURE: InternalFailure,
  OUTPUT_EXPIRED: OutputExpiredError,
  CANCELLED: CancelledError,
  ENGINE_UNAVAILABLE: EngineUnavailableError,
  UNSUPPORTED: UnsupportedError,
};

/** As an engine reports an error of farcall's own. */
export function errorToFailure({ code, message, hint }: FarcallError): Failure {
  // A code that no engine knows is still the best name for what happened: `failureToError` keeps it.
  const failure = { code: code.replace(/^FARCALL_/, "") as FailureCode, message };
  return hint === undefined ? failure : { ...failure, hint };
}

export function failureToError(failure: Failure): FarcallError {
  const known = classes[failure.code];
  return known
    ? new known(failure.message, { hint: failure.hint })
    : new FarcallError(`FARCALL_${failure.code}`, failure.message, { hint: failure.hint });
}
