/** Places inside types, as problems show them. */
const IS_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** One step of a path: `.name`, `["a name"]`. */
export function stepOf(name: string): string {
  return IS_NAME.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
