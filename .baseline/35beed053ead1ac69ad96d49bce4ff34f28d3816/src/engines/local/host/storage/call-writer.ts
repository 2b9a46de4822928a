/** Carries out writes of durable calls: the statements, prepared once, and the transaction that groups of writes share. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type CallRow, InputState } from "./calls.ts";
import { inputId } from "./input-id.ts";
import { keyBytes } from "./keys.ts";
import { INLINE_BYTES } from "./layout.ts";
import {
  type GroupMessage,
  type GroupReply,
  OPERATION,
  Operation,
  type OtherWrite,
  type WriteFailure,
} from "./writes.ts";

/** Of a call of many inputs those after the first so many are kept when they fail: keeping all cost a tenth of spawnMap. */
const KEPT_INPUTS = 100;
/** Calls whose payloads are dropped in one transaction. */
const EXPIRED_AT_ONCE = 200;
/** Inputs that one statement inserts: half of what they cost one by one. */
const INSERTED_AT_ONCE = 32;

const INSERT_INPUT = "INSERT OR IGNORE INTO inputs VALUES (?, 0, ?, NULL)";
const INSERT_INPUTS = `INSERT OR IGNORE INTO inputs VALUES ${Array.from({ length: INSERTED_AT_ONCE }, (_, i) => `(?1 + ${i}, 0, ?${i + 2}, NULL)`).join()}`;

type Value = string | number | bigint | null | Uint8Array;

export class CallWriter {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** Calls of which something could not be written, and the group that it was in. */
  readonly #failedCalls = new Map<number, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** In one transaction, which a unit that cannot be written does not share. `count`: how many the database has had, when this one is on disk. */
  write(groups: readonly GroupMessage[]): { replies: GroupReply[]; count: number | undefined } {
    try {
      // While some calls have failed, it has to be looked at each unit.
      return this.#transaction(groups, this.#failedCalls.size > 0);
    } catch {}
    try {
      // One of them is at fault: each for itself now.
      return this.#transaction(groups, true);
    } catch (error) {
      const failure = failureOf(error);
      for (const group of groups) for (const unit of unitsOf(group)) this.#hasFailed(group, unit);
      return { replies: groups.map(({ group }) => ({ group, failure, failures: {}, more: {} })), count: undefined };
    }
  }

