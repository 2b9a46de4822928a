/** What this process listens to, whichever connection it comes by: a server that is about to stop is left for another. */
import type { Msg, MsgCallback, NatsConnection, Subscription as OnConnection } from "@nats-io/transport-node";

export interface Subscription {
  unsubscribe(): void;
  /** What is on its way still comes; resolves once nothing more does. Rejects when the connection is closed. */
  drain(): Promise<void>;
  isClosed(): boolean;
}

interface Wanted {
  subject: string;
  callback: MsgCallback<Msg>;
  /** The group of which one gets each message. */
  queue: string | undefined;
}

export class Subscriptions {
  readonly #all = new Set<Kept>();

  add(nc: NatsConnection, wanted: Wanted): Subscription {
    const kept = new Kept(nc, wanted, () => this.#all.delete(kept));
    this.#all.add(kept);
    return kept;
  }

  /** Everything comes by this connection too. Returns those on the one before, which are to be drained. */
  moveTo(nc: NatsConnection): OnConnection[] {
    return [...this.#all].map((kept) => kept.moveTo(nc));
  }

  clear(): void {
    this.#all.clear();
  }
}

class Kept implements Subscription {
  readonly #wanted: Wanted;
  readonly #onEnd: () => void;
  #on: OnConnection;

  constructor(nc: NatsConnection, wanted: Wanted, onEnd: () => void) {
    this.#wanted = wanted;
    this.#onEnd = onEnd;
    this.#on = this.#subscribe(nc);
  }

  #subscribe(nc: NatsConnection): OnConnection {
    const { subject, callback, queue } = this.#wanted;
    return nc.subscribe(subject, queue === undefined ? { callback } : { callback, queue });
  }

  moveTo(nc: NatsConnection): OnConnection {
    const before = this.#on;
    this.#on = this.#subscribe(nc);
    return before;
  }

  unsubscribe(): void {
    this.#onEnd();
    this.#on.unsubscribe();
  }

  drain(): Promise<void> {
    this.#onEnd();
    return this.#on.drain();
  }

  isClosed(): boolean {
    return this.#on.isClosed();
  }
}
