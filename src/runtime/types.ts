/**
 * What the compiler sees of a remote function. Conditional types appear only in parameter lists, where they cost nothing until
 * a method is called; each function's stub is one reference to an interface.
 */
import type { AutoscalerSettings, FunctionStats } from "../engine/index.ts";
import type { Apps } from "./apps.ts";
import type { Client } from "./client.ts";
import { RemoteFunction } from "./function.ts";
import type { FunctionCall } from "./function-call.ts";
import type { ForEachOptions, MapItem, MapOptions, SpawnMapOptions } from "./map-options.ts";
import type { AnyCallable, Arguments, MapInputs, NoKeywords, StarmapInputs } from "./signatures.ts";

/** What every deployed function has, however it answers. */
export interface Deployed {
  readonly app: string;
  readonly name: string;
  readonly environment: string;
  /** Asks the engine for the function now, rather than with the first call. Idempotent. Rejects with NotFoundError, SignatureMismatchError. */
  hydrate(): Promise<this>;
  /** Overrides options of the deployed function until its next deploy. What is left out keeps its value. */
  updateAutoscaler(settings: AutoscalerSettings): Promise<void>;
  getCurrentStats(): Promise<FunctionStats>;
  /** URL of a web function, else undefined. */
  getWebUrl(): Promise<string | undefined>;
}

/**
 * A function that runs remotely.
 * @typeParam P parameters, with their labels
 * @typeParam R result, awaited
 * @typeParam K arguments that can be passed by name: NoKeywords, or Keywords
 */
export interface Function<P extends readonly unknown[], R, K = NoKeywords> extends Deployed {
  /** Runs remotely and resolves to the result. Rejects with what the function throws. */
  remote(...args: Arguments<P, K>): Promise<R>;
  /** Runs in this process. A stub has no definition: ExecutionError. */
  local(...args: P): R | Promise<R>;
  /** The inner function. A stub has no definition: ExecutionError. */
  getRawF(): (...args: P) => R | Promise<R>;
  /** Runs remotely without waiting: resolves once the input is durable. */
  spawn(...args: Arguments<P, K>): Promise<FunctionCall<R>>;
  /** Runs once for each input: one iterable per parameter, together as long as the shortest. Nothing runs before the first `next()`. */
  map<X extends boolean = false, W extends boolean = true>(
    ...inputs: MapInputs<P, MapOptions<X, W>, K>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Like map; each input is the list of arguments. */
  starmap<X extends boolean = false, W extends boolean = true>(
    ...inputs: StarmapInputs<P, MapOptions<X, W>, K>
  ): AsyncIterableIterator<MapItem<R, X, W>, undefined, void>;
  /** Runs once for each input and resolves when all are done. */
  forEach(...inputs: MapInputs<P, ForEachOptions, K>): Promise<void>;
  /** Like map without waiting: resolves to one call of many inputs, once all are durable. */
  spawnMap(...inputs: MapInputs<P, SpawnMapOptions, K>): Promise<FunctionCall<R>>;
}

/** A remote function that answers many times: with each Y that it yields. */
export interface GeneratorFunction<P extends readonly unknown[], Y, K = NoKeywords> extends Deployed {
  /** Runs remotely and yields what the function yields, at the pace of the reader. Leaving the loop ends the remote generator. */
  remoteGen(...args: Arguments<P, K>): AsyncGenerator<Y, void, void>;
  /** Runs in this process. A stub has no definition: ExecutionError. */
  local(...args: P): Generator<Y> | AsyncGenerator<Y>;
  /** The inner function. A stub has no definition: ExecutionError. */
  getRawF(): (...args: P) => Generator<Y> | AsyncGenerator<Y>;
}

// Not by their names alone: a program without the types of a browser or of Node has neither.
type WebRequest = typeof globalThis extends { Request: { prototype: infer R } } ? R : unknown;
type WebResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : unknown;

/** What `app.web` registers. */
export type WebHandler = (request: WebRequest) => WebResponse | Promise<WebResponse>;

/** A function that answers HTTP requests: it has a URL, and no `remote`. */
export interface WebFunction extends Deployed {
  /** Where it answers, with any path below. */
  getWebUrl(): Promise<string>;
  /** Runs in this process. A stub has no definition: ExecutionError. */
  local(request: WebRequest): WebResponse | Promise<WebResponse>;
  /** The handler. A stub has no definition: ExecutionError. */
  getRawF(): WebHandler;
}

/** Where to look for a function. */
export interface LookupOptions {
  /** Default: `main`, or the environment of the container that this runs in. */
  environment?: string;
  /** A deployed version. Default: the newest at each call. */
  version?: number;
  /** Default: the configured engine. */
  client?: Client;
}

type StubNames<A extends keyof Apps> = {
  [N in keyof Apps[A]]: Apps[A][N] extends Deployed ? N : never;
}[keyof Apps[A]];

/** The class of remote functions, as a value. */
export interface FunctionClass {
  /**
   * A function by its name; generated apps give its type. No I/O before the first use, so a wrong name is NotFoundError
   * then. Throws InvalidError for what cannot be a name.
   */
  fromName<A extends keyof Apps, N extends StubNames<A>>(app: A, name: N, options?: LookupOptions): Apps[A][N];
  /** A function of an app whose stubs are not in this program: `Function.fromName<[text: string], number>("text", "count")`. */
  fromName<P extends readonly unknown[] = never, R = never, K = NoKeywords>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): Function<P, R, K>;
  [Symbol.hasInstance](value: unknown): value is AnyFunction;
}

