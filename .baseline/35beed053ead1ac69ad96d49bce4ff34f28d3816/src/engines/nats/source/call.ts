/**
 * The caller's side of a call that is not kept in NATS. Every input is held here until its outcome has come, so what a worker
 * gives back, or loses, is here to be sent again. What was lost with a worker may have run: it runs again when the function's
 * author allowed retries, and fails otherwise.
 */
import type { CallHandle, CallSink, Failure, Output, Progress } from "../../../engine/index.ts";
import { EngineUnavailableError, errorToFailure, FarcallError } from "../../../runtime/errors.ts";
import type { OfferedCall, SourceRequest } from "../pairs/index.ts";
import type { Peer } from "../peer.ts";
import type { DeployedFunction } from "../registry/index.ts";
import { Lane } from "./lane.ts";
import type { Offer, Offers } from "./offers.ts";
import type { CallRecord } from "./record.ts";
import type { Unit } from "./unit.ts";

/** Held bytes and inputs beyond which `drained` waits. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const MAX_HELD_INPUTS = 20_000;
/** An input whose workers are lost so often is not run again. */
const MAX_LOST = 8;

/** Where the call's inputs go. */
export interface Place {
  fn: DeployedFunction;
  unit: Unit<SourceCall>;
  /** The same for calls of one kind, so that it is turned into JSON once. */
  header: OfferedCall;
  /** What was lost with a worker may run again. */
  repeats: boolean;
}

export interface SourceCallOptions {
  id: string;
  number: number;
  request: SourceRequest;
  sink: CallSink;
  offers: Offers<SourceCall>;
  /** Something is sent to a worker that has inputs of the call. */
  cancelAt(call: SourceCall, peers: Iterable<Peer>, terminate: boolean): void;
  grantAt(call: SourceCall, peers: Iterable<Peer>): void;
  /** What is remembered of it; undefined for a call that is kept elsewhere. */
  record: CallRecord | undefined;
  /** Nothing more comes of it. */
  onEnd(call: SourceCall): void;
  /** Its caller waits for something, or no longer. */
  hold(): void;
  release(): void;
}

interface Held {
  payload: Uint8Array;
  at: Offer | Lane | undefined;
  lost: number;
  /** Values that its caller has got. */
  yielded: number;
}

export interface CallCounts {
  numInputs: number;
  numEnded: number;
  numFailed: number;
  cancelled: boolean;
  createdAt: number;
  /** 0 while it runs. */
  endedAt: number;
}

export class SourceCall implements CallHandle {
  readonly id: string;
  readonly number: number;
  readonly request: SourceRequest;
  readonly #options: SourceCallOptions;
  readonly #createdAt = Date.now();
  #sink: CallSink;
  #place: Place | undefined;
  readonly #held = new Map<number, Held>();
  #heldBytes = 0;
  /** Inputs below were sent at least once, or were never put: a durable call that goes on has some of them. */
  #cursor = 0;
  /** Inputs that were sent and wait again. */
  #returned: number[] = [];
  /** Inputs that wait, sent before or not. */
  #waiting = 0;
  #inRound = false;
  #put = 0;
  #ended = 0;
  #failed = 0;
  #noMore = false;
  #granted = 0;
  #over = false;
  #cancelled = false;
  #endedAt = 0;
  #holding = false;
  #roomWaiters: (() => void)[] = [];

  constructor(options: SourceCallOptions) {
    this.id = options.id;
    this.number = options.number;
    this.request = options.request;
    this.#options = options;
    this.#sink = options.sink;
  }

  get method(): SourceRequest["method"] {
    return this.request.method;
  }

  get over(): boolean {
    return this.#over;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  get granted(): number {
    return this.#granted;
  }

  get record(): CallRecord | undefined {
    return this.#options.record;
  }

  get counts(): CallCounts {
    return {
      numInputs: this.#put,
      numEnded: this.#ended,
      numFailed: this.#failed,
      cancelled: this.#cancelled,
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
    };
  }

