/** What containers print, kept for a while in a database of its own: losing the last lines in a crash does no harm. */
import { rmSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LogEntry } from "../../../../engine/index.ts";
import type { LogSubscription } from "../../protocol.ts";
import { FUNCTION_IS_NAMED, isNamed } from "./function-filter.ts";

/** What is kept, by lines and by what they take on disk. */
const KEPT_ENTRIES = 100_000;
const KEPT_BYTES = 64 * 1024 * 1024;
/** Of that, a file may be larger. */
const SPARE_BYTES = KEPT_BYTES / 8;
const FLUSH_MS = 100;
const FLUSH_ENTRIES = 1_000;
const FLUSH_CHARACTERS = 1024 * 1024;
const MAX_TEXT = 64 * 1024;
/** Read at a time. */
const PAGE_ENTRIES = 100;

// Held exclusively, SQLite needs no shared memory, which a full disk would turn into a crash.
const TABLE = `
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
  PRAGMA journal_size_limit = ${SPARE_BYTES}; PRAGMA secure_delete = FAST;
  CREATE TABLE IF NOT EXISTS logs (
    sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL, function TEXT NOT NULL,
    container TEXT NOT NULL, call TEXT, input INTEGER, stream TEXT NOT NULL, text TEXT NOT NULL
  );
`;

interface Row {
  sequence: number;
  time: number;
  app: string;
  environment: string;
  function: string;
  container: string;
  call: string | null;
  input: number | null;
  stream: LogEntry["stream"];
  text: string;
}

export class Logs {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #followers = new Set<(entry: LogEntry) => void>();
  readonly #warn: (text: string) => void;
  #unwritten: LogEntry[] = [];
  #unwrittenCharacters = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastSequence: number;
  #warned = false;
  #closed = false;

  constructor(file: string, warn: (text: string) => void) {
    this.#warn = warn;
    this.#database = openLogDatabase(file, warn);
    this.#insert = this.#database.prepare("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const { last } = this.#database.prepare("SELECT max(sequence) AS last FROM logs").get() as { last: number | null };
    this.#lastSequence = last ?? 0;
    this.#shrink();
  }

