/** Another process that this one works with, a worker or a source: the pair with it, and whether it is still there. */
import type { Frame } from "../../wire/frames.ts";
import { type Asks, Pair } from "./pairs/index.ts";

/** No worker listens there any more. It may be connecting again, after a server has restarted. */
const ABSENT_MS = 3_000;
/** It listens and does not answer. */
const SILENT_MS = 10_000;
/** It was there so lately that it needs no asking. */
const TRUSTED_MS = 250;
/** Nothing is under way; is it still there? */
const IDLE_MS = 30_000;

export interface PeerOptions {
  id: string;
  send(message: Uint8Array, asks: Asks): void;
  onFrame(frame: Frame, peer: Peer): void;
  onDrain?(peer: Peer): void;
}

export class Peer {
  readonly id: string;
  readonly pair: Pair;
  /** Inputs of ours that it has. */
  #inputs = 0;
  #absentSince: number | undefined;
  #heardAt = performance.now();
  #asked = false;
  /** Nothing was heard of it since it was sent the first of all inputs that it has. */
  #isDoubted = false;

  constructor({ id, send, onFrame, onDrain }: PeerOptions) {
    this.id = id;
    this.pair = new Pair({
      send,
      onFrame: (frame) => onFrame(frame, this),
      onDrain: () => onDrain?.(this),
    });
  }

  get inputs(): number {
    return this.#inputs;
  }

  gets(count: number): void {
    if (this.#inputs === 0 && count > 0) this.#heardAt = performance.now();
    this.#inputs += count;
  }

  /** Inputs are about to be written: if it has gone since it was last heard of, that will be told. */
  doubt(): void {
    if (this.#inputs > 0 || performance.now() - this.#heardAt < TRUSTED_MS) return;
    this.#isDoubted = true;
    this.pair.askDelivery();
  }

  /** Whether what did not come is all that it was sent. */
  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  /** False when it has begun anew. */
  receive(data: Uint8Array): boolean {
    this.#isDoubted = false;
    this.#absentSince = undefined;
    this.#heardAt = performance.now();
    this.#asked = false;
    return this.pair.receive(data);
  }

  /** Nobody listens to it. */
  absent(): void {
    this.#absentSince ??= performance.now();
  }

  isIdle(now: number): boolean {
    return now - this.#heardAt > IDLE_MS;
  }

  get isAbsent(): boolean {
    return this.#absentSince !== undefined;
  }

  /** @param since when this process was connected again, by performance.now(): before that, nobody could answer */
  isLost(since: number): boolean {
    const now = performance.now();
    if (this.#absentSince !== undefined && now - Math.max(this.#absentSince, since) > ABSENT_MS) return true;
    return this.#asked && now - Math.max(this.#heardAt, since) > SILENT_MS;
  }

  ping(): void {
    this.#asked = true;
    this.pair.ping();
  }
}
