/** Parameter lists of remote methods whose arguments come by position. */

/**
 * Something to take inputs from. Arrays are iterable anyway: naming them makes the compiler's errors short. A string is one input,
 * and hardly ever meant as its characters.
 */
export type AnyIterable<T> = readonly T[] | (Iterable<T> & object) | AsyncIterable<T>;

/** An optional parameter can be left out although something comes after the arguments; that may then stand in its place. */
export type OrTrailing<P extends readonly unknown[], T> = { [I in keyof P]: IfOptional<P[I], T> };
/** By itself, for the compiler to work out once for each type and not in each list of parameters again. */
type IfOptional<A, T> = undefined extends A ? A | T : A;

/** One iterable per parameter. */
export type IterableArguments<P extends readonly unknown[], O> = {
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
export type AmongRest<P extends readonly unknown[], T> = { [I in keyof P]: number extends I ? P[I] | T : P[I] };
