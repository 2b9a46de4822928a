/** Remote functions as the compiler sees them where arguments can be passed by name, as Python's can. */
import type { ChosenForm, ChosenMapForm, ChosenStarmapForm } from "./chosen-form.ts";
import type { FunctionCall } from "./function-call.ts";
import type { Deployed } from "./function-types.ts";
import type { ForEachOptions, MapItem, MapOptions, SpawnMapOptions } from "./map-options.ts";

/**
 * A function that runs remotely and takes arguments by name.
 * @typeParam P parameters, with their labels
 * @typeParam R result, awaited
 * @typeParam K arguments that can be passed by name
 */
export interface Function<P extends readonly unknown[], R, K> extends Deployed {
  /** Runs remotely and resolves to the result. Rejects with what the function throws. */
  remote<A extends readonly unknown[] = readonly unknown[]>(...args: ChosenForm<P, K, A>): Promise<R>;
  /** Runs remotely without waiting: resolves once the input is durable. */
  spawn<A extends readonly unknown[] = readonly unknown[]>(...args: ChosenForm<P, K, A>): Promise<FunctionCall<R>>;
  /** Runs once for each input: one iterable per parameter, together as long as the shortest. Nothing runs before the first `next()`. */
  map<X extends boolean = false, W extends boolean = true, A extends readonly unknown[] = readonly unknown[]>(
    ...inputs: ChosenMapForm<P, K, MapOptions<X, W>, A>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Like map; each input is the list of arguments. */
  starmap<X extends boolean = false, W extends boolean = true, const A extends readonly unknown[] = readonly unknown[]>(
    ...inputs: ChosenStarmapForm<P, K, MapOptions<X, W>, A>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Runs once for each input and resolves when all are done. */
  forEach<A extends readonly unknown[] = readonly unknown[]>(
    ...inputs: ChosenMapForm<P, K, ForEachOptions, A>
  ): Promise<void>;
  /** Like map without waiting: resolves to one call of many inputs, once all are durable. */
  spawnMap<A extends readonly unknown[] = readonly unknown[]>(
    ...inputs: ChosenMapForm<P, K, SpawnMapOptions, A>
  ): Promise<FunctionCall<R>>;
  /** @deprecated the definition is in another language: this throws ExecutionError; call `remote` */
  local(...args: P): R | Promise<R>;
  /** @deprecated the definition is in another language: this throws ExecutionError */
  getRawF(): (...args: P) => R | Promise<R>;
}

/** A remote function that answers many times, with each Y that it yields, and takes arguments by name. */
export interface GeneratorFunction<P extends readonly unknown[], Y, K> extends Deployed {
  /** Runs remotely and yields what the function yields, at the pace of the reader. Leaving the loop ends the remote generator. */
  remoteGen<A extends readonly unknown[] = readonly unknown[]>(
    ...args: ChosenForm<P, K, A>
  ): AsyncGenerator<Y, void, void>;
  /** @deprecated the definition is in another language: this throws ExecutionError; call `remoteGen` */
  local(...args: P): Generator<Y> | AsyncGenerator<Y>;
  /** @deprecated the definition is in another language: this throws ExecutionError */
  getRawF(): (...args: P) => Generator<Y> | AsyncGenerator<Y>;
}
