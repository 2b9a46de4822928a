/** The types that the comparisons use, as source for their modules. */
export const IDENTITY = `
type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2
  ? (<T>() => T extends Y ? 1 : 2) extends <T>() => T extends X ? 1 : 2 ? true : false : false;
type Fits<X, Y> = [X] extends [Y] ? true : false;
type Mutual<X, Y> = [X] extends [Y] ? Fits<Y, X> : false;
/** One signature as the compiler infers it: without extra properties of the function. */
declare function plain<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R;
`.trim();
