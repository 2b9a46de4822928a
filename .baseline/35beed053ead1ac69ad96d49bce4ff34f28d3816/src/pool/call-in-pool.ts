/** What a pool keeps of a call: whether its turn will come, whom its work is charged to, and which containers know it. */
import type { Account } from "./account.ts";

/** A call as containers know it. */
export interface NumberedCall {
  readonly number: number;
}

/** A container as the calls that it knows see it. */
export interface KnowingContainer {
  /** Grants `count` more yields to each of the call's inputs in it. */
  creditCall(call: NumberedCall, count: number): void;
  /** The call has ended. */
  forget(call: NumberedCall): void;
}

export class CallInPool {
  /** In the round of calls that have inputs waiting. */
  queued = false;
  /** Out of that round because its caller reads too slowly. */
  parked = false;
  #account: Account | undefined;
  readonly #containers: KnowingContainer[] = [];

  /** @param account of its caller */
  enterRound(account: Account): void {
    this.queued = true;
    this.#account = account;
  }

  /** One of its inputs took longer than was charged, or not so long. */
  charge(ms: number): void {
    this.#account?.charge(ms);
  }

  leaveRound(): void {
    this.queued = false;
  }

  park(): void {
    this.parked = true;
  }

  unpark(): void {
    this.parked = false;
  }

  announcedTo(container: KnowingContainer): void {
    this.#containers.push(container);
  }

  containerGone(container: KnowingContainer): void {
    const at = this.#containers.indexOf(container);
    if (at >= 0) this.#containers.splice(at, 1);
  }

  /** Grants `count` more yields to the call's inputs that are in containers. */
  credit(call: NumberedCall, count: number): void {
    for (const container of this.#containers) container.creditCall(call, count);
  }

  /** The call has ended. */
  forget(call: NumberedCall): void {
    for (const container of this.#containers) container.forget(call);
    this.#containers.length = 0;
  }
}
