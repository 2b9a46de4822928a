/** How long a container may take to become ready, by working time: pauses of this process do not count. */
import { MAX_TIMER_MS } from "../runtime/index.ts";
import { holdWorkingTime, releaseWorkingTime, workingTime } from "./clock.ts";

export class StartLimit {
  readonly #startBy: number;
  readonly #onTooLate: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, onTooLate: () => void) {
    this.#startBy = workingTime() + timeoutMs;
    this.#onTooLate = onTooLate;
    holdWorkingTime();
    this.#wait();
  }

  /** It is ready, or will never be. */
  over(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    releaseWorkingTime();
  }

  #wait(): void {
    const left = this.#startBy - workingTime();
    this.#timer = setTimeout(this.#judge, Math.min(Math.max(1, Math.ceil(left)), MAX_TIMER_MS));
  }

  readonly #judge = (): void => {
    if (this.#startBy - workingTime() > 0) this.#wait();
    // What has come is read before.
    else setImmediate(() => this.#timer && this.#onTooLate());
  };
}
