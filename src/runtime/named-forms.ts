/**
 * Parameter lists of remote methods whose arguments can come by name: all forms of a call. Beside a rest parameter,
 * those before it can be given by name where the rest is empty.
 */
import type { CallOptions, GivenKwargs, Kwargs } from "./markers.ts";
import type { AnyIterable, IterableArguments } from "./positional-forms.ts";

/**
 * Arguments that can be passed by name.
 * @typeParam Names of the parameters, in order; null for one that has no name to callers
 * @typeParam Only record of the arguments that can be passed by name only, with an index signature where any name is taken
 */
export interface Keywords<Names extends readonly (string | null)[], Only extends object = NoNames> {
  readonly names: Names;
  readonly only: Only;
}

/** All forms of `remote`, `remoteGen` and `spawn`. */
export type CallForms<P extends readonly unknown[], K, G> = number extends P["length"]
  ?
      | (NoNames extends OnlyOf<K> ? P | [...P, callOptions: CallOptions] : never)
      | (keyof OnlyOf<K> extends never
          ? never
          : [...P, kwargs: NamedBy<OnlyOf<K>, G>] | [...P, kwargs: NamedBy<OnlyOf<K>, G>, callOptions: CallOptions])
  : CallForm<Splits<P, NamesOf<K>, OnlyOf<K>>, G>;

/** All forms of `map`, `forEach` and `spawnMap`. */
export type MapForms<P extends readonly unknown[], K, O> = number extends P["length"]
  ? (NoNames extends OnlyOf<K> ? Iterables<P> : never) | [...Iterables<P>, mapOptions: WithKwargs<O, OnlyOf<K>>]
  : MapForm<SomeByPosition<Splits<P, NamesOf<K>, OnlyOf<K>>, P>, O>;

/** All forms of `starmap`. */
export type StarmapForms<P extends readonly unknown[], K, O> = number extends P["length"]
  ? StarmapForm<Split<P, OnlyOf<K>>, O>
  : StarmapForm<Splits<P, NamesOf<K>, OnlyOf<K>>, O>;

export type Iterables<P extends readonly unknown[]> = { [I in keyof P]: AnyIterable<P[I]> };

export type NoNames = Record<never, never>;
export type NamesOf<K> = K extends Keywords<infer Names, object> ? Names : readonly [];
/** A record by itself stands for arguments that can be passed by name only. */
export type OnlyOf<K> = K extends Keywords<readonly (string | null)[], infer Only> ? Only : K;

/** One way to give the arguments: some by position, all others by name. */
export interface Split<Positional, Named> {
  positional: Positional;
  named: Named;
}

/** All ways, from everything by name to everything by position. */
export type Splits<
  P extends readonly unknown[],
  N extends readonly unknown[],
  Only,
  Before extends readonly unknown[] = [],
> = P extends readonly []
  ? Split<Before, Flat<Only>>
  : number extends P["length"]
    ? never
    : P extends readonly [unknown?, ...infer Rest]
      ? SplitHere<Before, ByName<P, N>, Only> | Splits<Rest, Tail<N>, Only, [...Before, ...First<P, Rest>]>
      : never;

type SplitHere<Before, Named, Only> = [Named] extends [never] ? never : Split<Before, Flat<Named & Only>>;

/** The parameters as a record; never when one of them has to be given and has no name. */
type ByName<P extends readonly unknown[], N extends readonly unknown[]> = P extends readonly []
  ? NoNames
  : number extends P["length"]
    ? never
    : P extends readonly [infer A, ...infer Rest]
      ? N[0] extends string
        ? Record<N[0], A> & ByName<Rest, Tail<N>>
        : never
      : P extends readonly [(infer A)?, ...infer Rest]
        ? (N[0] extends string ? Partial<Record<N[0], A>> : NoNames) & ByName<Rest, Tail<N>>
        : never;

type Tail<T extends readonly unknown[]> = T extends readonly [unknown?, ...infer Rest] ? Rest : [];
/** Keeps the label. */
type First<P extends readonly unknown[], Rest extends readonly unknown[]> = P extends readonly [...infer F, ...Rest]
  ? F
  : P extends readonly [(infer A)?, ...Rest]
    ? [A?]
    : never;
/** One record, so that errors show it as such. */
export type Flat<T> = T extends unknown ? { [Name in keyof T]: T[Name] } : never;

/** What `kwargs()` is to be at each place. */
export type KwargsAt<P extends readonly unknown[], K> = number extends P["length"]
  ? KwargsAfter<Splits<Fixed<P>, NamesOf<K>, OnlyOf<K>>> | [...Own<Fixed<P>>, ...never[], Kwargs<OnlyOf<K>>]
  : KwargsAfter<Splits<P, NamesOf<K>, OnlyOf<K>>>;

type KwargsAfter<S> =
  S extends Split<infer P extends readonly unknown[], infer Named> ? [...Own<P>, Kwargs<Named>] : never;

/** What is `unknown` would hide what `kwargs()` is to be at its place. What is not says what `new Set()` there is a set of. */
type Own<P extends readonly unknown[]> = { [I in keyof P]: unknown extends P[I] ? never : P[I] };

/** The parameters before a rest parameter. */
export type Fixed<P extends readonly unknown[], Before extends readonly unknown[] = []> = "0" extends keyof P
  ? P extends readonly [infer A, ...infer Rest]
    ? Fixed<Rest, [...Before, A]>
    : P extends readonly [(infer A)?, ...infer Rest]
      ? Fixed<Rest, [...Before, A?]>
      : Before
  : Before;

type CallForm<S, G> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ?
        | (NoNames extends Named ? [...P, callOptions?: CallOptions] : never)
        | ([keyof Named] extends [never] ? never : [...P, kwargs: NamedBy<Named, G>, callOptions?: CallOptions])
    : never;

type NamedBy<Named, G> = G extends true ? GivenKwargs<Named, keyof Named> : Kwargs<Named>;

/** What is the same for all inputs can be given by name; inputs there must be. */
export type SomeByPosition<S, P extends readonly unknown[]> = P extends readonly []
  ? S
  : S extends Split<readonly [], unknown>
    ? never
    : S;

export type MapForm<S, O> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? NoNames extends Named
      ? [...IterableArguments<P, WithKwargs<O, Named>>, mapOptions?: WithKwargs<O, Named>]
      : [...Iterables<P>, mapOptions: WithKwargs<O, Named>]
    : never;

/** Where nothing can be given by name, there is no such option: the compiler takes every object for an empty record. */
export type WithKwargs<O, Named> = [keyof Named] extends [never]
  ? O
  : O & (NoNames extends Named ? { kwargs?: Named } : { kwargs: Named });

export type StarmapForm<S, O> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? NoNames extends Named
      ? [inputs: AnyIterable<Readonly<P>>, mapOptions?: WithKwargs<O, Named>]
      : [inputs: AnyIterable<Readonly<P>>, mapOptions: WithKwargs<O, Named>]
    : never;
