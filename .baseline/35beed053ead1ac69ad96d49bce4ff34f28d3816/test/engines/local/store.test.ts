/** The database of calls: one of an older farcall is taken over as it is, and a disk that is full for a while loses nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { Calls } from "../../../src/engines/local/host/calls/calls.ts";
import { infoOfStored } from "../../../src/engines/local/host/calls/info.ts";
import { AttemptsFile } from "../../../src/engines/local/host/storage/attempts.ts";
import { CallTables } from "../../../src/engines/local/host/storage/call-tables.ts";
import { InputState } from "../../../src/engines/local/host/storage/calls.ts";
import { DeployTables } from "../../../src/engines/local/host/storage/deploy-tables.ts";
import { Store } from "../../../src/engines/local/host/storage/store.ts";
import { patient } from "../../support/limits.ts";

const CALLS = `
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL, environment TEXT NOT NULL,
  function TEXT NOT NULL, version INTEGER NOT NULL, method TEXT NOT NULL, key TEXT,
  num_inputs INTEGER, cancelled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, ended_at INTEGER,
  expired INTEGER NOT NULL DEFAULT 0`;
const KEY = "WHERE key IS NOT NULL";

/** The tables of calls as the older layouts had them. */
const LAYOUTS: Record<number, string> = {
  1: `CREATE TABLE calls (${CALLS}); CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
  2: `CREATE TABLE calls (${CALLS}, trace TEXT); CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
  3: `CREATE TABLE calls (${CALLS}, trace TEXT, instance TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
  4: `CREATE TABLE calls (${CALLS}, trace TEXT, instance TEXT NOT NULL DEFAULT '', num_failed INTEGER NOT NULL DEFAULT 0);
    CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) ${KEY};
    CREATE TABLE inputs (call INTEGER, idx INTEGER, state INTEGER NOT NULL, payload BLOB NOT NULL, output BLOB, PRIMARY KEY (call, idx)) WITHOUT ROWID;`,
};

LAYOUTS[6] = `CREATE TABLE calls (${CALLS}, trace TEXT, instance TEXT NOT NULL DEFAULT '', num_failed INTEGER NOT NULL DEFAULT 0, digest BLOB);
    CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) ${KEY};
    CREATE TABLE inputs (call INTEGER NOT NULL, idx INTEGER NOT NULL, state INTEGER NOT NULL, payload BLOB, output BLOB, PRIMARY KEY (call, idx));`;

LAYOUTS[8] = `CREATE TABLE calls (${CALLS}, trace TEXT, instance TEXT NOT NULL DEFAULT '', num_failed INTEGER NOT NULL DEFAULT 0, digest BLOB);
    CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) ${KEY};
    CREATE TABLE inputs (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, payload BLOB, output BLOB);`;

/** Has been there since layout 5. */
const ADDED = "DROP TABLE payloads; DROP TABLE artifacts; DROP TABLE commits;";

const CALL = `INSERT INTO calls (number, id, app, environment, function, version, method, num_inputs, created_at, ended_at)
  VALUES (1, 'fc-old', 'a', 'main', 'f', 1, 'spawnMap', 3, 1, 2), (2, 'fc-fine', 'a', 'main', 'f', 1, 'spawn', 1, 1, 2);`;

/** A database of a layout, with `rows` in it, opened by today's code. */
function opened(layout: number, rows: string): Store {
  const folder = mkdtempSync(join(tmpdir(), "fc-"));
  const file = join(folder, "state.db");
  Store.open(file)!.close();
  const old = new DatabaseSync(file);
  const since8 = layout < 8 ? "DROP TABLE repeated;" : "";
  const since5 = layout < 5 ? `ALTER TABLE versions DROP COLUMN about; ${ADDED}` : "";
  old.exec(
    `${since5} ${since8} DROP TABLE calls; DROP TABLE inputs; ${LAYOUTS[layout]} ${CALL} ${rows} PRAGMA user_version = ${layout};`,
  );
  old.close();
  // No older farcall wrote one.
  rmSync(`${file}-commits`);
  const store = Store.open(file)!;
  onTestFinished(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

test("versions that were deployed before their origin was remembered stay, without one", () => {
  const manifest = JSON.stringify({ app: "a", environment: "main", version: 1, functions: [{}, {}] });
  const deploys = new DeployTables(
    opened(4, `INSERT INTO versions VALUES ('a', 'main', 1, '2026-01-01', 'e', 'f', 'h', '/p', '{}', '${manifest}');`),
  );
  const name = { app: "a", environment: "main" };
  expect(deploys.history(name)).toEqual([{ version: 1, deployedAt: "2026-01-01", functions: 2 }]);
  expect(deploys.version(name, 1)).toMatchObject({ root: "/p", about: "{}" });
});

const { waiting, result, exception, failure } = InputState;
const all = { start: 0, end: 9, failed: false, limit: 9 };

test("results that were stored before inputs were kept beside them can still be read", () => {
  const tables = new CallTables(
    opened(1, `INSERT INTO inputs VALUES (1, 0, ${result}, x'0102'), (1, 1, ${waiting}, x'03');`),
  );
  expect(tables.input(1, 0)).toEqual({ index: 0, state: result, payload: Uint8Array.of(1, 2) });
  expect(tables.waitingInputs(1, 0)).toEqual([{ index: 1, state: waiting, payload: Uint8Array.of(3) }]);
  expect(tables.recordedInputs(1, { ...all, end: 9 })).toMatchObject([
    { index: 0, payload: Uint8Array.of(), outputs: [{ payload: Uint8Array.of(1, 2) }] },
    { index: 1, payload: Uint8Array.of(3), outputs: [] },
  ]);
});

test.each([1, 2, 3, 4])("failed inputs that were stored under layout %i are counted", (layout) => {
  const outputs = [exception, result, failure].map((state, index) =>
    layout === 1 ? `(1, ${index}, ${state}, x'00')` : `(1, ${index}, ${state}, x'00', x'01')`,
  );
  const counted = layout < 4 ? "" : "UPDATE calls SET num_failed = 2 WHERE number = 1;";
  const tables = new CallTables(opened(layout, `INSERT INTO inputs VALUES ${outputs.join()}; ${counted}`));
  const [old, fine] = [tables.byId("fc-old")!, tables.byId("fc-fine")!].map((row) => infoOfStored(row, tables));
  expect(old).toMatchObject({ numInputs: 3, numEnded: 3, numFailed: 2 });
  expect(fine).toMatchObject({ numInputs: 1, numEnded: 1, numFailed: 0 });
});

test.each([1, 6, 8])("calls that were stored under layout %i have no time to wait for", (layout) => {
  const tables = new CallTables(opened(layout, ""));
  expect(tables.byId("fc-old")).toMatchObject({ due_at: null, num_inputs: 3 });
});

test("results expire as fast as calls are made", async () => {
  const store = opened(
    1,
    `WITH RECURSIVE counted (n) AS (VALUES (3) UNION ALL SELECT n + 1 FROM counted LIMIT 2500)
      INSERT INTO calls (number, id, app, environment, function, version, method, num_inputs, created_at, ended_at)
      SELECT n, 'fc-' || n, 'a', 'main', 'f', 1, 'spawn', 1, 1, ${Date.now() - 120_000} FROM counted;
    INSERT INTO inputs SELECT number, 0, ${result}, x'00' FROM calls;`,
  );
  const inputs = () => (store.database.prepare("SELECT count(*) AS n FROM inputs").get() as { n: number }).n;
  expect(inputs()).toBe(2_502);
  vi.stubEnv("FARCALL_RETENTION_MS", "60000");
  vi.resetModules();
  const { Calls } = await import("../../../src/engines/local/host/calls/calls.ts");
  const calls = callsIn(new CallTables(store), Calls);
  onTestFinished(() => {
    calls.close();
    vi.unstubAllEnvs();
  });
  calls.resume();
  await expect.poll(inputs, patient).toBe(0);
});

const fn = { version: { app: "a", environment: "main", version: 1 }, schema: { name: "f", mode: "unary" } } as never;
const pools = { of: () => ({ opened() {}, enqueue() {}, closed() {}, cancelled() {} }) } as never;
const registry = { sequence: 1, function: () => fn, checkRunnable() {} };
const callsIn = (storage: CallTables, Of = Calls) => {
  const folder = mkdtempSync(join(tmpdir(), "fc-"));
  const attempts = new AttemptsFile(join(folder, "attempts"), 0, () => {});
  onTestFinished(() => {
    attempts.close();
    rmSync(folder, { recursive: true });
  });
  return new Of({ storage, attempts, registry: registry as never, pools, warn: () => {} });
};
const ref = { app: "a", environment: "main", name: "f" };

/** Nothing can be written while `body` runs. */
async function withFullDisk({ database }: Store, body: () => Promise<void>): Promise<void> {
  for (const [name, change] of [
    ["i", "INSERT"],
    ["u", "UPDATE"],
  ] as const) {
    database.exec(
      `CREATE TRIGGER full_${name} BEFORE ${change} ON inputs BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
    );
  }
  await body();
  database.exec("DROP TRIGGER full_i; DROP TRIGGER full_u");
}

