/**
 * By name, a call has many forms (named-forms.ts). An error that lists them all is too long to read, so the call's arguments choose one.
 *
 * A is inferred from the arguments: it has an element for each, which says whether it is the function's own. It is inferred from the
 * last branch of each type here, which is never taken. While the compiler looks for what an argument is to be, A is never. Where it is
 * not inferred it is open: then `Parameters<typeof f.remote>` is the form without names.
 */
import type { CallOptions, Kwargs, Marker } from "./markers.ts";
import type {
  Fixed,
  Flat,
  Iterables,
  KwargsAt,
  MapForm,
  MapForms,
  NamesOf,
  NoNames,
  OnlyOf,
  SomeByPosition,
  Split,
  Splits,
  StarmapForm,
  StarmapForms,
  WithKwargs,
} from "./named-forms.ts";
import type { OrTrailing } from "./positional-forms.ts";

// ---- remote, remoteGen, spawn: A has the markers of what is not the function's own ----

export type ChosenForm<P extends readonly unknown[], K, A extends readonly unknown[]> = [A] extends [never]
  ? KwargsAt<P, K>
  : [A] extends [readonly unknown[]]
    ? number extends P["length"]
      ? Or<BeforeRest<Fixed<P>, K, BeforeKwargs<A>>, AfterRest<P, OnlyOf<K>, Trailing<A>>>
      : OneForm<P, NamesOf<K>, OnlyOf<K>, BeforeKwargs<A>>
    : { [I in keyof A]: Marker<A[I]> };

/** Not a tuple. */
type IsOpen<A extends readonly unknown[]> = A[number][] extends A
  ? true
  : readonly A[number][] extends A
    ? true
    : false;

/** With N arguments before those by name. */
type OneForm<P extends readonly unknown[], Names extends readonly unknown[], Only, N> = Or<
  N extends number ? WithNames<At<Splits<P, Names, Only>, N>> : never,
  AllByPosition<P, Flat<Only>>
>;

type Or<T, Otherwise> = [T] extends [never] ? Otherwise : T;

type AllByPosition<P extends readonly unknown[], Only> = NoNames extends Only
  ? [...OrTrailing<P, CallOptions>, callOptions?: CallOptions]
  : [...P, kwargs: Kwargs<Only>, callOptions?: CallOptions];

type WithNames<S> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? [keyof Named] extends [never]
      ? never
      : [...P, kwargs: Kwargs<Named>, callOptions?: CallOptions]
    : never;

type BeforeKwargs<A, Before extends readonly unknown[] = []> = A extends readonly [infer First, ...infer Rest]
  ? [First] extends ["kwargs"]
    ? Before["length"]
    : BeforeKwargs<Rest, [...Before, First]>
  : "none";

/** Where the rest is empty, the parameters before it can be given by name. */
type BeforeRest<P extends readonly unknown[], K, N> = N extends number
  ? WithNames<At<Splits<P, NamesOf<K>, OnlyOf<K>>, N>>
  : never;

/** Nothing can be optional after a rest parameter, so that what is there decides. */
type AfterRest<P extends readonly unknown[], Only, T> = T extends "kwargs"
  ? [keyof Only] extends [never]
    ? P
    : [...P, kwargs: Kwargs<Only>]
  : T extends "kwargs and callOptions"
    ? [keyof Only] extends [never]
      ? P
      : [...P, kwargs: Kwargs<Only>, callOptions: CallOptions]
    : NoNames extends Only
      ? T extends "callOptions"
        ? [...P, callOptions: CallOptions]
        : P
      : T extends "callOptions"
        ? [...P, kwargs: Kwargs<Only>, callOptions: CallOptions]
        : [...P, kwargs: Kwargs<Only>];

type Trailing<A> = A extends readonly [...unknown[], "kwargs", "callOptions"]
  ? "kwargs and callOptions"
  : A extends readonly [...unknown[], infer Last extends "kwargs" | "callOptions"]
    ? Last
    : "none";

// ---- map, forEach, spawnMap: A has a boolean for each iterable ----

export type ChosenMapForm<P extends readonly unknown[], K, O, A extends readonly unknown[]> = [A] extends [never]
  ? MapForms<P, K, O>
  : [A] extends [readonly unknown[]]
    ? IsOpen<A> extends true
      ? MapForms<P, K, O>
      : number extends P["length"]
        ? IterablesAndOptions<P, OnlyOf<K>, O, EndsWithOptions<A>>
        : OneMapForm<P, NamesOf<K>, OnlyOf<K>, O, BeforeOptions<A>>
    : { [I in keyof A]: SomeIterable<A[I]> };

/** Of all that is known of an iterable, one thing that does not depend on its items. */
type SomeIterable<Done> =
  | { [Symbol.iterator](): { next(): { done?: Done } } }
  | { [Symbol.asyncIterator](): { next(): PromiseLike<{ done?: Done }> } };

/** With iterables for N parameters. */
type OneMapForm<P extends readonly unknown[], Names extends readonly unknown[], Only, O, N> = Or<
  AfterIterables<At<SomeByPosition<Splits<P, Names, Only>, P>, N>, O>,
  MapForm<Split<P, Flat<Only>>, O>
>;

type AfterIterables<S, O> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? NoNames extends Named
      ? [...Iterables<P>, mapOptions?: WithKwargs<O, Named>]
      : [...Iterables<P>, mapOptions: WithKwargs<O, Named>]
    : never;

type IterablesAndOptions<P extends readonly unknown[], Only, O, E> = NoNames extends Only
  ? E extends true
    ? [...Iterables<P>, mapOptions: WithKwargs<O, Only>]
    : Iterables<P>
  : [...Iterables<P>, mapOptions: WithKwargs<O, Only>];

type BeforeOptions<A extends readonly unknown[]> =
  EndsWithOptions<A> extends true
    ? A extends readonly [...infer Before, unknown]
      ? Before["length"]
      : never
    : A["length"];

type EndsWithOptions<A> = A extends readonly [...unknown[], infer Last]
  ? [Last] extends [boolean]
    ? false
    : true
  : false;

// ---- starmap: A has the arguments themselves, and its first one the tuples ----

export type ChosenStarmapForm<P extends readonly unknown[], K, O, A extends readonly unknown[]> = [A] extends [never]
  ? StarmapForms<P, K, O>
  : [A] extends [readonly unknown[]]
    ? number extends P["length"]
      ? StarmapForms<P, K, O>
      : StarmapForm<Or<At<Splits<P, NamesOf<K>, OnlyOf<K>>, LengthOfItems<A>>, Split<P, Flat<OnlyOf<K>>>>, O>
    : A;

/** How many arguments each input has, if the compiler knows and it is the same for all. */
type LengthOfItems<A> = A extends readonly [infer Inputs, ...unknown[]]
  ? Inputs extends Iterable<infer Item> | AsyncIterable<infer Item>
    ? Item extends readonly unknown[]
      ? Item["length"]
      : never
    : never
  : never;

// ----

/** The split with N arguments by position. */
type At<S, N> = [N] extends [never]
  ? never
  : S extends Split<infer P extends readonly unknown[], unknown>
    ? [N] extends [Required<P>["length"]]
      ? S
      : never
    : never;
