/**
 * Turns of a function with a limit: by key, in a span of time, or both. Where there is a key, inputs are taken out of their calls'
 * queues before it is their turn, so that it is known which of them may begin; how many of those that lie on disk is bounded.
 */
import { MAX_TIMER_MS } from "../runtime/index.ts";
import type { ArgumentPath } from "../schema/index.ts";
import type { Call, Input } from "./call.ts";
import { inputKey } from "./input-key.ts";
import { KeyLanes } from "./key-lanes.ts";
import type { Quota } from "./quota.ts";
import { Turns } from "./turns.ts";

/** Inputs of calls on disk that are looked at before it is their turn: of all calls, of one call, and how large they may be together. */
const MAX_AHEAD = 10_000;
const MAX_AHEAD_OF_CALL = 1_000;
const MAX_AHEAD_BYTES = 32 * 1024 * 1024;

/** Keys of which inputs wait and as many run as may. */
export interface TakenKeys {
  readonly keys: ReadonlySet<string>;
  /** So many inputs of each run. */
  readonly perKey: number;
}

interface LimitedTurnsOptions {
  quota: Quota;
  /** What an input's key is made of. */
  key: readonly ArgumentPath[] | undefined;
  /** More may begin now. */
  onRoom: () => void;
}

export class LimitedTurns {
  readonly #turns = new Turns();
  readonly #quota: Quota;
  readonly #key: readonly ArgumentPath[] | undefined;
  readonly #lanes: KeyLanes;
  readonly #onRoom: () => void;
  /** Of their queues no more is taken for now: enough of their inputs wait in lanes. */
  readonly #paused = new Set<Call>();
  /** Inputs that may begin, of calls whose callers read too slowly. */
  readonly #blocked = new Map<Call, Input[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ quota, key, onRoom }: LimitedTurnsOptions) {
    this.#quota = quota;
    this.#key = key;
    this.#lanes = new KeyLanes(quota);
    this.#onRoom = onRoom;
    quota.listen(this.#onQuota);
  }

  get waiting(): number {
    let waiting = this.#turns.waiting + this.#lanes.waiting;
    for (const call of this.#paused) waiting += call.waiting;
    for (const inputs of this.#blocked.values()) waiting += inputs.length;
    return waiting;
  }

  /** Of those that wait, the ones that could begin now. */
  get startable(): number {
    const some = this.#key ? this.#lanes.startable : this.#turns.waiting;
    return Math.max(0, Math.min(some, this.#quota.roomForAll));
  }

  enqueue(call: Call, count: number): void {
    this.#turns.enqueue(call, count);
  }

  /** The call's caller reads again. */
  unpark(call: Call): void {
    const inputs = this.#blocked.get(call);
    this.#blocked.delete(call);
    for (const input of inputs ?? []) this.#lanes.add(input, true);
    if (!this.#paused.has(call)) this.#turns.unpark(call);
  }

  dropped(call: Call, count: number): void {
    this.#turns.dropped(call, count);
    this.#paused.delete(call);
    this.#blocked.delete(call);
    this.#lanes.dropped(call);
  }

  again(input: Input): void {
    if (this.#key) this.#lanes.add(input, true);
    else this.#turns.again(input);
  }

  /** Finds out what may begin. @param estimateMs what an input takes, as far as is known */
  look(estimateMs: number): void {
    this.#quota.advance(performance.now());
    if (this.#key) this.#lookAhead(this.#key, estimateMs);
    this.#watch();
  }

  /** The next that may begin: `begin` follows when it does. */
  next(estimateMs: number): Input | undefined {
    if (this.#quota.roomForAll <= 0) return undefined;
    if (!this.#key) return this.#turns.next(estimateMs);
    for (let input = this.#lanes.next(); input; input = this.#lanes.next()) {
      const { call } = input;
      if (!call.isBlocked()) {
        this.#resume(call);
        return input;
      }
      const blocked = this.#blocked.get(call);
      if (blocked) blocked.push(input);
      else this.#blocked.set(call, [input]);
    }
    return undefined;
  }

  mayBegin(input: Input): boolean {
    return this.#quota.roomForAll > 0 && this.#quota.room(input.key) > 0;
  }

  /** It is in a container. */
  begin(input: Input): void {
    this.#quota.begin(input.key, performance.now());
  }

  /** It has left its container. */
  end(input: Input): void {
    this.#quota.end(input.key);
  }

  *take(which: (call: Call) => boolean): Generator<Input, void, undefined> {
    for (const call of [...this.#paused]) this.#unpause(call);
    for (const [call, inputs] of [...this.#blocked]) {
      if (!which(call)) continue;
      this.#blocked.delete(call);
      yield* inputs;
    }
    yield* this.#lanes.take(which);
    yield* this.#turns.take(which);
  }

  /** Those that have inputs waiting. */
  *calls(): Generator<Call, void, undefined> {
    yield* this.#lanes.calls();
    yield* this.#blocked.keys();
    yield* this.#turns.calls();
  }

  /** What nothing may begin of until an input has ended; undefined where time alone may change that. */
  takenKeys(): TakenKeys | undefined {
    if (!this.#key || this.#quota.countsStarts) return undefined;
    return { keys: new Set(this.#lanes.keys()), perKey: this.#quota.perKey };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#quota.unlisten(this.#onQuota);
  }

  readonly #onQuota = (key: string): void => {
    this.#lanes.changed(key);
    if (this.startable > 0) this.#onRoom();
  };

  #lookAhead(key: readonly ArgumentPath[], estimateMs: number): void {
    for (let input = this.#turns.nextInteractive(estimateMs); input; input = this.#turns.nextInteractive(estimateMs)) {
      this.#hold(input, key);
    }
    while (this.#lanes.patient < MAX_AHEAD && this.#lanes.patientBytes < MAX_AHEAD_BYTES) {
      const input = this.#turns.nextDurable(estimateMs);
      if (!input) return;
      this.#hold(input, key);
      const { call } = input;
      if (this.#lanes.waitingOf(call) < MAX_AHEAD_OF_CALL) continue;
      this.#paused.add(call);
      this.#turns.park(call);
    }
  }

  #hold(input: Input, key: readonly ArgumentPath[]): void {
    input.keyed(inputKey(input.payload, key));
    this.#lanes.add(input, false);
  }

  /** Fewer of its inputs wait in lanes. */
  #resume(call: Call): void {
    if (this.#paused.size === 0 || !this.#paused.has(call)) return;
    if (this.#lanes.waitingOf(call) < MAX_AHEAD_OF_CALL / 2) this.#unpause(call);
  }

  #unpause(call: Call): void {
    this.#paused.delete(call);
    this.#turns.unpark(call);
  }

  /** What waits for time to pass. */
  #watch(): void {
    const { nextAt } = this.#quota;
    if (this.#timer || nextAt === undefined || this.waiting <= this.startable) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#onRoom();
      },
      Math.min(Math.max(1, Math.ceil(nextAt - performance.now())), MAX_TIMER_MS),
    );
  }
}
