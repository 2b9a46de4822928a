/**
 * From the author's entry module to one artifact: everything it imports, in one ES module with its source map.
 *
 * - `farcall` stays out: the container gives the artifact its own copy.
 * - Packages with native code stay out, since they find their binaries by their own place; containers resolve them from
 *   the project's folder.
 * - Modules that ask where they are (`import.meta.url`, `__dirname`) are told their place in the project, not the artifact's.
 * - The code has no absolute path in it, so that equal sources give an equal hash in every checkout.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, relative, resolve, sep } from "node:path";
import type { BuildContext, BuildOptions, BuildResult, Loader, Message, Metafile, Plugin } from "esbuild";
import type { Artifact } from "../engine/index.ts";
import type { Problem } from "../introspect/index.ts";
import { DeployError } from "./errors.ts";
import { nativePackages } from "./native.ts";

export interface Bundle extends Artifact {
  /** Absolute paths of the modules that went into it, packages included. */
  files: string[];
  warnings: Problem[];
}

type Built = BuildResult<{ metafile: true; write: false }>;

/** Builds an entry again and again, reusing what has not changed. `dispose` when done. */
export class Bundler {
  readonly #entry: string;
  readonly #root: string;
  #context: BuildContext<{ metafile: true; write: false }> | undefined;
  /** What a build found out about its inputs, and the next one is told. */
  #external: string[] = [];
  #located: string[] = [];

  /** @param entry absolute path @param root absolute folder of the project */
  constructor(entry: string, root: string) {
    this.#entry = entry;
    this.#root = root;
  }

  /** Throws DeployError with all of the bundler's complaints. */
  async build(): Promise<Bundle> {
    for (;;) {
      const built = await this.#run();
      const [map, code] = [built.outputFiles[0]!.text, built.outputFiles[1]!.text];
      const external = nativePackages(Object.keys(built.metafile.inputs), this.#root);
      const located = asksForItsPlace(code) ? locatedSources(map) : [];
      // A package left out by an earlier round is no input of this one, and a told module no longer asks.
      const known = new Set([...this.#external, ...this.#located]);
      if ([...external, ...located].every((one) => known.has(one))) return this.#finish(built, code, map);
      this.#external = [...new Set([...this.#external, ...external])].sort();
      this.#located = [...new Set([...this.#located, ...located])].sort();
      await this.dispose();
    }
  }

  async dispose(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    await context?.dispose();
  }

  async #run(): Promise<Built> {
    const esbuild = await import("esbuild");
    try {
      this.#context ??= await esbuild.context(this.#options());
      return await this.#context.rebuild();
    } catch (error) {
      const { errors } = error as { errors?: Message[] };
      if (!errors) throw error;
      const problems = errors.map((message) => toProblem(message, "error", this.#entry));
      throw new DeployError("bundle", `cannot bundle ${relative(this.#root, this.#entry)}`, problems);
    }
  }

  #options() {
    const told = this.#located.length > 0;
    return {
      absWorkingDir: this.#root,
      entryPoints: [this.#entry],
      outfile: resolve(this.#root, "app.mjs"), // never written; the map's sources are relative to it
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      // Many a package's `main` wraps `require` so that no bundler can follow it (jsonc-parser); its `module` is plain.
      mainFields: ["module", "main"],
      format: "esm",
      target: "node22",
      charset: "utf8",
      sourcemap: "external",
      sourcesContent: true,
      keepNames: true,
      logLevel: "silent",
      loader: { ".node": "empty" },
      external: ["farcall", "farcall/*", ...this.#external.flatMap((name) => [name, `${name}/*`])],
      banner: { js: told ? BANNER + PLACE_BANNER : BANNER },
      ...(told && { define: PLACES, plugins: [placePlugin(this.#root, this.#located)] }),
    } satisfies BuildOptions;
  }

  #finish(built: Built, text: string, sourceMap: string): Bundle {
    const files = Object.keys(built.metafile.inputs).map((input) => resolve(this.#root, input));
    const binary = authorsBinary(built.metafile);
    if (binary) {
      throw new DeployError("bundle", `${binary.importer} imports the native module ${binary.file} directly`, [], {
        hint: "Native modules can only be used from a package: import the package that contains it.",
      });
    }
    const code = text.replace(NAME_HELPER, CHEAP_NAME_HELPER);
    const warnings = built.warnings
      .filter((message) => !message.location?.file.includes("node_modules/"))
      .map((message) => toProblem(message, "warning", this.#entry));
    const hash = createHash("sha256").update(code).digest("hex");
    return { code, sourceMap, hash, root: this.#root, files, warnings };
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

// ---- where modules are ------------------------------------------------------------------------------------------

/** What a module may ask, and the variable that answers it. */
const PLACES = {
  "import.meta.url": "__farcallUrl",
  "import.meta.filename": "__farcallFilename",
  "import.meta.dirname": "__farcallDirname",
  __filename: "__farcallFilename",
  __dirname: "__farcallDirname",
};

const ASKS = /\bimport\.meta\.(?:url|filename|dirname)\b|\b__(?:file|dir)name\b/;

/** The container says where the project is; see container/load.ts. */
const PLACE_BANNER =
  ' import { fileURLToPath as __farcallPath } from "node:url"; import { dirname as __farcallFolder } from "node:path";' +
  ' const __farcallPlace = (path) => new URL(path, globalThis[Symbol.for("farcall.root")] ?? import.meta.url).href;';

function asksForItsPlace(code: string): boolean {
  return ASKS.test(code.slice(code.indexOf("\n")));
}

function locatedSources(map: string): string[] {
  const { sources, sourcesContent } = JSON.parse(map) as { sources: string[]; sourcesContent: string[] };
  return sources.filter((source, index) => ASKS.test(sourcesContent[index] ?? "") && extname(source) in LOADERS);
}

const LOADERS: Record<string, Loader> = {
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
};

function placePlugin(root: string, sources: readonly string[]): Plugin {
  const paths = sources.map((source) => resolve(root, source));
  const filter = new RegExp(`^(?:${paths.map((path) => path.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})$`);
  return {
    name: "farcall-places",
    setup(build) {
      build.onLoad({ filter, namespace: "file" }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const place = relative(root, path).split(sep).map(encodeURIComponent).join("/");
        const answers =
          `const __farcallUrl = __farcallPlace(${JSON.stringify(place)}), __farcallFilename = __farcallPath(__farcallUrl),` +
          " __farcallDirname = __farcallFolder(__farcallFilename); ";
        // On the first line, so that no line moves; after a hashbang, which is a line of its own.
        const at = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
        return { contents: source.slice(0, at) + answers + source.slice(at), loader: LOADERS[extname(path)]! };
      });
    },
  };
}

// ---- what the bundler says --------------------------------------------------------------------------------------

function authorsBinary(metafile: Metafile): { file: string; importer: string } | undefined {
  for (const [importer, { imports }] of Object.entries(metafile.inputs)) {
    const binary = imports.find(({ path, external }) => !external && path.endsWith(".node"));
    if (binary) return { file: binary.path, importer };
  }
  return undefined;
}

function toProblem(message: Message, severity: Problem["severity"], entry: string): Problem {
  const { location, notes } = message;
  const hint = location?.suggestion || notes.map((note) => note.text).join(" ");
  return {
    severity,
    file: location?.file ?? entry,
    line: location?.line ?? 1,
    column: (location?.column ?? 0) + 1,
    message: message.text,
    ...(hint && { hint }),
  };
}
