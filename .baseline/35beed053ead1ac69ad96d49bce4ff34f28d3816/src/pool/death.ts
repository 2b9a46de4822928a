/** Why a container died: what is known of it is collected until the process is gone, since the first signs do not say it all. */
import type { Failure } from "../engine/index.ts";

/** So much of the end of stderr says why a container died. */
const KEPT_STDERR = 8_192;
const OUT_OF_MEMORY = /heap out of memory|Reached heap limit|ERR_WORKER_OUT_OF_MEMORY/;

export type DeathCause = "stopped" | "killed" | "crashed" | "out of memory" | "load failed" | "start timed out";

/** Why a container died. */
export interface Death {
  readonly cause: DeathCause;
  readonly detail: string;
  /** It had loaded its function. */
  readonly loaded: boolean;
  /** Neither by the pool's doing nor its own: the system was short of memory, or somebody killed it. */
  readonly killedByOthers: boolean;
  /** The constructor's arguments do not fit: why. */
  readonly refusal: Failure | undefined;
}

export class DeathRecord {
  #cause: DeathCause | undefined;
  #detail = "";
  #refusal: Failure | undefined;
  #stderr = "";
  #exit = "";
  #killedByOthers = false;

  /** The pool has told it to stop: unless something else comes first, that is why it ends. */
  toldToStop(): void {
    this.#cause ??= "stopped";
  }

  /** The pool is about to kill it. */
  killed(cause: DeathCause, detail: string): void {
    this.#cause = cause;
    this.#detail = detail;
  }

  /** It will end by itself. */
  loadFailed(detail: string, refusal: Failure | undefined): void {
    this.#cause = "load failed";
    this.#detail = detail;
    this.#refusal = refusal;
  }

  printed(stream: "stdout" | "stderr", text: string): void {
    if (stream === "stderr") this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
  }

  /** @param exit how, in words */
  exited(exit: string, signal: string | null): void {
    this.#exit = exit;
    this.#killedByOthers = signal === "SIGKILL" && this.#cause === undefined;
  }

  /**
   * All that came from it has been read.
   * @param loaded it had loaded its function
   * @param inside inputs that were still in it
   */
  close(loaded: boolean, inside: number): Death {
    // All there is to know of a process that did not get so far as to load anything is what it printed.
    const lastWords = loaded ? "" : this.#stderr.trim().slice(-1_000);
    return {
      cause: this.#causeWith(inside),
      detail: this.#detail || [this.#exit, lastWords].filter(Boolean).join("\n"),
      loaded,
      killedByOthers: this.#killedByOthers,
      refusal: this.#refusal,
    };
  }

  #causeWith(inside: number): DeathCause {
    let cause = this.#cause ?? "crashed";
    // It was asked to stop, and left with inputs in it.
    if (cause === "stopped" && inside > 0) cause = "crashed";
    return cause === "crashed" && OUT_OF_MEMORY.test(this.#stderr) ? "out of memory" : cause;
  }
}
