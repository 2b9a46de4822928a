/** A durable call as one connection has opened it: whose inputs come from there, or, when it existed, which that one reads. */
import { ACCEPTED_ALL, FromHost } from "../../protocol.ts";
import { type AttachedCall, Attachment } from "../calls/attachment.ts";
import type { Calls } from "../calls/calls.ts";
import type { Connection } from "./connection.ts";

export class OpenedDurableCall {
  readonly #connection: Connection;
  readonly #clientNumber: number;
  readonly #calls: Calls;
  readonly #call: AttachedCall;
  /** The id that the caller made up; another's call is found by its key. */
  readonly #askedId: string;
  readonly #attachment: Attachment;
  /** This connection's inputs are the call's. */
  readonly #feeds: boolean;
  #reads = false;
  #over = false;

  constructor(
    connection: Connection,
    clientNumber: number,
    calls: Calls,
    call: AttachedCall,
    askedId: string,
    logs: boolean,
  ) {
    this.#connection = connection;
    this.#clientNumber = clientNumber;
    this.#calls = calls;
    this.#call = call;
    this.#askedId = askedId;
    const { live } = call;
    this.#feeds = live !== undefined && !live.accepted && live.opener === undefined;
    if (live && this.#feeds) {
      live.opener = connection;
      live.receive((stored) => {
        if (!this.#over) connection.writer.write(FromHost.accepted, clientNumber, stored);
      });
    }
    if (logs) live?.logTo(connection, clientNumber);
    this.#attachment = new Attachment(connection, clientNumber, calls.tables, call, {});
    if (this.#feeds) this.#read();
  }

  input(index: number, payload: Uint8Array): void {
    if (this.#feeds) this.#call.live?.input(index, payload);
  }

  noMore(count: number): void {
    const accepted = (): void => {
      if (this.#over) return;
      const id = this.#call.id === this.#askedId ? undefined : Buffer.from(this.#call.id);
      this.#connection.writer.write(FromHost.accepted, this.#clientNumber, count, id, ACCEPTED_ALL);
      this.#read();
    };
    if (this.#feeds) this.#call.live!.noMore(count, accepted);
    else if (this.#call.live) this.#call.live.whenAccepted(accepted);
    else accepted();
  }

  /** Who found a call by its key hears that it is this one before it hears what became of it, such as that it was cancelled. */
  #read(): void {
    this.#reads = true;
    this.#attachment.pump();
  }

  /** The connection takes more. */
  pump(): void {
    if (this.#reads) this.#attachment.pump();
  }

  /** Has no generators. */
  credit(): void {}

  cancel(): void {
    this.detach();
    this.#call.live?.cancel();
  }

  detach(): void {
    this.#over = true;
    this.#attachment.close();
    this.#connection.calls.delete(this.#clientNumber);
  }

  /** The connection is gone: the call goes on, once it is accepted. */
  gone(): void {
    this.#over = true;
    this.#attachment.close();
    const { live } = this.#call;
    if (!live || live.accepted || live.opener !== this.#connection) return;
    live.opener = undefined;
    this.#calls.abandonUnlessBack(live);
  }
}
