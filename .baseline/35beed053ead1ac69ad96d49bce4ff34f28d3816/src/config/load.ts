/**
 * Finds and evaluates a project's config. Nothing is checked here, so that a run in which nothing has changed need not load
 * the checker: see check.ts.
 */
import { createRequire } from "node:module";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { InvalidError, NotFoundError } from "../runtime/errors.ts";
import type { Config } from "./config.ts";
import { importModule, modulesOf } from "./module.ts";
import { waitFor } from "./waiting.ts";

/** A config as found: evaluated, `extends` resolved, not checked. */
export interface LoadedConfig {
  /** Absolute path of the file; the config's paths are relative to its folder. */
  file: string;
  root: string;
  /** The engine that the (first) config names. */
  engine: string | undefined;
  value: unknown;
  /** Every file that was read, including the modules that it imports but not packages, for a watcher. */
  files: readonly string[];
}

export interface LoadConfigOptions {
  /** Folder to search from, upwards. Default: the working directory. */
  cwd?: string | undefined;
  /** A config's path, instead of searching. */
  file?: string | undefined;
  /** Called with each file that is read or looked for, also when the load then fails: for a watcher. */
  onFile?: ((file: string) => void) | undefined;
}

/** Names of files that are configs. */
export const CONFIG_FILES: readonly string[] = [
  ...["ts", "mts", "js", "mjs", "cjs", "json", "yaml", "yml"].map((extension) => `farcall.config.${extension}`),
  ".farcallrc",
  ".farcallrc.json",
  ".farcallrc.yaml",
];

const SEARCH_PLACES = [...CONFIG_FILES, "package.json"];

/** The nearest config from `cwd` upwards, or the given one. `undefined` when there is none. Rejects with InvalidError, NotFoundError. */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig | undefined> {
  const cwd = resolve(options.cwd ?? ".");
  const files = new Set<string>();
  const explorer = await createExplorer((file) => {
    files.add(file);
    options.onFile?.(file);
  });
  const found =
    options.file !== undefined ? await explorer.load(resolve(cwd, options.file)) : await explorer.search(cwd);
  if (!found) return undefined;

  const value = await extend(found, explorer, []);
  const engine = readKey(Array.isArray(value) ? value[0] : value, "engine");
  return {
    file: found.file,
    root: dirname(found.file),
    engine: typeof engine === "string" ? engine : undefined,
    value,
    files: [...files],
  };
}

interface Found {
  file: string;
  value: unknown;
}

interface Explorer {
  search(from: string): Promise<Found | undefined>;
  load(file: string): Promise<Found>;
}

/** @param onFile called with each file that is read or looked for */
async function createExplorer(onFile: (file: string) => void): Promise<Explorer> {
  const { cosmiconfig, defaultLoaders } = await import("cosmiconfig");
  const load = (file: string) => waitFor(`the config ${file}`, () => importModule(file));
  const modules = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"].map((extension) => [extension, load] as const);
  const loaders = Object.fromEntries(
    [...Object.entries(defaultLoaders), ...modules].map(([extension, read]) => [
      extension,
      // Some editors begin a file with a byte order mark. A null config counts as empty.
      async (file: string, text: string) => (await read(file, text.replace(/^\uFEFF/, ""))) ?? undefined,
    ]),
  );
  const explorer = cosmiconfig("farcall", {
    searchPlaces: SEARCH_PLACES,
    searchStrategy: "none",
    cache: false,
    // An empty config is a mistake, not a missing config.
    ignoreEmptySearchPlaces: false,
    loaders,
  });

  const guarded = async (file: string, read: () => ReturnType<typeof explorer.load>): Promise<Found | undefined> => {
    try {
      const result = await read();
      if (!result || (result.isEmpty && basename(result.filepath) === "package.json")) return undefined;
      onFile(result.filepath);
      if (result.isEmpty)
        throw new InvalidError(`the config ${result.filepath} is empty`, {
          hint: "Export or write an object with `apps`.",
        });
      for (const path of modulesOf(result.filepath)) onFile(path);
      return { file: result.filepath, value: result.config };
    } catch (error) {
      if (error instanceof InvalidError) throw error;
      if (isMissing(error))
        throw new NotFoundError(`no config at ${file}`, { hint: "Check the path given with --config or `extends`." });
      const at = (error as { filepath?: string }).filepath ?? file;
      for (const path of modulesOf(at)) onFile(path);
      const { explain } = await import("./place.ts");
      const what = error instanceof Error ? await explain(error, modulesOf(at)) : String(error);
      throw new InvalidError(`the config ${at} could not be loaded: ${what}`, { cause: error });
    }
  };

  return {
    async search(from) {
      for (let folder = from; ; folder = dirname(folder)) {
        const found = await guarded(folder, () => explorer.search(folder));
        if (found || folder === dirname(folder)) return found;
      }
    },
    async load(file) {
      onFile(file);
      const found = await guarded(file, () => explorer.load(file));
      if (!found) throw new InvalidError(`${file} has no farcall config`, { hint: 'Add a "farcall" key.' });
      return found;
    },
  };
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

/** Resolves `extends`, which may be chained, in each config that the file holds. */
async function extend(found: Found, explorer: Explorer, chain: readonly string[]): Promise<unknown> {
  if (chain.includes(found.file)) {
    throw new InvalidError(`the config ${found.file} extends itself: ${[...chain, found.file].join(" -> ")}`);
  }
  const { value, file } = found;
  const one = async (config: unknown): Promise<unknown> => {
    const bases = readKey(config, "extends");
    const specifiers = typeof bases === "string" ? [bases] : Array.isArray(bases) ? bases : [];
    if (specifiers.length === 0 || !specifiers.every((specifier) => typeof specifier === "string")) return config;
    const { extends: _, ...own } = config as Record<string, unknown>;
    const merged: Record<string, unknown> = {};
    for (const specifier of specifiers) {
      const base = await extend(await explorer.load(locate(specifier, file)), explorer, [...chain, file]);
      if (Array.isArray(base))
        throw new InvalidError(`the config ${file} extends ${specifier}, which holds several configs`);
      Object.assign(merged, base);
      // A base's `templates` is relative to the base; `output` is relative to the project that extends it.
      if (typeof merged.templates === "string")
        merged.templates = resolve(dirname(locate(specifier, file)), merged.templates);
    }
    return Object.assign(merged, own);
  };
  return Array.isArray(value) ? Promise.all(value.map(one)) : one(value);
}

/** Undefined where reading it throws: the check of the config reports that. */
function readKey(config: unknown, key: keyof Config): unknown {
  try {
    return (config as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

function locate(specifier: string, from: string): string {
  if (specifier.startsWith(".") || isAbsolute(specifier)) return resolve(dirname(from), specifier);
  try {
    return createRequire(from).resolve(specifier);
  } catch (cause) {
    throw new NotFoundError(`the config ${from} extends ${specifier}, which cannot be found`, {
      cause,
      hint: 'A path begins with "./"; a package has to be installed.',
    });
  }
}
