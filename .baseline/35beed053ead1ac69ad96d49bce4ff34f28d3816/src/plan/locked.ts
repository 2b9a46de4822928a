/**
 * The part of a manifest that stubs depend on. The time, version and options of a deploy do not matter to a
 * caller, so none of them is planned, locked or compared.
 */
import { NotFoundError } from "../runtime/errors.ts";
import {
  type AppManifest,
  type ClassSchema,
  type Declaration,
  type FunctionSchema,
  nearest,
  parseManifest,
  type SCHEMA_VERSION,
} from "../schema/index.ts";
import { matcher } from "../text/index.ts";
import { byName } from "./names.ts";
import { neededDeclarations } from "./references.ts";

export type LockedFunction = Omit<FunctionSchema, "options">;
export type LockedClass = ClassSchema;

export interface LockedManifest {
  schemaVersion: typeof SCHEMA_VERSION;
  app: string;
  environment: string;
  language: AppManifest["language"];
  doc?: string;
  declarations: Declaration[];
  functions: LockedFunction[];
  /** Absent when there are none. */
  classes?: LockedClass[];
}

/** Reduces a manifest to the parts that stubs of the chosen functions and classes need, in order of name. A method is chosen by its class. */
export function lockManifest(
  manifest: LockedManifest,
  isChosen: (name: string) => boolean = () => true,
): LockedManifest {
  const functions = manifest.functions
    .filter((fn) => isChosen(fn.class ?? fn.name))
    // In a whole manifest, functions have options.
    .map(({ options: _, ...fn }: LockedFunction & { options?: unknown }): LockedFunction => fn)
    .sort(byName);
  const classes = (manifest.classes ?? []).filter(({ name }) => isChosen(name)).sort(byName);
  const { schemaVersion, app, environment, language, doc } = manifest;
  const declarations = neededDeclarations(manifest.declarations, [...functions, ...classes]).sort(byName);
  return {
    schemaVersion,
    app,
    environment,
    language,
    ...(doc && { doc }),
    declarations,
    functions,
    ...(classes.length > 0 && { classes }),
  };
}

/** The functions that the patterns choose. Throws NotFoundError if one given by its full name does not exist. */
export function chooseFunctions(manifest: LockedManifest, patterns: readonly string[] | undefined): LockedManifest {
  if (patterns === undefined) return manifest;
  for (const name of patterns) {
    if (!/^!|\*/.test(name) && !namesOf(manifest).has(name)) throw noFunction(name, manifest);
  }
  return lockManifest(manifest, matcher(patterns));
}

/** What can be chosen: functions and classes. */
export function namesOf({ functions }: LockedManifest): Set<string> {
  return new Set(functions.map((fn) => fn.class ?? fn.name));
}

function noFunction(name: string, manifest: LockedManifest): NotFoundError {
  const { app, environment } = manifest;
  const near = nearest(name, namesOf(manifest));
  return new NotFoundError(
    `the app ${app} (${environment}) has no function ${name}, which the config's \`functions\` name`,
    {
      hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `\`farcall describe ${app}\` lists its functions.`,
    },
  );
}

/** Checks a lock file's content. Rejects with SchemaError. */
export async function unlockManifest(json: unknown): Promise<LockedManifest> {
  const { functions } = json as { functions?: unknown };
  return lockManifest(
    await parseManifest({
      ...(json as object),
      version: 0,
      deployedAt: "",
      functions: Array.isArray(functions)
        ? functions.map((fn: object) => ({ ...fn, options: ANY_OPTIONS }))
        : functions,
    }),
  );
}

/** Stands in for the options that a lock does not keep, since the check of a whole manifest requires them. */
const ANY_OPTIONS: FunctionSchema["options"] = {
  retries: { maxRetries: 0, backoffCoefficient: 1, initialDelayMs: 0, maxDelayMs: 0 },
  timeoutMs: 1,
  startupTimeoutMs: 1,
  minContainers: 0,
  maxContainers: 1,
  bufferContainers: 0,
  scaledownWindowMs: 0,
  concurrency: { maxInputs: 1 },
  secrets: [],
  env: {},
  memoryMiB: 0,
  validate: true,
};
