/** Durable calls in the database, as the host reads them; what it writes goes to the store's thread. */
import type { StatementSync } from "node:sqlite";
import type { FunctionRef } from "../../../../engine/index.ts";
import type { FarcallError } from "../../../../runtime/errors.ts";
import {
  type CallFilter,
  type CallRow,
  type CallStorage,
  type CallWrite,
  OUTPUT_TYPES,
  type RecordedInput,
  type StoredInput,
  type StoredListener,
} from "./calls.ts";
import { FUNCTION_IS_NAMED } from "./function-filter.ts";
import { keyBytes, keyOfBytes } from "./keys.ts";
import type { Store } from "./store.ts";

/** The columns of a StoredInput. */
const STORED =
  "idx, state, ifnull(iif(state = 0, payload, output), (SELECT bytes FROM payloads p WHERE p.call = i.call AND p.idx = i.idx)) AS payload";

/** Rows and bytes that are read at a time. */
const PAGE_ROWS = 512;
const PAGE_BYTES = 4 * 1024 * 1024;

export class CallTables implements CallStorage {
  readonly #store: Store;
  readonly #waitingInputs: StatementSync;
  readonly #inputs: StatementSync;
  readonly #input: StatementSync;
  readonly #byId: StatementSync;
  readonly #byKey: StatementSync;
  #lastNumber: number;

  constructor(store: Store) {
    this.#store = store;
    const prepare = (sql: string): StatementSync => store.database.prepare(sql);
    this.#waitingInputs = prepare(
      `SELECT ${STORED} FROM inputs i WHERE call = ? AND idx >= ? AND state = 0 ORDER BY idx LIMIT ${PAGE_ROWS}`,
    );
    this.#inputs = prepare(
      `SELECT ${STORED} FROM inputs i WHERE call = ? AND idx >= ? AND idx < ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
    );
    this.#input = prepare(`SELECT ${STORED} FROM inputs i WHERE call = ? AND idx = ?`);
    this.#byId = prepare("SELECT * FROM calls WHERE id = ?");
    this.#byKey = prepare(
      "SELECT * FROM calls WHERE app = ? AND environment = ? AND function = ? AND instance = ? AND key = ?",
    );
    const { last } = prepare("SELECT max(number) AS last FROM calls").get() as { last: number | null };
    this.#lastNumber = last ?? 0;
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  // ---- writing

  write(compose: () => readonly CallWrite[], done: StoredListener): void {
    this.#store.write(compose, done);
  }

  flush(): void {
    this.#store.flush();
  }

  expire(before: number, forgetBefore: number, done: (error: FarcallError | undefined, more: boolean) => void): void {
    this.#store.write(() => [{ kind: "expire", before, forgetBefore }], done);
  }

  // ---- reading

  byId(id: string): CallRow | undefined {
    return rowOf(this.#store.read(() => this.#byId.get(id)));
  }

  byKey({ app, environment, name, instance = "" }: FunctionRef, key: string): CallRow | undefined {
    return rowOf(this.#store.read(() => this.#byKey.get(app, environment, name, instance, keyBytes(key))));
  }

  open(after: number, limit: number): CallRow[] {
    return this.#store
      .read((database) =>
        database
          .prepare("SELECT * FROM calls WHERE ended_at IS NULL AND number > ? ORDER BY number LIMIT ?")
          .all(after, limit),
      )
      .map(rowOf) as CallRow[];
  }

  openVersions({ app, environment }: { app: string; environment: string }): number[] {
    const rows = this.#store.read((database) =>
      database
        .prepare("SELECT DISTINCT version FROM calls WHERE ended_at IS NULL AND app = ? AND environment = ?")
        .all(app, environment),
    ) as { version: number }[];
    return rows.map(({ version }) => version);
  }

  newest(filter: CallFilter, limit: number): CallRow[] {
    const conditions: string[] = [];
    const values: string[] = [];
    for (const name of ["app", "environment"] as const) {
      const value = filter[name];
      if (value === undefined) continue;
      conditions.push(`${name} = ?`);
      values.push(value);
    }
    if (filter.function !== undefined) {
      conditions.push(FUNCTION_IS_NAMED);
      values.push(filter.function, filter.function);
    }
    const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    return this.#store
      .read((database) =>
        database.prepare(`SELECT * FROM calls ${where} ORDER BY number DESC LIMIT ?`).all(...values, limit),
      )
      .map(rowOf) as CallRow[];
  }

  countUnfinished(call: number): number {
    return this.#count("SELECT count(*) AS n FROM inputs WHERE call = ? AND state = 0", call);
  }

  countInputs(call: number): number {
    return this.#count("SELECT count(*) AS n FROM inputs WHERE call = ?", call);
  }

  #count(sql: string, call: number): number {
    return (this.#store.read(() => this.#store.database.prepare(sql).get(call)) as { n: number }).n;
  }

  waitingInputs(call: number, index: number): StoredInput[] {
    return this.#page(() => this.#waitingInputs.iterate(call, index));
  }

  inputs(call: number, start: number, end: number): StoredInput[] {
    return this.#page(() => this.#inputs.iterate(call, start, end));
  }

  input(call: number, index: number): StoredInput | undefined {
    const row = this.#store.read(() => this.#input.get(call, index)) as Row | undefined;
    return row && { index: row.idx, state: row.state, payload: row.payload };
  }

  recordedInputs(call: number, start: number, end: number): RecordedInput[] {
    return this.#store.read((database) => {
      const rows = database
        .prepare(
          `SELECT ${STORED}, iif(state = 0, NULL, payload) AS input FROM inputs i WHERE call = ? AND idx >= ? AND idx < ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
        )
        .iterate(call, start, end);
      const page: RecordedInput[] = [];
      let bytes = 0;
      for (const row of rows) {
        const { idx, state, payload, input } = row as unknown as Row & { input: Uint8Array | null };
        page.push({
          index: idx,
          payload: input ?? payload,
          outputs: input === null ? [] : [{ type: OUTPUT_TYPES[state]!, payload }],
        });
        bytes += payload.length + (input?.length ?? 0);
        if (bytes > PAGE_BYTES) break;
      }
      return page;
    });
  }

  #page(rows: () => Iterable<unknown>): StoredInput[] {
    return this.#store.read(() => {
      const page: StoredInput[] = [];
      let bytes = 0;
      for (const row of rows()) {
        const { idx, state, payload } = row as Row;
        page.push({ index: idx, state, payload });
        bytes += payload.length;
        if (bytes > PAGE_BYTES) break;
      }
      return page;
    });
  }
}

interface Row {
  idx: number;
  state: number;
  payload: Uint8Array;
}

/** As it lies in the database, with the key as text. */
function rowOf(stored: unknown): CallRow | undefined {
  const row = stored as (Omit<CallRow, "key"> & { key: Uint8Array | null }) | undefined;
  return row && { ...row, key: row.key && keyOfBytes(row.key) };
}
