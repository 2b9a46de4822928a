/**
 * Sends the outputs of a durable call to a client: first those that are on disk, page by page as fast as the client takes
 * them, then those that come. Nothing but indices is kept for a slow client.
 */
import { cancelledCall, type Failure, type InputRange } from "../../../../engine/index.ts";
import { type ParentInput, Queue } from "../../../../pool/index.ts";
import { inNextSlice, isSliceOver } from "../../../../wire/slices.ts";
import { FromHost } from "../../protocol.ts";
import { asFailure } from "../failures.ts";
import { type CallStorage, InputState, OUTPUT_TYPES } from "../storage/index.ts";
import type { DurableCall } from "./durable-call.ts";
import type { OutputListener } from "./output-listeners.ts";
import type { Peer } from "./peer.ts";

/** Inputs that are looked at in one go. */
const SCANNED_AT_ONCE = 512;

/** Outputs that are sent before it is looked at the time. */
const PENDING_AT_ONCE = 16;

/** The call that is read: one that runs, or the number of one that has ended. */
export interface FoundCall {
  number: number;
  id: string;
  numInputs: number;
  cancelled: boolean;
  /** Of its inputs; null when that is not known. */
  digest: Uint8Array | null;
  live: DurableCall | undefined;
}

export interface ReaderOptions {
  peer: Peer;
  /** The number by which the client knows what it reads. */
  clientNumber: number;
  storage: CallStorage;
  call: FoundCall;
  range?: InputRange;
  /** The input whose code waits for the outputs. */
  waiter?: ParentInput | undefined;
  /** The client wants what there is now and nothing more (a poll). Called when all of that is sent. */
  onScanned?: (() => void) | undefined;
  onClosed?: ((reader: OutputReader) => void) | undefined;
}

export class OutputReader implements OutputListener {
  readonly waiter: ParentInput | undefined;
  readonly #peer: Peer;
  readonly #clientNumber: number;
  readonly #storage: CallStorage;
  readonly #call: FoundCall;
  readonly #start: number;
  readonly #end: number;
  readonly #onScanned: (() => void) | undefined;
  readonly #onClosed: ((reader: OutputReader) => void) | undefined;
  /** Indices below were read from disk. All are beyond it once the disk has been read. */
  #cursor: number;
  /** Came while the client was full. */
  readonly #pending = new Queue<number>();
  #scanned = false;
  #over = false;

  constructor({ peer, clientNumber, storage, call, range = {}, waiter, onScanned, onClosed }: ReaderOptions) {
    this.waiter = waiter;
    this.#peer = peer;
    this.#clientNumber = clientNumber;
    this.#storage = storage;
    this.#call = call;
    this.#start = range.start ?? 0;
    this.#end = range.end ?? Number.POSITIVE_INFINITY;
    this.#cursor = this.#start;
    this.#onScanned = onScanned;
    this.#onClosed = onClosed;
    if (onScanned) return;
    call.live?.readers.add(this);
    // Nothing has run yet, so everything is still to come.
    if (call.live?.accepted === false) this.#seenAll();
  }

  /** Sends what there is, as far as the client takes it; called again when the client takes more. */
  pump(): void {
    try {
      this.#sendWhatFits();
    } catch (error) {
      this.fail(asFailure(error));
    }
  }

  #sendWhatFits(): void {
    for (let sent = 0; !this.#over && !this.#peer.full; sent++) {
      // A scan is many outputs.
      if ((sent % PENDING_AT_ONCE === 0 || this.#pending.length === 0) && isSliceOver() && !this.#isDone) {
        inNextSlice(this.#goOn);
        return;
      }
      const index = this.#pending.shift();
      if (index !== undefined) {
        const row = this.#storage.input(this.#call.number, index);
        if (row) this.#send(row.index, row.state, row.payload);
      } else if (!this.#scanned) this.#scan();
      else return;
    }
  }

  readonly #goOn = (): void => this.pump();

  /** Nothing is left to be sent for now. */
  get #isDone(): boolean {
    return this.#scanned && this.#pending.length === 0;
  }

  #scan(): void {
    const { number, numInputs, cancelled, id } = this.#call;
    const end = Math.min(this.#end, numInputs);
    if (this.#cursor < end) {
      const until = Math.min(end, this.#cursor + SCANNED_AT_ONCE);
      // Of a call that was cancelled, a poll also learns which inputs never get an outcome.
      const page =
        this.#onScanned && cancelled
          ? this.#storage.inputs(number, this.#cursor, until)
          : this.#storage.outputs(number, this.#cursor, until);
      this.#cursor = page.length > 0 ? page.at(-1)!.index + 1 : until;
      for (const { index, state, payload } of page) {
        if (state !== InputState.waiting) this.#send(index, state, payload);
        else this.#send(index, InputState.failure, Buffer.from(JSON.stringify(cancelledCall(id))));
      }
      return;
    }
    this.#seenAll();
    if (this.#onScanned) {
      this.close();
      this.#onScanned();
    } else if (cancelled) this.fail(cancelledCall(id));
    else if (this.#asksForNothing) this.fail(noSuchInput(this.#call, this.#start));
  }

  /** The range names inputs, and all of them are beyond the last. */
  get #asksForNothing(): boolean {
    return Number.isFinite(this.#end) && this.#end > this.#start && this.#start >= this.#call.numInputs;
  }

  #seenAll(): void {
    this.#scanned = true;
    this.#cursor = Number.POSITIVE_INFINITY;
  }

  deliver(index: number, state: number, payload: Uint8Array): void {
    if (this.#over || index < this.#start || index >= this.#end || index >= this.#cursor) return;
    if (this.#peer.full || this.#pending.length > 0) this.#pending.push(index);
    else this.#send(index, state, payload);
  }

  #send(index: number, state: number, payload: Uint8Array): void {
    this.#peer.write(OUTPUT_TYPES[state]!, this.#clientNumber, index, payload);
  }

  fail(failure: Failure): void {
    if (this.#over) return;
    this.#peer.json(FromHost.failed, this.#clientNumber, failure);
    this.close();
  }

  close(): void {
    this.#over = true;
    this.#call.live?.readers.remove(this);
    this.#onClosed?.(this);
  }
}

function noSuchInput({ id, numInputs }: FoundCall, index: number): Failure {
  const has = numInputs === 0 ? "no inputs" : numInputs === 1 ? "one input" : `${numInputs} inputs`;
  return {
    code: "INVALID",
    message: `index ${index} is out of range: call ${id} has ${has}`,
    hint: "Indices begin at 0.",
  };
}
