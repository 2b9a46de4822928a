/** Where in an argument a value stands, as messages say it: `arguments[1].size`. */

export function step(path: string, key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** A path of a thousand steps says no more than its ends. */
export function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 100)}…${path.slice(-60)}` : path;
}
