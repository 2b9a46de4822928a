/** What this thread and the writer say to each other: groups of writes, their payloads packed into one buffer that changes hands. */
import type { MessagePort } from "node:worker_threads";
import type { CallWrite } from "./calls.ts";

export interface WriterData {
  file: string;
  port: MessagePort;
  /** Holds the number of the last group that is on disk; then a 1, when the writer has failed. */
  groupsDone: Int32Array;
}

/** Where a payload lies in the buffer. */
export type Span = readonly [start: number, end: number];

export interface GroupMessage {
  group: number;
  /** Each is written as a whole or not at all. */
  units: readonly (readonly CallWrite<Span>[])[];
  bytes: ArrayBuffer;
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
  /** Of the whole group. */
  failure?: WriteFailure;
  /** By the index of the unit. */
  failures: Record<number, WriteFailure>;
  /** By the index of the unit: there may be more to expire. */
  more: Record<number, boolean>;
}

export function pack(group: number, units: readonly (readonly CallWrite[])[], size: number): GroupMessage {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  let end = 0;
  const place = (payload: Uint8Array): Span => {
    const start = end;
    bytes.set(payload, start);
    end += payload.length;
    return [start, end];
  };
  const packed = units.map((writes) =>
    writes.map((write): CallWrite<Span> => {
      if (write.kind === "output") return { ...write, payload: place(write.payload) };
      if (write.kind !== "inputs") return write;
      return { ...write, inputs: write.inputs.map(({ index, payload }) => ({ index, payload: place(payload) })) };
    }),
  );
  return { group, units: packed, bytes: bytes.buffer };
}
