/**
 * What this thread and the writer say to each other. Groups of writes travel as two buffers that change hands: what is to be done as numbers, and
 * the payloads. An object for each input would cost more than writing it to the disk.
 */
import type { MessagePort } from "node:worker_threads";
import type { CallWrite } from "./calls.ts";

export interface WriterData {
  file: string;
  port: MessagePort;
  /** Holds the number of the last group that is on disk; then a 1, when the writer has failed. */
  groupsDone: Int32Array;
}

/** Numbers of one operation. */
export const OPERATION = 6;

/** What an operation does, and its numbers after that. */
export const Operation = {
  /** Begins a unit, which is written as a whole or not at all: the number of its operations, and of those that are `other` */
  unit: 0,
  /** call, index, start and end of its payload */
  input: 1,
  /** call, index * 4 + state, start and end of its payload, 1 when its input was large */
  output: 2,
  /** The next of `others`. */
  other: 3,
} as const;

/** The rare ones, as objects. */
export type OtherWrite = Exclude<CallWrite, { kind: "inputs" | "output" }>;

export interface GroupMessage {
  group: number;
  units: number;
  /** OPERATION numbers for each; the buffer may be longer. */
  operations: Float64Array<ArrayBuffer>;
  others: OtherWrite[];
  bytes: Uint8Array<ArrayBuffer>;
  /** The last group whose outcome was known when this one was put together. */
  answered: number;
}

/** `tidy`: the other thread has written. `close`: as a group of this number. */
export type WriterMessage = GroupMessage | { tidy: true } | { close: number };

/** What is left of an error on its way to another thread. */
export interface WriteFailure {
  code?: string;
  errcode?: number;
  message: string;
}

export interface GroupReply {
  group: number;
  /** Of the whole group. */
  failure?: WriteFailure;
  /** By the index of the unit. */
  failures: Record<number, WriteFailure>;
  /** By the index of the unit: there may be more to expire. */
  more: Record<number, boolean>;
}

/** A group while it is put together. */
export class GroupPacker {
  #operations = new Float64Array(OPERATION * 64);
  #length = 0;
  #others: OtherWrite[] = [];
  #payloads: Uint8Array[] = [];
  #bytes = 0;
  #units = 0;

  get units(): number {
    return this.#units;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** All of these are written, or none. */
  add(writes: readonly CallWrite[]): void {
    const begin = this.#length;
    const othersBefore = this.#others.length;
    this.#units++;
    this.#operation(Operation.unit, 0, 0, 0, 0, 0);
    for (const write of writes) {
      if (write.kind === "inputs") {
        for (const { index, payload } of write.inputs) this.#payload(Operation.input, write.call, index, payload, 0);
      } else if (write.kind === "output") {
        const { call, index, state, payload, inputWasLarge } = write;
        this.#payload(Operation.output, call, index * 4 + state, payload, Number(inputWasLarge));
      } else {
        this.#others.push(write);
        this.#operation(Operation.other, 0, 0, 0, 0, 0);
      }
    }
    this.#operations[begin + 1] = (this.#length - begin) / OPERATION - 1;
    this.#operations[begin + 2] = this.#others.length - othersBefore;
  }

  message(group: number, answered: number): GroupMessage {
    const bytes = new Uint8Array(new ArrayBuffer(this.#bytes));
    let at = 0;
    for (const payload of this.#payloads) {
      bytes.set(payload, at);
      at += payload.length;
    }
    return {
      group,
      units: this.#units,
      operations: this.#operations,
      others: this.#others,
      bytes,
      answered,
    };
  }

  #payload(kind: number, call: number, what: number, payload: Uint8Array, flag: number): void {
    const start = this.#bytes;
    this.#payloads.push(payload);
    this.#bytes += payload.length;
    this.#operation(kind, call, what, start, this.#bytes, flag);
  }

  #operation(kind: number, a: number, b: number, c: number, d: number, e: number): void {
    if (this.#length === this.#operations.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#operations);
      this.#operations = larger;
    }
    const operations = this.#operations;
    const at = this.#length;
    operations[at] = kind;
    operations[at + 1] = a;
    operations[at + 2] = b;
    operations[at + 3] = c;
    operations[at + 4] = d;
    operations[at + 5] = e;
    this.#length += OPERATION;
  }
}
