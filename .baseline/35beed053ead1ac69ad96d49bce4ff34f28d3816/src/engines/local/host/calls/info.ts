/** Calls as people look at them: in a list, or one of them. */
import type { CallInfo, Failure } from "../../../../engine/index.ts";
import type { FunctionMode } from "../../../../schema/index.ts";
import type { DeployedFunction } from "../registry/index.ts";
import type { CallRow, CallStorage } from "../storage/index.ts";
import type { CallRecord } from "./record.ts";

/** What is remembered for a while of a call in memory: without its client, and turned into text only when somebody looks. */
export interface CallSummary {
  id: string;
  fn: DeployedFunction;
  instance?: string;
  method: NonNullable<CallInfo["method"]>;
  numInputs: number;
  numEnded: number;
  numFailed: number;
  createdAt: number;
  /** 0 while it runs. */
  endedAt: number;
  cancelled: boolean;
  record: CallRecord;
}

export function infoOf({ fn: { version, schema }, createdAt, endedAt, record: _, ...summary }: CallSummary): CallInfo {
  return {
    ...summary,
    app: version.app,
    environment: version.environment,
    function: schema.name,
    version: version.version,
    mode: schema.mode,
    createdAt: new Date(createdAt).toISOString(),
    ...(endedAt > 0 && { endedAt: new Date(endedAt).toISOString() }),
  };
}

/** A durable call that is in memory, from its row as it would be now. */
export function infoOfDurable(row: CallRow & { num_inputs: number }, numEnded: number, mode: FunctionMode): CallInfo {
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    function: row.function,
    ...(row.instance !== "" && { instance: row.instance }),
    version: row.version,
    method: row.method,
    mode,
    numInputs: row.num_inputs,
    numEnded,
    numFailed: row.num_failed,
    createdAt: new Date(row.created_at).toISOString(),
    ...(row.ended_at !== null && { endedAt: new Date(row.ended_at).toISOString() }),
    ...(row.due_at !== null && { dueAt: new Date(row.due_at).toISOString() }),
    cancelled: row.cancelled === 1,
  };
}

/** A durable call that is on disk only. */
export function infoOfStored(row: CallRow, storage: CallStorage): CallInfo {
  const whole = row.expired === 1 || (row.ended_at !== null && row.cancelled === 0);
  const numEnded = whole ? (row.num_inputs ?? 0) : (row.num_inputs ?? 0) - storage.countUnfinished(row.number);
  return infoOfDurable({ ...row, num_inputs: row.num_inputs ?? storage.countInputs(row.number) }, numEnded, "unary");
}

export function expiredFailure(id: string): Failure {
  return {
    code: "OUTPUT_EXPIRED",
    message: `the results of call ${id} have expired`,
    hint: "Results are kept for seven days.",
  };
}
