/** Batched functions: one call for several inputs, which takes an array for each argument and returns an array of results. */
import type { Callable } from "./callable.ts";
import type { Endings } from "./endings.ts";
import { isThenable } from "./generator.ts";
import type { Batch, Input } from "./input.ts";

interface BatchRun {
  endings: Endings;
  /** Runs `body` as code of the batch's first input. */
  as(lead: Input, body: () => void): void;
  /** Called when an asynchronous run has ended. */
  onSettled: () => void;
}

/** @param rows the inputs that could be read, with their arguments; at least one */
export function runTogether(
  { fn, name }: Callable,
  rows: readonly { input: Input; args: readonly unknown[] }[],
  { endings, as, onSettled }: BatchRun,
): void {
  const inputs = rows.map(({ input }) => input);
  const lead = inputs[0]!;
  const batch: Batch = { lead, live: new Set(inputs) };
  for (const input of inputs) input.joins(batch);
  const fail = (error: unknown): void => {
    for (const input of inputs) endings.error(input, error);
  };
  const succeed = (results: unknown): void => {
    const problem = problemOf(results, inputs.length, name);
    if (problem) fail(problem);
    else for (const [i, input] of inputs.entries()) endings.result(input, (results as unknown[])[i]);
  };
  as(lead, () => {
    try {
      const columns = columnsOf(
        rows.map(({ args }) => args),
        fn.length,
      ) as never[]; // the author's code defines its parameter types
      const result: unknown = lead.within(() => fn(...columns));
      if (!isThenable(result)) succeed(result);
      else {
        Promise.resolve(result).then(succeed, fail).finally(onSettled);
      }
    } catch (error) {
      fail(error);
    }
  });
}

/** One array for each argument. @param rows arguments of each input */
function columnsOf(rows: readonly (readonly unknown[])[], parameters: number): unknown[][] {
  const width = Math.max(parameters, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}

/** What is wrong with what the function returned for `count` inputs. */
function problemOf(results: unknown, count: number, name: string): TypeError | undefined {
  if (Array.isArray(results) && results.length === count) return undefined;
  const returned = Array.isArray(results)
    ? `an array of ${results.length}`
    : `a value that is not an array (${typeof results})`;
  return new TypeError(
    `${name} is batched and was given ${count} input${count === 1 ? "" : "s"}, but returned ${returned}: it must return one result for each input, in their order`,
  );
}