  append(entry: Omit<LogEntry, "sequence" | "time">): LogEntry {
    const text = entry.text.length > MAX_TEXT ? `${entry.text.slice(0, MAX_TEXT)}…\n` : entry.text;
    const whole: LogEntry = { ...entry, text, sequence: ++this.#lastSequence, time: new Date().toISOString() };
    // The last words of a container whose host has ended.
    if (this.#closed) return whole;
    this.#unwritten.push(whole);
    this.#unwrittenCharacters += text.length;
    for (const follower of this.#followers) follower(whole);
    if (this.#unwritten.length >= FLUSH_ENTRIES || this.#unwrittenCharacters >= FLUSH_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
    return whole;
  }

  /** The sequence of the newest entry. */
  get last(): number {
    return this.#lastSequence;
  }

  /** The newest that fit the filter, oldest first. */
  newest(filter: LogSubscription, limit: number): LogEntry[] {
    return this.#rows(filter, "DESC", limit).reverse();
  }

  /** The oldest that fit the filter, as many as a page holds, and whether there may be more. */
  page(filter: LogSubscription): { entries: LogEntry[]; more: boolean } {
    const entries = this.#rows(filter, "ASC", PAGE_ENTRIES);
    return { entries, more: entries.length === PAGE_ENTRIES };
  }

  #rows(filter: LogSubscription, order: "ASC" | "DESC", limit: number): LogEntry[] {
    this.flush();
    const conditions: string[] = ["sequence > ?"];
    const values: (string | number)[] = [filter.after ?? 0];
    for (const [column, value] of [
      ["app", filter.app],
      ["environment", filter.environment],
      ["call", filter.callId],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    if (filter.function !== undefined) {
      conditions.push(FUNCTION_IS_NAMED);
      values.push(filter.function, filter.function);
    }
    const rows = this.#database
      .prepare(`SELECT * FROM logs WHERE ${conditions.join(" AND ")} ORDER BY sequence ${order} LIMIT ?`)
      .all(...values, limit) as unknown as Row[];
    return rows.map(entryOf);
  }

  /** Returns the function that stops it. */
  follow(filter: LogSubscription, listener: (entry: LogEntry) => void): () => void {
    const follower = (entry: LogEntry): void => {
      if (filter.app !== undefined && entry.app !== filter.app) return;
      if (filter.environment !== undefined && entry.environment !== filter.environment) return;
      if (filter.function !== undefined && !isNamed(entry.function, filter.function)) return;
      if (filter.callId !== undefined && entry.callId !== filter.callId) return;
      listener(entry);
    };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#unwritten;
    if (entries.length === 0) return;
    this.#unwritten = [];
    this.#unwrittenCharacters = 0;
    try {
      this.#database.exec("BEGIN");
      for (const entry of entries) {
        this.#insert.run(
          entry.sequence,
          Date.parse(entry.time),
          entry.app,
          entry.environment,
          entry.function,
          entry.container,
          entry.callId ?? null,
          entry.inputIndex ?? null,
          entry.stream,
          entry.text,
        );
      }
      this.#database.prepare("DELETE FROM logs WHERE sequence <= ?").run(this.#lastSequence - KEPT_ENTRIES);
      this.#dropOldest();
      this.#database.exec("COMMIT");
      this.#giveBack();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      // Calls go on without their logs.
      if (!this.#warned) this.#warn(`logs cannot be kept: ${error}`);
      this.#warned = true;
    }
  }

  /** Until the rest fits. Inside a transaction. */
  #dropOldest(): void {
    while ((this.#number("page_count") - this.#number("freelist_count")) * this.#number("page_size") > KEPT_BYTES) {
      const { first, last } = this.#database
        .prepare("SELECT min(sequence) AS first, max(sequence) AS last FROM logs")
        .get() as { first: number | null; last: number | null };
      if (first === null || last === null || first === last) return;
      const upTo = first + Math.floor((last - first) / 20);
      this.#database.prepare("DELETE FROM logs WHERE sequence <= ?").run(upTo);
    }
  }

  /** Pages that were left free, but for some that the next entries take. */
  #giveBack(): void {
    const spare = SPARE_BYTES / this.#number("page_size");
    const free = this.#number("freelist_count");
    if (free > spare) this.#database.exec(`PRAGMA incremental_vacuum(${free - spare})`);
  }

  /** A database of an older farcall is larger, and gives nothing back before it was made over. */
  #shrink(): void {
    try {
      this.#database.exec("BEGIN");
      this.#dropOldest();
      this.#database.exec("COMMIT");
      if (this.#number("auto_vacuum") !== 2) this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#warn(`the log database cannot be made smaller: ${error}`);
    }
  }

  #number(pragma: "page_count" | "freelist_count" | "page_size" | "auto_vacuum"): number {
    return Object.values(this.#database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0]!;
  }

  close(): void {
    this.flush();
    this.#closed = true;
    this.#database.close();
  }
}

function openLogDatabase(file: string, warn: (text: string) => void): DatabaseSync {
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(file);
    database.exec(TABLE);
    return database;
  };
  try {
    return open();
  } catch (error) {
    warn(`the log database cannot be read and is replaced by an empty one: ${error}`);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    return open();
  }
}

function entryOf(row: Row): LogEntry {
  return {
    sequence: row.sequence,
    time: new Date(row.time).toISOString(),
    app: row.app,
    environment: row.environment,
    function: row.function,
    container: row.container,
    ...(row.call !== null && { callId: row.call }),
    ...(row.input !== null && { inputIndex: row.input }),
    stream: row.stream,
    text: row.text,
  };
}
