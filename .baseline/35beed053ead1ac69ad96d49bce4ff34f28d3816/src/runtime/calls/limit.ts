/** The caller's own limits on a call: a signal and a time. */
import { TimeoutError } from "../errors.ts";
import { Raised } from "../stacks.ts";
import { clearTimeout, nextTurn, queueMicrotask, setTimeout } from "../timers.ts";

export interface Limits {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/**
 * Watches the signal and the clock; `stop` is called at most once, and not before this has returned.
 * @returns ends the watch
 */
export function limit(limits: Limits, what: string, stop: (error: unknown) => void): () => void {
  const { signal, timeoutMs } = limits;
  const onAbort = () => end(signal?.reason);
  const onTime = () => {
    // This process may have stood still: what has come meanwhile is read first.
    nextTurn(() => watching && end(new Raised(timeout(what, timeoutMs!), false)));
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTime, timeoutMs);
  let watching = true;
  const unwatch = () => {
    watching = false;
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  const end = (error: unknown) => {
    unwatch();
    stop(error);
  };
  // A signal that has aborted does not say so again.
  if (signal?.aborted) queueMicrotask(() => watching && onAbort());
  signal?.addEventListener("abort", onAbort, { once: true });
  return unwatch;
}

export function timeout(what: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`${what} has not answered within ${timeoutMs} ms`, {
    hint: "The limit is the caller's own `timeoutMs`. The function's is among its options.",
  });
}
