/** Inputs that were sent to whichever worker takes them, until it is known which one has. */
import type { Peer } from "../peer.ts";
import type { Lane } from "./lane.ts";

/** A call whose inputs are offered. */
export interface OfferedInputs {
  readonly over: boolean;
  took(index: number, offer: Offer, lane: Lane): void;
}

/** Where the inputs wait otherwise. */
export interface OfferingUnit {
  laneTo(peer: Peer): Lane;
  offerSettled(count: number): void;
  wait(): void;
}

export interface Offer<C = unknown> {
  readonly number: number;
  readonly unit: OfferingUnit;
  readonly entries: readonly { call: C; index: number }[];
  /** By performance.now(). */
  readonly at: number;
  /** Entries whose outcome or place is not known yet. */
  left: number;
}

export class Offers<C extends OfferedInputs> {
  readonly #offers = new Map<number, Offer<C>>();
  #last = 0;

  make(unit: OfferingUnit, entries: Offer<C>["entries"]): Offer<C> {
    this.#last = (this.#last + 1) % 0xffff_ffff || 1;
    const offer: Offer<C> = { number: this.#last, unit, entries, at: performance.now(), left: entries.length };
    this.#offers.set(offer.number, offer);
    return offer;
  }

  /** One of its inputs has an outcome, or was given back. */
  settled(offer: Offer): void {
    offer.left--;
    offer.unit.offerSettled(1);
    if (offer.left === 0) this.#offers.delete(offer.number);
  }

  /** A worker has it. @param onLate of calls that are over already */
  took(number: number, peer: Peer, onLate: (call: C) => void): void {
    const offer = this.#offers.get(number);
    if (!offer) return;
    const lane = offer.unit.laneTo(peer);
    for (const { call, index } of offer.entries) {
      if (call.over) onLate(call);
      else call.took(index, offer, lane);
    }
    this.#offers.delete(number);
  }

  /** One of its calls is over, and nobody knows yet which worker has the input. */
  abandoned(offer: Offer): void {
    offer.unit.offerSettled(1);
  }

  forget(offer: Offer): void {
    this.#offers.delete(offer.number);
  }

  get(number: number): Offer<C> | undefined {
    return this.#offers.get(number);
  }

  /** Those of which nothing was heard since a time, by performance.now(). */
  before(time: number): Offer<C>[] {
    return [...this.#offers.values()].filter(({ at }) => at < time);
  }
}
