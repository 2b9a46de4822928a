/** Who is to blame when a container dies with inputs in it, and how often a container may fail to start. */
import type { Input } from "./call.ts";
import type { Death, DeathCause } from "./death.ts";

/** Deaths of a container, beyond the first, before they are the fault of the input that it ran. */
const MAX_CRASHES = 8;
/** Failed starts in a row before the inputs fail whose callers wait; more when a SIGKILL from elsewhere is why, as for inputs. */
const MAX_FAILED_STARTS = 3;
const MAX_KILLED_STARTS = MAX_CRASHES;
const MAX_START_DELAY_MS = 30_000;
const MAX_KILLED_START_DELAY_MS = 2_000;

export interface Verdict {
  input: Input;
  /** `again`: it runs again. The others end it: it died too often, or needs more memory than there is. */
  fate: "again" | "gave up" | "out of memory";
}

/**
 * With one input in it the blame is clear; of several, each runs alone from now on.
 * @param left inputs whose outcome is still open
 * @param inside all that were in the container
 */
export function blameFor({ cause }: Pick<Death, "cause">, left: readonly Input[], inside: number): Verdict[] {
  const culprit = inside === 1 ? left[0] : undefined;
  if (culprit && cause === "out of memory") return [{ input: culprit, fate: "out of memory" }];
  return left.map((input) => {
    if (input === culprit) input.blame();
    else input.suspected();
    return { input, fate: input.crashes > MAX_CRASHES ? "gave up" : "again" };
  });
}

/** Failed starts in a row: each makes the next wait longer. */
export class FailedStarts {
  readonly #onRetry: () => void;
  #count = 0;
  #since = 0;
  #reason: string | undefined;
  #gaveUp = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onRetry called when another start may be tried */
  constructor(onRetry: () => void) {
    this.#onRetry = onRetry;
  }

  /** The last one is too recent for another. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** When the first of them failed, by performance.now(); undefined when the last start did not fail. */
  get since(): number | undefined {
    return this.#count === 0 ? undefined : this.#since;
  }

  /** Why the last one failed. */
  get reason(): string | undefined {
    return this.#reason;
  }

  succeeded(): void {
    this.#count = 0;
    this.#reason = undefined;
    this.#gaveUp = false;
    this.retryNow();
  }

  /** Somebody waits who would be given up on: the next failure is to come at once rather than after the wait. */
  hurry(): void {
    if (this.#gaveUp && this.waiting) this.retryNow();
  }

  /**
   * Returns whether to give up on the inputs whose callers wait.
   * @param alone no other container runs the same
   * @param reason in words
   */
  failed(cause: DeathCause, killedByOthers: boolean, alone: boolean, reason: string): boolean {
    if (this.#count++ === 0) this.#since = performance.now();
    this.#reason = reason;
    const longest = killedByOthers ? MAX_KILLED_START_DELAY_MS : MAX_START_DELAY_MS;
    this.retryNow();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#onRetry();
      },
      Math.min(longest, 50 * 2 ** this.#count),
    ).unref();
    // An app that throws when it is imported will throw again; what the system refused may be there the next time.
    const most = killedByOthers ? MAX_KILLED_STARTS : MAX_FAILED_STARTS;
    this.#gaveUp = alone && (cause !== "crashed" || this.#count >= most);
    return this.#gaveUp;
  }

  /** Whatever comes next need not wait. */
  retryNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
