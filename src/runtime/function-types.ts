/**
 * Remote functions as the compiler sees them where arguments have no names. Interfaces with two parameters of their own, since an
 * editor shows every parameter of an interface, defaults too.
 */
import type { Function as DocumentedFunction, GeneratorFunction as DocumentedGenerator } from "./documented-types.ts";
import type { Arguments, NoKeywords } from "./signatures.ts";

/**
 * A function that runs remotely.
 * @typeParam P parameters, with their labels
 * @typeParam R result, awaited
 */
export interface Function<P extends readonly unknown[], R> extends DocumentedFunction<P, R> {
  /** Runs remotely and resolves to the result. Rejects with what the function throws. */
  remote(...args: Arguments<P, NoKeywords>): Promise<R>;
}

/** A remote function that answers many times: with each Y that it yields. */
export interface GeneratorFunction<P extends readonly unknown[], Y> extends DocumentedGenerator<P, Y> {
  /** Runs remotely and yields what the function yields, at the pace of the reader. Leaving the loop ends the remote generator. */
  remoteGen(...args: Arguments<P, NoKeywords>): AsyncGenerator<Y, void, void>;
}
