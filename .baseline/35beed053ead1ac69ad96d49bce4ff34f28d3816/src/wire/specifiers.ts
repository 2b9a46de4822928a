/**
 * Imports that an artifact leaves to run time. The artifact is outside the author's project, so a specifier that only
 * has a meaning in its own module travels with that module's path; the container resolves it from there.
 *
 *     farcall-from:node_modules/lib/index.js?sharp
 */
const SCHEME = "farcall-from:";

/** @param module path relative to the project, percent-encoded, with forward slashes */
export function specifierFrom(module: string, specifier: string): string {
  return `${SCHEME}${module}?${encodeURIComponent(specifier)}`;
}

/** The module's path, relative to the project, and the specifier that it wrote; undefined for any other specifier. */
export function readSpecifier(specifier: string): { module: string; specifier: string } | undefined {
  if (!specifier.startsWith(SCHEME)) return undefined;
  const at = specifier.indexOf("?");
  return {
    module: specifier.slice(SCHEME.length, at),
    specifier: decodeURIComponent(specifier.slice(at + 1)),
  };
}
