/** The parameter lists of remote methods, computed from a function's own. */
import type { CallOptions, GivenKwargs, Kwargs } from "./markers.ts";

/**
 * Something to take inputs from. Arrays are iterable anyway: naming them makes the compiler's errors short. A string is one input,
 * and hardly ever meant as its characters.
 */
export type AnyIterable<T> = readonly T[] | (Iterable<T> & object) | AsyncIterable<T>;

/** Any function that an author may register. */
export interface AnyCallable {
  (...args: never): unknown;
  // With a second signature, a function that is written as the argument is not checked against the first one's parameters: its
  // own defaults give their types, and a generic function stays generic. The parameter is `F & AnyCallable`, or a constant result
  // (`() => 1`) would not be widened to a number.
  <_>(...args: never): unknown;
}

/** The function's arguments have no names to callers: TypeScript functions. */
export interface NoKeywords {
  readonly "no keywords": true;
}

/**
 * Arguments that can be passed by name.
 * @typeParam Names of the parameters, in order; null for one that has no name to callers
 * @typeParam Only record of the arguments that can be passed by name only, with an index signature where any name is taken
 */
export interface Keywords<Names extends readonly (string | null)[], Only extends object = NoNames> {
  readonly names: Names;
  readonly only: Only;
}

/**
 * Parameters of `remote`, `remoteGen` and `spawn`.
 * @typeParam G whether the function is generic or overloaded, so that what is given by name decides about the call's types too
 */
export type Arguments<P extends readonly unknown[], K, G extends boolean = false> = K extends NoKeywords
  ? number extends P["length"]
    ? AmongRest<OrTrailing<P, CallOptions>, CallOptions>
    : [...OrTrailing<P, CallOptions>, callOptions?: CallOptions]
  : number extends P["length"]
    ?
        | (NoNames extends OnlyOf<K> ? P | [...P, callOptions: CallOptions] : never)
        | (keyof OnlyOf<K> extends never
            ? never
            : [...P, kwargs: NamedBy<OnlyOf<K>, G>] | [...P, kwargs: NamedBy<OnlyOf<K>, G>, callOptions: CallOptions])
    : CallForms<Splits<P, NamesOf<K>, OnlyOf<K>>, G>;

/** Parameters of `map`, `forEach` and `spawnMap`. */
export type MapInputs<P extends readonly unknown[], O, K> = K extends NoKeywords
  ? number extends P["length"]
    ? AmongRest<IterableArguments<P, O>, O>
    : [...IterableArguments<P, O>, mapOptions?: O]
  : number extends P["length"]
    ? (NoNames extends OnlyOf<K> ? Iterables<P> : never) | [...Iterables<P>, mapOptions: WithKwargs<O, OnlyOf<K>>]
    : MapForms<SomeByPosition<Splits<P, NamesOf<K>, OnlyOf<K>>, P>, O>;

/** Parameters of `starmap`. */
export type StarmapInputs<P extends readonly unknown[], O, K> = K extends NoKeywords
  ? [inputs: AnyIterable<Readonly<P>>, mapOptions?: O]
  : number extends P["length"]
    ? StarmapForms<Split<P, OnlyOf<K>>, O>
    : StarmapForms<Splits<P, NamesOf<K>, OnlyOf<K>>, O>;

/** An optional parameter can be left out although something comes after the arguments; that may then stand in its place. */
type OrTrailing<P extends readonly unknown[], T> = { [I in keyof P]: IfOptional<P[I], T> };
/** By itself, for the compiler to work out once for each type and not in each list of parameters again. */
type IfOptional<A, T> = undefined extends A ? A | T : A;

/** One iterable per parameter. */
type IterableArguments<P extends readonly unknown[], O> = {
  [I in keyof P]: undefined extends P[I]
    ? AnyIterable<P[I]> | OptionsBeside<O, NonNullable<P[I]>> | undefined
    : AnyIterable<P[I]> | Single<P[I]>;
};

// What follows is there for the compiler's answer to those who pass one object where an iterable of such objects is due.

type Hint = "write repeat({ … }), or an iterable of such objects";
type Hints<Names extends PropertyKey> = { readonly [Name in Names]?: Hint };

/** The names of an object of plain data; those of a class's methods would say nothing. */
type DataNames<T> = T extends object ? (T extends NotData ? never : string extends keyof T ? never : keyof T) : never;
type NotData =
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Date
  | RegExp
  | Error
  | ArrayBufferLike
  | ArrayBufferView;

/** Options that may stand in the place of an optional parameter. */
type OptionsBeside<O, T> = [DataNames<T>] extends [never] ? O : O & Hints<Exclude<DataNames<T>, keyof O>>;

declare const neverMade: unique symbol;
/** No value has this type. */
type OneObject<T> = { readonly [neverMade]: true } & Hints<DataNames<T>>;
type Single<T> = [DataNames<T>] extends [never] ? never : OneObject<T>;

/** Nothing can be declared after a rest parameter (whose I is `number`), so that what comes after may stand among the rest. */
type AmongRest<P extends readonly unknown[], T> = { [I in keyof P]: number extends I ? P[I] | T : P[I] };

type Iterables<P extends readonly unknown[]> = { [I in keyof P]: AnyIterable<P[I]> };

// ---- by name: all forms of a call, but for functions with a rest parameter, whose other arguments stay by position ----

type NoNames = Record<never, never>;
type NamesOf<K> = K extends Keywords<infer Names, object> ? Names : readonly [];
/** A record by itself stands for arguments that can be passed by name only. */
type OnlyOf<K> = K extends Keywords<readonly (string | null)[], infer Only> ? Only : K;

/** One way to give the arguments: some by position, all others by name. */
interface Split<Positional, Named> {
  positional: Positional;
  named: Named;
}

/** All ways, from everything by name to everything by position. */
type Splits<
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
type Flat<T> = T extends unknown ? { [Name in keyof T]: T[Name] } : never;

type CallForms<S, G> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ?
        | (NoNames extends Named ? [...P, callOptions?: CallOptions] : never)
        | ([keyof Named] extends [never] ? never : [...P, kwargs: NamedBy<Named, G>, callOptions?: CallOptions])
    : never;

type NamedBy<Named, G> = G extends true ? GivenKwargs<Named, keyof Named> : Kwargs<Named>;

/** What is the same for all inputs can be given by name; inputs there must be. */
type SomeByPosition<S, P extends readonly unknown[]> = P extends readonly []
  ? S
  : S extends Split<readonly [], unknown>
    ? never
    : S;

type MapForms<S, O> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? NoNames extends Named
      ? [...IterableArguments<P, WithKwargs<O, Named>>, mapOptions?: WithKwargs<O, Named>]
      : [...Iterables<P>, mapOptions: WithKwargs<O, Named>]
    : never;

/** Where nothing can be given by name, there is no such option: the compiler takes every object for an empty record. */
type WithKwargs<O, Named> = [keyof Named] extends [never]
  ? O
  : O & (NoNames extends Named ? { kwargs?: Named } : { kwargs: Named });

type StarmapForms<S, O> =
  S extends Split<infer P extends readonly unknown[], infer Named>
    ? NoNames extends Named
      ? [inputs: AnyIterable<Readonly<P>>, mapOptions?: WithKwargs<O, Named>]
      : [inputs: AnyIterable<Readonly<P>>, mapOptions: WithKwargs<O, Named>]
    : never;
