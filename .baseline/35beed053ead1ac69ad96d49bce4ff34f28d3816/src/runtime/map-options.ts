/** How a call with many inputs is made, and what its outputs are. */
import type { Progress } from "../engine/index.ts";
import type { UserCodeException } from "./errors.ts";

/**
 * @typeParam X whether failures are items
 * @typeParam W whether such items are wrapped
 */
export interface MapOptions<X extends boolean = boolean, W extends boolean = boolean> {
  /** Outputs in the order of the inputs; false: as they come. Default true. */
  orderOutputs?: boolean | undefined;
  /** A failed input gives its error as an item; false: the first failure rejects at once. Default false. */
  returnExceptions?: X | undefined;
  /** Items that are errors are wrapped in UserCodeException, whose `cause` is the original. Default true. */
  wrapReturnedExceptions?: W | undefined;
  /** Inputs that are sent and not yet consumed. Default 1000. */
  maxOutstanding?: number | undefined;
  /** Called with what the function reports with `context().progress()` for each input. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Cancels what is left; the iteration rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface ForEachOptions {
  /** Go on after failures, and resolve all the same. Default false: the first failure rejects and cancels the rest. */
  ignoreExceptions?: boolean | undefined;
  /** Inputs that are sent and not yet done. Default 1000. */
  maxOutstanding?: number | undefined;
  /** Called with what the function reports with `context().progress()` for each input. */
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface SpawnMapOptions {
  /** The inputs begin so many milliseconds from now, or later. */
  delayMs?: number | undefined;
  /** The inputs begin at this time, or later. */
  at?: Date | undefined;
  /** Stops sending; what has been sent is cancelled. */
  signal?: AbortSignal | undefined;
}

/** An item of a map's output. */
export type MapItem<R, X extends boolean, W extends boolean> = X extends true
  ? W extends true
    ? R | UserCodeException
    : R | Error
  : R;
