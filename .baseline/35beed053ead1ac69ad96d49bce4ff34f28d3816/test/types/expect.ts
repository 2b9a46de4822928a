/** Statements about types. */

/** Mutual identity, which also distinguishes `any` and readonly. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<Equal<A, B>>(true)` */
export function expectType<T>(_value: T): void {}
