/** What the compiler sees of classes whose instances live in containers. */

import type { Apps } from "./apps.ts";
import { checkAppName, checkName, checkVersion, currentEnvironment } from "./names.ts";
import type { NearApp, NearName } from "./near-name.ts";
import { remoteClass } from "./remote-class.ts";
import type { AnyCallable } from "./signatures.ts";
import type { LookupOptions, RemoteOf } from "./types.ts";

/** What an author may register with `app.class`. */
export type AnyClass = new (...args: never) => object;

/** Run by farcall itself, so not remote methods. */
type LifecycleMethod = "enter" | "exit";

export type MethodNames<I> = {
  [M in keyof I]-?: M extends LifecycleMethod
    ? never
    : M extends string
      ? I[M] extends AnyCallable
        ? M
        : never
      : never;
}[keyof I];

/** An instance as callers have it: each public method is a remote function. */
export type RemoteInstance<I> = {
  readonly [M in keyof I as M extends MethodNames<I> ? M : never]: I[M] extends (...args: infer P) => infer R
    ? RemoteOf<P, R>
    : never;
};

/** What `app.class(C)` returns: the same constructor, of remote instances. */
export type RemoteClass<C extends AnyClass> = new (
  ...args: ConstructorParameters<C>
) => RemoteInstance<InstanceType<C>>;

/** Any class of remote instances. */
export type AnyRemoteClass = new (...args: never) => object;

type ClassNames<A extends keyof Apps> = {
  [N in keyof Apps[A]]: Apps[A][N] extends AnyRemoteClass ? N : never;
}[keyof Apps[A]];

/** The namesake of `Function` for classes, as a value. */
export interface ClassLookup {
  /**
   * A class by its name; generated apps give its type. No I/O before the first use, so a wrong name is NotFoundError
   * then. Throws InvalidError for what cannot be a name.
   */
  fromName<A extends keyof Apps, N extends ClassNames<A>>(app: A, name: N, options?: LookupOptions): Apps[A][N];
  /** A class of an app whose stubs are not in this program: its constructor's type says what its instances have. */
  fromName<C extends AnyRemoteClass = never>(
    app: [C] extends [never] ? never : string,
    name: string,
    options?: LookupOptions,
  ): C;
  /** Never fits: it is the last, so that the compiler says of a wrong name which ones are near. */
  fromName<const A extends string, const N extends string>(
    app: NearApp<Apps, A>,
    name: NearName<A extends keyof Apps ? ClassNames<A> : N, N>,
    options?: LookupOptions,
  ): never;
}

export const Class: ClassLookup = {
  fromName(app: string, name: string, options: LookupOptions = {}): never {
    checkAppName(app);
    checkName("class", name);
    const { environment = currentEnvironment(), version, client } = options;
    checkVersion(version);
    // The types of both signatures come from the caller.
    return remoteClass({ ref: { app, environment, name, version }, client }) as never;
  },
};
