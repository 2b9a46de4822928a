/** The generator's entry: config in, files out. */
import { resolve } from "node:path";
import { type Config, checkConfig, type LoadedConfig } from "../config/index.ts";
import type { Engine } from "../engine/index.ts";
import type { FunctionChange, Plan } from "../plan/index.ts";
import { packageVersion } from "../text/index.ts";
import { chooseApps, registrySource } from "./choose.ts";
import { Engines } from "./engines.ts";
import type { FileChange } from "./files/index.ts";
import { applyChanges, fingerprintsOf, type OutputState, StateStore } from "./files/index.ts";
import { chooseOutput, prepareOutput } from "./prepare.ts";
import { settingsOfAll } from "./settings.ts";
import { declaredElsewhere } from "./sharing.ts";

export interface GenerateOptions {
  /** An open engine, which the caller closes, or a URL. Default: FARCALL_ENGINE, then the config's, then `local:`. */
  engine?: Engine | string | undefined;
  /** Work from the lock file, without an engine. */
  offline?: boolean | undefined;
  /** Compare only: nothing is written. */
  dryRun?: boolean | undefined;
  /** Base folder for the paths of a config passed as an object. Default: the working directory. */
  cwd?: string | undefined;
  /** Called when each stage begins. */
  onProgress?: ((stage: string) => void) | undefined;
}

export interface GenerateResult {
  /** False when files were written or, in a dry run, would have been. */
  upToDate: boolean;
  files: FileChange[];
  /** What changed in the deployed apps since the files were last written. */
  changes: FunctionChange[];
  warnings: string[];
  /** For `--verbose`: which tsconfig decided about import extensions, and why. */
  notes: string[];
  /** Absolute paths of the other files that the output depends on (tsconfigs, templates), including those that do not exist. */
  inputs: string[];
  apps: { app: string; environment: string; functions: number }[];
  durationMs: number;
}

export type AnyConfig = LoadedConfig | Config | readonly Config[];

/**
 * Brings a config's files up to date with the deployed apps. Rejects with InvalidError (config, output, template), NotFoundError
 * (app, function, lock) and EngineUnavailableError; the files are then as they were.
 */
export async function generate(config: AnyConfig, options: GenerateOptions = {}): Promise<GenerateResult> {
  const loaded = asLoaded(config, options.cwd);
  await using engines = new Engines(options.engine);
  // Awaited here, as in `plan`: the engines are closed when this function returns.
  return await generateWith(engines, new StateStore(loaded.root, loaded.file), loaded, options);
}

/** `generate` with engines and a memory that outlive it: for a watcher. */
export async function generateWith(
  engines: Engines,
  store: StateStore,
  { file, root, value }: ConfigValue,
  options: GenerateOptions,
): Promise<GenerateResult> {
  const start = performance.now();
  const key = options.offline ? undefined : stateKey(value, engines);
  const known = key === undefined ? undefined : store.read(key);
  // A config that was found valid need not be checked again.
  const configs = known ? asArray(value as Config | Config[]) : await checkConfig(value, file);
  const chosen = await Promise.all(
    settingsOfAll(configs, root).map(async (settings, index) =>
      chooseOutput({
        settings,
        root,
        source: options.offline ? undefined : registrySource(await engines.open(settings.engine)),
        known: known?.[index],
        onProgress: options.onProgress ?? (() => {}),
      }),
    ),
  );
  const elsewhere = await declaredElsewhere(chosen);
  const outputs = await Promise.all(
    chosen.map((output, index) => prepareOutput({ ...output, declaredElsewhere: elsewhere[index]! })),
  );

  const files = outputs.flatMap((output) => output.files);
  // A declaration map changes with every moved line in the author's file: it is kept current, but does not count as a change.
  const upToDate = files.every(({ path, status }) => status === "unchanged" || path.endsWith(".map"));
  if (!options.dryRun) for (const output of outputs) applyChanges(output.folder, output.files);
  if (key !== undefined && (upToDate || !options.dryRun)) {
    const states = outputs.map((output) => (output.state ? outputState(output.state, output.files) : output.still));
    const isNew = states.some((state, index) => state !== known?.[index]);
    if (isNew && states.every((state) => state !== undefined)) store.write(key, states);
  }
  return {
    upToDate,
    files,
    changes: outputs.flatMap((output) => output.changes),
    warnings: outputs.flatMap((output) => output.warnings),
    notes: outputs.flatMap((output) => output.notes),
    inputs: [...new Set(outputs.flatMap((output) => output.inputs))],
    apps: outputs.flatMap((output) => output.apps),
    durationMs: performance.now() - start,
  };
}

function outputState(state: Omit<OutputState, "outputs">, files: readonly FileChange[]): OutputState {
  return { ...state, outputs: fingerprintsOf(files) };
}

/** What `generate` would print, as data for other programs: one plan for each output of the config. */
export async function plan(
  config: LoadedConfig | Config | readonly Config[],
  options: GenerateOptions = {},
): Promise<Plan[]> {
  const { file, root, value } = asLoaded(config, options.cwd);
  await using engines = new Engines(options.engine);
  const [configs, { planOutput, readManifests }] = await Promise.all([checkConfig(value, file), import("./output.ts")]);
  const chosen = await Promise.all(
    settingsOfAll(configs, root).map(async (settings) => {
      const source = registrySource(await engines.open(settings.engine));
      return { settings, source, refs: await chooseApps(settings, source) };
    }),
  );
  const elsewhere = await declaredElsewhere(chosen);
  return await Promise.all(
    chosen.map(async ({ settings, source, refs }, index) => {
      const manifests = await readManifests(refs, source);
      return (await planOutput(settings, refs, manifests, elsewhere[index]!)).plan;
    }),
  );
}

/** Absent for a config with functions, whose results cannot be known from their source, and for values that JSON cannot express. */
function stateKey(value: unknown, engines: Engines): string | undefined {
  let isData = true;
  try {
    const text = JSON.stringify(
      [packageVersion(), value, engines.url(undefined), process.env.FARCALL_HOME ?? ""],
      (_, item) => {
        if (typeof item === "function") isData = false;
        return item;
      },
    );
    return isData ? text : undefined;
  } catch {
    // The check of the config reports what is wrong with it.
    return undefined;
  }
}

export type ConfigValue = Pick<LoadedConfig, "file" | "root" | "value">;

export function asLoaded(config: AnyConfig, cwd = "."): ConfigValue {
  if (!Array.isArray(config) && "file" in config && "value" in config) return config;
  return { file: "given to generate()", root: resolve(cwd), value: config };
}

function asArray<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
