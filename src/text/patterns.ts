/** Patterns by which a config names apps and functions. */

/** Tells whether a name is meant by patterns with `*`, of which those with `!` exclude: from every name where no other is given. An empty list means none. */
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
