/** Between single inputs and the arrays that a batched function takes and returns. */

/** One array for each argument. @param rows arguments of each input */
export function columnsOf(rows: readonly (readonly unknown[])[], parameters: number): unknown[][] {
  const width = Math.max(parameters, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}

/** What is wrong with what the function returned for `count` inputs. */
export function problemOf(results: unknown, count: number, name: string): TypeError | undefined {
  if (Array.isArray(results) && results.length === count) return undefined;
  const returned = Array.isArray(results) ? `an array of ${results.length}` : `no array (${typeof results})`;
  return new TypeError(
    `${name} is batched and was given ${count} input${count === 1 ? "" : "s"}, but returned ${returned}: it has to return the result of each, in their order`,
  );
}
