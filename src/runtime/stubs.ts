/** What generated files call: values of the same classes, for functions that are defined elsewhere. */

import type { FunctionMode } from "../schema/index.ts";
import { RemoteFunction } from "./function.ts";
import type { NoKeywords } from "./signatures.ts";
import { Target } from "./target.ts";
import type { Function, GeneratorFunction } from "./types.ts";

export interface StubsRef {
  app: string;
  environment: string;
  /** URL of the engine that the stubs were generated from. */
  engine?: string | undefined;
  /** The version that the stubs were generated from: for people; calls go to the newest. */
  version?: number | undefined;
}

export interface StubFactory {
  /** @param signature of the deployed function when the stub was generated: an incompatible change since then is an error, not a surprise */
  function<P extends readonly unknown[], R, K = NoKeywords>(name: string, signature: string): Function<P, R, K>;
  generator<P extends readonly unknown[], Y, K = NoKeywords>(
    name: string,
    signature: string,
  ): GeneratorFunction<P, Y, K>;
}

/** @returns makes the stubs of one app */
export function stubs(ref: StubsRef): StubFactory {
  const { app, environment, engine } = ref;
  const make = (mode: FunctionMode) => (name: string, signature: string) =>
    new RemoteFunction(new Target({ app, environment, name, signature }, { stubEngine: engine, mode }));
  // One class has every method; the types show those of each kind.
  return { function: make("unary"), generator: make("generator") } as unknown as StubFactory;
}
