/**
 * What waits at this source for the containers of one function at one version, or of one instance of a class. Inputs are
 * offered while few are on offer; what workers have no room for waits until they pull it.
 */
import type { Subscription } from "../connection.ts";

const MAX_OFFERED = 256;
const OFFERED_TOGETHER = 64;
const OFFERED_BYTES = 256 * 1024;
/** A pull that found no room in the window of its pair would only fill memory. */
const PULLED_BYTES = 8 * 1024 * 1024;
const RING_MS = 100;
const MAX_RING_MS = 1_000;

/** A call as the unit that it waits for sees it. */
export interface QueuedCall {
  readonly method: string;
  /** Inputs that wait. */
  readonly waiting: number;
  peek(): { payload: Uint8Array } | undefined;
  /** The index of the next one, which thereby leaves the call's queue. */
  take(): number;
  leftRound(): void;
}

export interface Entry<C> {
  call: C;
  index: number;
}

/** What units need of their source. */
export interface UnitOwner<C extends QueuedCall> {
  /** `entries` go to whoever takes them. */
  offer(unit: Unit<C>, entries: Entry<C>[]): void;
  /** Says to all workers that so many inputs wait. */
  ring(unit: Unit<C>, waiting: number): void;
  /** Workers' pulls come to `unit.pulled` from now on. */
  awaitPulls(unit: Unit<C>): Subscription | undefined;
  unitIdle(unit: Unit<C>): void;
}

export class Unit<C extends QueuedCall> {
  readonly name: string;
  readonly #owner: UnitOwner<C>;
  /** Calls with inputs that wait, each once. */
  readonly #round: C[] = [];
  #offered = 0;
  #scheduled = false;
  #pulls: Subscription | undefined;
  #ringTimer: NodeJS.Timeout | undefined;
  #ringMs = RING_MS;

  constructor(name: string, owner: UnitOwner<C>) {
    this.name = name;
    this.#owner = owner;
  }

  get waiting(): number {
    let waiting = 0;
    for (const call of this.#round) waiting += call.waiting;
    return waiting;
  }

  get isIdle(): boolean {
    return this.#round.length === 0 && this.#offered === 0 && !this.#pulls;
  }

  /** The call has inputs waiting. */
  enter(call: C): void {
    this.#round.push(call);
    if (this.#scheduled || this.#pulls) return;
    this.#scheduled = true;
    // What one caller waits for goes at once; many inputs of one turn go together.
    if (call.method === "remote") queueMicrotask(this.#flush);
    else setImmediate(this.#flush);
  }

  offerSettled(count: number): void {
    this.#offered -= count;
    if (this.isIdle) this.#owner.unitIdle(this);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    while (!this.#pulls && this.#offered < MAX_OFFERED && this.#nextBytes <= OFFERED_BYTES) {
      const entries = this.take(OFFERED_TOGETHER, OFFERED_BYTES);
      if (entries.length === 0) break;
      this.#offered += entries.length;
      this.#owner.offer(this, entries);
    }
    if (this.#round.length > 0) this.wait();
  };

  /** Of the input whose turn is next. One that is too large for a message waits for a worker that pulls it. */
  get #nextBytes(): number {
    return this.#round[0]?.peek()?.payload.length ?? 0;
  }

  /** What waits here is pulled from now on. */
  wait(): void {
    if (this.#pulls || this.#round.length === 0) return;
    this.#pulls = this.#owner.awaitPulls(this);
    this.#ringMs = RING_MS;
    this.#ring();
  }

  /** Again and again: a bell may not be heard, and interest in pulls takes a moment to spread over a cluster. */
  readonly #ring = (): void => {
    const { waiting } = this;
    if (waiting === 0) {
      this.#leave();
      return;
    }
    this.#owner.ring(this, waiting);
    clearTimeout(this.#ringTimer);
    this.#ringTimer = setTimeout(this.#ring, this.#ringMs);
    this.#ringTimer.unref();
    this.#ringMs = Math.min(MAX_RING_MS, 2 * this.#ringMs);
  };

  /** A worker has room for so many. */
  pulled(room: number): Entry<C>[] {
    const entries = this.take(room, PULLED_BYTES);
    this.#ringMs = RING_MS;
    if (this.#round.length === 0) this.#leave();
    return entries;
  }

  #leave(): void {
    clearTimeout(this.#ringTimer);
    const pulls = this.#pulls;
    this.#pulls = undefined;
    // Not at once: pulls that are on their way would be lost, and their senders wait for nothing.
    pulls?.drain().catch(() => {});
    this.#owner.ring(this, 0);
    if (this.isIdle) this.#owner.unitIdle(this);
  }

  /** The connection was lost: subscriptions come back by themselves, bells do not. */
  reconnected(): void {
    if (this.#pulls) {
      this.#ringMs = RING_MS;
      this.#ring();
    }
  }

  close(): void {
    clearTimeout(this.#ringTimer);
    this.#pulls?.unsubscribe();
    this.#pulls = undefined;
  }

  /** Takes inputs of its calls in turn; at least one, however large. */
  take(most: number, mostBytes: number): Entry<C>[] {
    const entries: Entry<C>[] = [];
    let bytes = 0;
    while (entries.length < most) {
      const call = this.#round.shift();
      if (!call) break;
      const next = call.peek();
      if (!next) {
        call.leftRound();
        continue;
      }
      if (entries.length > 0 && bytes + next.payload.length > mostBytes) {
        this.#round.unshift(call);
        break;
      }
      bytes += next.payload.length;
      entries.push({ call, index: call.take() });
      if (call.waiting > 0) this.#round.push(call);
      else call.leftRound();
    }
    return entries;
  }
}
