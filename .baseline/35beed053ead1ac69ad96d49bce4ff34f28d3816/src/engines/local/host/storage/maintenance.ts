/** What is done to the files of a state directory while no host serves it: a backup (also beside a host), its restoration, a repair. */
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { EngineUnavailableError, InvalidError } from "../../../../runtime/errors.ts";
import type { StatePaths } from "../../paths.ts";
import type { RepairReport } from "../../protocol.ts";
import { CommitMark } from "./commit-mark.ts";
import { openDatabase, takeLock } from "./database.ts";
import { LAYOUT, makeTables } from "./layout.ts";
import { storeError } from "./store-error.ts";

/** Writes one file that has everything: deployed versions with their code and secrets, calls and results. */
export function backup({ database: file }: StatePaths, target: string): void {
  if (!existsSync(file)) {
    throw new InvalidError(`there is nothing to back up: ${file} does not exist`, {
      hint: "Say which state directory is meant with --engine local:/path or FARCALL_HOME.",
    });
  }
  if (existsSync(target)) throw new InvalidError(`${target} exists`, { hint: "Name a new file." });
  const partial = `${target}.partial`;
  try {
    const database = new DatabaseSync(file, { timeout: 20_000 });
    try {
      checkLayout(database, file);
      rmSync(partial, { force: true });
      database.prepare("VACUUM INTO ?").run(partial);
    } finally {
      database.close();
    }
    chmodSync(partial, 0o600);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw storeError(error, file);
  }
}

function checkLayout(database: DatabaseSync, file: string): void {
  const { user_version: layout } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (layout === LAYOUT) return;
  throw new InvalidError(`${file} has layout ${layout}, and this version of farcall writes layout ${LAYOUT}`, {
    hint:
      layout < LAYOUT
        ? "Start its host once with this version of farcall (`farcall apps`), which brings it up to date."
        : "Update farcall.",
  });
}

/** Puts a backup in the place of what is there, which is kept beside it. Returns where; undefined when there was nothing. */
export function restore(paths: StatePaths, source: string): string | undefined {
  const { database: file } = paths;
  if (!existsSync(source))
    throw new InvalidError(`the file ${source} does not exist`, {
      hint: "Name a file that `farcall host backup` has written.",
    });
  return exclusively(paths, () => {
    let copy: DatabaseSync | undefined;
    try {
      copy = new DatabaseSync(source, { readOnly: true });
      checkLayout(copy, source);
      if (problemOf(copy)) throw new InvalidError(`${source} is damaged`, { hint: "Use another backup." });
    } catch (error) {
      throw storeError(error, source);
    } finally {
      copy?.close();
    }
    const aside = existsSync(file) ? moveAside(file, "replaced") : undefined;
    forgetState(paths);
    copyFileSync(source, file);
    chmodSync(file, 0o600);
    return aside;
  });
}

/** Makes a database that can be opened of one that cannot, and keeps the old one beside it. */
export function repair(paths: StatePaths): RepairReport {
  const { database: file } = paths;
  return exclusively(paths, () => {
    if (!existsSync(file) && CommitMark.read(file) === 0) return { lostTransactions: 0 };
    const lostTransactions = acceptLoss(paths);
    const problem = problemIn(file);
    if (problem === undefined) return { lostTransactions };
    const aside = moveAside(file, "damaged");
    forgetState(paths);
    const { kept, lost } = salvage(aside, file);
    return { lostTransactions, problem, aside, kept, lost };
  });
}

/** Nobody else may use the directory meanwhile. */
function exclusively<T>({ database, state }: StatePaths, body: () => T): T {
  let lock: DatabaseSync;
  try {
    lock = takeLock(database);
  } catch (error) {
    throw new EngineUnavailableError(`a host serves ${state}`, {
      cause: error,
      hint: "Stop it with `farcall host stop`.",
    });
  }
  try {
    return body();
  } finally {
    lock.close();
  }
}

/** A log that was lost does not come back. Returns how many transactions were in it. */
function acceptLoss({ database: file }: StatePaths): number {
  const acknowledged = CommitMark.read(file);
  if (acknowledged === 0) return 0;
  let count: number;
  try {
    const database = new DatabaseSync(file, { timeout: 0 });
    try {
      count = (database.prepare("SELECT count FROM commits").get() as { count: number }).count;
    } finally {
      database.close();
    }
  } catch (error) {
    // No table: even the first transaction is lost. Whatever else is wrong comes to light below.
    if (!(error as Error).message.includes("no such table")) return 0;
    count = 0;
  }
  if (count >= acknowledged) return 0;
  CommitMark.remove(file);
  return acknowledged - count;
}

function problemIn(file: string): string | undefined {
  try {
    const database = openDatabase(file);
    try {
      return problemOf(database);
    } finally {
      database.close();
    }
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    // Damaged, or no database at all. Others (permissions, a newer layout) are nothing to repair.
    if ((errcode & 0xff) === 11 || (errcode & 0xff) === 26 || (error as Error).message.includes("no such table")) {
      return (error as Error).message;
    }
    throw storeError(error, file);
  }
}

function problemOf(database: DatabaseSync): string | undefined {
  const [row] = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
  return row?.integrity_check === "ok" ? undefined : row?.integrity_check;
}

/** Returns the new name. */
function moveAside(file: string, why: string): string {
  const aside = `${file}.${why}-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  for (const suffix of ["-wal", "-shm", ""]) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  return aside;
}

/** What is only true beside the database that was there. */
function forgetState({ database: file, attempts }: StatePaths): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
  CommitMark.remove(file);
  rmSync(attempts, { force: true });
}

const TABLE_NAMES = ["apps", "versions", "artifacts", "events", "autoscalers", "calls", "inputs", "payloads"];

/** Copies what can be read, row by row, into a new database. */
function salvage(from: string, to: string): { kept: Record<string, number>; lost: string[] } {
  const kept: Record<string, number> = {};
  const lost: string[] = [];
  const target = new DatabaseSync(to);
  chmodSync(to, 0o600);
  target.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN");
  makeTables(target);
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(from, { readOnly: true });
  } catch {
    lost.push(...TABLE_NAMES);
  }
  for (const table of source ? TABLE_NAMES : []) {
    kept[table] = 0;
    try {
      for (const row of source!.prepare(`SELECT * FROM ${table}`).iterate()) {
        const columns = Object.keys(row as object);
        const values = Object.values(row as Record<string, string | number | null | Uint8Array>);
        const marks = columns.map(() => "?").join();
        target.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join()}) VALUES (${marks})`).run(...values);
        kept[table]++;
      }
    } catch {
      lost.push(table);
    }
  }
  // The next version of an app is never one that it has had.
  target.exec(
    `INSERT INTO apps SELECT app, environment, max(version) FROM versions WHERE true GROUP BY app, environment
      ON CONFLICT DO UPDATE SET last_version = max(last_version, excluded.last_version); COMMIT`,
  );
  target.close();
  source?.close();
  return { kept, lost };
}
