/** The addresses of views. */
const path = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join("/")}`;

export const appPath = (environment: string, app: string, version?: number): string =>
  path("app", environment, app) + (version === undefined ? "" : `?version=${version}`);

export const functionPath = (environment: string, app: string, name: string, version?: number): string =>
  path("function", environment, app, name) + (version === undefined ? "" : `?version=${version}`);

export const classPath = (environment: string, app: string, name: string, version?: number): string =>
  path("class", environment, app, name) + (version === undefined ? "" : `?version=${version}`);

export const diffPath = (environment: string, app: string, from: number, to: number): string =>
  `${path("diff", environment, app)}?from=${from}&to=${to}`;

export const callPath = (id: string): string => path("call", id);

export function callsPath(filter: Record<string, string | undefined>): string {
  const given = Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const query = new URLSearchParams(given).toString();
  return query === "" ? "/calls" : `/calls?${query}`;
}

export const typeId = (name: string): string => `type-${name}`;

/** To the declared types that a page shows: undefined for any other word. */
export function linksTo(types: readonly { name: string }[]): (word: string) => string | undefined {
  const names = new Set(types.map(({ name }) => name));
  return (word) => (names.has(word) ? `#${typeId(word)}` : undefined);
}
