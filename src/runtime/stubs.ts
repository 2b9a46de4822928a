/** What generated files call: values of the same classes, for functions that are defined elsewhere. */

import type { FunctionMode } from "../schema/index.ts";
import { RemoteFunction } from "./function.ts";
import { Target } from "./target.ts";
import type { Deployed, WebFunction } from "./types.ts";

export interface StubsRef {
  app: string;
  environment: string;
  /** URL of the engine that the stubs were generated from. */
  engine?: string | undefined;
}

/** The type comes from where the stub is declared: `const resize: Function<[image: Uint8Array], Uint8Array> = app.function(…)`. */
export interface StubFactory {
  /** @param signature of the deployed function when the stub was generated: the engine refuses calls after an incompatible change */
  function<F extends Deployed>(name: string, signature: string): F;
  generator<F extends Deployed>(name: string, signature: string): F;
  web(name: string, signature: string): WebFunction;
}

/** @returns makes the stubs of one app */
export function stubs(ref: StubsRef): StubFactory {
  const { app, environment, engine } = ref;
  const make = (mode: FunctionMode) => (name: string, signature: string) =>
    new RemoteFunction(new Target({ app, environment, name, signature }, { stubEngine: engine, mode }));
  // One class has every method; the types show those of each kind.
  return { function: make("unary"), generator: make("generator"), web: make("web") } as unknown as StubFactory;
}
