/**
 * Whose turn it is: calls that have inputs waiting take turns, one input at a time, so that a map of a million does not hold
 * up a single remote. Inputs that have had their turn and come back (taken back, or left by a container that died) go first.
 */
import type { Call, Input } from "./call.ts";
import { Queue } from "./queue.ts";

export class Turns {
  readonly #round = new Queue<Call>();
  readonly #again = new Queue<Input>();
  /** Inputs in the queues of calls that are not parked. */
  #inQueues = 0;

  /** Inputs whose turn will come. */
  get waiting(): number {
    return this.#inQueues + this.#again.length;
  }

  /** `count` more inputs wait in the call's queue. */
  enqueue(call: Call, count: number): void {
    const { inPool } = call;
    if (inPool.parked) return;
    this.#inQueues += count;
    if (!inPool.queued && call.waiting > 0) this.#enter(call);
  }

  /** The call is not blocked any more. */
  unpark(call: Call): void {
    if (!call.inPool.parked) return;
    call.inPool.unpark();
    this.enqueue(call, call.waiting);
  }

  /** So many inputs have left the call's queue without a turn. */
  dropped(call: Call, count: number): void {
    if (!call.inPool.parked) this.#inQueues -= count;
  }

  /** The input has had its turn, and comes before all others. */
  again(input: Input): void {
    this.#again.push(input);
  }

  next(): Input | undefined {
    for (let input = this.#again.shift(); input; input = this.#again.shift()) if (!input.call.over) return input;
    for (let call = this.#round.shift(); call; call = this.#round.shift()) {
      call.inPool.leaveRound();
      if (call.over) continue;
      if (call.isBlocked()) {
        call.inPool.park();
        this.#inQueues -= call.waiting;
        continue;
      }
      const before = call.waiting;
      const input = call.take();
      this.#inQueues -= before - call.waiting;
      if (!input) continue;
      if (call.waiting > 0) this.#enter(call);
      return input;
    }
    return undefined;
  }

  #enter(call: Call): void {
    call.inPool.enterRound();
    this.#round.push(call);
  }
}
