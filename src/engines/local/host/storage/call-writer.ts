/** Carries out writes of durable calls: the statements, prepared once, and the transaction that a group of writes shares. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type CallRow, type CallWrite, InputState } from "./calls.ts";
import { keyBytes } from "./keys.ts";
import { INLINE_BYTES } from "./layout.ts";
import type { GroupMessage, GroupReply, Span, WriteFailure } from "./writes.ts";

/** Of a call of many inputs those after the first so many are kept when they fail: keeping all cost a tenth of spawnMap. */
const KEPT_INPUTS = 100;
/** Calls whose payloads are dropped in one transaction. */
const EXPIRED_AT_ONCE = 200;

export class CallWriter {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** `count`: how many transactions the database has had, when this one is on disk. */
  write({ units, bytes }: GroupMessage): { reply: GroupReply; count: number | undefined } {
    try {
      return this.#transaction(units, bytes, false);
    } catch (error) {
      if (units.length === 1) return { reply: { failure: failureOf(error), failures: {}, more: {} }, count: undefined };
    }
    try {
      // One of them is at fault: each for itself now.
      return this.#transaction(units, bytes, true);
    } catch (error) {
      return { reply: { failure: failureOf(error), failures: {}, more: {} }, count: undefined };
    }
  }

  #transaction(units: GroupMessage["units"], bytes: ArrayBuffer, apart: boolean): { reply: GroupReply; count: number } {
    const reply: GroupReply = { failures: {}, more: {} };
    this.#run("BEGIN IMMEDIATE");
    try {
      for (const [i, unit] of units.entries()) {
        if (!apart) {
          for (const write of unit) if (this.#apply(write, bytes)) reply.more[i] = true;
          continue;
        }
        this.#run("SAVEPOINT unit");
        try {
          for (const write of unit) if (this.#apply(write, bytes)) reply.more[i] = true;
        } catch (error) {
          // A full disk rolls back everything by itself.
          if (!this.#database.isTransaction) throw error;
          this.#run("ROLLBACK TO unit");
          reply.failures[i] = failureOf(error);
        }
        this.#run("RELEASE unit");
      }
      const { count } = this.#statement("UPDATE commits SET count = count + 1 RETURNING count").get() as {
        count: number;
      };
      this.#run("COMMIT");
      return { reply, count };
    } catch (error) {
      if (this.#database.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): void {
    this.#statement(sql).run(...values);
  }

  /** Returns whether there may be more to do. */
  #apply(write: CallWrite<Span>, bytes: ArrayBuffer): boolean {
    switch (write.kind) {
      case "insert":
        this.#insert(write.row);
        return false;
      case "inputs":
        for (const { index, payload } of write.inputs) this.#input(write.call, index, bytesAt(bytes, payload));
        return false;
      case "accept":
        this.#run(
          "UPDATE calls SET num_inputs = ?, ended_at = ?, digest = ? WHERE number = ?",
          write.numInputs,
          write.endedAt,
          write.digest,
          write.call,
        );
        return false;
      case "output":
        this.#output(write.call, write.index, write.state, bytesAt(bytes, write.payload));
        return false;
      case "end":
        this.#run("UPDATE calls SET ended_at = ? WHERE number = ?", write.at, write.call);
        return false;
      case "cancel":
        this.#run(
          "UPDATE calls SET cancelled = 1, ended_at = ?, num_inputs = ifnull(num_inputs, (SELECT count(*) FROM inputs WHERE call = number)) WHERE number = ?",
          write.at,
          write.call,
        );
        return false;
      case "delete":
        this.#forgetInputs(write.call);
        this.#run("DELETE FROM calls WHERE number = ?", write.call);
        return false;
      case "expire":
        return this.#expire(write.before, write.forgetBefore);
    }
  }

  #insert(row: CallRow): void {
    this.#run(
      "INSERT INTO calls (number, id, app, environment, function, instance, version, method, key, created_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.number,
      row.id,
      row.app,
      row.environment,
      row.function,
      row.instance,
      row.version,
      row.method,
      row.key === null ? null : keyBytes(row.key),
      row.created_at,
      row.trace,
    );
  }

  /** One that is there already was sent again by a caller that did not know that. */
  #input(call: number, index: number, payload: Uint8Array): void {
    const insert = "INSERT OR IGNORE INTO inputs VALUES (?, ?, 0, ?, NULL)";
    if (payload.length <= INLINE_BYTES) this.#run(insert, call, index, payload);
    else {
      this.#run(insert, call, index, null);
      this.#run("INSERT OR IGNORE INTO payloads VALUES (?, ?, ?)", call, index, payload);
    }
  }

  /** Inputs that are larger are not kept beside their output: the disk would hold them for a week. */
  #output(call: number, index: number, state: number, payload: Uint8Array): void {
    const large = payload.length > INLINE_BYTES;
    const dropped = index >= KEPT_INPUTS && state === InputState.result;
    this.#run(
      `UPDATE inputs SET state = ?, output = ?, payload = ${dropped ? "x''" : "ifnull(payload, x'')"} WHERE call = ? AND idx = ?`,
      state,
      large ? null : payload,
      call,
      index,
    );
    if (large) this.#run("INSERT OR REPLACE INTO payloads VALUES (?, ?, ?)", call, index, payload);
    else this.#run("DELETE FROM payloads WHERE call = ? AND idx = ?", call, index);
    if (state !== InputState.result) this.#run("UPDATE calls SET num_failed = num_failed + 1 WHERE number = ?", call);
  }

  #expire(before: number, forgetBefore: number): boolean {
    const expired = this.#statement(
      `SELECT number FROM calls WHERE ended_at < ? AND expired = 0 LIMIT ${EXPIRED_AT_ONCE}`,
    ).all(before) as { number: number }[];
    for (const { number } of expired) {
      this.#forgetInputs(number);
      this.#run("UPDATE calls SET expired = 1, key = NULL WHERE number = ?", number);
    }
    this.#run("DELETE FROM calls WHERE ended_at < ? AND expired = 1", forgetBefore);
    return expired.length === EXPIRED_AT_ONCE;
  }

  #forgetInputs(call: number): void {
    this.#run("DELETE FROM inputs WHERE call = ?", call);
    this.#run("DELETE FROM payloads WHERE call = ?", call);
  }
}

function bytesAt(bytes: ArrayBuffer, [start, end]: Span): Uint8Array {
  return new Uint8Array(bytes, start, end - start);
}

function failureOf(error: unknown): WriteFailure {
  const { code, errcode, message } = error as WriteFailure;
  return { message, ...(code !== undefined && { code }), ...(errcode !== undefined && { errcode }) };
}
