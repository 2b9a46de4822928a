/** Errors of SQLite and of the file system, in terms that help users of the engine. */
import { EngineUnavailableError, type FarcallError } from "../../../../runtime/errors.ts";

const REPAIR =
  "Stop its host and run `farcall doctor --repair`, which keeps what can be read and puts the damaged files aside; or restore a backup with `farcall host restore FILE`.";

/** SQLite's: the index of the log, a file that it maps into memory, cannot be made longer. */
const IOERR_SHMSIZE = 10 + (19 << 8);

export function storeError(error: unknown, file: string, noun = "state database"): FarcallError {
  const { code, errcode = 0, message } = error as { code?: string; errcode?: number; message: string };
  if (typeof code === "string" && code.startsWith("FARCALL_")) return error as FarcallError;
  const fail = (what: string, hint: string): FarcallError =>
    new EngineUnavailableError(`the ${noun} ${file} ${what}`, { cause: error, hint });
  const primary = errcode & 0xff;
  if (primary === 13 || errcode === IOERR_SHMSIZE || code === "ENOSPC" || code === "EDQUOT") {
    return fail(
      "cannot grow: the disk is full",
      "Free some space on that disk and try again. Nothing that was acknowledged is lost.",
    );
  }
  if (primary === 8 || primary === 14 || code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return fail(`cannot be written: ${message}`, "Make the directory writable, or set FARCALL_HOME to another one.");
  }
  if (primary === 11 || primary === 26) return fail(`is damaged: ${message}`, REPAIR);
  return fail(`failed: ${message}`, "See host.log in the same directory.");
}

/** The database is older than what its host has acknowledged. */
export function lostWrites(file: string, missing: number): FarcallError {
  const what = missing === 1 ? "its last transaction" : `its last ${missing} transactions`;
  return new EngineUnavailableError(
    `the state database ${file} has lost ${what}: its log ${file}-wal is missing or damaged, or the database was replaced`,
    {
      hint: `Put ${file}-wal back, restore a backup with \`farcall host restore FILE\`, or go on without what is lost with \`farcall doctor --repair\`.`,
    },
  );
}