test("a call has not ended before its last output is on disk, in whatever order outputs get there", async () => {
  const store = opened(1, "");
  const tables = new CallTables(store);
  const calls = callsIn(tables);
  const call = calls.openDurable({ id: "fc-x", function: ref, method: "spawnMap", durable: true }).live!;
  call.receive(() => {});
  for (const index of [0, 1]) call.input(index, Uint8Array.of(index));
  await new Promise<void>((resolve) => call.noMore(2, resolve));
  const inputs = [call.take()!, call.take()!];
  await withFullDisk(store, async () => {
    call.outcome(inputs[0]!, "result", Buffer.from("r0"));
    await sleep(100);
  });
  call.outcome(inputs[1]!, "result", Buffer.from("r1"));
  await sleep(100);
  expect(tables.open(0, 10).map(({ id }) => id)).toEqual(["fc-x"]);
  expect(tables.waitingInputs(call.row, 0)).toHaveLength(1);
  await expect.poll(() => call.over, patient).toBe(true);
  expect(tables.open(0, 10)).toEqual([]);
});

test("a key can be used again after a call that could be neither stored nor removed", async () => {
  const store = opened(1, "");
  const tables = new CallTables(store);
  const calls = callsIn(tables);
  const open = (id: string) =>
    calls.openDurable({ id, function: ref, method: "remote", durable: true, idempotencyKey: "k" });
  const first = open("fc-1").live!;
  first.receive(() => {});
  await sleep(100);
  await withFullDisk(store, async () => {
    first.input(0, Uint8Array.of(1));
    await sleep(200);
  });
  const second = open("fc-2").live!;
  second.receive(() => {});
  second.input(0, Uint8Array.of(1));
  await new Promise<void>((resolve) => second.noMore(1, resolve));
  expect(second.waiting).toBe(1);
});

