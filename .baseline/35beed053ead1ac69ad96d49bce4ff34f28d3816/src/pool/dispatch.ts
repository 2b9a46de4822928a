/**
 * From waiting inputs to containers: takes inputs in turn and gives each to the container that has the least to do.
 *
 * Short inputs are sent ahead: a container gets more than it may run. How many follows from how long inputs have taken
 * lately; what lies behind an input that turns out long is taken back.
 */
import type { ArgumentPath, BatchOptions } from "../schema/index.ts";
import { BatchWindow } from "./batch-window.ts";
import type { Call, Input } from "./call.ts";
import { LimitedTurns, type TakenKeys } from "./limited-turns.ts";
import { Pace } from "./pace.ts";
import type { Quota } from "./quota.ts";
import { Suspects } from "./suspects.ts";
import { Turns } from "./turns.ts";

/** After so long the inputs behind a running one are taken back. */
const RECALL_AFTER_MS = 10;

/** A container as dispatch sees it. */
export interface DispatchContainer extends Iterable<Input> {
  /** Inputs are given to those that are "ready". */
  readonly state: string;
  /** In it, running and waiting. */
  readonly inputs: number;
  readonly batches: number;
  /** What waits in it was asked back. */
  readonly recalled: boolean;
  /** When the input began that others wait behind, by performance.now(). */
  readonly blockedSince: number | undefined;
  dispatch(input: Input): void;
  /** All in one call of the function. */
  dispatchTogether(inputs: readonly Input[]): void;
  recall(): void;
}

interface DispatchOptions<C> {
  containers: Iterable<C>;
  /** Inputs, or batches of them, that a container runs at a time. */
  maxInputs: number;
  batch: BatchOptions | undefined;
  /** Of a function with a limit, by key where there is one. A batched function has none. */
  limit?: { quota: Quota; key: readonly ArgumentPath[] | undefined } | undefined;
  /** More may be handed out now, though nothing has happened but the passing of time. */
  onDue: () => void;
}

export class Dispatch<C extends DispatchContainer> {
  readonly pace = new Pace();
  readonly #containers: Iterable<C>;
  readonly #maxInputs: number;
  readonly #turns: Turns | LimitedTurns;
  /** The same, of a function with a limit. */
  readonly #limited: LimitedTurns | undefined;
  readonly #suspects = new Suspects<C>();
  readonly #window: BatchWindow | undefined;
  /** An input has to begin when it is sent: its start is counted. */
  readonly #startsCount: boolean;
  #recallTimer: NodeJS.Timeout | undefined;

  constructor({ containers, maxInputs, batch, limit, onDue }: DispatchOptions<C>) {
    this.#containers = containers;
    this.#limited = limit && new LimitedTurns({ ...limit, onRoom: onDue });
    this.#turns = this.#limited ?? new Turns();
    this.#startsCount = limit?.quota.countsStarts === true;
    this.#maxInputs = maxInputs;
    this.#window = batch && new BatchWindow(batch, onDue);
  }

  /** Inputs that no container has. */
  get waiting(): number {
    return this.#turns.waiting + this.#suspects.waiting;
  }

  /** Of those, the ones that no limit holds back. */
  get startable(): number {
    return this.#limited ? this.#limited.startable + this.#suspects.waiting : this.waiting;
  }

  /** Of those, the ones that will run alone. */
  get suspects(): number {
    return this.#suspects.waiting;
  }

  // ---- inputs that come and go

  enqueue(call: Call, count: number): void {
    this.#turns.enqueue(call, count);
  }

  unpark(call: Call): void {
    this.#turns.unpark(call);
  }

  dropped(call: Call, count: number): void {
    this.#turns.dropped(call, count);
  }

  /** The call has ended. */
  closed(call: Call): void {
    this.#limited?.dropped(call, 0);
  }

  /** The input has left its container. */
  left(input: Input): void {
    this.#limited?.end(input);
  }

  again(input: Input): void {
    if (input.suspect) this.#suspects.add(input);
    else this.#turns.again(input);
  }

