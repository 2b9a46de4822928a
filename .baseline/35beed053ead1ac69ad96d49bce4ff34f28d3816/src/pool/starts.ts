/** Starts the containers of a pool, and decides what becomes of the inputs that wait when none starts. */
import type { Failure } from "../engine/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { Call, Input } from "./call.ts";
import { FailedStarts } from "./crashes.ts";
import type { Death, DeathCause } from "./death.ts";
import { didNotStart } from "./failures.ts";
import type { Workload } from "./workload.ts";

/** How long spawned inputs wait for containers that fail to start. */
const DEFAULT_START_RETRY_MS = 86_400_000;

interface StartsOptions {
  workload: Workload;
  containers: ReadonlySet<{ readonly loaded: boolean }>;
  dispatch: { readonly waiting: number; take(which: (call: Call) => boolean): Iterable<Input> };
  /** Starts one, which is in `containers` from then on. Throws when the system has no process to give. */
  start: () => void;
  /** False when enough containers are starting already. */
  mayStart: () => boolean;
  /** Whether containers are wanted though nothing waits. */
  keepsSome: () => boolean;
  /** Called when another start may be tried after one that failed. */
  onRetry: () => void;
}

export class Starts {
  readonly #options: StartsOptions;
  readonly #failed: FailedStarts;

  constructor(options: StartsOptions) {
    this.#options = options;
    this.#failed = new FailedStarts(options.onRetry);
  }

  /** Why containers do not start; undefined when the last one did, or nothing waits for the next. */
  get problem(): string | undefined {
    return this.#options.dispatch.waiting > 0 ? this.#failed.reason : undefined;
  }

  /** Somebody waits who would be given up on. */
  hurry(): void {
    this.#failed.hurry();
  }

  /** A container has become ready. */
  succeeded(): void {
    this.#failed.succeeded();
  }

  /** @param starting whether some are starting already */
  start(missing: number, starting: boolean): void {
    if (this.#failed.waiting) return;
    const { start, mayStart } = this.#options;
    let count = missing;
    // While starts fail, one at a time is enough to see whether the next does not.
    if (this.#failed.since !== undefined) count = starting ? 0 : 1;
    for (let i = 0; i < count && mayStart(); i++) {
      try {
        start();
      } catch (error) {
        // What is invalid stays so; what the system refused may be there the next time.
        this.#startFailed(error instanceof InvalidError ? "load failed" : "crashed", (error as Error).message, false);
        return;
      }
    }
  }

  /** A container is gone, perhaps one that was to start. */
  containerGone({ cause, detail, loaded, killedByOthers, refusal }: Death): void {
    if (refusal) this.#failWaiting(refusal, () => true);
    else if (!loaded && cause !== "stopped" && cause !== "killed") this.#startFailed(cause, detail, killedByOthers);
  }

  close(): void {
    this.#failed.retryNow();
  }

  #startFailed(cause: DeathCause, detail: string, killedByOthers: boolean): void {
    const { workload, containers, dispatch, keepsSome } = this.#options;
    const alone = ![...containers].some((container) => container.loaded);
    const failure = didNotStart(workload, cause, detail);
    if (!this.#failed.failed(cause, killedByOthers, alone, failure.message)) return;
    this.#failWaiting(failure, ({ patientSince }) => patientSince === undefined);
    this.#failPatient(failure);
    if (dispatch.waiting === 0 && !keepsSome()) this.#failed.retryNow();
  }

  /** Those that have waited for a container for longer than `startRetryMs`. */
  #failPatient(failure: Failure): void {
    const { startRetryMs = DEFAULT_START_RETRY_MS } = this.#options.workload.options;
    const longAgo = performance.now() - startRetryMs;
    if (this.#failed.since! > longAgo) return;
    const message = `${failure.message} (tried again for ${startRetryMs} ms)`;
    this.#failWaiting(
      { ...failure, message },
      ({ patientSince }) => patientSince !== undefined && patientSince <= longAgo,
    );
  }

  #failWaiting(failure: Failure, which: (call: Call) => boolean): void {
    for (const input of this.#options.dispatch.take(which)) input.call.failed(input, failure);
  }
}