  #transaction(groups: readonly GroupMessage[], apart: boolean): { replies: GroupReply[]; count: number } {
    this.#run("BEGIN IMMEDIATE");
    try {
      const replies = groups.map((group) => this.#group(group, apart));
      const { count } = this.#statement("UPDATE commits SET count = count + 1 RETURNING count").get() as {
        count: number;
      };
      this.#run("COMMIT");
      return { replies, count };
    } catch (error) {
      if (this.#database.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  #group(message: GroupMessage, apart: boolean): GroupReply {
    const reply: GroupReply = { group: message.group, failures: {}, more: {} };
    for (const unit of unitsOf(message)) {
      if (!apart) {
        if (this.#unit(message, unit)) reply.more[unit.index] = true;
        continue;
      }
      this.#run("SAVEPOINT unit");
      try {
        this.#checkEarlier(message, unit);
        if (this.#unit(message, unit)) reply.more[unit.index] = true;
      } catch (error) {
        // A full disk rolls back everything by itself.
        if (!this.#database.isTransaction) throw error;
        this.#run("ROLLBACK TO unit");
        reply.failures[unit.index] = failureOf(error);
        this.#hasFailed(message, unit);
      }
      this.#run("RELEASE unit");
    }
    return reply;
  }

  #hasFailed(message: GroupMessage, unit: Unit): void {
    for (const call of callsIn(message, unit)) this.#failedCalls.set(call, message.group);
  }

  /** A call that did not know that its last write had failed must not go on as if it had not. */
  #checkEarlier(message: GroupMessage, unit: Unit): void {
    for (const call of callsIn(message, unit)) {
      const failedIn = this.#failedCalls.get(call);
      if (failedIn === undefined) continue;
      if (message.answered < failedIn) throw new Error("an earlier write of the same call has failed");
      this.#failedCalls.delete(call);
    }
  }

  /** Returns whether there may be more to do. */
  #unit({ operations, others, bytes }: GroupMessage, { begin, end, other }: Unit): boolean {
    let more = false;
    let nextOther = other;
    for (let at = begin; at < end; ) {
      const call = operations[at + 1]!;
      const payloadAt = (i: number): Uint8Array => bytes.subarray(operations[i + 3]!, operations[i + 4]!);
      switch (operations[at]) {
        case Operation.input: {
          const run = inputsInARow(operations, at, end);
          if (run === 1) this.#input(call, operations[at + 2]!, payloadAt(at));
          else {
            const payloads = Array.from({ length: run }, (_, i) => payloadAt(at + i * OPERATION));
            this.#statement(INSERT_INPUTS).run(inputId(call, operations[at + 2]!), ...payloads);
          }
          at += run * OPERATION;
          continue;
        }
        case Operation.output: {
          const indexAndState = operations[at + 2]!;
          const index = Math.floor(indexAndState / 4);
          this.#output(call, index, indexAndState - index * 4, payloadAt(at), operations[at + 5] === 1);
          break;
        }
        default:
          if (this.#other(others[nextOther++]!)) more = true;
      }
      at += OPERATION;
    }
    return more;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  /** Returns whether there may be more to do. */
  #other(write: OtherWrite): boolean {
    switch (write.kind) {
      case "insert":
        this.#insert(write.row);
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
      case "end":
        this.#run("UPDATE calls SET ended_at = ? WHERE number = ?", write.at, write.call);
        return false;
      case "cancel":
        this.#run(
          `UPDATE calls SET cancelled = 1, ended_at = ?, num_inputs = ifnull(num_inputs,
            (SELECT count(*) FROM inputs WHERE id >= number << 32 AND id < (number + 1) << 32)) WHERE number = ?`,
          write.at,
          write.call,
        );
        return false;
      case "delete":
        this.#forgetInputs(write.call);
        this.#run("DELETE FROM calls WHERE number = ?", write.call);
        return false;
      case "repeated":
        this.#run("INSERT OR REPLACE INTO repeated VALUES (?, ?)", inputId(write.call, write.index), write.runs);
        return false;
      case "expire":
        return this.#expire(write.before, write.forgetBefore);
    }
  }

  #insert(row: CallRow): void {
    this.#run(
      "INSERT INTO calls (number, id, app, environment, function, instance, version, method, key, created_at, trace, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
      row.due_at,
    );
  }

  /** One that is there already was sent again by a caller that did not know that. */
  #input(call: number, index: number, payload: Uint8Array): void {
    const id = inputId(call, index);
    if (payload.length <= INLINE_BYTES) this.#run(INSERT_INPUT, id, payload);
    else {
      this.#run(INSERT_INPUT, id, null);
      this.#run("INSERT OR IGNORE INTO payloads VALUES (?, ?, ?)", call, index, payload);
    }
  }

  /** Inputs that are larger are not kept beside their output: the disk would hold them for a week. */
  #output(call: number, index: number, state: number, payload: Uint8Array, inputWasLarge: boolean): void {
    const large = payload.length > INLINE_BYTES;
    const dropped = index >= KEPT_INPUTS && state === InputState.result;
    this.#run(
      dropped
        ? "UPDATE inputs SET state = ?, output = ?, payload = x'' WHERE id = ?"
        : "UPDATE inputs SET state = ?, output = ?, payload = ifnull(payload, x'') WHERE id = ?",
      state,
      large ? null : payload,
      inputId(call, index),
    );
    if (large) this.#run("INSERT OR REPLACE INTO payloads VALUES (?, ?, ?)", call, index, payload);
    else if (inputWasLarge) this.#run("DELETE FROM payloads WHERE call = ? AND idx = ?", call, index);
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
    this.#run("DELETE FROM inputs WHERE id >= ? AND id < ?", inputId(call, 0), inputId(call + 1, 0));
    this.#run("DELETE FROM repeated WHERE id >= ? AND id < ?", inputId(call, 0), inputId(call + 1, 0));
    this.#run("DELETE FROM payloads WHERE call = ?", call);
  }
}

/** INSERTED_AT_ONCE when so many small inputs of one call follow one another from `at` on, otherwise 1. */
function inputsInARow(operations: Float64Array, at: number, end: number): number {
  if (at + INSERTED_AT_ONCE * OPERATION > end) return 1;
  for (let i = 0; i < INSERTED_AT_ONCE; i++) {
    const each = at + i * OPERATION;
    if (operations[each] !== Operation.input || operations[each + 1] !== operations[at + 1]) return 1;
    if (operations[each + 2] !== operations[at + 2]! + i) return 1;
    if (operations[each + 4]! - operations[each + 3]! > INLINE_BYTES) return 1;
  }
  return INSERTED_AT_ONCE;
}

interface Unit {
  index: number;
  /** Of its operations, in numbers. */
  begin: number;
  end: number;
  /** The first of its `others`. */
  other: number;
}

function* unitsOf({ units, operations }: GroupMessage): Generator<Unit, void, undefined> {
  let at = 0;
  let other = 0;
  for (let index = 0; index < units; index++) {
    const begin = at + OPERATION;
    const end = begin + operations[at + 1]! * OPERATION;
    yield { index, begin, end, other };
    other += operations[at + 2]!;
    at = end;
  }
}

/** Calls that a unit continues, rather than begins or ends whatever came before. */
function callsIn({ operations, others }: GroupMessage, { begin, end, other }: Unit): Set<number> {
  const calls = new Set<number>();
  let nextOther = other;
  for (let at = begin; at < end; at += OPERATION) {
    if (operations[at] !== Operation.other) calls.add(operations[at + 1]!);
    else {
      const write = others[nextOther++]!;
      if (write.kind === "accept" || write.kind === "end") calls.add(write.call);
    }
  }
  return calls;
}

function failureOf(error: unknown): WriteFailure {
  const { code, errcode, message } = error as WriteFailure;
  return { message, ...(code !== undefined && { code }), ...(errcode !== undefined && { errcode }) };
}
