/** What generated files call: values of the same classes, for functions that are defined elsewhere. */

import type { FunctionMode } from "../schema/index.ts";
import { ErrorClasses } from "./declared-errors.ts";
import { RemoteFunction } from "./function.ts";
import { remoteClass } from "./remote-class.ts";
import { Target, type WireNames } from "./target.ts";
import type { WebFunction } from "./types.ts";

export interface StubsRef {
  app: string;
  environment: string;
  /** URL of the engine that the stubs were generated from. */
  engine?: string | undefined;
}

/**
 * The type comes from where the stub is declared: `const resize: Function<[image: Uint8Array], Uint8Array> = app.function(…)`.
 * Without bounds: for each stub, the compiler would compare every member with them.
 */
export interface StubFactory {
  /** @param signature of the deployed function when the stub was generated: the engine refuses calls after an incompatible change */
  function<F>(name: string, signature: string, names?: WireNames): F;
  generator<F>(name: string, signature: string, names?: WireNames): F;
  web(name: string, signature: string): WebFunction;
  class<C>(name: string, methods: readonly MethodStub[]): C;
  /**
   * The class of an error that functions of the app declare.
   * @param base the class that it extends, where that is of the app too
   */
  error<E>(name: string, base?: object): E;
}

export type MethodStub = readonly [
  name: string,
  kind: "function" | "generator" | "web",
  signature: string,
  shown?: { as?: string; names?: WireNames },
];

/** @returns makes the stubs of one app */
export function stubs(ref: StubsRef): StubFactory {
  const { app, environment, engine } = ref;
  const errors = new ErrorClasses(app);
  const findError = errors.find;
  const make = (mode: FunctionMode) => (name: string, signature: string, names?: WireNames) =>
    new RemoteFunction(
      new Target({ app, environment, name, signature }, { stubEngine: engine, mode, names, findError }),
    );
  const makeClass = (name: string, methods: readonly MethodStub[]) =>
    remoteClass({
      ref: { app, environment, name },
      stubEngine: engine,
      findError,
      methods: methods.map(([method, kind, signature, shown]) => ({
        ...shown,
        name: method,
        mode: kind === "function" ? "unary" : kind,
        signature,
      })),
    });
  const factory = {
    function: make("unary"),
    generator: make("generator"),
    web: make("web"),
    class: makeClass,
    error: (name: string, base?: object) => errors.make(name, base),
  };
  // One class has every method; the types show those of each kind.
  return factory as unknown as StubFactory;
}
