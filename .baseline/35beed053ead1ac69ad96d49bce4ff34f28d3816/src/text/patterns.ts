/** Patterns by which a config names apps and functions. */

/** Whether patterns with `*` match a name. Patterns with `!` exclude, from all names if there are no others. An empty list matches nothing. */
export function matcher(patterns: readonly string[] | undefined): (name: string) => boolean {
  const toExpression = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split("*")
        .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
        .join(".*")}$`,
      "su",
    );
  const included = (patterns ?? []).filter((pattern) => !pattern.startsWith("!")).map(toExpression);
  const excluded = (patterns ?? [])
    .filter((pattern) => pattern.startsWith("!"))
    .map((pattern) => toExpression(pattern.slice(1)));
  return (name) =>
    patterns?.length !== 0 &&
    (included.length === 0 || included.some((expression) => expression.test(name))) &&
    !excluded.some((expression) => expression.test(name));
}
