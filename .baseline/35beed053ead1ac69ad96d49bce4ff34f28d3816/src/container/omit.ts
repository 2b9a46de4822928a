/** Functions with the option `omit`: what they return or yield goes without the properties that their deployed types lack. */
import { withoutUncrossable } from "../runtime/index.ts";
import { isThenable } from "./generator.ts";

type Fn = (...args: never[]) => unknown;

/** @param omitted names of the properties, as deployed */
export function omitting(fn: Fn, isGenerator: boolean, omitted: readonly string[]): Fn {
  const names = new Set(omitted);
  const cut = (value: unknown): unknown => withoutUncrossable(value, names);
  const wrapped: Fn = (...args) => {
    const made = fn(...args);
    if (isGenerator) return cutEach(made as AsyncIterable<unknown>, cut);
    return isThenable(made) ? Promise.resolve(made).then(cut) : cut(made);
  };
  // A batched function gets as many arrays as it has parameters.
  return Object.defineProperty(wrapped, "length", { value: fn.length });
}

/** Stopped early, it stops the generator. */
async function* cutEach(items: AsyncIterable<unknown>, cut: (item: unknown) => unknown): AsyncIterable<unknown> {
  for await (const item of items) yield cut(item);
}
