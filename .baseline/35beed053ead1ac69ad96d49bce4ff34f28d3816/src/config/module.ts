/**
 * Config files that are modules. They are imported together with the project files that they import, and imported again when any of them
 * has changed, under a new URL because of the module cache. TypeScript that Node cannot run (enums, ES modules in a CommonJS package) is compiled.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { valueText } from "../text/index.ts";
import { compiled } from "./compiled.ts";

interface Loaded {
  /** Content of the module and of those that it imports, by path. */
  texts: ReadonlyMap<string, string | undefined>;
  /** How many times it has been loaded. */
  generation: number;
}

const loaded = new Map<string, Loaded>();

/** The files that a config's value came from: the config and, for a module, its imports outside packages. */
export function modulesOf(file: string): readonly string[] {
  return [file, ...(loaded.get(file)?.texts.keys() ?? [])];
}

/** The default export of a module. Rejects with what the module throws. */
export async function importModule(file: string): Promise<unknown> {
  const before = loaded.get(file);
  const isSame = before && [...before.texts].every(([path, text]) => readText(path) === text);
  const generation = before === undefined ? 0 : before.generation + (isSame ? 0 : 1);
  const url = pathToFileURL(file);
  if (generation > 0) url.searchParams.set(GENERATION, String(generation));
  const files = new Set([file]);
  const forget = follow(files, generation);
  try {
    if (!isSame) for (const path of before?.texts.keys() ?? []) delete require.cache[path];
    const module = (await quietly(() => import(url.href))) as { default?: unknown };
    if (module.default === undefined) throw new Error("it has no default export");
    if (typeof module.default === "function")
      throw new Error("its default export is a function: export the config itself, or a promise of it");
    return await module.default;
  } catch (error) {
    throw plainError(error);
  } finally {
    forget();
    // Also for a module that fails: its author may fix it in another file. Files that were imported before stay in the list.
    const paths = isSame ? before.texts.keys() : files;
    loaded.set(file, { texts: new Map([...paths].map((path) => [path, readText(path)])), generation });
  }
}

/** The search takes an error whose code says "not found" for the config's own absence, and adds a place even to a value that is not an error. */
function plainError(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(`it threw ${valueText(thrown)}`, { cause: thrown });
  if (Object.isExtensible(thrown) && !("path" in thrown)) return thrown;
  return Object.assign(new Error(thrown.message, { cause: thrown }), { stack: thrown.stack });
}

const require = createRequire(import.meta.url);
const GENERATION = "generation";

/** Notes which files of the project are imported from those that are in `files`, and gives each the URL of the generation. */
function follow(files: Set<string>, generation: number): () => void {
  const hooks = registerHooks({
    load(url, context, next) {
      const path = url.startsWith("file:") ? fileURLToPath(url) : undefined;
      const source = path !== undefined && files.has(path) ? compiled(path, context.format ?? undefined) : undefined;
      return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
    },
    resolve(specifier, context, next) {
      const { parentURL } = context;
      const isOfProject = parentURL?.startsWith("file:") && files.has(fileURLToPath(parentURL));
      let resolved: ReturnType<typeof next>;
      try {
        resolved = next(specifier, context);
      } catch (error) {
        // A missing file may appear later.
        if (isOfProject && /^\.{0,2}\//.test(specifier)) files.add(fileURLToPath(new URL(specifier, parentURL)));
        throw error;
      }
      if (!isOfProject || !resolved.url.startsWith("file:")) return resolved;
      const path = fileURLToPath(resolved.url);
      if (/[/\\]node_modules[/\\]/.test(path)) return resolved;
      // farcall itself, where it is linked rather than installed.
      if (/^farcall(\/|$)/.test(specifier)) return resolved;
      files.add(path);
      const url = new URL(resolved.url);
      if (generation > 0 && context.conditions.includes("import")) url.searchParams.set(GENERATION, String(generation));
      return { ...resolved, url: url.href };
    },
  });
  return () => hooks.deregister();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** A config in a package without `"type": "module"` works; Node's warning about its speed does not help its author. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const [options] = rest as [{ code?: string } | undefined];
    // The error that follows says the same.
    const isOfError = String(warning).startsWith("Failed to load the ES module");
    if (options?.code !== "MODULE_TYPELESS_PACKAGE_JSON" && !isOfError)
      Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return await work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
