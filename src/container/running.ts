/** The inputs that run now, in no order: an input that ends gives its slot to the last one, which costs less than a set. */
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
