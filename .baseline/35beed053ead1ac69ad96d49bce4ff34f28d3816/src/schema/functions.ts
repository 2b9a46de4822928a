/** Finds a manifest's functions by name. */
import type { AppManifest, FunctionSchema } from "./manifest.ts";
import { SchemaError } from "./schema-error.ts";

/** For a class, its methods; without a name, all functions. Throws SchemaError for a name that the manifest does not have. */
export function functionsOf(manifest: AppManifest, name: string | undefined): FunctionSchema[] {
  if (name === undefined) return manifest.functions;
  const found = manifest.functions.filter((fn) => fn.name === name || fn.class === name);
  if (found.length > 0) return found;
  throw new SchemaError(`app ${JSON.stringify(manifest.app)} has no function ${JSON.stringify(name)}`);
}
