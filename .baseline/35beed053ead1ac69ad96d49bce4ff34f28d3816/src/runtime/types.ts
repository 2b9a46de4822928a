/**
 * What the compiler sees of a remote function. Conditional types appear only in parameter lists, where they cost nothing until
 * a method is called, and in what chooses between two interfaces; each function's stub is one reference to one of them.
 */
import type { Apps } from "./apps.ts";
import type { Client } from "./client.ts";
import { RemoteFunction } from "./function.ts";
import type { Deployed, Function as PlainFunction, GeneratorFunction as PlainGenerator } from "./function-types.ts";
import type { Function as KeywordFunction, GeneratorFunction as KeywordGenerator } from "./keyword-types.ts";
import type { NearApp, NearName } from "./near-name.ts";
import type { AnyCallable, NoKeywords } from "./signatures.ts";

/**
 * A function that runs remotely.
 * @typeParam P parameters, with their labels
 * @typeParam R result, awaited
 * @typeParam K arguments that can be passed by name: NoKeywords, or Keywords
 */
export type Function<P extends readonly unknown[], R, K = NoKeywords> = [K] extends [NoKeywords]
  ? PlainFunction<P, R>
  : KeywordFunction<P, R, K>;

/** A remote function that answers many times: with each Y that it yields. */
export type GeneratorFunction<P extends readonly unknown[], Y, K = NoKeywords> = [K] extends [NoKeywords]
  ? PlainGenerator<P, Y>
  : KeywordGenerator<P, Y, K>;

// Not by their names alone: a program without the types of a browser or of Node has neither.
type WebRequest = typeof globalThis extends { Request: { prototype: infer R } } ? R : unknown;
type WebResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : unknown;

/** What `app.web` registers. */
export type WebHandler = (request: WebRequest) => WebResponse | Promise<WebResponse>;

/** A function that answers HTTP requests: it has a URL, and no `remote`. */
export interface WebFunction extends Deployed {
  /** Where it answers, with any path below. */
  getWebUrl(): Promise<string>;
  /**
   * Runs in this process, where the handler is defined.
   * @deprecated a stub has no definition and throws ExecutionError: send requests to its URL
   */
  local(request: WebRequest): WebResponse | Promise<WebResponse>;
  /**
   * The handler, where it is defined.
   * @deprecated a stub has no definition and throws ExecutionError: import the handler from its app's module
   */
  getRawF(): WebHandler;
}

/** What `app.web` returns: the handler is at hand. */
export interface DefinedWeb extends Deployed {
  /** Where it answers, with any path below. */
  getWebUrl(): Promise<string>;
  /** Runs in this process. */
  local(request: WebRequest): WebResponse | Promise<WebResponse>;
  /** The handler. */
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
interface FunctionClass {
  /**
   * A function by its name; generated apps give its type. No I/O before the first use, so a wrong name is NotFoundError
   * then. Throws InvalidError for what cannot be a name.
   */
  fromName<A extends keyof Apps, N extends StubNames<A>>(app: A, name: N, options?: LookupOptions): Apps[A][N];
  /** A function of an app whose stubs are not in this program: `Function.fromName<[text: string], number>("text", "count")`. */
  fromName<P extends readonly unknown[] = never, R = never>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): PlainFunction<P, R>;
  /** The same for a function whose arguments can be passed by name. */
  fromName<P extends readonly unknown[] = never, R = never, K = never>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): Function<P, R, K>;
  /** Never fits: it is the last, so that the compiler says of a wrong name which ones are near. */
  fromName<const A extends string, const N extends string>(
    app: NearApp<Apps, A>,
    name: NearName<A extends keyof Apps ? StubNames<A> : N, N>,
    options?: LookupOptions,
  ): never;
  [Symbol.hasInstance](value: unknown): value is AnyFunction;
}

/** The class of remote generators, as a value. */
interface GeneratorFunctionClass {
  /** A generator of an app whose stubs are not in this program: `GeneratorFunction.fromName<[to: number], number>("text", "count")`. */
  fromName<P extends readonly unknown[] = never, Y = never>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): PlainGenerator<P, Y>;
  /** The same for a generator whose arguments can be passed by name. */
  fromName<P extends readonly unknown[] = never, Y = never, K = never>(
    app: [P] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): GeneratorFunction<P, Y, K>;
  [Symbol.hasInstance](value: unknown): value is GeneratorFunction<never, unknown>;
}

// At run time one class is behind both; `fromName` and `instanceof` are what they are good for as values.
export const Function: FunctionClass = RemoteFunction as unknown as FunctionClass;
export const GeneratorFunction: GeneratorFunctionClass = {
  fromName: RemoteFunction.fromName,
  [Symbol.hasInstance]: (value: unknown) => value instanceof RemoteFunction && value.isGenerator,
} as unknown as GeneratorFunctionClass;

/** The function itself, exactly as its author typed it. */
export interface Definition<F extends AnyCallable> {
  /** Runs in this process. */
  readonly local: F;
  /** The inner function. */
  getRawF(): F;
}

/** What `app.function(f)` returns for an `f` of type F. The definition comes first, so that its signatures win. */
export type Defined<F extends AnyCallable> = Definition<F> & RemoteOf<ParametersOf<F>, ReturnOf<F>>;

/** The remote function for one with these parameters and this result. */
export type RemoteOf<P extends readonly unknown[], R> = 0 extends 1 & R
  ? PlainFunction<P, R>
  : [R] extends [never]
    ? PlainFunction<P, R>
    : [R] extends [AnyGenerator<infer Y>]
      ? PlainGenerator<P, Y>
      : PlainFunction<P, Awaited<R>>;

/** Written as what generators have and other iterables (arrays, strings) lack. */
interface AnyGenerator<Y> {
  next(...args: never): IteratorResult<Y, unknown> | Promise<IteratorResult<Y, unknown>>;
  return?(value: never): unknown;
}

export type ParametersOf<F extends AnyCallable> = F extends (...args: infer P) => unknown ? P : never;
type ReturnOf<F extends AnyCallable> = F extends (...args: never) => infer R ? R : never;

/** What an author may register with `batch`. */
export interface AnyBatched {
  (...lists: never): readonly unknown[] | Promise<readonly unknown[]>;
  // As in AnyCallable.
  <_>(...lists: never): readonly unknown[] | Promise<readonly unknown[]>;
}

/** What `app.function(f, { batch })` returns: the definition has arrays, its callers single items. */
export type DefinedBatched<F extends AnyBatched> = Definition<F> &
  Omit<PlainFunction<ItemsOf<ParametersOf<F>>, ItemOf<Awaited<ReturnOf<F>>>>, keyof Definition<F>>;

type ItemOf<T> = T extends readonly (infer Item)[] ? Item : never;
type ItemsOf<P extends readonly unknown[]> = { [I in keyof P]: ItemOf<P[I]> };

/** Any remote function that answers once. */
export type AnyFunction = Function<never, unknown>;

export type { Deployed };
