/**
 * Inputs of which one killed a container: each runs alone from then on, so that the next death has one cause. A container
 * that is to run one is reserved: it takes nothing else until it has.
 */
import type { Input } from "./call.ts";
import { Queue } from "./queue.ts";

interface Reservable extends Iterable<Input> {
  readonly state: string;
  readonly inputs: number;
}

export class Suspects<C extends Reservable> {
  readonly #waiting = new Queue<Input>();
  readonly #reserved = new Set<C>();

  get waiting(): number {
    return this.#waiting.length;
  }

  add(input: Input): void {
    this.#waiting.push(input);
  }

  shift(): Input | undefined {
    return this.#waiting.shift();
  }

  hasReserved(container: C): boolean {
    return this.#reserved.size > 0 && this.#reserved.has(container);
  }

  containerGone(container: C): void {
    this.#reserved.delete(container);
  }

  /**
   * Gives each empty container one. Where there is none, containers are reserved until they are empty.
   * @param mayBegin whether a limit lets the input run now; those behind it wait too
   */
  place(containers: Iterable<C>, run: (container: C, input: Input) => void, mayBegin: (input: Input) => boolean): void {
    while (this.#waiting.length > 0) {
      if (this.#waiting.peek()!.call.over) {
        this.#waiting.shift();
        continue;
      }
      if (!mayBegin(this.#waiting.peek()!)) return;
      const container = this.#emptyOf(containers);
      if (!container) return;
      this.#reserved.add(container);
      run(container, this.#waiting.shift()!);
    }
    // Nothing waits: only those that run a suspect are kept for it.
    for (const container of this.#reserved) {
      if (![...container].some(({ suspect }) => suspect)) this.#reserved.delete(container);
    }
  }

  #emptyOf(containers: Iterable<C>): C | undefined {
    let least: C | undefined;
    for (const container of containers) {
      if (container.state !== "ready") continue;
      if (container.inputs === 0) return container;
      if (this.#reserved.has(container)) continue;
      if (!least || container.inputs < least.inputs) least = container;
    }
    if (least && this.#reserved.size < this.#waiting.length) this.#reserved.add(least);
    return undefined;
  }
}
