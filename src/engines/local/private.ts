/**
 * Keeps a state directory to its user: everything that an owner or a permission can get wrong is decided here. A user
 * who can write to the directory can run code as its owner, and one who can read it sees arguments, results and logs.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineUnavailableError } from "../../runtime/errors.ts";
import type { StatePaths } from "./paths.ts";

/** For group and others. */
const OTHERS = 0o077;

/** Creates the state directory, and makes one private that was made otherwise. Refuses what belongs to another user. */
export function prepareDirectory({ state }: StatePaths): void {
  try {
    makeFolders(state);
  } catch (error) {
    throw unusable(state, (error as Error).message, { cause: error });
  }
  checkDirectory(state);
}

/** Like `prepareDirectory`, of a directory that may not be there: false when it is not. */
export function checkDirectoryIfThere({ state }: StatePaths): boolean {
  if (!existsSync(state)) return false;
  checkDirectory(state);
  return true;
}

function checkDirectory(path: string): void {
  const stats = statSync(path);
  if (!stats.isDirectory()) throw unusable(path, "it is not a directory");
  const uid = currentUser();
  if (uid === undefined) return; // Windows: folders in a user's profile are that user's
  if (stats.uid !== uid) throw unusable(path, `it belongs to user ${stats.uid}, this process runs as user ${uid}`);
  if (isOpen(stats)) closeDirectory(path, stats);
  refuseForeign(path, uid);
}

function closeDirectory(path: string, stats: Stats): void {
  const open = `other users can enter it (its mode is ${(stats.mode & 0o777).toString(8)})`;
  // Somebody's home or project must not change because a path was mistyped.
  if (!readdirSync(path).every(isOwnFile)) {
    throw unusable(path, `${open}, and it holds files that are not farcall's`, {
      hint: `Run \`chmod 700 "${path}"\` if it is for farcall alone, or set FARCALL_HOME to a directory of its own.`,
    });
  }
  try {
    chmodSync(path, 0o700);
  } catch (error) {
    throw cannotWrite(path, error as Error);
  }
  if (isOpen(statSync(path))) {
    throw unusable(path, `${open}, and its file system keeps no permissions`, {
      hint: "Set FARCALL_HOME (or the engine's URL, local:/path) to a directory on another disk.",
    });
  }
}

/** What another user put there while the directory was open: a link for `host.log` would have the host write elsewhere. */
function refuseForeign(path: string, uid: number): void {
  for (const name of readdirSync(path)) {
    const stats = lstatSync(join(path, name), { throwIfNoEntry: false });
    // Root may do everything already. Whose socket it is, is checked before each connection.
    if (!stats || stats.uid === uid || stats.uid === 0 || stats.isSocket()) continue;
    throw unusable(path, `${name} in it belongs to user ${stats.uid}, this process runs as user ${uid}`, {
      hint: "Look at what it is and remove it, or set FARCALL_HOME to a directory of its own.",
    });
  }
}

/** What the engine makes in its directory. */
function isOwnFile(name: string): boolean {
  return /^((state|logs)\.db|host\.|attempts|web-port$|starting\.lock$|artifacts$|compile-cache$|lost\+found$)/.test(
    name,
  );
}

/** Makes the directory's files private too, in case that they are moved or the directory is opened: those of other versions may not be. */
export function closeFiles({ state, compileCache }: StatePaths): void {
  // Node would make it with the mode that the user's files have.
  if (dirname(compileCache) === state) mkdirSync(compileCache, { recursive: true, mode: 0o700 });
  if (currentUser() === undefined) return;
  for (const name of readdirSync(state).filter(isOwnFile)) {
    const path = join(state, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats && !stats.isSymbolicLink() && isOpen(stats)) chmodSync(path, stats.mode & 0o700);
  }
}

/** Whether a file or folder is this user's alone. Not of one that a link leads to. */
export function isPrivate(stats: Stats): boolean {
  const uid = currentUser();
  return uid === undefined || (stats.uid === uid && !isOpen(stats));
}

function isOpen({ mode }: Stats): boolean {
  return (mode & OTHERS) !== 0;
}

/** `undefined` on Windows. */
export function currentUser(): number | undefined {
  return process.geteuid?.();
}

/** Node's own `recursive` never ends in folders like /proc, which answer ENOENT when something cannot be created in them. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (existsSync(path)) return;
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || existsSync(parent)) throw error;
    makeFolders(parent);
    makeFolders(path);
  }
}

export function cannotWrite(path: string, cause: Error): EngineUnavailableError {
  return new EngineUnavailableError(`cannot write to the state directory ${path}: ${cause.message}`, {
    cause,
    hint: "Make it writable and its disk not full, or set FARCALL_HOME to another directory.",
  });
}

function unusable(
  path: string,
  reason: string,
  { cause, hint }: { cause?: unknown; hint?: string } = {},
): EngineUnavailableError {
  return new EngineUnavailableError(`the state directory ${path} cannot be used: ${reason}`, {
    cause,
    hint: hint ?? "Set FARCALL_HOME (or the engine's URL, local:/path) to a directory that you own and can write to.",
  });
}
