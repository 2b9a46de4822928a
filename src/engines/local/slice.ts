/**
 * How long one piece of work may keep the host from its other callers. What takes longer (a hundred thousand inputs that come at once, their
 * outcomes) is done in slices, with a turn of the event loop between two.
 */

const SLICE_MS = 0.1;
/** The clock is looked at after so many steps. */
const STEPS = 8;

export class Slice {
  readonly #stepsAtOnce: number;
  #until = 0;
  #steps = 0;

  /** @param stepsAtOnce so many are done in any case before it is looked how long they took */
  constructor(stepsAtOnce: number = STEPS) {
    this.#stepsAtOnce = stepsAtOnce;
  }

  begin(): void {
    this.#until = performance.now() + SLICE_MS;
    this.#steps = 0;
  }

  /** After each step: whether there is time for the next. */
  readonly goesOn = (): boolean => {
    if (++this.#steps < this.#stepsAtOnce) return true;
    this.#steps = 0;
    return performance.now() < this.#until;
  };
}
