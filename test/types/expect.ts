/** Statements about types. */

/** Mutual identity, which tells `any` and readonly apart too. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<Equal<A, B>>(true)` */
export function expectType<T>(_value: T): void {}
