/** What may stand in for a stub: the compiler checks definitions against the stubs that they define. */
import type { AnyCallable } from "../signatures.ts";

/** Of each stub that a definition is given for. The others reject when they are called. */
export type LocalDefinitions<S> = {
  readonly [N in keyof S as LocalDefinition<S[N]> extends never ? never : N]?: LocalDefinition<S[N]>;
};

/** The function itself, or what `app.function` made of it; for a class, the class itself or what `app.class` made of it. */
export type LocalDefinition<T> = T extends { getWebUrl(): Promise<string> }
  ? never
  : T extends { getRawF(): infer F }
    ? F | { getRawF(): F } | Batched<T>
    : T extends new (
          ...args: infer A
        ) => infer I
      ? // The class of a declared error is in the stubs as it is.
        I extends Error
        ? never
        : new (
            ...args: A
          ) => LocalInstance<I> | I
      : never;

/** A batched function's definition takes arrays; its callers see items, as those of the stub do. */
type Batched<T> = T extends { remote: infer R } ? { remote: R; getRawF(): AnyCallable } : never;

/** An instance as its author wrote it. */
export type LocalInstance<I> = { [M in keyof I]: I[M] extends { getRawF(): infer F } ? F : never };

/** Stubs that run here until they are given back. */
export interface LocalStubs extends Disposable {
  /** Lets the stubs go to their engine again. Idempotent; `using` does it at the end of the block. */
  restore(): void;
}
