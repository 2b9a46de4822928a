/** The state directory of an older farcall is taken over as it is. */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { CallTables, InputState } from "../../../src/engine/local/host/call-tables.ts";
import { Store } from "../../../src/engine/local/host/store.ts";

test("results that were stored before inputs were kept beside them can still be read", async () => {
  const file = join(tmpdir(), "layout-1.db");
  try {
    // A database of today with the table as it was.
    Store.open(file)!.close();
    const old = new DatabaseSync(file);
    old.exec(`
      DROP TABLE inputs;
      CREATE TABLE inputs (
        call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (call, idx)
      ) WITHOUT ROWID;
      INSERT INTO inputs VALUES (1, 0, ${InputState.result}, x'0102'), (1, 1, ${InputState.waiting}, x'03');
      PRAGMA user_version = 1;
    `);
    old.close();
    const store = Store.open(file)!;
    const tables = new CallTables(store);
    expect(tables.input(1, 0)).toEqual({ index: 0, state: InputState.result, payload: Uint8Array.of(1, 2) });
    expect(tables.waitingInputs(1, 0)).toEqual([{ index: 1, state: InputState.waiting, payload: Uint8Array.of(3) }]);
    expect(tables.recordedInputs(1, 0, 9)).toMatchObject([
      { index: 0, payload: Uint8Array.of(), outputs: [{ payload: Uint8Array.of(1, 2) }] },
      { index: 1, payload: Uint8Array.of(3), outputs: [] },
    ]);
    store.close();
  } finally {
    await rm(file, { force: true });
    for (const suffix of ["-wal", "-shm"]) await rm(`${file}${suffix}`, { force: true });
  }
});