  // ---- what the caller does

  put(index: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.#put = index + 1;
    this.#options.record?.input(index, payload);
    this.#held.set(index, { payload, at: undefined, lost: 0, yielded: 0 });
    this.#heldBytes += payload.length;
    this.#waiting++;
    this.#hold();
    this.#enter();
  }

  drained(): Promise<void> | undefined {
    return this.#over || this.#hasRoom() ? undefined : new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  end(): Promise<string> {
    this.#noMore = true;
    this.#finishIfDone();
    return Promise.resolve(this.id);
  }

  credit(count: number): void {
    this.#granted = Math.min(0xffff_ffff, this.#granted + count);
    if (!this.#over) this.#options.grantAt(this, this.#peers());
  }

  cancel(): void {
    this.stop({ terminate: false });
  }

  /** @param reason what its caller gets, when somebody else cancels */
  stop({ terminate, reason }: { terminate: boolean; reason?: Failure }): void {
    if (this.#over) return;
    this.#cancelled = true;
    this.#options.cancelAt(this, this.#peers(), terminate);
    const sink = this.#sink;
    this.#finish();
    if (reason) sink.failed(reason);
  }

  /** It goes on, but nobody wants its outputs any more. */
  detach(): void {
    this.#sink = { output() {}, failed() {} };
    this.#release();
  }

  // ---- on the way to a worker

  /** Its function is found. */
  placed(place: Place): void {
    this.#place = place;
    this.#enter();
  }

  get waiting(): number {
    return this.#over ? 0 : this.#waiting;
  }

  #enter(): void {
    if (!this.#place || this.#inRound || this.waiting === 0) return;
    this.#inRound = true;
    this.#place.unit.enter(this);
  }

  leftRound(): void {
    this.#inRound = false;
    // Something may have been put since.
    this.#enter();
  }

  /** The next input that waits. */
  peek(): { payload: Uint8Array } | undefined {
    if (this.waiting === 0) return undefined;
    const returned = this.#returned.at(-1);
    if (returned !== undefined) return this.#held.get(returned);
    while (!this.#held.has(this.#cursor)) this.#cursor++;
    return this.#held.get(this.#cursor);
  }

  /** It leaves the queue. */
  take(): number {
    this.#waiting--;
    return this.#returned.pop() ?? this.#cursor++;
  }

  payloadOf(index: number): Uint8Array {
    return this.#held.get(index)?.payload ?? new Uint8Array();
  }

  offered(index: number, offer: Offer): void {
    const held = this.#held.get(index);
    if (held) held.at = offer;
  }

  sentTo(index: number, lane: Lane): void {
    const held = this.#held.get(index);
    if (held) held.at = lane;
    lane.gets(1);
  }

  /** The worker has kept it. */
  took(index: number, offer: Offer, lane: Lane): void {
    const held = this.#held.get(index);
    if (held?.at !== offer) return;
    held.at = lane;
    lane.gets(1);
    this.#options.offers.settled(offer);
  }

  /** Nobody has begun it. */
  back(index: number): void {
    const held = this.#held.get(index);
    if (!held || held.at === undefined) return;
    this.#left(held);
    held.at = undefined;
    if (this.#over) return;
    this.#waitAgain(index);
    this.#enter();
  }

  #waitAgain(index: number): void {
    this.#returned.push(index);
    this.#waiting++;
  }

  /** The worker was gone before it got any of its inputs. */
  undelivered(peer: Peer): void {
    for (const index of this.#indicesAt(peer).toReversed()) this.back(index);
  }

  #indicesAt(at: Offer | Peer): number[] {
    const isThere = ({ at: there }: Held) => there === at || (there instanceof Lane && there.peer === at);
    return [...this.#held].filter(([, held]) => isThere(held)).map(([index]) => index);
  }

  /** What was with a worker, or in an offer, is lost. */
  lost(at: Offer | Peer): void {
    const indices = this.#indicesAt(at);
    if (indices.length === 0) return;
    const all = indices.length === this.#held.size;
    for (const index of indices.toReversed()) {
      const held = this.#held.get(index);
      if (!held || this.#over) return;
      held.lost++;
      // A generator would yield again what its caller has got.
      if (this.#place?.repeats && held.yielded === 0 && held.lost <= MAX_LOST) {
        this.#left(held);
        held.at = undefined;
        this.#waitAgain(index);
      } else if (all) this.fail(lostFailure(this, held.yielded));
      else this.#settle(index, { kind: "failure", index, failure: errorToFailure(lostFailure(this, held.yielded)) });
    }
    this.#enter();
  }

  // ---- what a worker says

  output(output: Output): void {
    if (output.kind === "yield") {
      const held = this.#held.get(output.index);
      if (!held) return;
      held.yielded++;
      this.#options.record?.output(output, held.payload);
      this.#sink.output(output);
      return;
    }
    this.#settle(output.index, output);
  }

  progress(progress: Progress): void {
    if (!this.#over && this.#held.has(progress.index)) this.#sink.progress?.(progress);
  }

  #settle(index: number, output: Output): void {
    const held = this.#held.get(index);
    // Of an input that has one already.
    if (!held) return;
    // A worker that was taken to be lost has answered after all.
    if (held.at === undefined) {
      this.#returned = this.#returned.filter((each) => each !== index);
      this.#waiting--;
    }
    this.#left(held);
    this.#held.delete(index);
    this.#heldBytes -= held.payload.length;
    this.#options.record?.output(output, held.payload);
    this.#ended++;
    if (output.kind === "exception" || output.kind === "failure") this.#failed++;
    this.#sink.output(output);
    if (this.#roomWaiters.length > 0) this.#wakeIfRoom();
    if (this.#held.size === 0) this.#finishIfDone();
  }

  #left({ at }: Held): void {
    if (at === undefined) return;
    if (at instanceof Lane) at.gets(-1);
    else this.#options.offers.settled(at);
  }

  fail(failure: Failure | FarcallError): void {
    if (this.#over) return;
    const sink = this.#sink;
    this.#options.cancelAt(this, this.#peers(), false);
    this.#finish();
    sink.failed(failure instanceof FarcallError ? errorToFailure(failure) : failure);
  }

  // ---- the end

  #finishIfDone(): void {
    if (this.#over || this.#held.size > 0) return;
    if (this.#noMore) this.#finish();
    else this.#release();
  }

  #finish(): void {
    this.#over = true;
    this.#endedAt = Date.now();
    for (const held of this.#held.values()) {
      if (held.at && !(held.at instanceof Lane)) this.#options.offers.abandoned(held.at);
      else this.#left(held);
    }
    this.#held.clear();
    this.#returned = [];
    this.#release();
    this.#wakeIfRoom();
    this.#options.onEnd(this);
  }

  #peers(): Set<Peer> {
    const peers = new Set<Peer>();
    for (const { at } of this.#held.values()) if (at instanceof Lane) peers.add(at.peer);
    return peers;
  }

  #hasRoom(): boolean {
    return this.#heldBytes < MAX_HELD_BYTES && this.#held.size < MAX_HELD_INPUTS;
  }

  #wakeIfRoom(): void {
    if (!this.#over && !this.#hasRoom()) return;
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }

  #hold(): void {
    if (this.#holding || this.#over) return;
    this.#holding = true;
    this.#options.hold();
  }

  #release(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#options.release();
  }
}

function lostFailure({ id, request }: SourceCall, yielded: number): FarcallError {
  return new EngineUnavailableError(
    `the worker was lost while call ${id} to ${request.function.name} was under way`,
    yielded > 0
      ? { hint: `It had yielded ${yielded} values, and a generator that has yielded cannot be restarted.` }
      : {
          hint: "It may already have run. Give the function `retries`, or pass callOptions({ idempotencyKey }), so that farcall may run it again.",
        },
  );
}
