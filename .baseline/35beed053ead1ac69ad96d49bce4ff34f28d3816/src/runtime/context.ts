/** What user code can ask about the input that it is running for. The container provides it. */
import { ExecutionError } from "./errors.ts";

export interface CallContext {
  /** `fc-…:3`: the call and the index of the input in it. */
  readonly inputId: string;
  readonly callId: string;
  /** Runs before this one: that failed, or whose container died. After a restart of the host 1 at least, as the input may have run. */
  readonly attempt: number;
  readonly app: string;
  readonly environment: string;
  readonly version: number;
  readonly function: string;
  /** When this attempt is killed. */
  readonly deadline: Date;
  /** Aborts when the input is cancelled. The container is killed when user code goes on for long after that. */
  readonly signal: AbortSignal;
  /**
   * Tells the caller how far the work is: `FunctionCall.progress()`, and `onProgress` of a call's options. At most some
   * twenty a second get through, the last one always.
   * @param fraction from 0 to 1; what is outside is taken for the nearest, NaN for 0
   */
  progress(fraction: number, message?: string): void;
}

let provider: (() => CallContext | undefined) | undefined;

/** For the container: `provide` returns the input that the running code belongs to. */
export function setContext(provide: () => CallContext | undefined): void {
  provider = provide;
}

/** The input that runs now. Throws ExecutionError outside a container. */
export function context(): CallContext {
  const current = provider?.();
  if (current === undefined) {
    throw new ExecutionError("context() was called outside a remote call", {
      hint: "Check isRemote() first in code that also runs locally.",
    });
  }
  return current;
}

/** Whether this code runs for a remote call, in a container. */
export function isRemote(): boolean {
  return provider?.() !== undefined;
}

/** The same without an error, for calls made from inside a call. */
export function currentContext(): CallContext | undefined {
  return provider?.();
}
