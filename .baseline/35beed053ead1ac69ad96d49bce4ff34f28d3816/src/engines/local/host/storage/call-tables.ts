/** Durable calls in the database, as the host reads them; what it writes goes to the store's thread. */
import type { StatementSync } from "node:sqlite";
import type { FunctionRef } from "../../../../engine/index.ts";
import type { FarcallError } from "../../../../runtime/errors.ts";
import {
  type CallFilter,
  type CallRow,
  type CallStorage,
  type CallWrite,
  InputState,
  OUTPUT_TYPES,
  type RecordedInput,
  type RecordedQuery,
  type StoredInput,
  type StoredListener,
} from "./calls.ts";
import { FUNCTION_IS_NAMED } from "./function-filter.ts";
import { inputId, MAX_INDEX } from "./input-id.ts";
import { keyBytes, keyOfBytes } from "./keys.ts";
import type { Store } from "./store.ts";

/** Of a row: the index, the state, and the payload of a StoredInput, NULL when that lies apart. */
const STORED = "id & 0xffffffff, state, iif(state = 0, payload, output)";
type Stored = [index: number, state: number, payload: Uint8Array | null];

/** Rows and bytes that are read at a time. */
const PAGE_ROWS = 512;
const PAGE_BYTES = 4 * 1024 * 1024;

export class CallTables implements CallStorage {
  readonly #store: Store;
  readonly #waitingInputs: StatementSync;
  readonly #inputs: StatementSync;
  readonly #outputs: StatementSync;
  readonly #input: StatementSync;
  readonly #payload: StatementSync;
  readonly #oldest: StatementSync;
  readonly #byId: StatementSync;
  readonly #byKey: StatementSync;
  #lastNumber: number;

  constructor(store: Store) {
    this.#store = store;
    const prepare = (sql: string): StatementSync => store.database.prepare(sql);
    // Arrays cost a fifth of what objects do.
    const prepareRows = (sql: string): StatementSync => {
      const statement = prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#waitingInputs = prepareRows(
      `SELECT ${STORED} FROM inputs WHERE id >= ? AND id < ? AND state = 0 ORDER BY id LIMIT ${PAGE_ROWS}`,
    );
    this.#inputs = prepareRows(`SELECT ${STORED} FROM inputs WHERE id >= ? AND id < ? ORDER BY id LIMIT ${PAGE_ROWS}`);
    this.#outputs = prepareRows(
      `SELECT ${STORED} FROM inputs WHERE id >= ? AND id < ? AND state <> 0 ORDER BY id LIMIT ${PAGE_ROWS}`,
    );
    this.#input = prepareRows(`SELECT ${STORED} FROM inputs WHERE id = ?`);
    this.#payload = prepareRows("SELECT bytes FROM payloads WHERE call = ? AND idx = ?");
    this.#oldest = prepare("SELECT 1 FROM calls WHERE ended_at < ? LIMIT 1");
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
    // Nothing to be written: the thread that writes need not be started for it.
    if (this.#store.read(() => this.#oldest.get(before)) === undefined) return;
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
    return this.#count("SELECT count(*) AS n FROM inputs WHERE id >= ? AND id < ? AND state = 0", call);
  }

  countInputs(call: number): number {
    return this.#count("SELECT count(*) AS n FROM inputs WHERE id >= ? AND id < ?", call);
  }

  #count(sql: string, call: number): number {
    const count = this.#store.read(() => this.#store.database.prepare(sql).get(inputId(call, 0), inputId(call + 1, 0)));
    return (count as { n: number }).n;
  }

  waitingInputs(call: number, index: number): StoredInput[] {
    return this.#page(call, this.#waitingInputs, index, Number.POSITIVE_INFINITY);
  }

  inputs(call: number, start: number, end: number): StoredInput[] {
    return this.#page(call, this.#inputs, start, end);
  }

  outputs(call: number, start: number, end: number): StoredInput[] {
    return this.#page(call, this.#outputs, start, end);
  }

  input(call: number, index: number): StoredInput | undefined {
    const row = this.#store.read(() => this.#input.get(inputId(call, index))) as unknown as Stored | undefined;
    return row && this.#storedInput(call, row);
  }

  recordedInputs(call: number, { start, end, failed, limit }: RecordedQuery): RecordedInput[] {
    return this.#store.read((database) => {
      const statement = database.prepare(
        `SELECT ${STORED}, iif(state = 0, NULL, payload), (SELECT runs FROM repeated r WHERE r.id = inputs.id)
          FROM inputs WHERE id >= ? AND id < ? AND state >= ? ORDER BY id LIMIT ?`,
      );
      statement.setReturnArrays(true);
      const page: RecordedInput[] = [];
      let bytes = 0;
      const states = failed ? InputState.exception : InputState.waiting;
      for (const row of statement.all(...rangeOf(call, start, end), states, Math.min(limit, PAGE_ROWS))) {
        const [, , , input, runs] = row as unknown as [...Stored, input: Uint8Array | null, runs: number | null];
        const { index, state, payload } = this.#storedInput(call, row as unknown as Stored);
        page.push({
          index,
          payload: input ?? payload,
          runs: runs ?? 0,
          outputs: input === null ? [] : [{ type: OUTPUT_TYPES[state]!, payload }],
        });
        bytes += payload.length + (input?.length ?? 0);
        if (bytes > PAGE_BYTES) break;
      }
      return page;
    });
  }

  #page(call: number, rows: StatementSync, start: number, end: number): StoredInput[] {
    return this.#store.read(() => {
      const page: StoredInput[] = [];
      let bytes = 0;
      for (const row of rows.all(...rangeOf(call, start, end))) {
        const input = this.#storedInput(call, row as unknown as Stored);
        page.push(input);
        bytes += input.payload.length;
        if (bytes > PAGE_BYTES) break;
      }
      return page;
    });
  }

  #storedInput(call: number, [index, state, payload]: Stored): StoredInput {
    if (payload) return { index, state, payload };
    const apart = this.#payload.get(call, index) as unknown as [bytes: Uint8Array] | undefined;
    return { index, state, payload: apart?.[0] ?? new Uint8Array(0) };
  }
}

/** Of the numbers of inputs. */
function rangeOf(call: number, start: number, end: number): [number | bigint, number | bigint] {
  return [inputId(call, Math.min(start, MAX_INDEX)), end > MAX_INDEX ? inputId(call + 1, 0) : inputId(call, end)];
}

/** As it lies in the database, with the key as text. */
function rowOf(stored: unknown): CallRow | undefined {
  const row = stored as (Omit<CallRow, "key"> & { key: Uint8Array | null }) | undefined;
  return row && { ...row, key: row.key && keyOfBytes(row.key) };
}
