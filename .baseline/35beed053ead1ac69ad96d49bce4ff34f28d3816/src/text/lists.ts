/** Lists in a sentence. */

/** `a, b, c and 4 more`. */
export function list(names: readonly string[], most = 8): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
