/**
 * What the host remembers of calls that are not kept on disk, for people who look at them afterwards: the first inputs of
 * each, those that failed, and their outputs. Small payloads only, and all records together have a limit: the oldest
 * lose theirs first.
 */

import type { Input } from "../../../../pool/index.ts";
import { HEADER_BYTES } from "../../../../wire/frames.ts";
import { FromHost } from "../../protocol.ts";
import type { RecordedInput, RecordedQuery } from "../storage/index.ts";

/** Payloads that are larger are not remembered. */
const REMEMBERED_BYTES = 256 * 1024;
const MAX_FIRST = 10;
const MAX_FAILED = 10;
/** Outputs of one input: the yields of a generator. */
const MAX_OUTPUTS = 100;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

/** The records of one host. */
export class Records {
  readonly #records = new Set<CallRecord>();
  #bytes = 0;

  add(record: CallRecord, bytes: number): void {
    this.#bytes += bytes;
    if (record.bytes === 0) this.#records.add(record);
    record.grew(bytes);
    if (this.#bytes <= MAX_TOTAL_BYTES) return;
    for (const oldest of this.#records) {
      this.forget(oldest);
      if (this.#bytes <= MAX_TOTAL_BYTES) return;
    }
  }

  forget(record: CallRecord): void {
    if (!this.#records.delete(record)) return;
    this.#bytes -= record.bytes;
    record.clear();
  }
}

export class CallRecord {
  readonly #records: Records;
  #bytes = 0;
  #inputs: RecordedInput[] = [];
  #failed = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  input(index: number, payload: Uint8Array): void {
    if (this.#inputs.length < MAX_FIRST) this.#add(index, payload);
  }

  /** An input that failed is remembered even when it was not among the first. */
  output(input: Pick<Input, "index" | "payload" | "begun">, type: number, payload: Uint8Array): void {
    let entry = this.#find(input.index);
    const failed = isFailure({ type });
    if (!entry && failed && this.#failed < MAX_FAILED) {
      this.#failed++;
      entry = this.#add(input.index, input.payload);
    }
    if (entry) entry.runs = input.begun;
    if (!entry || (entry.outputs.length >= MAX_OUTPUTS && type === FromHost.yield)) return;
    entry.outputs.push({ type, payload: this.#keep(payload) });
  }

  /** In order. */
  inputs({ start, end, failed, limit }: RecordedQuery): RecordedInput[] {
    return this.#inputs
      .filter(({ index, outputs }) => index >= start && index < end && (!failed || outputs.some(isFailure)))
      .sort((a, b) => a.index - b.index)
      .slice(0, limit);
  }

  /** Of all that is kept here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Said by the records, which may clear this one for it. */
  grew(bytes: number): void {
    this.#bytes += bytes;
  }

  clear(): void {
    this.#bytes = 0;
    this.#inputs = [];
  }

  #find(index: number): RecordedInput | undefined {
    for (const entry of this.#inputs) if (entry.index === index) return entry;
    return undefined;
  }

  #add(index: number, payload: Uint8Array): RecordedInput {
    const entry: RecordedInput = { index, payload: this.#keep(payload), outputs: [], runs: 0 };
    this.#inputs.push(entry);
    return entry;
  }

  /** A copy: the payload is a view into the received chunk, and would keep all of it in memory. */
  #keep(payload: Uint8Array): Uint8Array {
    const kept = payload.length > REMEMBERED_BYTES ? new Uint8Array(0) : new Uint8Array(payload);
    this.#records.add(this, kept.length + HEADER_BYTES);
    return kept;
  }
}

function isFailure({ type }: { type: number }): boolean {
  return type === FromHost.exception || type === FromHost.failure;
}
