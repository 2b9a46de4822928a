/**
 * The minimal cost of durable inputs: rows of an input's size, inserted into SQLite in batches, each batch on disk
 * before the next begins.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serve } from "./serve.ts";

const BATCH = 1000;
const PAYLOAD = new Uint8Array(16);

const folder = mkdtempSync(join(tmpdir(), "fcl-"));
const database = new DatabaseSync(join(folder, "db"));
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec(
  'CREATE TABLE input (call INTEGER, "index" INTEGER, payload BLOB, PRIMARY KEY (call, "index")) WITHOUT ROWID',
);
const insert = database.prepare("INSERT INTO input VALUES (?, ?, ?)");
let call = 0;

serve({
  many: async (count) => {
    call++;
    const start = performance.now();
    for (let index = 0; index < count; ) {
      database.exec("BEGIN");
      for (const end = Math.min(index + BATCH, count); index < end; index++) insert.run(call, index, PAYLOAD);
      database.exec("COMMIT");
    }
    const seconds = (performance.now() - start) / 1000;
    database.exec("DELETE FROM input; PRAGMA wal_checkpoint(TRUNCATE)");
    return seconds;
  },
  close: () => {
    database.close();
    rmSync(folder, { recursive: true });
  },
});
