/**
 * Puts the inputs of a durable call onto the disk as they come. When all are there, the call is accepted; one whose caller goes
 * away before that, and stays away, is abandoned.
 */
import type { Failure } from "../../../../engine/index.ts";
import { ProtocolError } from "../../protocol.ts";
import type { CallRow, CallWrite } from "../storage/index.ts";
import { InputsDigest } from "./digest.ts";
import type { DurableHost } from "./durable-host.ts";
import type { Peer } from "./peer.ts";

/** Inputs that are handed to the disk in one go. */
const SAVED_AT_ONCE = 1_024;
/** A caller whose connection broke before its call was accepted may come back within this time, in milliseconds. */
const COME_BACK_MS = 60_000;

/** The call whose inputs these are. */
export interface Recipient {
  readonly accepted: boolean;
  readonly over: boolean;
  /** All are on disk. */
  accept(count: number): void;
  /** They never will be. */
  abandon(failure: Failure): void;
}

interface ReceivedInputsOptions {
  host: DurableHost;
  recipient: Recipient;
  row: CallRow;
  /** The call is not on disk yet. */
  isNew: boolean;
}

export class ReceivedInputs {
  readonly #host: DurableHost;
  readonly #recipient: Recipient;
  readonly #row: CallRow;
  #isNew: boolean;
  /** Sends them. */
  #opener: Peer | undefined;
  /** When the last opener went, by performance.now(). */
  #leftAt = 0;
  /** On their way to the disk next. */
  #incoming: { index: number; payload: Uint8Array }[] = [];
  /** How many came, and how many are on disk or on their way there. */
  #received = 0;
  #stored = 0;
  /** How many there are, once the caller has said so. */
  #closing: number | undefined;
  #saving = false;
  #onStored: ((stored: number) => void) | undefined;
  /** Of all, when the call has a key and they all came to this host. */
  #unfinishedDigest: InputsDigest | undefined;
  #digest: Uint8Array | null;

  constructor({ host, recipient, row, isNew }: ReceivedInputsOptions) {
    this.#host = host;
    this.#recipient = recipient;
    this.#row = row;
    this.#isNew = isNew;
    this.#digest = row.digest;
    if (isNew && row.key !== null) this.#unfinishedDigest = new InputsDigest();
  }

  /** Nothing of the call was written. */
  get isNew(): boolean {
    return this.#isNew;
  }

  get stored(): number {
    return this.#stored;
  }

  /** Once the call is accepted; null when it is not known. */
  get digest(): Uint8Array | null {
    return this.#digest;
  }

  get opener(): Peer | undefined {
    return this.#opener;
  }

  /** From this client, or the host itself. `onStored` is called with how many are on disk, each time that changes. */
  from(opener: Peer | undefined, onStored: (stored: number) => void): void {
    this.#opener = opener;
    this.#onStored = onStored;
    this.#save();
  }

  /** A client that sends them may go, and come back. */
  openerGone(peer: Peer): void {
    if (this.#recipient.accepted || this.#opener !== peer) return;
    this.#opener = undefined;
    this.#abandonUnlessBack();
  }

  /** No caller knows yet that the call is kept, so it is dropped when its opener stays away. */
  #abandonUnlessBack(): void {
    const leftAt = performance.now();
    this.#leftAt = leftAt;
    setTimeout(() => {
      // The opener may have come back, and gone again since.
      if (this.#opener || this.#recipient.accepted || this.#leftAt !== leftAt) return;
      this.#recipient.abandon({
        code: "CANCELLED",
        message: `call ${this.#row.id} never got all its inputs: its caller went away`,
      });
    }, COME_BACK_MS).unref();
  }

  /** Throws ProtocolError for one that skips others. */
  add(index: number, payload: Uint8Array): void {
    if (index > this.#received) throw new ProtocolError(`input ${index} came before input ${this.#received}`);
    if (index === this.#received) this.#received++;
    this.#unfinishedDigest?.add(index, payload);
    this.#incoming.push({ index, payload });
    this.#host.backlog.add(payload.length);
    this.#save();
  }

  /** Throws ProtocolError when a different number has come. */
  close(count: number): void {
    if (count !== this.#received) throw new ProtocolError(`${this.#received} of ${count} inputs have come`);
    this.#closing = count;
    this.#digest = this.#unfinishedDigest?.value() ?? null;
    this.#unfinishedDigest = undefined;
    this.#save();
  }

  /** After a restart of the host, with how many are on disk: the caller sends the rest. */
  resume(stored: number): void {
    this.#received = this.#stored = stored;
    this.#abandonUnlessBack();
  }

  #save(): void {
    if (this.#saving) return;
    this.#saving = true;
    let closing: number | undefined;
    let stored = 0;
    let bytes = 0;
    this.#host.storage.write(
      () => {
        this.#saving = false;
        if (this.#recipient.over) {
          for (const { payload } of this.#incoming) bytes += payload.length;
          this.#incoming = [];
          return [];
        }
        const all = this.#incoming.length <= SAVED_AT_ONCE;
        if (all) closing = this.#closing;
        const inputs = all ? this.#incoming : this.#incoming.slice(0, SAVED_AT_ONCE);
        this.#incoming = all ? [] : this.#incoming.slice(SAVED_AT_ONCE);
        for (const { payload } of inputs) bytes += payload.length;
        const writes = this.#unsaved(inputs, closing);
        stored = this.#stored;
        if (!all) this.#save();
        return writes;
      },
      (error) => {
        this.#host.backlog.saved(bytes);
        if (this.#recipient.over) return;
        if (error) {
          this.#recipient.abandon({ code: "ENGINE_UNAVAILABLE", message: error.message, hint: error.hint });
        } else if (closing !== undefined) {
          this.#opener = undefined;
          this.#recipient.accept(closing);
        } else this.#onStored?.(stored);
      },
    );
  }

  /** What is to be written of these, and of the call itself. */
  #unsaved(inputs: { index: number; payload: Uint8Array }[], closing: number | undefined): CallWrite[] {
    const call = this.#row.number;
    const writes: CallWrite[] = [];
    if (this.#isNew) writes.push({ kind: "insert", row: this.#row });
    this.#isNew = false;
    if (inputs.length > 0) writes.push({ kind: "inputs", call, inputs });
    for (const { index } of inputs) if (index >= this.#stored) this.#stored = index + 1;
    if (closing !== undefined) {
      const endedAt = closing === 0 ? Date.now() : null;
      writes.push({ kind: "accept", call, numInputs: closing, endedAt, digest: this.#digest });
    }
    return writes;
  }
}
