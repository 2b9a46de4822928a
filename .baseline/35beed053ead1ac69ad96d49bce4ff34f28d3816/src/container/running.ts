/** The running inputs, unordered: when one ends, the last one takes its slot, which costs less than a set. */
import type { Input } from "./input.ts";

export class RunningInputs {
  readonly #inputs: Input[] = [];

  get length(): number {
    return this.#inputs.length;
  }

  add(input: Input): void {
    input.occupy(this.#inputs.push(input) - 1);
  }

  remove(input: Input): void {
    const last = this.#inputs.pop()!;
    if (last === input) return;
    last.occupy(input.slot);
    this.#inputs[input.slot] = last;
  }

  [Symbol.iterator](): Iterator<Input> {
    return this.#inputs.values();
  }
}
