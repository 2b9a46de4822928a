/** What becomes of an input that has been in a container: its call gets the outcome, or the input runs again. */
import { MAX_TIMER_MS } from "../runtime/index.ts";
import { FromContainer, type ProgressMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import type { Input } from "./call.ts";
import { queueTime } from "./clock.ts";
import { abandonedByReader, generatorCutOff, timedOut } from "./failures.ts";
import { failureIn } from "./messages.ts";

export class Outcomes {
  readonly #again: (input: Input) => void;

  /** @param again takes an input that is to run now */
  constructor(again: (input: Input) => void) {
    this.#again = again;
  }

  ended(input: Input, frame: Frame): void {
    if (input.decided) {
      this.#beginSuccessor(input);
      return;
    }
    const { call } = input;
    switch (frame.type) {
      case FromContainer.result:
        call.outcome(input, "result", frame.payload);
        return;
      case FromContainer.end:
        call.outcome(input, "end", frame.payload);
        return;
      case FromContainer.exception:
        if (!this.retry(input)) call.outcome(input, "exception", frame.payload);
        return;
      default:
        call.failed(input, failureIn(frame));
    }
  }

  yielded(input: Input, payload: Uint8Array): void {
    if (input.decided) return;
    input.sent();
    input.call.yielded(input, payload);
  }

  progressed(input: Input, { fraction, message }: ProgressMessage): void {
    if (input.decided || input.call.over) return;
    const { index } = input;
    input.call.progressed(message === undefined ? { index, fraction } : { index, fraction, message });
  }

  /** The container gave it back before it began. */
  returned(input: Input): void {
    this.#beginSuccessor(input);
    if (!input.decided && !input.call.over) this.#again(input);
  }

  timedOut(input: Input): void {
    if (!this.retry(input)) input.call.failed(input, timedOut(input));
  }

  /** Running it again would only wait again. */
  abandoned(input: Input): void {
    input.call.failed(input, abandonedByReader(input));
  }

  /** Its container died. Returns whether its outcome is still open. */
  lostContainer(input: Input): boolean {
    this.#beginSuccessor(input);
    if (input.decided || input.call.over) return false;
    input.lostContainer();
    return true;
  }

  /** Runs what was cut off again. @param reason what cut it off, as a clause */
  rerun(input: Input, reason: string): void {
    if (input.yielded > 0) input.call.failed(input, generatorCutOff(input, reason));
    else this.#runAgain(input);
  }

  /** Begins the next attempt of what user code has failed; false when there is none. */
  retry(input: Input): boolean {
    const { maxRetries, initialDelayMs, backoffCoefficient, maxDelayMs } = input.call.fn.schema.options.retries;
    // What a generator has sent cannot be taken back.
    if (input.attempt >= maxRetries || input.yielded > 0 || input.call.over) return false;
    const delay = Math.min(maxDelayMs, initialDelayMs * backoffCoefficient ** input.attempt);
    // Up to a fifth longer, so that inputs that failed together do not come back together.
    const wait = delay * (1 + Math.random() / 5);
    if (input.container) input.followedBy(input.again(), performance.now() + wait);
    else this.#runLater(input.again(), wait);
    return true;
  }

  #beginSuccessor({ successor }: Input): void {
    if (successor) this.#runLater(successor.input, Math.max(0, successor.at - performance.now()));
  }

  #runLater(input: Input, delayMs: number): void {
    setTimeout(() => this.#runAgain(input), Math.min(delayMs, MAX_TIMER_MS));
  }

  #runAgain(input: Input): void {
    if (input.call.over) return;
    input.waits(queueTime());
    this.#again(input);
  }
}
