/** The state directory of an older farcall is taken over as it is. */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { CallTables, InputState } from "../../../src/engine/local/host/call-tables.ts";
import { Store } from "../../../src/engine/local/host/store.ts";

const CALLS = `
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL, environment TEXT NOT NULL,
  function TEXT NOT NULL, version INTEGER NOT NULL, method TEXT NOT NULL, key TEXT,
  num_inputs INTEGER, cancelled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, ended_at INTEGER,
  expired INTEGER NOT NULL DEFAULT 0`;
const KEY = "WHERE key IS NOT NULL";

/** The tables of calls as each layout had them; the others have not changed. */
const LAYOUTS: Record<number, string> = {
  1: `CREATE TABLE calls (${CALLS}); CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
  2: `CREATE TABLE calls (${CALLS}, trace TEXT); CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
  3: `CREATE TABLE calls (${CALLS}, trace TEXT, instance TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
};

const CALL = `INSERT INTO calls (number, id, app, environment, function, version, method, num_inputs, created_at, ended_at)
  VALUES (1, 'fc-old', 'a', 'main', 'f', 1, 'spawnMap', 3, 1, 2), (2, 'fc-fine', 'a', 'main', 'f', 1, 'spawn', 1, 1, 2);`;

/** A database of a layout, with `rows` in it, opened by today's code. */
function opened(layout: number, rows: string): Store {
  const file = join(tmpdir(), `layout-${layout}.db`);
  Store.open(file)!.close();
  const old = new DatabaseSync(file);
  old.exec(`DROP TABLE calls; DROP TABLE inputs; ${LAYOUTS[layout]} ${CALL} ${rows} PRAGMA user_version = ${layout};`);
  old.close();
  const store = Store.open(file)!;
  onTestFinished(async () => {
    store.close();
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${file}${suffix}`, { force: true });
  });
  return store;
}

const { waiting, result, exception, failure } = InputState;

test("results that were stored before inputs were kept beside them can still be read", () => {
  const tables = new CallTables(
    opened(1, `INSERT INTO inputs VALUES (1, 0, ${result}, x'0102'), (1, 1, ${waiting}, x'03');`),
  );
  expect(tables.input(1, 0)).toEqual({ index: 0, state: result, payload: Uint8Array.of(1, 2) });
  expect(tables.waitingInputs(1, 0)).toEqual([{ index: 1, state: waiting, payload: Uint8Array.of(3) }]);
  expect(tables.recordedInputs(1, 0, 9)).toMatchObject([
    { index: 0, payload: Uint8Array.of(), outputs: [{ payload: Uint8Array.of(1, 2) }] },
    { index: 1, payload: Uint8Array.of(3), outputs: [] },
  ]);
});

test.each([1, 2, 3])("failed inputs that were stored under layout %i are counted", (layout) => {
  const outputs = [exception, result, failure].map((state, index) =>
    layout === 1 ? `(1, ${index}, ${state}, x'00')` : `(1, ${index}, ${state}, x'00', x'01')`,
  );
  const tables = new CallTables(opened(layout, `INSERT INTO inputs VALUES ${outputs.join()};`));
  const [old, fine] = [tables.byId("fc-old")!, tables.byId("fc-fine")!].map((row) => tables.infoOfRow(row));
  expect(old).toMatchObject({ numInputs: 3, numEnded: 3, numFailed: 2 });
  expect(fine).toMatchObject({ numInputs: 1, numEnded: 1, numFailed: 0 });
});
