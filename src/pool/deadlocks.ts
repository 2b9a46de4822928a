/**
 * Finds a function that waits for itself: every input that its containers run has called it again, directly or through others, and those
 * calls wait for a container in turn. They would wait until the timeout; instead they fail, and say why.
 */
import type { Call, Input } from "./call.ts";
import { waitsForItself } from "./failures.ts";
import type { Workload } from "./workload.ts";

/** It is looked so often, in milliseconds. */
const LOOK_MS = 500;
/** So many looks in a row have to see the same inputs run: code may go on without what it has called. */
const LOOKS = 4;

interface BusyContainer extends Iterable<Input> {
  readonly state: string;
}

interface WaitingInputs {
  readonly waiting: number;
  some(which: (call: Call) => boolean): boolean;
  take(which: (call: Call) => boolean): Iterable<Input>;
}

interface DeadlocksOptions {
  workload: Workload;
  containers: ReadonlySet<BusyContainer>;
  dispatch: WaitingInputs;
  maxContainers: () => number;
}

export class Deadlocks {
  readonly #options: DeadlocksOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: ReadonlySet<Input> = new Set();
  #looks = 0;
  /** Open calls that were made by inputs. */
  #nested = 0;

  constructor(options: DeadlocksOptions) {
    this.#options = options;
  }

  opened({ parent }: Call): void {
    if (parent) this.#nested++;
  }

  closed({ parent }: Call): void {
    if (parent) this.#nested--;
  }

  /** Something waits. */
  watch(): void {
    const { containers, maxContainers } = this.#options;
    if (this.#nested === 0 || this.#timer || containers.size < maxContainers()) return;
    this.#timer = setTimeout(this.#look, LOOK_MS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const running = this.#runningInputs();
    const same = running.size === this.#running.size && [...running].every((input) => this.#running.has(input));
    this.#running = running;
    this.#looks = same && this.#isStuck(running) ? this.#looks + 1 : 0;
    if (this.#looks >= LOOKS) this.#fail(running);
    else if (this.#options.dispatch.waiting > 0) this.watch();
  };

  #runningInputs(): Set<Input> {
    const running = new Set<Input>();
    for (const container of this.#options.containers) for (const input of container) running.add(input);
    return running;
  }

  #isStuck(running: ReadonlySet<Input>): boolean {
    const { containers, dispatch } = this.#options;
    for (const { state } of containers) if (state !== "ready") return false;
    if (running.size === 0) return false;
    const free = new Set(running);
    // Whoever runs and waits, itself or further down, for what cannot start is not free.
    dispatch.some((call) => {
      for (const parent of ancestors(call)) for (const input of free) if (isParent(parent, input)) free.delete(input);
      return free.size === 0;
    });
    return free.size === 0;
  }

  #fail(running: ReadonlySet<Input>): void {
    const { dispatch, workload, maxContainers } = this.#options;
    this.#looks = 0;
    const failure = waitsForItself(workload, maxContainers());
    const waitsForOne = (call: Call): boolean => {
      for (const parent of ancestors(call)) for (const input of running) if (isParent(parent, input)) return true;
      return false;
    };
    for (const input of dispatch.take(waitsForOne)) input.call.failed(input, failure);
  }
}

function* ancestors(call: Call): Generator<NonNullable<Call["parent"]>, void, undefined> {
  for (let parent = call.parent; parent; parent = parent.call.parent) yield parent;
}

function isParent(parent: NonNullable<Call["parent"]>, { call, index }: Input): boolean {
  return parent.call === call && parent.index === index;
}
