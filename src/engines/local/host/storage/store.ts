/**
 * The host's database: registry, durable calls, their inputs and outputs. It is held exclusively, which is what makes a
 * second host of the same directory impossible, and written in groups: what arrives in one turn of the event loop shares
 * one transaction and one sync to the disk, and is acknowledged after it.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { EngineUnavailableError, type FarcallError } from "../../../../runtime/errors.ts";

/** The version of the tables below. A host refuses a directory of a newer one. */
const LAYOUT = 5;

const CALLS_BY_KEY =
  "CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) WHERE key IS NOT NULL;";

const TABLES = `
  CREATE TABLE apps (
    app TEXT, environment TEXT, last_version INTEGER NOT NULL, PRIMARY KEY (app, environment)
  ) WITHOUT ROWID;
  CREATE TABLE versions (
    app TEXT, environment TEXT, version INTEGER, deployed_at TEXT NOT NULL, etag TEXT NOT NULL, fingerprint TEXT NOT NULL,
    artifact TEXT NOT NULL, root TEXT NOT NULL, secrets TEXT NOT NULL, manifest TEXT NOT NULL,
    about TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (app, environment, version)
  );
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
    version INTEGER NOT NULL, etag TEXT NOT NULL
  );
  CREATE TABLE autoscalers (
    app TEXT, environment TEXT, function TEXT, settings TEXT NOT NULL, PRIMARY KEY (app, environment, function)
  ) WITHOUT ROWID;
  CREATE TABLE calls (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL, environment TEXT NOT NULL,
    function TEXT NOT NULL, version INTEGER NOT NULL, method TEXT NOT NULL, key TEXT,
    num_inputs INTEGER, cancelled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, ended_at INTEGER,
    expired INTEGER NOT NULL DEFAULT 0, trace TEXT, instance TEXT NOT NULL DEFAULT '',
    num_failed INTEGER NOT NULL DEFAULT 0
  );
  ${CALLS_BY_KEY}
  CREATE INDEX calls_open ON calls (number) WHERE ended_at IS NULL;
  CREATE INDEX calls_ended ON calls (ended_at) WHERE ended_at IS NOT NULL;
  -- state 0: waiting; otherwise the kind of the output. A large payload is emptied once there is an output.
  CREATE TABLE inputs (
    call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)
  ) WITHOUT ROWID;
`;

/** From each layout to the next. */
const UPGRADES: Record<number, string> = {
  // Outputs took the place of inputs.
  1: `ALTER TABLE inputs ADD COLUMN output BLOB; UPDATE inputs SET output = payload, payload = x'' WHERE state <> 0;
    ALTER TABLE calls ADD COLUMN trace TEXT;`,
  // Methods are called on instances.
  2: `ALTER TABLE calls ADD COLUMN instance TEXT NOT NULL DEFAULT ''; DROP INDEX calls_by_key; ${CALLS_BY_KEY}`,
  // States 2 and 3 are failures.
  3: `ALTER TABLE calls ADD COLUMN num_failed INTEGER NOT NULL DEFAULT 0;
    UPDATE calls SET num_failed = n FROM (SELECT call, count(*) AS n FROM inputs WHERE state > 1 GROUP BY call) WHERE call = number;`,
  // Versions know where they came from.
  4: "ALTER TABLE versions ADD COLUMN about TEXT NOT NULL DEFAULT '{}';",
};

/** Longest time between two groups. */
const MAX_WAIT_MS = 50;

interface Write {
  run: () => void;
  done: (error: FarcallError | undefined) => void;
}

export class Store {
  readonly database: DatabaseSync;
  readonly #file: string;
  #writes: Write[] = [];
  #scheduled = false;
  /** By performance.now(). */
  #nextFlush = 0;

  private constructor(database: DatabaseSync, file: string) {
    this.database = database;
    this.#file = file;
  }

