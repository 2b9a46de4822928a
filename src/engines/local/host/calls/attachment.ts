/**
 * Somebody who reads the outputs of a durable call: first those that are on disk, page by page as fast as the connection
 * takes them, then those that come. Nothing but indices is kept for a slow reader.
 */
import type { Failure, InputRange } from "../../../../engine/index.ts";
import { Queue } from "../../../../pool/index.ts";
import { FromHost } from "../../protocol.ts";
import type { Connection } from "../connection/connection.ts";
import { asFailure } from "../failures.ts";
import { type CallTables, InputState, OUTPUT_TYPES } from "../storage/call-tables.ts";
import { cancelledFailure, type DurableCall } from "./durable-call.ts";

/** What is read: a call that runs, or the number of one that has ended. */
export interface AttachedCall {
  number: number;
  id: string;
  numInputs: number;
  cancelled: boolean;
  live: DurableCall | undefined;
}

export class Attachment {
  readonly #connection: Connection;
  readonly #clientNumber: number;
  readonly #tables: CallTables;
  readonly #call: AttachedCall;
  readonly #start: number;
  readonly #end: number;
  readonly #onScanned: (() => void) | undefined;
  /** Indices below were read from disk. All are beyond it once the disk has been read. */
  #cursor: number;
  /** Came while the connection was full. */
  readonly #pending = new Queue<number>();
  #scanned = false;
  #over = false;

  /** `onScanned`: the reader wants what is there now and nothing more (a poll). */
  constructor(
    connection: Connection,
    clientNumber: number,
    tables: CallTables,
    call: AttachedCall,
    range: InputRange,
    onScanned?: () => void,
  ) {
    this.#connection = connection;
    this.#clientNumber = clientNumber;
    this.#tables = tables;
    this.#call = call;
    this.#start = range.start ?? 0;
    this.#end = range.end ?? Number.POSITIVE_INFINITY;
    this.#cursor = this.#start;
    this.#onScanned = onScanned;
    if (onScanned) return;
    call.live?.attachments.add(this);
    // Nothing has run yet, so all is still to come.
    if (call.live?.accepted === false) this.#seenAll();
  }

  /** Sends what there is, as far as the connection takes it; called again when it takes more. */
  pump(): void {
    try {
      this.#sendWhatFits();
    } catch (error) {
      this.fail(asFailure(error));
    }
  }

  #sendWhatFits(): void {
    while (!this.#over && !this.#connection.full) {
      const index = this.#pending.shift();
      if (index !== undefined) {
        const row = this.#tables.input(this.#call.number, index);
        if (row) this.#send(row.index, row.state, row.payload);
      } else if (!this.#scanned) this.#scan();
      else return;
    }
  }

  #scan(): void {
    const end = Math.min(this.#end, this.#call.numInputs);
    const page = this.#cursor < end ? this.#tables.inputs(this.#call.number, this.#cursor, end) : [];
    for (const { index, state, payload } of page) {
      this.#cursor = index + 1;
      if (state !== InputState.waiting) this.#send(index, state, payload);
      else if (this.#onScanned && this.#call.cancelled) {
        this.#send(index, InputState.failure, Buffer.from(JSON.stringify(cancelledFailure(this.#call.id))));
      }
    }
    if (page.length > 0) return;
    this.#seenAll();
    if (this.#onScanned) {
      this.close();
      this.#onScanned();
    } else if (this.#call.cancelled) this.fail(cancelledFailure(this.#call.id));
    else if (this.#asksForNothing) this.fail(noSuchInput(this.#call, this.#start));
  }

  /** It names inputs, and all of them are beyond the last. */
  get #asksForNothing(): boolean {
    return Number.isFinite(this.#end) && this.#end > this.#start && this.#start >= this.#call.numInputs;
  }

  #seenAll(): void {
    this.#scanned = true;
    this.#cursor = Number.POSITIVE_INFINITY;
  }

  /** An output is on disk. */
  deliver(index: number, state: number, payload: Uint8Array): void {
    if (this.#over || index < this.#start || index >= this.#end || index >= this.#cursor) return;
    if (this.#connection.full || this.#pending.length > 0) this.#pending.push(index);
    else this.#send(index, state, payload);
  }

  #send(index: number, state: number, payload: Uint8Array): void {
    this.#connection.writer.write(OUTPUT_TYPES[state]!, this.#clientNumber, index, payload);
  }

  fail(failure: Failure): void {
    if (this.#over) return;
    this.#connection.json(FromHost.failed, this.#clientNumber, failure);
    this.close();
  }

  close(): void {
    this.#over = true;
    this.#call.live?.attachments.delete(this);
    this.#connection.attachmentClosed(this.#clientNumber, this);
  }
}

function noSuchInput({ id, numInputs }: AttachedCall, index: number): Failure {
  const has = numInputs === 0 ? "no inputs" : numInputs === 1 ? "one input" : `${numInputs} inputs`;
  return {
    code: "INVALID",
    message: `call ${id} has ${has}: there is none at index ${index}`,
    hint: "Indices begin at 0.",
  };
}
