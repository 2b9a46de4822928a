/**
 * The compiled package: its entries for imports and processes are small files over shared chunks. Loading
 * a hundred small modules takes longer than most of farcall's work: two thirds of a container's start, a seventh of
 * a codegen run for a thousand functions. Chunks are shared, so that a class is the same class whichever entry it came through.
 */
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { build, type Plugin } from "esbuild";
import { takeBuiltins } from "./builtins.ts";
import { mergeChunks } from "./merge-chunks.ts";

/** Modules of src/ that are used from outside: by package.json, and by processes that are started from a file. */
const ENTRIES = [
  "index",
  "codegen/index",
  "engine/index",
  "schema/index",
  "vite/index",
  "cli/farcall",
  "cli/codegen-bin",
  "engines/local/host/main",
  "engines/local/host/maintain",
  "engines/local/host/storage/writer",
  "container/inspect",
  "container/main",
];

/**
 * Packages that are bundled because every process, or every command, loads them. All others are imported from where they are installed. A bundled package
 * stays among the dependencies, whose folder has its license; its own imports are then resolved from here.
 */
const TAKEN_IN = ["cbor-x", "commander"];

const ROOT_MODULE = "farcall:root";
export const CHUNKS = "chunks";

/** @param outDir receives the entries under their names in `source` */
export async function bundle(source: string, outDir: string, entries: readonly string[] = ENTRIES): Promise<void> {
  const { metafile } = await build({
    entryPoints: entries.map((entry) => join(source, `${entry}.ts`)),
    outbase: source,
    outdir: outDir,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.18",
    // Class names are visible: in messages, and as FunctionCall.name.
    keepNames: true,
    define: { "import.meta.url": MODULE_URL },
    plugins: [{ name: "packages", setup: leavePackages }, places(source)],
    metafile: true,
    logLevel: "warning",
  });
  const [place] =
    Object.entries(metafile.outputs).find(([, { inputs }]) => `${ROOT_MODULE}:${ROOT_MODULE}` in inputs) ?? [];
  if (!place?.includes(`/${CHUNKS}/`)) throw new Error(`${place} is not where ${ROOT_MODULE} takes it to be`);
  await mergeChunks(outDir, metafile, source, CHUNKS);
  takeBuiltins(outDir);
}

const leavePackages: Plugin["setup"] = ({ onResolve }) => {
  onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
    if (kind === "entry-point" || path === ROOT_MODULE || path.startsWith("node:")) return undefined;
    const name = path
      .split("/")
      .slice(0, path.startsWith("@") ? 2 : 1)
      .join("/");
    return TAKEN_IN.includes(name) ? undefined : { path, external: true };
  });
};

const MODULE_URL = "__moduleUrl";

/** A module finds its neighbours as if it were still its own file, whichever chunk it is in. */
function places(source: string): Plugin {
  return {
    name: "places",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^farcall:root$/ }, ({ path }) => ({ path, namespace: ROOT_MODULE }));
      onLoad({ filter: /.*/, namespace: ROOT_MODULE }, () => ({
        contents: `const { url } = import.meta; const root = new URL("../", url); export const urlOf = (path) => new URL(path, root).href;`,
      }));
      onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
        const text = withoutRequire(await readFile(path, "utf8"));
        if (!text.includes("import.meta.url")) return { contents: text, loader: path.endsWith(".ts") ? "ts" : "js" };
        const file = path.startsWith(source + sep) ? relative(source, path).split(sep).join("/") : "index.ts";
        const url = JSON.stringify(file.replace(/\.ts$/, ".js"));
        return {
          contents: `import { urlOf as __urlOf } from "${ROOT_MODULE}"; const ${MODULE_URL} = /* @__PURE__ */ __urlOf(${url}); ${text}`,
          loader: path.endsWith(".ts") ? "ts" : "js",
        };
      });
    },
  };
}

/**
 * A bundled CommonJS package finds Node's modules: there is no `require` in an ES module. Commander's commands that are programs of
 * their own, for which it loads node:child_process, are not used.
 */
function withoutRequire(text: string): string {
  return text
    .replace(/^const childProcess = require\('node:child_process'\);$/m, "")
    .replace(/\brequire\((["']node:[a-z_/]+["'])\)/g, "globalThis.process.getBuiltinModule($1)");
}