  /** `undefined` when another host holds the file. Throws EngineUnavailableError when it cannot be used. */
  static open(file: string): Store | undefined {
    let database: DatabaseSync | undefined;
    try {
      // SQLite gives its other files the permissions of this one.
      closeSync(openSync(file, "a", 0o600));
      database = new DatabaseSync(file, { timeout: 0 });
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      // The lock is taken by the first write, not by the pragma.
      database.exec("BEGIN EXCLUSIVE");
      const { user_version: layout } = database.prepare("PRAGMA user_version").get() as { user_version: number };
      if (layout > LAYOUT) {
        throw new EngineUnavailableError(
          `the state database ${file} was written by a newer farcall (its layout is ${layout}, this version knows ${LAYOUT})`,
          { hint: "Update farcall, or set FARCALL_HOME to another directory." },
        );
      }
      if (layout === 0) database.exec(TABLES);
      else for (let from = layout; from < LAYOUT; from++) database.exec(UPGRADES[from]!);
      if (layout !== LAYOUT) database.exec(`PRAGMA user_version = ${LAYOUT};`);
      database.exec(
        "COMMIT; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;",
      );
      return new Store(database, file);
    } catch (error) {
      database?.close();
      if ((error as { errcode?: number }).errcode === 5) return undefined;
      throw storeError(error, file);
    }
  }

  /** Runs `run` in the next group, then `done` when it is on disk, or with what went wrong: then nothing of it is. */
  write(run: () => void, done: (error: FarcallError | undefined) => void): void {
    this.#writes.push({ run, done });
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#nextFlush - performance.now();
    if (wait <= 0) setImmediate(this.flush);
    else setTimeout(this.flush, wait);
  }

  /** Writes the group now. */
  readonly flush = (): void => {
    this.#scheduled = false;
    const writes = this.#writes;
    if (writes.length === 0) return;
    this.#writes = [];
    const begun = performance.now();
    let failure: FarcallError | undefined;
    try {
      this.transact(() => {
        for (const { run } of writes) run();
      });
    } catch (error) {
      failure = error as FarcallError;
    }
    const ended = performance.now();
    // The disk blocks this process, which has others to serve: two thirds of its time are theirs.
    this.#nextFlush = ended + Math.min(MAX_WAIT_MS, 2 * (ended - begun));
    for (const { done } of writes) done(failure);
  };

  /** Runs `body` in a transaction of its own, on disk when it returns. Throws EngineUnavailableError, and then nothing is. */
  transact<T>(body: (database: DatabaseSync) => T): T {
    try {
      this.database.exec("BEGIN IMMEDIATE");
      try {
        const result = body(this.database);
        this.database.exec("COMMIT");
        return result;
      } catch (error) {
        // A full disk rolls back by itself.
        if (this.database.isTransaction) this.database.exec("ROLLBACK");
        throw error;
      }
    } catch (error) {
      throw storeError(error, this.#file);
    }
  }

  /** Runs a query. Throws EngineUnavailableError. */
  read<T>(body: (database: DatabaseSync) => T): T {
    try {
      return body(this.database);
    } catch (error) {
      throw storeError(error, this.#file);
    }
  }

  close(): void {
    this.flush();
    this.database.close();
  }
}

/** An error of SQLite or of the file system, in terms that help users of the engine. */
export function storeError(error: unknown, file: string): FarcallError {
  const { code, errcode = 0, message } = error as { code?: string; errcode?: number; message: string };
  if (typeof code === "string" && code.startsWith("FARCALL_")) return error as FarcallError;
  const fail = (what: string, hint: string): FarcallError =>
    new EngineUnavailableError(`the state database ${file} ${what}`, { cause: error, hint });
  const primary = errcode & 0xff;
  if (primary === 13 || code === "ENOSPC") {
    return fail(
      "cannot grow: the disk is full",
      "Free some space on that disk and try again. Nothing that was acknowledged is lost.",
    );
  }
  if (primary === 8 || primary === 14 || code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return fail(`cannot be written: ${message}`, "Make the directory writable, or set FARCALL_HOME to another one.");
  }
  if (primary === 11 || primary === 26) {
    return fail(
      `is damaged: ${message}`,
      `Restore it from a copy. Or move it away (mv "${file}" "${file}.damaged", with its -wal file) and deploy again: the durable calls in it are lost.`,
    );
  }
  return fail(`failed: ${message}`, "See host.log in the same directory.");
}
