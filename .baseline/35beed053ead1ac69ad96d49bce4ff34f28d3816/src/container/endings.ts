/** Ends inputs: each with exactly one frame, whatever its function does afterwards. Later results are dropped. */
import type { Input } from "./input.ts";
import { InputFailure, type Outbox } from "./outbox.ts";
import type { RunningInputs } from "./running.ts";

export class Endings {
  readonly #outbox: Outbox;
  readonly #running: RunningInputs;

  constructor(outbox: Outbox, running: RunningInputs) {
    this.#outbox = outbox;
    this.#running = running;
  }

  result(input: Input, value: unknown): void {
    if (input.state === "ended") return; // It failed by an unhandled rejection before.
    if (input.cancelled) {
      this.cancelled(input);
      return;
    }
    input.flushProgress();
    try {
      this.#outbox.result(input, value);
    } catch (error) {
      this.failure(input, error);
      return;
    }
    this.#end(input);
  }

  /** Ends it with the error that user code threw. */
  error(input: Input, error: unknown): void {
    if (input.state !== "ended" && !input.cancelled) input.run?.threw(error);
    if (!this.#end(input)) return;
    if (input.cancelled) this.#outbox.cancelled(input);
    else this.#outbox.exception(input, error);
  }

  /** An error of farcall's own: arguments that cannot be decoded or do not fit, results that cannot be encoded. */
  failure(input: Input, error: unknown): void {
    if (input.state !== "ended") {
      if (error instanceof InputFailure) input.run?.failed(error.failure);
      else input.run?.threw(error);
    }
    if (this.#end(input)) this.#outbox.failed(input, error);
  }

  cancelled(input: Input): void {
    if (this.#end(input)) this.#outbox.cancelled(input);
  }

  /** A generator is done, or has stopped early. */
  generator(input: Input): void {
    if (this.#end(input)) this.#outbox[input.cancelled ? "cancelled" : "end"](input);
  }

  /** Returns it to the engine before it has begun. */
  returned(input: Input): void {
    if (this.#end(input)) this.#outbox.returned(input);
  }

  /** False when the input has already ended: this result came too late. */
  #end(input: Input): boolean {
    if (input.state === "ended") return false;
    if (input.state === "running") this.#running.remove(input);
    input.end();
    input.batch?.live.delete(input);
    return true;
  }
}
