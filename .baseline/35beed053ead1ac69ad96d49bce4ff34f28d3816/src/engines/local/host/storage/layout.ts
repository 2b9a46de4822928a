/** The tables of the host's database, and how those of older versions of farcall become these. */
import type { DatabaseSync } from "node:sqlite";

/** The version of the tables below. A host refuses a directory of a newer one. */
export const LAYOUT = 9;

/** Inputs and outputs that are larger lie in a table of their own, so that the rows of `inputs` stay small and quick to change. */
export const INLINE_BYTES = 16 * 1024;

const CALLS_BY_KEY =
  "CREATE UNIQUE INDEX calls_by_key ON calls (app, environment, function, instance, key) WHERE key IS NOT NULL;";

/** Of one input: the number of its call and its index, so that it costs one row in one tree. `inputId` makes the same number. */
const INPUT_ID = "(call << 32) | idx";

// Not WITHOUT ROWID: with large values inside, a search in such a table reads through them.
const INPUTS = `
  -- state 0: waiting; otherwise the kind of the output. NULL: it is too large and lies in payloads. A large payload is dropped for the output.
  CREATE TABLE inputs (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, payload BLOB, output BLOB);
`;
const PAYLOADS = `
  CREATE TABLE payloads (call INTEGER NOT NULL, idx INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (call, idx));
`;

// A table of its own: few inputs are begun more than once.
const REPEATED = `
  -- How often inputs were begun that were begun more than once.
  CREATE TABLE repeated (id INTEGER PRIMARY KEY, runs INTEGER NOT NULL);
`;

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
    function TEXT NOT NULL, version INTEGER NOT NULL, method TEXT NOT NULL, key BLOB,
    num_inputs INTEGER, cancelled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, ended_at INTEGER,
    expired INTEGER NOT NULL DEFAULT 0, trace TEXT, instance TEXT NOT NULL DEFAULT '',
    num_failed INTEGER NOT NULL DEFAULT 0, digest BLOB, due_at INTEGER
  );
  ${CALLS_BY_KEY}
  CREATE INDEX calls_open ON calls (number) WHERE ended_at IS NULL;
  CREATE INDEX calls_ended ON calls (ended_at) WHERE ended_at IS NOT NULL;
  ${INPUTS}
  ${PAYLOADS}
  ${REPEATED}
`;

// Both are of all layouts from 5 on.
const ADDED = `
  -- The files of the artifacts folder can be made again from these.
  CREATE TABLE artifacts (hash TEXT PRIMARY KEY, code BLOB NOT NULL, source_map BLOB NOT NULL);
  -- How many transactions there were, see CommitMark.
  CREATE TABLE commits (count INTEGER NOT NULL);
  INSERT INTO commits VALUES (0);
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
  // Large values lie apart, and keys are bytes.
  4: `ALTER TABLE calls ADD COLUMN digest BLOB;
    UPDATE calls SET key = CAST(key AS BLOB) WHERE key IS NOT NULL;
    ALTER TABLE inputs RENAME TO old_inputs;
    CREATE TABLE inputs (
      call INTEGER NOT NULL, idx INTEGER NOT NULL, state INTEGER NOT NULL, payload BLOB, output BLOB, PRIMARY KEY (call, idx)
    );
    ${PAYLOADS}
    INSERT INTO inputs SELECT call, idx, state,
      iif(state = 0, iif(length(payload) > ${INLINE_BYTES}, NULL, payload), iif(length(payload) > ${INLINE_BYTES}, x'', payload)),
      iif(length(output) > ${INLINE_BYTES}, NULL, output) FROM old_inputs;
    INSERT INTO payloads SELECT call, idx, iif(state = 0, payload, output) FROM old_inputs
      WHERE length(iif(state = 0, payload, output)) > ${INLINE_BYTES};
    DROP TABLE old_inputs;
    ${ADDED}`,
  // Versions know where they came from.
  5: "ALTER TABLE versions ADD COLUMN about TEXT NOT NULL DEFAULT '{}';",
  // An input has one number.
  6: `ALTER TABLE inputs RENAME TO old_inputs;
    ${INPUTS}
    INSERT INTO inputs SELECT ${INPUT_ID}, state, payload, output FROM old_inputs ORDER BY call, idx;
    DROP TABLE old_inputs;`,
  // Attempts are remembered.
  7: REPEATED,
  // Calls can begin later.
  8: "ALTER TABLE calls ADD COLUMN due_at INTEGER;",
};

/** Inside a transaction. */
export function makeTables(database: DatabaseSync): void {
  database.exec(TABLES + ADDED);
  database.exec(`PRAGMA user_version = ${LAYOUT};`);
}

/** Inside a transaction. */
export function upgrade(database: DatabaseSync, layout: number): void {
  for (let from = layout; from < LAYOUT; from++) database.exec(UPGRADES[from]!);
  database.exec(`PRAGMA user_version = ${LAYOUT};`);
}
