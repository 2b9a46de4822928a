/** Arguments that are not the function's own: they come last, and are recognised by their class. */
import type { Progress } from "../engine/index.ts";

export interface CallOptionsInit {
  /** Cancels the call; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Longest time that the caller waits, in milliseconds; then the call is cancelled and the promise rejects with TimeoutError. */
  timeoutMs?: number | undefined;
  /** The same key on the same function gives the same call. */
  idempotencyKey?: string | undefined;
  /** For `spawn`: the input begins so many milliseconds from now, or later. */
  delayMs?: number | undefined;
  /** For `spawn`: the input begins at this time, or later. */
  at?: Date | undefined;
  /** Called with what the function reports with `context().progress()`. Not for `spawn`, whose call has `progress()`. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** What tells the compiler such an argument from the function's own. */
export interface Marker<out M> {
  readonly [markerBrand]: M;
}

// Two for kwargs, or the type of one would be inferred from the other.
declare const markerBrand: unique symbol;
declare const kwargsBrand: unique symbol;
declare const givenBrand: unique symbol;

/**
 * Made by `callOptions()`; the last argument of a call. The other properties are there for the compiler's answer to those who pass
 * the options as they are.
 */
export interface CallOptions extends Marker<"callOptions"> {
  /** @deprecated write `callOptions({ signal })` */
  readonly signal?: "write callOptions({ signal })";
  /** @deprecated write `callOptions({ timeoutMs })` */
  readonly timeoutMs?: "write callOptions({ timeoutMs })";
  /** @deprecated write `callOptions({ idempotencyKey })` */
  readonly idempotencyKey?: "write callOptions({ idempotencyKey })";
  /** @deprecated write `callOptions({ delayMs })` */
  readonly delayMs?: "write callOptions({ delayMs })";
  /** @deprecated write `callOptions({ at })` */
  readonly at?: "write callOptions({ at })";
  /** @deprecated write `callOptions({ onProgress })` */
  readonly onProgress?: "write callOptions({ onProgress })";
}

/** Made by `kwargs()`: arguments by name, after those by position. */
export interface Kwargs<in out T> extends Marker<"kwargs"> {
  readonly [kwargsBrand]: T;
}

/**
 * Made by `kwargs()` too, for functions whose types follow from what they are given: generic and overloaded ones.
 * @typeParam V the values
 * @typeParam N their names, apart, since an object type lets pass what has more
 */
export interface GivenKwargs<out V, out N> extends Marker<"kwargs"> {
  readonly [givenBrand]: [V, N];
}

export class CallOptionsArgument {
  readonly init: CallOptionsInit;

  constructor(init: CallOptionsInit) {
    this.init = init;
  }
}

export class KwargsArgument {
  readonly values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
  }
}

/** How one call is made: `resize.remote(image, callOptions({ signal }))`. */
export function callOptions(init: CallOptionsInit): CallOptions {
  // The brand exists for the compiler only.
  return new CallOptionsArgument(init) as unknown as CallOptions;
}

/**
 * Passes arguments by name to a function that has names for them (Python's do): `tokenize.remote(text, kwargs({ lower: true }))`.
 * Write it inside the call: its type comes from there.
 */
export function kwargs<T, const V extends object>(
  values: unknown extends T ? V : NoInfer<T>,
): Kwargs<T> & GivenKwargs<Writable<V>, keyof V> {
  return new KwargsArgument(values as Record<string, unknown>) as never; // the brands exist for the compiler only
}

/** Without the `readonly` that literals have whose types are kept exactly. An interface or a class is left as it is. */
type Writable<V> = V extends readonly unknown[] | Record<string, unknown>
  ? { -readonly [P in keyof V]: Writable<V[P]> }
  : V;

/** The same value for every input of a `map`. */
export function repeat<const T>(value: T): Iterable<T> {
  const result: IteratorResult<T> = { value, done: false };
  const iterator: IterableIterator<T> = { next: () => result, [Symbol.iterator]: () => iterator };
  return iterator;
}
