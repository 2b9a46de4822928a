/** The workers that have inputs of this source, or had some: a pair with each, and whether it is still there. */
import type { Frame } from "../../../wire/frames.ts";
import type { Connection, Msg } from "../connection.ts";
import { subjects } from "../names.ts";
import { Peer } from "../peer.ts";

const PING_MS = 2_000;

export interface WorkersOptions {
  connection: Connection;
  /** Of the source. */
  address: () => string;
  onFrame(frame: Frame, peer: Peer): void;
  /** There is room again on the way to it. */
  onDrain(): void;
  /** What it had is lost. */
  onLost(peer: Peer): void;
  /** It was gone before it got any of what it has. */
  onUndelivered(peer: Peer): void;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #peers = new Map<string, Peer>();
  #pingedAt = 0;
  #connectedAt = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  of(id: string): Peer {
    let peer = this.#peers.get(id);
    if (!peer) {
      const { connection, onFrame, onDrain } = this.#options;
      const address = this.#options.address();
      const to = subjects.worker(id, `s.${address}`);
      const replies = {
        nothing: undefined,
        presence: subjects.source(address, `w.${id}`),
        delivery: subjects.source(address, `d.${id}`),
      };
      peer = new Peer({
        id,
        send: (message, asks) => connection.publish(to, message, replies[asks]),
        onFrame,
        onDrain,
      });
      this.#peers.set(id, peer);
    }
    return peer;
  }

  receive(id: string, message: Msg): void {
    let peer = this.of(id);
    if (!peer.receive(message.data)) {
      this.#lose(peer);
      peer = this.of(id);
      peer.receive(message.data);
    }
    if (message.reply) peer.pair.answer();
  }

  /** Nobody listens to what is sent to it. */
  absent(id: string): void {
    this.#peers.get(id)?.absent();
  }

  /** Nobody listened when the first of its inputs were sent to it. */
  undelivered(id: string): void {
    const peer = this.#peers.get(id);
    if (!peer?.isDoubted) return;
    this.#forget(peer);
    this.#options.onUndelivered(peer);
  }

  look(): void {
    const now = performance.now();
    const ping = now - this.#pingedAt > PING_MS;
    if (ping) this.#pingedAt = now;
    for (const peer of [...this.#peers.values()]) {
      if (peer.isLost(this.#connectedAt)) this.#lose(peer);
      else if (peer.inputs > 0 ? ping || peer.isAbsent : peer.isIdle(now) || peer.isAbsent) peer.ping();
    }
  }

  #lose(peer: Peer): void {
    this.#forget(peer);
    this.#options.onLost(peer);
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.id);
    peer.pair.close();
  }

  reconnected(): void {
    this.#connectedAt = performance.now();
    for (const { pair } of this.#peers.values()) pair.resume();
  }

  flush(): void {
    for (const { pair } of this.#peers.values()) pair.writer.flush();
  }
}