/** The class of remote generators, as a value. */
export interface GeneratorFunctionClass {
  fromName<P extends readonly unknown[] = never, Y = never, K = NoKeywords>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): GeneratorFunction<P, Y, K>;
  [Symbol.hasInstance](value: unknown): value is GeneratorFunction<never, unknown, never>;
}

// At run time one class is behind both; `fromName` and `instanceof` are what they are good for as values.
export const Function: FunctionClass = RemoteFunction as unknown as FunctionClass;
export const GeneratorFunction: GeneratorFunctionClass = {
  fromName: RemoteFunction.fromName,
  [Symbol.hasInstance]: (value: unknown) => value instanceof RemoteFunction && value.isGenerator,
} as unknown as GeneratorFunctionClass;

/** The function itself, exactly as its author typed it. */
export interface Definition<F extends AnyCallable> {
  readonly local: F;
  getRawF(): F;
}

/** What `app.function(f)` returns for an `f` of type F. The definition comes first, so that its signatures win. */
export type Defined<F extends AnyCallable> = Definition<F> & RemoteOf<ParametersOf<F>, ReturnOf<F>>;

/** The remote function for one with these parameters and this result. */
export type RemoteOf<P extends readonly unknown[], R> = 0 extends 1 & R
  ? Function<P, R>
  : [R] extends [never]
    ? Function<P, R>
    : [R] extends [AnyGenerator<infer Y>]
      ? GeneratorFunction<P, Y>
      : Function<P, Awaited<R>>;

/** Written as what generators have and other iterables (arrays, strings) lack. */
interface AnyGenerator<Y> {
  next(...args: never): IteratorResult<Y, unknown> | Promise<IteratorResult<Y, unknown>>;
  return?(value: never): unknown;
}

type ParametersOf<F extends AnyCallable> = F extends (...args: infer P) => unknown ? P : never;
type ReturnOf<F extends AnyCallable> = F extends (...args: never) => infer R ? R : never;

/** What an author may register with `batch`. */
export interface AnyBatched {
  (...lists: never): readonly unknown[] | Promise<readonly unknown[]>;
  // As in AnyCallable.
  <_>(...lists: never): readonly unknown[] | Promise<readonly unknown[]>;
}

/** What `app.function(f, { batch })` returns: the definition has arrays, its callers single items. */
export type DefinedBatched<F extends AnyBatched> = Definition<F> &
  Omit<Function<ItemsOf<ParametersOf<F>>, ItemOf<Awaited<ReturnOf<F>>>>, keyof Definition<F>>;

type ItemOf<T> = T extends readonly (infer Item)[] ? Item : never;
type ItemsOf<P extends readonly unknown[]> = { [I in keyof P]: ItemOf<P[I]> };

/** Any remote function that answers once. */
export type AnyFunction = Function<never, unknown, never>;
