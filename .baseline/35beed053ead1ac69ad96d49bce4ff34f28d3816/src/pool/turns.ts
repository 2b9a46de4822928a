/**
 * Whose turn it is. Calls whose callers wait come before those that are kept on disk, which get one turn in eight meanwhile.
 * Of each kind, the caller that has been given the least work comes next, and its calls take turns, one input at a time: so
 * neither a map of a million, nor fifty thousand spawns, nor inputs that take long hold up a single remote of somebody else.
 * Inputs that have had their turn and come back (taken back, or left by a container that died) go before others of their kind.
 */
import { Account } from "./account.ts";
import type { Call, Input } from "./call.ts";
import { Queue } from "./queue.ts";

/** Turns of waiting callers between two of calls on disk. */
const INTERACTIVE_TURNS = 7;

/** What one caller has waiting. */
interface Share {
  readonly account: Account;
  readonly calls: Queue<Call>;
}

export class Turns {
  readonly #interactive = new Lane();
  readonly #durable = new Lane();
  /** Turns of waiting callers in a row while calls on disk waited too. */
  #inARow = 0;

  /** Inputs whose turn will come. */
  get waiting(): number {
    return this.#interactive.waiting + this.#durable.waiting;
  }

  /** `count` more inputs wait in the call's queue. */
  enqueue(call: Call, count: number): void {
    this.#laneOf(call).enqueue(call, count);
  }

  /** The call is not blocked any more. */
  unpark(call: Call): void {
    if (!call.inPool.parked) return;
    call.inPool.unpark();
    this.enqueue(call, call.waiting);
  }

  /** No more is taken of the call's queue, until `unpark`. */
  park(call: Call): void {
    if (!call.inPool.parked) this.#laneOf(call).park(call);
  }

  /** So many inputs have left the call's queue without a turn. */
  dropped(call: Call, count: number): void {
    this.#laneOf(call).dropped(call, count);
  }

  /** The input has had its turn. */
  again(input: Input): void {
    this.#laneOf(input.call).again(input);
  }

  /** @param estimateMs what an input takes, as far as is known */
  next(estimateMs: number): Input | undefined {
    if (this.#durable.waiting === 0) return this.#interactive.next(estimateMs);
    if (this.#inARow < INTERACTIVE_TURNS) {
      const input = this.#interactive.next(estimateMs);
      if (input) {
        this.#inARow++;
        return input;
      }
    }
    this.#inARow = 0;
    return this.#durable.next(estimateMs) ?? this.#interactive.next(estimateMs);
  }

  /** As `next`, of waiting callers alone. */
  nextInteractive(estimateMs: number): Input | undefined {
    return this.#interactive.next(estimateMs);
  }

  /** As `next`, of calls on disk alone. */
  nextDurable(estimateMs: number): Input | undefined {
    return this.#durable.next(estimateMs);
  }

  /** Takes out all that waits of the calls that `which` chooses. */
  *take(which: (call: Call) => boolean): Generator<Input, void, undefined> {
    yield* this.#interactive.take(which);
    yield* this.#durable.take(which);
  }

  /** Those that have inputs waiting; some several times. */
  *calls(): Generator<Call, void, undefined> {
    yield* this.#interactive.calls();
    yield* this.#durable.calls();
  }

  #laneOf(call: Call): Lane {
    return call.patientSince === undefined ? this.#interactive : this.#durable;
  }
}

/** The calls of one kind. */
class Lane {
  readonly #shares = new WeakMap<object, Share>();
  /** Those that have calls waiting. */
  readonly #active: Share[] = [];
  #again = new Queue<Input>();
  /** Inputs in the queues of calls that are not parked. */
  #inQueues = 0;

  get waiting(): number {
    return this.#inQueues + this.#again.length;
  }

  enqueue(call: Call, count: number): void {
    const { inPool } = call;
    if (inPool.parked) return;
    this.#inQueues += count;
    if (!inPool.queued && call.waiting > 0) this.#enter(call);
  }

  dropped(call: Call, count: number): void {
    if (!call.inPool.parked) this.#inQueues -= count;
  }

  again(input: Input): void {
    this.#again.push(input);
  }

  next(estimateMs: number): Input | undefined {
    for (let input = this.#again.shift(); input; input = this.#again.shift()) if (!input.call.over) return input;
    for (let share = this.#poorest(); share; share = this.#poorest()) {
      const call = share.calls.shift()!;
      call.inPool.leaveRound();
      const input = this.#turnOf(call);
      input?.charge(estimateMs);
      if (input && call.waiting > 0) {
        call.inPool.enterRound(share.account);
        share.calls.push(call);
      } else if (share.calls.length === 0) this.#leave(share);
      if (input) return input;
    }
    return undefined;
  }

  park(call: Call): void {
    call.inPool.park();
    this.#inQueues -= call.waiting;
  }

  #turnOf(call: Call): Input | undefined {
    if (call.over || call.inPool.parked) return undefined;
    if (!call.isBlocked()) return this.#takeFrom(call);
    this.park(call);
    return undefined;
  }

  *take(which: (call: Call) => boolean): Generator<Input, void, undefined> {
    const again = this.#again;
    this.#again = new Queue();
    const taken: Input[] = [];
    for (let input = again.shift(); input; input = again.shift()) {
      if (input.call.over) continue;
      if (which(input.call)) taken.push(input);
      else this.#again.push(input);
    }
    const calls: Call[] = [];
    for (const share of [...this.#active]) {
      for (let left = share.calls.length; left > 0; left--) {
        const call = share.calls.shift()!;
        if (!which(call)) share.calls.push(call);
        else {
          call.inPool.leaveRound();
          calls.push(call);
        }
      }
      if (share.calls.length === 0) this.#leave(share);
    }
    yield* taken;
    for (const call of calls) {
      // What waits on disk comes into memory only as it is taken.
      while (!call.over && call.waiting > 0) {
        const input = this.#takeFrom(call);
        if (input) yield input;
      }
    }
  }

  *calls(): Generator<Call, void, undefined> {
    for (const { calls } of this.#active) yield* calls;
    for (const { call } of this.#again) yield call;
  }

  #takeFrom(call: Call): Input | undefined {
    const before = call.waiting;
    const input = call.take();
    this.#inQueues -= before - call.waiting;
    return input;
  }

  #enter(call: Call): void {
    const share = this.#shareOf(call.caller);
    call.inPool.enterRound(share.account);
    if (share.calls.length === 0) {
      const poorest = this.#poorest();
      if (poorest) share.account.enter(poorest.account.usedMs);
      this.#active.push(share);
    }
    share.calls.push(call);
  }

  #leave(share: Share): void {
    const last = this.#active.pop()!;
    if (last !== share) this.#active[this.#active.indexOf(share)] = last;
  }

  #shareOf(caller: object): Share {
    let share = this.#shares.get(caller);
    if (!share) {
      share = { account: new Account(), calls: new Queue() };
      this.#shares.set(caller, share);
    }
    return share;
  }

  /** There are as many as programs that call, so a look at each costs less than any order would. */
  #poorest(): Share | undefined {
    let poorest = this.#active[0];
    for (let i = 1; i < this.#active.length; i++) {
      const share = this.#active[i]!;
      if (share.account.usedMs < poorest!.account.usedMs) poorest = share;
    }
    return poorest;
  }
}
