/**
 * Replaces a folder's set of files with the next one. All new files are first written next to their final places, then a journal
 * that lists the renames and removals, and only then is anything renamed or removed. A run that is killed before it has written the
 * journal leaves the old set; a run that is killed later leaves a journal, from which the next run of any kind first completes the new set.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { InvalidError } from "../../runtime/errors.ts";
import { type FileChange, isOurs, readIfPresent, writtenText } from "./files.ts";
import { hash } from "./state.ts";

/** Names in the folder, except `temporary`, which is next to the file that `name` links to. */
type Step = { write: string; temporary: string } | { remove: string };

const JOURNAL = /^\.farcall-[0-9a-f]{12}\.journal$/;
/** Groups: the machine and the process that wrote it, absent in names from another version. */
const TEMPORARY = /^\.farcall-(?:([\w-]{6})-(\d+)-)?[0-9a-f]{12}\.tmp$/;
/** Docker containers may share a folder, but not host names or processes. */
const machine = () => hash(hostname()).slice(0, 6);

/**
 * Applies changes: writes in order, then removals, then the last write, which is the lock file's. Throws InvalidError when
 * that fails: the files are then as they were or, if a rename was refused, the next run completes them.
 */
export function applyChanges(folder: string, changes: readonly FileChange[]): void {
  const writes = changes.filter((change) => change.status === "created" || change.status === "changed");
  const removals = changes.filter((change) => change.status === "removed");
  if (writes.length + removals.length === 0) return;
  const staged: string[] = [];
  let isDecided = false;
  try {
    mkdirSync(folder, { recursive: true });
    removeLeftovers(folder);
    const written = writes.map((change): Step => {
      const { path } = change;
      const target = realPath(path);
      const temporary = temporaryName("tmp");
      const file = join(dirname(target), temporary);
      staged.push(file);
      writeFileSync(file, writtenText(change));
      // A protected file stays protected.
      const mode = statSync(target, { throwIfNoEntry: false })?.mode;
      if (mode !== undefined) chmodSync(file, mode & 0o777);
      return { write: basename(path), temporary };
    });
    // On file systems that ignore case, a file whose name changes only in case has to be removed before the new one is written.
    const names = new Set(writes.map(({ path }) => path.toLowerCase()));
    const [first, then] = [true, false].map((early) =>
      removals
        .filter(({ path }) => names.has(path.toLowerCase()) === early)
        .map(({ path }): Step => ({ remove: basename(path) })),
    );
    const steps = [...first!, ...written.slice(0, -1), ...then!, ...written.slice(-1)];
    const journal = join(folder, temporaryName("journal"));
    const draft = join(folder, temporaryName("tmp"));
    staged.push(draft);
    writeFileSync(draft, JSON.stringify(steps));
    renameSync(draft, journal);
    isDecided = true;
    perform(folder, steps);
    rmSync(journal);
  } catch (cause) {
    if (!isDecided) for (const file of staged) rmSync(file, { force: true });
    throw cannotWrite(folder, cause);
  }
}

/** Completes the work of a run that was killed. Throws InvalidError when that fails. */
export function completeInterrupted(folder: string): void {
  for (const name of namesIn(folder)) {
    if (!JOURNAL.test(name)) continue;
    const journal = join(folder, name);
    try {
      // Gone if that run was still alive and has finished.
      const text = readIfPresent(journal);
      if (text !== undefined) perform(folder, parseSteps(text));
      rmSync(journal, { force: true });
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
  }
}

/** Can be repeated, even by two runs at a time: steps that are already done are skipped. */
function perform(folder: string, steps: readonly Step[]): void {
  for (const step of steps) {
    if ("remove" in step) {
      const path = join(folder, step.remove);
      if (isOurs(readIfPresent(path) ?? "")) rmSync(path, { force: true });
      continue;
    }
    // A link stays a link: its target is replaced.
    const target = realPath(join(folder, step.write));
    try {
      renameSync(join(dirname(target), step.temporary), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** A journal may come from a repository like any file, so it may only name this folder's generated files. */
function parseSteps(text: string): Step[] {
  const isName = (value: unknown): value is string =>
    typeof value === "string" && value !== "" && !/[/\\\0]/.test(value) && value !== "." && value !== "..";
  try {
    return (JSON.parse(text) as Step[]).filter((step) =>
      "remove" in step ? isName(step.remove) : isName(step.write) && TEMPORARY.test(step.temporary),
    );
  } catch {
    // Not one of ours, which are written atomically.
    return [];
  }
}

function temporaryName(kind: "tmp" | "journal"): string {
  const owner = kind === "tmp" ? `${machine()}-${process.pid}-` : "";
  return `.farcall-${owner}${randomBytes(6).toString("hex")}.${kind}`;
}

/** Files of runs that were killed before they wrote a journal. On another machine the run may still be going if its files are recent. */
function removeLeftovers(folder: string): void {
  const here = machine();
  for (const name of namesIn(folder)) {
    const match = TEMPORARY.exec(name);
    if (!match) continue;
    const [, where, pid] = match;
    const file = join(folder, name);
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (where === here ? !isRunning(Number(pid)) : age > 60_000) rmSync(file, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Files that are not ours are refused.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nothing is written yet, or it is not a folder, which the write reports.
    return [];
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Missing, or a dangling link, which is then replaced itself.
    return path;
  }
}

function cannotWrite(folder: string, cause: unknown): InvalidError {
  const { code, path, message } = cause as NodeJS.ErrnoException;
  if (code === "EEXIST" || code === "ENOTDIR")
    return new InvalidError(
      `the output ${folder} cannot be a folder: there is a file ${code === "EEXIST" ? "of that name" : "in its path"}`,
      {
        cause,
        hint: "Move the file away, or choose another `output` in the config.",
      },
    );
  return new InvalidError(`${path ?? folder} cannot be written: ${message}`, {
    cause,
    hint: code === "EACCES" || code === "EPERM" || code === "EROFS" ? "Make the output folder writable." : undefined,
  });
}
