/** A durable call as one connection has opened it: its inputs come from there, or, when the call existed already, its outputs are read there. */
import type { Failure } from "../../../../engine/index.ts";
import { ACCEPTED_ALL, FromHost } from "../../protocol.ts";
import { type FoundCall, InputsDigest, type OutputReader, type Peer } from "../calls/index.ts";

interface OpenedDurableOptions {
  peer: Peer;
  clientNumber: number;
  call: FoundCall;
  /** The id that the caller made up. A call that was found by its key has another. */
  askedId: string;
  reader: OutputReader;
}

export class OpenedDurableCall {
  readonly #peer: Peer;
  readonly #clientNumber: number;
  readonly #call: FoundCall;
  readonly #askedId: string;
  readonly #reader: OutputReader;
  /** This connection's inputs are the call's. */
  readonly #feeds: boolean;
  /** Of the inputs that come here, when the call was found by its key: they have to be the same. */
  readonly #digest: InputsDigest | undefined;
  #reads = false;
  #over = false;

  constructor({ peer, clientNumber, call, askedId, reader }: OpenedDurableOptions) {
    this.#peer = peer;
    this.#clientNumber = clientNumber;
    this.#call = call;
    this.#askedId = askedId;
    this.#reader = reader;
    const onStored = (stored: number): void => {
      if (!this.#over) peer.write(FromHost.accepted, clientNumber, stored);
    };
    this.#feeds = call.live?.receiveFrom(peer, onStored) ?? false;
    if (this.#feeds) this.#read();
    else if (call.id !== askedId) this.#digest = new InputsDigest();
  }

  input(index: number, payload: Uint8Array): void {
    if (this.#feeds) this.#call.live?.input(index, payload);
    else this.#digest?.add(index, payload);
  }

  noMore(count: number): void {
    const digest = this.#digest?.value();
    const accepted = (): void => {
      if (this.#over) return;
      const known = this.#call.live?.digest ?? this.#call.digest;
      if (digest && known && Buffer.compare(digest, known) !== 0) {
        this.#reader.fail(otherArguments(this.#call));
        this.detach();
        return;
      }
      const id = this.#call.id === this.#askedId ? undefined : Buffer.from(this.#call.id);
      this.#peer.write(FromHost.accepted, this.#clientNumber, count, id, ACCEPTED_ALL);
      this.#read();
    };
    if (this.#feeds) this.#call.live!.noMore(count, accepted);
    else if (this.#call.live) this.#call.live.whenAccepted(accepted);
    else accepted();
  }

  /** A client that found a call by its key first learns which call it is, and then its outputs or that it was cancelled. */
  #read(): void {
    this.#reads = true;
    this.#reader.pump();
  }

  /** The client takes more. */
  pump(): void {
    if (this.#reads) this.#reader.pump();
  }

  /** Durable calls have no generators. */
  credit(): void {}

  cancel(): void {
    this.detach();
    this.#call.live?.cancel();
  }

  detach(): void {
    this.#over = true;
    this.#reader.close();
    this.#peer.callEnded(this.#clientNumber);
  }

  /** The client is gone: the call goes on, once it is accepted. */
  gone(): void {
    this.#over = true;
    this.#reader.close();
    this.#call.live?.openerGone(this.#peer);
  }
}

function otherArguments({ id }: FoundCall): Failure {
  return {
    code: "INVALID",
    message: `the idempotency key is that of call ${id}, which was made with other arguments`,
    hint: "Use another key for other arguments, or the same arguments for the same key.",
  };
}
