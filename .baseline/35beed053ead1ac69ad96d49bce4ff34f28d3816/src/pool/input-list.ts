/** The inputs of one container, in the order in which they were sent: the first of them run, those behind wait for their turn. */
import type { Input, InputContainer } from "./call.ts";

export class InputList {
  readonly #container: InputContainer;
  readonly #maxRunning: number;
  #first: Input | undefined;
  #last: Input | undefined;
  #firstWaiting: Input | undefined;
  #length = 0;
  #running = 0;

  constructor(container: InputContainer, maxRunning: number) {
    this.#container = container;
    this.#maxRunning = maxRunning;
  }

  get length(): number {
    return this.#length;
  }

  get running(): number {
    return this.#running;
  }

  get hasWaiting(): boolean {
    return this.#firstWaiting !== undefined;
  }

  /** When the one that has run for the longest began; `undefined` when nothing waits behind those that run. */
  get blockedSince(): number | undefined {
    return this.#firstWaiting ? this.#first!.startedAt : undefined;
  }

  /** Returns whether it may begin at once; otherwise `remove` will say when. */
  add(input: Input): boolean {
    input.enter(this.#container, this.#last);
    this.#first ??= input;
    this.#last = input;
    this.#length++;
    if (this.#running < this.#maxRunning) return true;
    this.#firstWaiting ??= input;
    return false;
  }

  begin(input: Input, now: number): void {
    input.begin(now);
    this.#running++;
  }

  /** Returns the input that may begin in its place. */
  remove(input: Input): Input | undefined {
    if (this.#first === input) this.#first = input.next;
    if (this.#last === input) this.#last = input.previous;
    if (this.#firstWaiting === input) this.#firstWaiting = input.next;
    input.leave();
    this.#length--;
    if (input.startedAt === 0) return undefined;
    this.#running--;
    const next = this.#firstWaiting;
    this.#firstWaiting = next?.next;
    return next;
  }

  /** Results come nearly always in order, so the first ones are where to look. */
  find(callNumber: number, index: number): Input | undefined {
    for (let input = this.#first; input; input = input.next) {
      if (input.index === index && input.call.number === callNumber) return input;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<Input, void, undefined> {
    for (let input = this.#first; input; ) {
      const { next } = input;
      yield input;
      input = next;
    }
  }
}
