/** Durable calls in the database: the statements, prepared once. */
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
  type StoredInput,
  type StoredListener,
} from "./calls.ts";
import { FUNCTION_IS_NAMED } from "./function-filter.ts";
import type { Store } from "./store.ts";

/** The columns of a StoredInput. */
const STORED = "idx, state, ifnull(output, payload) AS payload";

/** Inputs that are larger are not kept beside their output: the disk would hold them for a week. */
const KEPT_INPUT_BYTES = 16 * 1024;
/** Of a call of many inputs those after the first so many are kept when they fail: keeping all cost a tenth of spawnMap. */
const KEPT_INPUTS = 100;
/** Rows and bytes that are read at a time. */
const PAGE_ROWS = 512;
const PAGE_BYTES = 4 * 1024 * 1024;
/** Calls whose payloads are dropped in one transaction. */
const EXPIRED_AT_ONCE = 1_000;

export class CallTables implements CallStorage {
  readonly #store: Store;
  readonly #insertCall: StatementSync;
  readonly #acceptCall: StatementSync;
  readonly #endCall: StatementSync;
  readonly #cancelCall: StatementSync;
  readonly #insertInput: StatementSync;
  readonly #setOutput: StatementSync;
  readonly #countFailed: StatementSync;
  readonly #waitingInputs: StatementSync;
  readonly #inputs: StatementSync;
  readonly #input: StatementSync;
  readonly #byId: StatementSync;
  readonly #byKey: StatementSync;
  #lastNumber: number;

  constructor(store: Store) {
    this.#store = store;
    const prepare = (sql: string): StatementSync => store.database.prepare(sql);
    this.#insertCall = prepare(
      "INSERT INTO calls (number, id, app, environment, function, instance, version, method, key, created_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#acceptCall = prepare("UPDATE calls SET num_inputs = ?, ended_at = ? WHERE number = ?");
    this.#endCall = prepare("UPDATE calls SET ended_at = ? WHERE number = ?");
    this.#cancelCall = prepare(
      "UPDATE calls SET cancelled = 1, ended_at = ?, num_inputs = ifnull(num_inputs, (SELECT count(*) FROM inputs WHERE call = number)) WHERE number = ?",
    );
    // An input that is there already was sent again by a caller that did not know that.
    this.#insertInput = prepare("INSERT OR IGNORE INTO inputs VALUES (?, ?, 0, ?, NULL)");
    this.#setOutput = prepare(
      `UPDATE inputs SET state = ?1, output = ?2, payload = iif(length(payload) > ${KEPT_INPUT_BYTES} OR (idx >= ${KEPT_INPUTS} AND ?1 = ${InputState.result}), x'', payload) WHERE call = ?3 AND idx = ?4`,
    );
    this.#countFailed = prepare("UPDATE calls SET num_failed = num_failed + 1 WHERE number = ?");
    this.#waitingInputs = prepare(
      `SELECT ${STORED} FROM inputs WHERE call = ? AND idx >= ? AND state = 0 ORDER BY idx LIMIT ${PAGE_ROWS}`,
    );
    this.#inputs = prepare(
      `SELECT ${STORED} FROM inputs WHERE call = ? AND idx >= ? AND idx < ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
    );
    this.#input = prepare(`SELECT ${STORED} FROM inputs WHERE call = ? AND idx = ?`);
    this.#byId = prepare("SELECT * FROM calls WHERE id = ?");
    this.#byKey = prepare(
      "SELECT * FROM calls WHERE app = ? AND environment = ? AND function = ? AND instance = ? AND key = ?",
    );
    const { last } = prepare("SELECT max(number) AS last FROM calls").get() as { last: number | null };
    this.#lastNumber = last ?? 0;
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  // ---- writing

  write(compose: () => readonly CallWrite[], done: StoredListener): void {
    this.#store.write(() => {
      for (const write of compose()) this.#apply(write);
    }, done);
  }

  flush(): void {
    this.#store.flush();
  }

  #apply(write: CallWrite): void {
    switch (write.kind) {
      case "insert":
        this.#insert(write.row);
        return;
      case "inputs":
        for (const { index, payload } of write.inputs) this.#insertInput.run(write.call, index, payload);
        return;
      case "accept":
        this.#acceptCall.run(write.numInputs, write.endedAt, write.call);
        return;
      case "output":
        this.#setOutput.run(write.state, write.payload, write.call, write.index);
        if (write.state !== InputState.result) this.#countFailed.run(write.call);
        return;
      case "end":
        this.#endCall.run(write.at, write.call);
        return;
      case "cancel":
        this.#cancelCall.run(write.at, write.call);
        return;
      case "delete":
        this.#store.database.prepare("DELETE FROM inputs WHERE call = ?").run(write.call);
        this.#store.database.prepare("DELETE FROM calls WHERE number = ?").run(write.call);
    }
  }

  #insert(row: CallRow): void {
    this.#insertCall.run(
      row.number,
      row.id,
      row.app,
      row.environment,
      row.function,
      row.instance,
      row.version,
      row.method,
      row.key,
      row.created_at,
      row.trace,
    );
  }

  expire(before: number, forgetBefore: number, done: (error: FarcallError | undefined, more: boolean) => void): void {
    let more = false;
    this.#store.write(
      () => {
        more = this.#expireSome(before, forgetBefore);
      },
      (error) => done(error, more),
    );
  }

  #expireSome(before: number, forgetBefore: number): boolean {
    const { database } = this.#store;
    const expired = database
      .prepare(`SELECT number FROM calls WHERE ended_at < ? AND expired = 0 LIMIT ${EXPIRED_AT_ONCE}`)
      .all(before) as { number: number }[];
    const deleteInputs = database.prepare("DELETE FROM inputs WHERE call = ?");
    const mark = database.prepare("UPDATE calls SET expired = 1, key = NULL WHERE number = ?");
    for (const { number } of expired) {
      deleteInputs.run(number);
      mark.run(number);
    }
    database.prepare("DELETE FROM calls WHERE ended_at < ? AND expired = 1").run(forgetBefore);
    return expired.length === EXPIRED_AT_ONCE;
  }

  // ---- reading

  byId(id: string): CallRow | undefined {
    return this.#store.read(() => this.#byId.get(id)) as CallRow | undefined;
  }

  byKey({ app, environment, name, instance = "" }: FunctionRef, key: string): CallRow | undefined {
    return this.#store.read(() => this.#byKey.get(app, environment, name, instance, key)) as CallRow | undefined;
  }

  open(): CallRow[] {
    return this.#store.read(() =>
      this.#store.database.prepare("SELECT * FROM calls WHERE ended_at IS NULL ORDER BY number").all(),
    ) as unknown as CallRow[];
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
    return this.#store.read(() =>
      this.#store.database.prepare(`SELECT * FROM calls ${where} ORDER BY number DESC LIMIT ?`).all(...values, limit),
    ) as unknown as CallRow[];
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
    return this.#store.read(() => {
      const rows = this.#store.database
        .prepare(
          `SELECT idx, state, payload, output FROM inputs WHERE call = ? AND idx >= ? AND idx < ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
        )
        .iterate(call, start, end);
      const page: RecordedInput[] = [];
      let bytes = 0;
      for (const row of rows) {
        const { idx, state, payload, output } = row as unknown as Row & { output: Uint8Array | null };
        page.push({
          index: idx,
          payload,
          outputs: output === null ? [] : [{ type: OUTPUT_TYPES[state]!, payload: output }],
        });
        bytes += payload.length + (output?.length ?? 0);
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
