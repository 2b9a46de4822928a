/** A source that has inputs here, or had some: the pair with it, its calls, and whether it is still there. */
import type { Progress } from "../../../engine/index.ts";
import type { Frame } from "../../../wire/frames.ts";
import { type Asks, ToSource } from "../pairs/index.ts";
import { Peer } from "../peer.ts";
import type { CallGuest, GuestCall } from "./guest-call.ts";
import type { StayGuest } from "./unit.ts";

/** Enough waits for a source that reads slowly: nothing more should run for it. */
const MAX_HELD_BACK = 8 * 1024 * 1024;
/** A call that runs for so long is worth a message that says where it is. */
const TOOK_MS = 5;

export interface GuestOptions {
  /** Of the source. */
  address: string;
  send(message: Uint8Array, asks: Asks): void;
  onFrame(frame: Frame, guest: Guest): void;
  onProgress(call: GuestCall, progress: Progress): void;
}

export class Guest implements CallGuest, StayGuest {
  readonly address: string;
  readonly peer: Peer;
  readonly #calls = new Map<number, GuestCall>();
  readonly #parked = new Set<GuestCall>();
  readonly #onProgress: GuestOptions["onProgress"];
  #took: number[] = [];
  #tookTimer: NodeJS.Timeout | undefined;

  constructor({ address, send, onFrame, onProgress }: GuestOptions) {
    this.address = address;
    this.#onProgress = onProgress;
    this.peer = new Peer({
      id: address,
      send,
      onFrame: (frame) => onFrame(frame, this),
      onDrain: () => this.#unpark(),
    });
  }

  get calls(): ReadonlyMap<number, GuestCall> {
    return this.#calls;
  }

  add(number: number, call: GuestCall): void {
    this.#calls.set(number, call);
  }

  progressed(call: GuestCall, progress: Progress): void {
    this.#onProgress(call, progress);
  }

  callEnded(number: number, call: GuestCall): void {
    this.#parked.delete(call);
    if (this.#calls.get(number) === call) this.#calls.delete(number);
  }

  write(type: number, call: number, index: number, payload?: Uint8Array): void {
    this.peer.pair.writer.write(type, call, index, payload);
  }

  json(type: number, call: number, value: unknown, index?: number): void {
    this.peer.pair.json(type, call, value, index);
  }

  park(call: GuestCall): boolean {
    if (this.peer.pair.heldBack < MAX_HELD_BACK) return false;
    this.#parked.add(call);
    return true;
  }

  #unpark(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const call of parked) call.resume();
  }

  tellRoom(unit: string, standing: number): void {
    this.write(ToSource.room, 0, standing, Buffer.from(unit));
  }

  /** Says soon that an offer has come, unless all its outcomes are there before. */
  took(offer: number, now: boolean): void {
    this.#took.push(offer);
    if (now) this.#sayTook();
    else this.#tookTimer ??= setTimeout(() => this.#sayTook(), TOOK_MS);
  }

  #sayTook(): void {
    clearTimeout(this.#tookTimer);
    this.#tookTimer = undefined;
    for (const offer of this.#took) this.write(ToSource.took, 0, offer);
    this.#took = [];
  }

  /** The source is gone, or has forgotten us. */
  close(): void {
    clearTimeout(this.#tookTimer);
    for (const call of [...this.#calls.values()]) call.cancel();
    this.peer.pair.close();
  }
}
