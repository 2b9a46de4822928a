/** The inputs of one unit that a worker has from this source, and how many it may have without asking for them. */
import type { Peer } from "../peer.ts";

export interface LaneUnit {
  /** There is room at a worker. */
  roomCame(): void;
}

export class Lane {
  readonly peer: Peer;
  readonly #unit: LaneUnit;
  #held = 0;
  #most = 0;

  constructor(peer: Peer, unit: LaneUnit) {
    this.peer = peer;
    this.#unit = unit;
  }

  get held(): number {
    return this.#held;
  }

  /** It takes inputs without asking for them. */
  get isOpen(): boolean {
    return this.#most > 0;
  }

  /** How many more it takes now. One that reads slowly takes none. */
  get room(): number {
    return this.peer.pair.heldBack > 0 ? 0 : this.#most - this.#held;
  }

  /** What the worker says. */
  open(most: number): void {
    this.#most = most;
    if (most > 0) this.#unit.roomCame();
  }

  gets(count: number): void {
    this.#held += count;
    this.peer.gets(count);
    if (count < 0 && this.#most > 0) this.#unit.roomCame();
  }
}