  containerGone(container: C): void {
    this.#suspects.containerGone(container);
  }

  /** Takes out all that waits of the calls that `which` chooses. */
  *take(which: (call: Call) => boolean): Generator<Input, void, undefined> {
    for (let left = this.#suspects.waiting; left > 0; left--) {
      const input = this.#suspects.shift()!;
      if (input.call.over) continue;
      if (which(input.call)) yield input;
      else this.#suspects.add(input);
    }
    yield* this.#turns.take(which);
  }

  /** Those that have inputs waiting, without those that will run alone. */
  calls(): Iterable<Call> {
    return this.#turns.calls();
  }

  /** Where a limit by key holds back all that waits: those keys. */
  takenKeys(): TakenKeys | undefined {
    return this.#limited?.takenKeys();
  }

  // ---- handing out

  /** Gives the containers all that they can take. */
  handOut(): void {
    const limited = this.#limited;
    limited?.look(this.pace.ms ?? 1);
    this.#suspects.place(
      this.#containers,
      (container, input) => {
        if (this.#window) container.dispatchTogether([input]);
        else container.dispatch(input);
        limited?.begin(input);
      },
      (input) => !limited || limited.mayBegin(input),
    );
    if (this.#window) this.#handOutBatches(this.#window);
    else this.#handOutInputs();
    this.#watchForLongOnes();
  }

  close(): void {
    clearTimeout(this.#recallTimer);
    this.#limited?.close();
    this.#window?.close();
  }

  #handOutInputs(): void {
    for (;;) {
      const container = this.#leastBusy();
      if (!container) break;
      const input = this.#next();
      if (!input) break;
      container.dispatch(input);
      this.#limited?.begin(input);
    }
  }

  #handOutBatches(window: BatchWindow): void {
    for (;;) {
      // Also while no container is free: the wait for others goes on meanwhile.
      const size = window.size(this.#turns.waiting);
      const container = this.#leastBusyWithBatches();
      if (size === 0 || !container) return;
      const inputs: Input[] = [];
      for (let input = this.#next(); input; input = this.#next()) if (inputs.push(input) === size) break;
      window.close();
      if (inputs.length === 0) return;
      container.dispatchTogether(inputs);
    }
  }

  #next(): Input | undefined {
    return this.#turns.next(this.pace.ms ?? 1);
  }

  #leastBusy(): C | undefined {
    const limit = this.#maxInputs + (this.#startsCount ? 0 : this.pace.ahead);
    let best: C | undefined;
    for (const container of this.#containers) {
      if (container.state !== "ready" || container.inputs >= limit || this.#suspects.hasReserved(container)) continue;
      if (container.inputs >= this.#maxInputs && container.recalled) continue;
      if (!best || container.inputs < best.inputs) best = container;
    }
    return best;
  }

  #leastBusyWithBatches(): C | undefined {
    let best: C | undefined;
    for (const container of this.#containers) {
      if (container.state !== "ready" || this.#suspects.hasReserved(container)) continue;
      if (container.batches >= this.#maxInputs) continue;
      if (!best || container.batches < best.batches) best = container;
    }
    return best;
  }

  // ---- taking back

  #watchForLongOnes(): void {
    if (this.#recallTimer || this.#window || this.pace.ahead === 0) return;
    this.#watchWhileBlocked();
  }

  #watchWhileBlocked(): void {
    for (const container of this.#containers) {
      if (container.blockedSince === undefined) continue;
      this.#recallTimer = setTimeout(this.#takeBack, RECALL_AFTER_MS);
      return;
    }
  }

  readonly #takeBack = (): void => {
    this.#recallTimer = undefined;
    const longAgo = performance.now() - RECALL_AFTER_MS;
    for (const container of this.#containers) {
      const since = container.blockedSince;
      if (since === undefined || since > longAgo) continue;
      this.pace.atLeast(RECALL_AFTER_MS);
      container.recall();
    }
    this.#watchWhileBlocked();
  };
}
