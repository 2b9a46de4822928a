/**
 * What waits at this source for the containers of one function at one version, or of one instance of a class. Workers that have
 * said how many short inputs they take get them at once. Otherwise inputs are offered while few are on offer; what workers have no
 * room for waits until they pull it.
 */
import { clearTimeout, nextTurn, queueMicrotask, setTimeout } from "../../../runtime/timers.ts";
import type { Subscription } from "../connection.ts";
import type { Peer } from "../peer.ts";
import { Lane } from "./lane.ts";

const MAX_OFFERED = 256;
const OFFERED_TOGETHER = 64;
const OFFERED_BYTES = 256 * 1024;
/** A pull that found no room in the window of its pair would only fill memory. */
const PULLED_BYTES = 8 * 1024 * 1024;
const RING_MS = 100;
const MAX_RING_MS = 1_000;
/** Nothing has waited for so long: workers need not ask any more. */
const LEAVE_MS = 20;

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
  /** `entries` go to any worker that takes them. */
  offer(unit: Unit<C>, entries: Entry<C>[]): void;
  /** `entries` go to one worker. */
  send(lane: Lane, entries: Entry<C>[]): void;
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
  readonly #lanes = new Map<Peer, Lane>();
  #offered = 0;
  #scheduled = false;
  #pulls: Subscription | undefined;
  #ringTimer: NodeJS.Timeout | undefined;
  #ringMs = RING_MS;
  #leaveTimer: NodeJS.Timeout | undefined;

  constructor(name: string, owner: UnitOwner<C>) {
    this.name = name;
    this.#owner = owner;
  }

  get isIdle(): boolean {
    if (this.#round.length > 0 || this.#offered > 0 || this.#pulls) return false;
    for (const { held } of this.#lanes.values()) if (held > 0) return false;
    return true;
  }

  get #waiting(): number {
    let waiting = 0;
    for (const call of this.#round) waiting += call.waiting;
    return waiting;
  }

  /** The call has inputs waiting. */
  enter(call: C): void {
    this.#round.push(call);
    // What one caller waits for goes at once; many inputs of one turn go together.
    this.#schedule(call.method === "remote" || call.method === "web");
  }

  #schedule(now: boolean): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (now) queueMicrotask(this.#flush);
    else nextTurn(this.#flush);
  }

  offerSettled(count: number): void {
    this.#offered -= count;
    if (this.isIdle) this.#owner.unitIdle(this);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#fillLanes();
    while (!this.#pulls && this.#offered < MAX_OFFERED && this.#mayOffer) {
      const entries = this.#take(OFFERED_TOGETHER, OFFERED_BYTES);
      if (entries.length === 0) break;
      this.#offered += entries.length;
      this.#owner.offer(this, entries);
    }
    if (this.#round.length > 0) this.wait();
    else this.#leaveSoon();
  };

  /** What is too large for a message waits for a worker that pulls it, and workers that are full would give it back. */
  get #mayOffer(): boolean {
    if ((this.#round[0]?.peek()?.payload.length ?? 0) > OFFERED_BYTES) return false;
    for (const lane of this.#lanes.values()) if (lane.isOpen) return false;
    return true;
  }

  // ---- workers that take inputs without asking for them

  laneTo(peer: Peer): Lane {
    let lane = this.#lanes.get(peer);
    if (!lane) {
      lane = new Lane(peer, this);
      this.#lanes.set(peer, lane);
    }
    return lane;
  }

  /** A worker takes so many of this source's inputs at a time; none: it has to ask again. */
  opened(peer: Peer, most: number): void {
    this.laneTo(peer).open(most);
    if (most > 0 || !this.#pulls) return;
    this.#ringMs = RING_MS;
    this.#ring();
  }

  roomCame(): void {
    if (this.#round.length > 0) this.#schedule(false);
  }

  /** The worker is lost. */
  forget(peer: Peer): void {
    this.#lanes.delete(peer);
    if (this.isIdle) this.#owner.unitIdle(this);
  }

  /** Those that have the least get the next. */
  #fillLanes(): void {
    while (this.#round.length > 0) {
      let least: Lane | undefined;
      for (const lane of this.#lanes.values()) {
        if (lane.room > 0 && (!least || lane.held < least.held)) least = lane;
      }
      if (!least) return;
      const entries = this.#take(Math.min(least.room, OFFERED_TOGETHER), PULLED_BYTES);
      if (entries.length > 0) this.#owner.send(least, entries);
    }
  }

  // ---- waiting

  /** What waits here is pulled from now on. */
  wait(): void {
    clearTimeout(this.#leaveTimer);
    this.#leaveTimer = undefined;
    if (this.#pulls || this.#round.length === 0) return;
    this.#pulls = this.#owner.awaitPulls(this);
    this.#ringMs = RING_MS;
    this.#ring();
  }

  /** Again and again: a bell may get lost, and interest in pulls takes a moment to spread over a cluster. */
  readonly #ring = (): void => {
    clearTimeout(this.#ringTimer);
    const waiting = this.#waiting;
    if (waiting > 0) this.#owner.ring(this, waiting);
    this.#ringTimer = setTimeout(this.#ring, this.#ringMs);
    this.#ringTimer.unref();
    this.#ringMs = Math.min(MAX_RING_MS, 2 * this.#ringMs);
  };

  /** A worker has room for so many. */
  pulled(room: number): Entry<C>[] {
    const entries = this.#take(room, PULLED_BYTES);
    this.#ringMs = RING_MS;
    if (this.#round.length === 0) this.#leaveSoon();
    return entries;
  }

  #leaveSoon(): void {
    if (!this.#pulls || this.#leaveTimer) return;
    this.#leaveTimer = setTimeout(this.#leave, LEAVE_MS);
    this.#leaveTimer.unref();
  }

  readonly #leave = (): void => {
    this.#leaveTimer = undefined;
    if (this.#waiting > 0) return;
    clearTimeout(this.#ringTimer);
    const pulls = this.#pulls;
    this.#pulls = undefined;
    // Not at once: pulls that are on their way would be lost, and their senders wait for nothing.
    pulls?.drain().catch(() => {});
    this.#owner.ring(this, 0);
    if (this.isIdle) this.#owner.unitIdle(this);
  };

  /** The connection was lost: subscriptions come back by themselves, bells do not. */
  reconnected(): void {
    if (!this.#pulls) return;
    this.#ringMs = RING_MS;
    this.#ring();
  }

  close(): void {
    clearTimeout(this.#ringTimer);
    clearTimeout(this.#leaveTimer);
    this.#pulls?.unsubscribe();
    this.#pulls = undefined;
  }

  /** Takes inputs of its calls in turn; at least one, however large. */
  #take(most: number, mostBytes: number): Entry<C>[] {
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
