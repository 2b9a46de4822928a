/**
 * From the author's entry module to one artifact: everything it imports, in one ES module with its source map.
 *
 * - `farcall` stays out: the container gives the artifact its own copy.
 * - Packages with native code stay out, since they find their binaries by their own place (packages.ts).
 * - Modules that ask where they are get their place in the project, not the artifact's (places.ts).
 * - The code has no absolute path in it, so that equal sources give an equal hash in every checkout.
 */
import { hash as digest } from "node:crypto";
import { resolve } from "node:path";
import type { BuildContext, BuildOptions, BuildResult, Loader, Message, Metafile } from "esbuild";
import type { BundleOptions } from "../config/config.ts";
import type { Artifact } from "../engine/index.ts";
import type { Problem } from "../introspect/index.ts";
import { DeployError } from "./errors.ts";
import { authorsPlace, compileDecorated, emitsMetadata } from "./metadata.ts";
import { packageFolderOf } from "./native.ts";
import { isMissing, missingWarning, packagePlugin } from "./packages.ts";
import { hasAnswers, PLACE_BANNER, PLACES, placePlugin } from "./places.ts";
import { shownPath } from "./shown.ts";

export interface Bundle extends Artifact {
  /** Absolute paths of the modules that went into it, packages included. */
  files: string[];
  warnings: Problem[];
}

type Built = BuildResult<{ metafile: true; write: false }>;

/** Files that programs import for what is in them. A `.node` file stands for its package, which stays out. */
const LOADERS: Record<string, Loader> = {
  ".node": "empty",
  ".sql": "text",
  ".txt": "text",
  ".md": "text",
  ".html": "text",
  ".graphql": "text",
  ".gql": "text",
  ".wasm": "binary",
};

/** Builds an entry again and again, reusing what has not changed. `dispose` when done. */
export class Bundler {
  readonly #entry: string;
  readonly #root: string;
  readonly #settings: BundleOptions;
  #context: BuildContext<{ metafile: true; write: false }> | undefined;
  /** What a build finds out about its inputs, for the next one: folders of packages, and modules. */
  readonly #binaries = new Set<string>();
  readonly #unmatched = new Set<string>();

  /** @param entry absolute path @param root absolute folder of the project @param settings of the project's config */
  constructor(entry: string, root: string, settings: BundleOptions = {}) {
    this.#entry = entry;
    this.#root = root;
    this.#settings = settings;
  }

