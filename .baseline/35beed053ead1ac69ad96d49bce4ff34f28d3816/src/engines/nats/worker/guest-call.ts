/** Inputs of one call that a source has sent here: the call as pools see it, for as long as any of them is here. */
import type { Failure, Progress } from "../../../engine/index.ts";
import {
  type Call,
  CallInPool,
  type CancelOptions,
  type DeployedFunction,
  Input,
  type OutcomeKind,
  type Pool,
} from "../../../pool/index.ts";
import { type OfferedCall, ToSource } from "../pairs/index.ts";
import type { Stay } from "./unit.ts";

const TYPES = { result: ToSource.result, exception: ToSource.exception, end: ToSource.end } as const;

/** The source, as its calls see it. */
export interface CallGuest {
  write(type: number, call: number, index: number, payload?: Uint8Array): void;
  json(type: number, call: number, value: unknown, index?: number): void;
  /** True when it reads so slowly that nothing more should run for it; the call is resumed once there is room. */
  park(call: GuestCall): boolean;
  /** For whoever watches the call. */
  progressed(call: GuestCall, progress: Progress): void;
  callEnded(number: number, call: GuestCall): void;
}

export interface GuestCallOptions {
  number: number;
  id: string;
  header: OfferedCall;
  fn: DeployedFunction;
  pool: Pool;
  stay: Stay;
  guest: CallGuest;
  /** By which the source knows it. */
  sourceNumber: number;
}

export class GuestCall implements Call {
  readonly number: number;
  readonly id: string;
  readonly method: string;
  readonly web: true | undefined;
  readonly trace: OfferedCall["trace"];
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly patientSince: number | undefined;
  readonly waiters = [];
  readonly inPool = new CallInPool();
  readonly #guest: CallGuest;
  readonly stay: Stay;
  readonly #sourceNumber: number;
  readonly #sendsProgress: boolean;
  /** Those that the pool has not taken, newest last. */
  #queue: Input[] = [];
  #head = 0;
  /** Without an outcome. */
  #open = 0;
  #granted = 0;
  #latest: Map<number, Progress> | undefined;
  #over = false;

  constructor({ number, id, header, fn, pool, stay, guest, sourceNumber }: GuestCallOptions) {
    this.number = number;
    this.id = id;
    this.method = header.method;
    this.web = header.method === "web" ? true : undefined;
    this.trace = header.trace;
    this.fn = fn;
    this.pool = pool;
    this.patientSince = header.durable ? performance.now() : undefined;
    this.#guest = guest;
    this.stay = stay;
    this.#sourceNumber = sourceNumber;
    this.#sendsProgress = header.progress === true;
    pool.opened();
  }

  // ---- from the source

  input(index: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.#open++;
    this.stay.gained(1);
    this.#queue.push(new Input(this, index, payload));
    this.pool.enqueue(this, 1);
  }

  grant(total: number): void {
    const more = total - this.#granted;
    if (more <= 0) return;
    this.#granted = total;
    this.inPool.credit(this, more);
  }

  cancel(options: CancelOptions = {}): void {
    if (this.#over) return;
    this.#over = true;
    // The client of a request has gone: its handler is told, and is not killed with its neighbours for taking its time.
    const graceMs = this.web ? this.fn.schema.options.timeoutMs : undefined;
    this.pool.cancelled(this, this.waiting, { ...(graceMs !== undefined && { graceMs }), ...options });
    this.#queue = [];
    this.#close();
    this.stay.lost(this.#open);
  }

  /** Nothing of it is here, and nothing was. */
  leaveIfEmpty(): void {
    if (this.#over || this.#open > 0) return;
    this.#over = true;
    this.#close();
  }

  /** Somebody here ends it, and its source is told why. */
  fail(failure: Failure): void {
    if (this.#over) return;
    this.#guest.json(ToSource.failed, this.#sourceNumber, failure);
    this.cancel({ terminate: true });
  }

  /** The newest progress of each input that runs. */
  get latest(): Iterable<Progress> {
    return this.#latest?.values() ?? [];
  }

  /** The source reads again. */
  resume(): void {
    if (!this.#over) this.pool.unpark(this);
  }

  // ---- from the pool

  get caller(): object {
    return this.#guest;
  }

  get over(): boolean {
    return this.#over;
  }

  get granted(): number {
    return this.#granted;
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  isBlocked(): boolean {
    return this.#guest.park(this);
  }

  take(): Input | undefined {
    const input = this.#queue[this.#head++];
    if (this.#head >= this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return input;
  }

  yielded(input: Input, payload: Uint8Array): void {
    if (!this.#over) this.#guest.write(ToSource.yield, this.#sourceNumber, input.index, payload);
  }

  progressed(progress: Progress): void {
    this.#latest ??= new Map();
    this.#latest.set(progress.index, progress);
    this.#guest.progressed(this, progress);
    if (this.#sendsProgress && !this.#over) {
      this.#guest.json(ToSource.progress, this.#sourceNumber, progress, progress.index);
    }
  }

  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void {
    this.#settle(input, TYPES[kind], payload);
  }

  failed(input: Input, failure: Failure): void {
    this.#settle(input, ToSource.failure, Buffer.from(JSON.stringify(failure)));
  }

  #settle(input: Input, type: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.#latest?.delete(input.index);
    this.#guest.write(type, this.#sourceNumber, input.index, payload);
    this.#open--;
    if (this.#open === 0) {
      this.#over = true;
      this.#close();
    }
    this.stay.lost(1);
  }

  #close(): void {
    this.pool.closed(this);
    this.#guest.callEnded(this.#sourceNumber, this);
  }
}
