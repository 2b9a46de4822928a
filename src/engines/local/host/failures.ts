/** What goes wrong in the host, as the failure that its client is told. */

import type { Failure } from "../../../engine/index.ts";
import { errorToFailure, FarcallError } from "../../../runtime/errors.ts";

/** Writes a line to host.log. */
export function warn(text: string): void {
  try {
    process.stderr.write(`${new Date().toISOString()} ${text}\n`);
  } catch {
    // The disk of the log is full: that is no reason to stop.
  }
}

/** Of an error that should not have happened, with its stack. */
export function warnOf(what: string, error: unknown): void {
  warn(`${what}: ${error instanceof Error ? error.stack : error}`);
}

export function asFailure(error: unknown): Failure {
  if (error instanceof FarcallError) return errorToFailure(error);
  warnOf("unexpected", error);
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "ENGINE_UNAVAILABLE",
    message: `the host failed: ${message}`,
    hint: "See host.log in the state directory.",
  };
}
