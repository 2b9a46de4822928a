/**
 * Remote functions as the compiler sees them where arguments have no names. Interfaces with two parameters of their own, since an
 * editor shows every parameter of an interface, defaults too.
 */
import type { AutoscalerSettings, FunctionStats } from "../engine/index.ts";
import type { FunctionCall } from "./function-call.ts";
import type { ForEachOptions, MapItem, MapOptions, SpawnMapOptions } from "./map-options.ts";
import type { Arguments, MapInputs, NoKeywords, StarmapInputs } from "./signatures.ts";

/** What every deployed function has, however it answers. */
export interface Deployed {
  /** The app that it is deployed in. */
  readonly app: string;
  /** Its name in the app. */
  readonly name: string;
  /** The environment that calls go to. */
  readonly environment: string;
  /** Asks the engine for the function now, rather than with the first call. Idempotent. Rejects with NotFoundError, SignatureMismatchError. */
  hydrate(): Promise<this>;
  /** Overrides options of the deployed function until its next deploy. What is left out keeps its value. */
  updateAutoscaler(settings: AutoscalerSettings): Promise<void>;
  /** How many inputs wait and run, and how many containers there are. */
  getCurrentStats(): Promise<FunctionStats>;
  /** URL of a web function, else undefined. */
  getWebUrl(): Promise<string | undefined>;
}

/**
 * A function that runs remotely.
 * @typeParam P parameters, with their labels
 * @typeParam R result, awaited
 */
export interface Function<P extends readonly unknown[], R> extends Deployed {
  /** Runs remotely and resolves to the result. Rejects with what the function throws. */
  remote(...args: Arguments<P, NoKeywords>): Promise<R>;
  /** Runs remotely without waiting: resolves once the input is durable. */
  spawn(...args: Arguments<P, NoKeywords>): Promise<FunctionCall<R>>;
  /** Runs once for each input: one iterable per parameter, together as long as the shortest. Nothing runs before the first `next()`. */
  map<X extends boolean = false, W extends boolean = true>(
    ...inputs: MapInputs<P, MapOptions<X, W>, NoKeywords>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Like map; each input is the list of arguments. */
  starmap<X extends boolean = false, W extends boolean = true>(
    ...inputs: StarmapInputs<P, MapOptions<X, W>, NoKeywords>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Runs once for each input and resolves when all are done. */
  forEach(...inputs: MapInputs<P, ForEachOptions, NoKeywords>): Promise<void>;
  /** Like map without waiting: resolves to one call of many inputs, once all are durable. */
  spawnMap(...inputs: MapInputs<P, SpawnMapOptions, NoKeywords>): Promise<FunctionCall<R>>;
  /**
   * Runs in this process, where the function is defined.
   * @deprecated a stub has no definition and throws ExecutionError: call `remote`, or import the function from its app's module
   */
  local(...args: P): R | Promise<R>;
  /**
   * The inner function, where it is defined.
   * @deprecated a stub has no definition and throws ExecutionError: import the function from its app's module
   */
  getRawF(): (...args: P) => R | Promise<R>;
}

/** A remote function that answers many times: with each Y that it yields. */
export interface GeneratorFunction<P extends readonly unknown[], Y> extends Deployed {
  /** Runs remotely and yields what the function yields, at the pace of the reader. Leaving the loop ends the remote generator. */
  remoteGen(...args: Arguments<P, NoKeywords>): AsyncGenerator<Y, void, void>;
  /**
   * Runs in this process, where the function is defined.
   * @deprecated a stub has no definition and throws ExecutionError: call `remoteGen`, or import the function from its app's module
   */
  local(...args: P): Generator<Y> | AsyncGenerator<Y>;
  /**
   * The inner function, where it is defined.
   * @deprecated a stub has no definition and throws ExecutionError: import the function from its app's module
   */
  getRawF(): (...args: P) => Generator<Y> | AsyncGenerator<Y>;
}
