/** What goes wrong in the host: written to host.log, and turned into the failure that a client gets. */

import type { Failure } from "../../../engine/index.ts";
import { errorToFailure, FarcallError } from "../../../runtime/errors.ts";
import { keepLogSmall } from "../host-log.ts";

/** Writes a line to host.log. */
export function warn(message: string): void {
  const line = `${new Date().toISOString()} ${message}\n`;
  try {
    process.stderr.write(line);
    keepLogSmall(line.length);
  } catch {
    // The disk with the log is full, which is not a reason to stop.
  }
}

/** For an error that should not have happened: logs it with its stack. */
export function warnOf(what: string, error: unknown): void {
  warn(`${what}: ${error instanceof Error ? error.stack : error}`);
}

export function asFailure(error: unknown): Failure {
  if (error instanceof FarcallError) return errorToFailure(error);
  warnOf("unexpected error", error);
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "ENGINE_UNAVAILABLE",
    message: `the host failed: ${message}`,
    hint: "See host.log in the state directory.",
  };
}
