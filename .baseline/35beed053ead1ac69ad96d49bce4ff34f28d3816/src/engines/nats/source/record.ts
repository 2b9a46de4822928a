/**
 * What is remembered of calls that are not kept in NATS, for people who look at them: the first inputs of each, those that
 * failed, and their outputs. Small payloads only, and all together have a limit: the oldest lose theirs first.
 */
import type { InputQuery, InputRecord, Output } from "../../../engine/index.ts";

/** Payloads that are larger are not remembered. */
export const REMEMBERED_BYTES = 256 * 1024;
const MAX_FIRST = 10;
const MAX_FAILED = 10;
/** Outputs of one input: the yields of a generator. */
const MAX_OUTPUTS = 100;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
const OVERHEAD_BYTES = 100;

/** The records of one process. */
export class Records {
  readonly #records = new Set<CallRecord>();
  #bytes = 0;

  add(record: CallRecord, bytes: number): void {
    this.#bytes += bytes;
    this.#records.add(record);
    for (const oldest of this.#records) {
      if (this.#bytes <= MAX_TOTAL_BYTES) return;
      this.forget(oldest);
    }
  }

  forget(record: CallRecord): void {
    if (this.#records.delete(record)) this.#bytes -= record.clear();
  }
}

export class CallRecord {
  readonly #records: Records;
  #inputs: InputRecord[] = [];
  #failed = 0;
  #bytes = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  input(index: number, payload: Uint8Array): void {
    if (this.#inputs.length < MAX_FIRST) this.#add(index, payload);
  }

  /** An input that failed is remembered even when it was not among the first. */
  output(output: Output, payload: Uint8Array): void {
    let entry = this.#inputs.find(({ index }) => index === output.index);
    if (!entry && isFailed(output) && this.#failed < MAX_FAILED) {
      this.#failed++;
      entry = this.#add(output.index, payload);
    }
    if (!entry || (entry.outputs.length >= MAX_OUTPUTS && output.kind === "yield")) return;
    entry.outputs.push("payload" in output ? { ...output, payload: this.#keep(output.payload) } : output);
  }

  /** From `start` to before `end`, in order. */
  inputs({ start = 0, end = Number.POSITIVE_INFINITY, failed = false, limit }: InputQuery): InputRecord[] {
    return this.#inputs
      .filter(({ index, outputs }) => index >= start && index < end && (!failed || outputs.some(isFailed)))
      .sort((a, b) => a.index - b.index)
      .slice(0, limit);
  }

  /** Returns how many bytes that frees. */
  clear(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#inputs = [];
    return bytes;
  }

  #add(index: number, payload: Uint8Array): InputRecord {
    const entry: InputRecord = { index, outputs: [] };
    this.#inputs.push(entry);
    if (payload.length <= REMEMBERED_BYTES) entry.payload = this.#keep(payload);
    return entry;
  }

  /** A copy: the payload may be a view into something larger. */
  #keep(payload: Uint8Array): Uint8Array {
    const kept = payload.length > REMEMBERED_BYTES ? new Uint8Array() : new Uint8Array(payload);
    this.#bytes += kept.length + OVERHEAD_BYTES;
    this.#records.add(this, kept.length + OVERHEAD_BYTES);
    return kept;
  }
}

function isFailed({ kind }: Output): boolean {
  return kind === "exception" || kind === "failure";
}