test("large inputs, large results and keys of an older farcall are taken over as they were", () => {
  const tables = new CallTables(
    opened(
      4,
      `UPDATE calls SET key = 'pay-7' WHERE number = 1;
      INSERT INTO inputs VALUES (1, 0, ${result}, x'01', zeroblob(100000)), (1, 1, ${waiting}, zeroblob(50000), NULL), (1, 2, ${waiting}, x'03', NULL);`,
    ),
  );
  expect(tables.byKey({ app: "a", environment: "main", name: "f" }, "pay-7")?.id).toBe("fc-old");
  expect(tables.input(1, 0)).toMatchObject({ state: result, payload: { length: 100_000 } });
  expect(tables.waitingInputs(1, 0).map(({ index, payload }) => [index, payload.length])).toEqual([
    [1, 50_000],
    [2, 1],
  ]);
  expect(tables.recordedInputs(1, { ...all, end: 1 })).toMatchObject([
    { payload: Uint8Array.of(1), outputs: [{ payload: { length: 100_000 } }] },
  ]);
});

test("inputs and outputs of the last layout stay under their calls, also of calls with large numbers", () => {
  const late = 2 ** 30 + 5;
  const tables = new CallTables(
    opened(
      6,
      `UPDATE calls SET number = ${late} WHERE number = 2;
      INSERT INTO inputs VALUES (1, 0, ${result}, x'01', x'02'), (1, 4000000000, ${waiting}, x'03', NULL), (${late}, 7, ${waiting}, x'04', NULL);`,
    ),
  );
  expect(tables.inputs(1, 0, 2 ** 32).map(({ index }) => index)).toEqual([0, 4_000_000_000]);
  expect(tables.outputs(1, 0, 2 ** 32)).toEqual([{ index: 0, state: result, payload: Uint8Array.of(2) }]);
  expect(tables.waitingInputs(late, 0)).toEqual([{ index: 7, state: waiting, payload: Uint8Array.of(4) }]);
  expect([1, late].map((call) => [tables.countInputs(call), tables.countUnfinished(call)])).toEqual([
    [2, 1],
    [1, 1],
  ]);
});

test("what a call writes after a write that failed is not written either, before the call knows", async () => {
  const store = opened(4, "");
  const tables = new CallTables(store);
  const write = (call: number, index: number) =>
    new Promise<string>((resolve) => {
      const inputs = [{ index, payload: Uint8Array.of(1) }];
      tables.write(
        () => [{ kind: "inputs", call, inputs }],
        (error) => resolve(error ? "refused" : "stored"),
      );
    });
  store.database.exec(
    "CREATE TRIGGER bad BEFORE INSERT ON inputs WHEN new.id = 11 << 32 BEGIN SELECT RAISE(ABORT, ''); END",
  );
  const first = write(11, 0);
  // In a later group, which the writer has before the first is answered.
  const later = new Promise<string[]>((resolve) =>
    setImmediate(() => resolve(Promise.all([write(11, 1), write(12, 0)]))),
  );
  expect([await first, ...(await later)]).toEqual(["refused", "refused", "stored"]);
  expect(await write(11, 2)).toBe("stored");
  expect(tables.inputs(11, 0, 9).map(({ index }) => index)).toEqual([2]);
});

test("a write that fails takes nothing along of what shares its transaction", async () => {
  const store = opened(4, "");
  store.database.exec(
    "CREATE TRIGGER bad BEFORE INSERT ON inputs WHEN new.id >> 32 = 11 BEGIN SELECT RAISE(ABORT, 'this one is bad'); END",
  );
  const tables = new CallTables(store);
  const write = (call: number) =>
    new Promise<string>((resolve) => {
      const inputs = [{ index: 0, payload: Uint8Array.of(call) }];
      tables.write(
        () => [{ kind: "inputs", call, inputs }],
        (error) => resolve(error ? error.message : "stored"),
      );
    });
  const [first, bad, last] = await Promise.all([10, 11, 12].map(write));
  expect([first, last]).toEqual(["stored", "stored"]);
  expect(bad).toMatch(/this one is bad/);
  expect([10, 11, 12].map((call) => tables.countInputs(call))).toEqual([1, 0, 1]);
});
