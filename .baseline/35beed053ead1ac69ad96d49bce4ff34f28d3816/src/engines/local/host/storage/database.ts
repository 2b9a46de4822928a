/** Opens the host's database: takes it for this host alone, brings its tables up to date, and notices when some of it is gone. */
import { closeSync, openSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { EngineUnavailableError } from "../../../../runtime/errors.ts";
import { CommitMark } from "./commit-mark.ts";
import { LAYOUT, makeTables, upgrade } from "./layout.ts";
import { lostWrites } from "./store-error.ts";

/** How long this thread waits for the other's transaction. */
const BUSY_MS = 20_000;
/** A database that cannot give space back is made over when it is smaller. */
const VACUUM_BYTES = 256 * 1024 * 1024;

/** Held as long as this process lives. Throws an error with `errcode` 5 when another process has it. */
export function takeLock(file: string): DatabaseSync {
  const path = `${file}-lock`;
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

export function openDatabase(file: string): DatabaseSync {
  const isNew = statSync(file).size === 0;
  const acknowledged = CommitMark.read(file);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    if (isNew) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    // An older farcall holds it as long as its host lives.
    database.exec("BEGIN EXCLUSIVE");
    const { user_version: layout } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (layout > LAYOUT) {
      throw new EngineUnavailableError(
        `the state database ${file} was written by a newer farcall (its layout is ${layout}, this version knows ${LAYOUT})`,
        { hint: "Update farcall, or set FARCALL_HOME to another directory." },
      );
    }
    if (layout === 0 && acknowledged > 0) throw lostWrites(file, acknowledged);
    if (layout === 0) makeTables(database);
    else if (layout < LAYOUT) upgrade(database, layout);
    const { count } = database.prepare("SELECT count FROM commits").get() as { count: number };
    if (layout === LAYOUT && count < acknowledged) throw lostWrites(file, acknowledged - count);
    database.exec("COMMIT");
    giveSpaceBack(database);
    // What a removed version knew is overwritten. Checkpoints are the other thread's.
    database.exec(
      `PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = ${BUSY_MS};`,
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A database of an older farcall never shrinks before it was made over. */
function giveSpaceBack(database: DatabaseSync): void {
  const number = (pragma: string): number =>
    Object.values(database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0]!;
  if (number("auto_vacuum") === 2 || number("page_count") * number("page_size") > VACUUM_BYTES) return;
  try {
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;");
  } catch {
    // The disk has no room for a second one: at the next start, then.
  }
}