  /** Throws DeployError with all of the bundler's complaints. */
  async build(): Promise<Bundle> {
    for (;;) {
      const built = await this.#run();
      if (!built) continue;
      const [map, code] = [built.outputFiles[0]!.text, built.outputFiles[1]!.text];
      const files = Object.keys(built.metafile.inputs).map((input) => resolve(this.#root, input));
      const binaries = files.filter((file) => file.endsWith(".node")).flatMap((file) => packageFolderOf(file) ?? []);
      // A package left out by an earlier round is not an input of this one.
      if (addAll(this.#binaries, binaries) === 0) return await this.#finish(built, code, map, files);
    }
  }

  async dispose(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    await context?.dispose();
  }

  /** Undefined when it failed for what the next round leaves to run time. */
  async #run(): Promise<Built | undefined> {
    const esbuild = await import("esbuild");
    try {
      this.#context ??= await esbuild.context(await this.#options());
      return await this.#context.rebuild();
    } catch (error) {
      const { errors } = error as { errors?: Message[] };
      if (!errors) throw error;
      const unmatched = errors.map((message) => this.#unmatchedIn(message));
      if (!unmatched.includes(undefined) && addAll(this.#unmatched, unmatched as string[]) > 0) return undefined;
      const problems = await this.#problems(errors, "error");
      throw new DeployError("bundle", `cannot bundle ${shownPath(this.#root, this.#entry)}`, problems);
    }
  }

  /** The module of a package, where the complaint is that a computed path of it, such as `"./x/" + name`, matches no file. */
  #unmatchedIn({ text, location }: Message): string | undefined {
    const file = location && resolve(this.#root, location.file);
    return file && UNMATCHED.test(text) && packageFolderOf(file) !== undefined ? file : undefined;
  }

  async #options() {
    const { external = [], loader, plugins = [], conditions, define } = this.#settings;
    const metadata = await emitsMetadata(this.#entry);
    return {
      absWorkingDir: this.#root,
      entryPoints: [this.#entry],
      outfile: resolve(this.#root, "app.mjs"), // never written; the map's sources are relative to it
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      // Given, so that the bundlers' own `module` is not among them: Node would load another copy of the package.
      conditions: [...(conditions ?? [])],
      format: "esm",
      target: "node22",
      charset: "utf8",
      sourcemap: "external",
      sourcesContent: true,
      keepNames: true,
      logLevel: "silent",
      loader: { ...LOADERS, ...loader },
      external: ["farcall", "farcall/*", ...external],
      banner: { js: BANNER },
      define: { ...PLACES, ...define },
      plugins: [
        ...plugins,
        packagePlugin({ root: this.#root, binaries: this.#binaries, external: ["farcall", ...external] }),
        placePlugin({ root: this.#root, compile: metadata ? compileDecorated : undefined, unmatched: this.#unmatched }),
      ],
    } satisfies BuildOptions;
  }

  async #problems(messages: readonly Message[], severity: Problem["severity"]): Promise<Problem[]> {
    const isCompiled = messages.length > 0 && (await emitsMetadata(this.#entry));
    return await Promise.all(
      messages.map(async ({ text, location, notes }) => {
        const compiled = { line: location?.line ?? 1, column: location?.column ?? 0 };
        const place = location && isCompiled && (await authorsPlace(resolve(this.#root, location.file), compiled));
        const { line, column } = place || compiled;
        const said = location?.suggestion || notes.map((note) => note.text).join(" ");
        const hint = UNMATCHED.test(text) ? UNMATCHED_HINT : said.replace(EXTERNAL_HINT, EXTERNAL_SETTING);
        const file = location?.file ?? this.#entry;
        return { severity, file, line, column: column + 1, message: text, ...(hint && { hint }) };
      }),
    );
  }

  async #finish(built: Built, text: string, sourceMap: string, files: string[]): Promise<Bundle> {
    const binary = authorsBinary(built.metafile);
    if (binary) {
      throw new DeployError("bundle", `${binary.importer} imports the native module ${binary.file} directly`, [], {
        hint: "Native modules can only be used from a package: import the package that contains it.",
      });
    }
    // On the banner's line, which the source map leaves out.
    const banner = hasAnswers(text.slice(BANNER.length)) ? BANNER + PLACE_BANNER : BANNER;
    const code = text
      .replace(BANNER, () => banner)
      .replace(NAME_HELPER, CHEAP_NAME_HELPER)
      .replace(COMMONJS_HELPER, KNOWN_COMMONJS_HELPER);
    const missing = built.warnings.filter(isMissing);
    const messages = built.warnings
      .filter((message) => !isMissing(message))
      .filter(({ location, pluginName }) => pluginName !== "" || !location?.file.includes("node_modules/"))
      .concat(missing.length > 0 ? missingWarning(missing) : []);
    const warnings = await this.#problems(messages, "warning");
    return { code, sourceMap, hash: digest("sha256", code), root: this.#root, files, warnings };
  }
}

/** CommonJS modules in the bundle call `require` for what is not bundled: Node's own modules and native packages. */
const BANNER =
  'import { createRequire as __farcallRequire } from "node:module"; const require = __farcallRequire(import.meta.url);';

/**
 * esbuild restores the name of every function, each time one is made, because it may have renamed it. It mostly has not:
 * reading a name costs a closure in a hot loop far less than defining one.
 */
const NAME_HELPER = 'var __name = (target, value) => __defProp(target, "name", { value, configurable: true });';
const CHEAP_NAME_HELPER =
  'var __name = (target, value) => target.name === value ? target : __defProp(target, "name", { value, configurable: true });';

/** Files that are loaded at run time and require a module of the bundle get the bundle's; see container/load.ts. */
const COMMONJS_HELPER = /var __commonJS = \(cb, mod\) => (function __require\(\) \{\n[\s\S]*?\n\});/;
const KNOWN_COMMONJS_HELPER =
  'var __commonJS = (cb, mod, load = $1) => (globalThis[Symbol.for("farcall.bundled")]?.set(__getOwnPropNames(cb)[0], load), load);';

/** How many of the values are new to the set. */
function addAll(set: Set<string>, values: readonly string[]): number {
  const before = set.size;
  for (const value of values) set.add(value);
  return set.size - before;
}

// ---- what the bundler says --------------------------------------------------------------------------------------

function authorsBinary(metafile: Metafile): { file: string; importer: string } | undefined {
  for (const [importer, { imports }] of Object.entries(metafile.inputs)) {
    const binary = imports.find(({ path, external }) => !external && path.endsWith(".node"));
    if (binary) return { file: binary.path, importer };
  }
  return undefined;
}

/** What esbuild says when it looks for files by a computed path, and there are none. */
const UNMATCHED = /^Could not resolve (?:require|import)\("[^"]*\*/;
const UNMATCHED_HINT =
  "No file matches. A path that is computed as a whole is left to run time: `const path = …; require(path)`.";
/** esbuild speaks of a setting of its own, which the config passes on. */
const EXTERNAL_HINT = /mark the path "([^"]+)" as external/;
const EXTERNAL_SETTING = 'set `bundle: { external: ["$1"] }` in farcall.config.ts';
