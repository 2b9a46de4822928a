/**
 * Merges chunks that are loaded together. esbuild makes a chunk for each set of entries that share some modules, and each command counts as an entry:
 * `codegen` started with 30 files, each of which costs about a millisecond to find, read and link. Here, only the ways in which farcall is
 * started count: chunks that are loaded by the same ones become one file.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

/** What is loaded at a start, by the modules of src/ that it begins with. A chunk that none of them reaches stays as it is. */
const STARTS: Record<string, readonly string[]> = {
  caller: ["index", "client"],
  container: ["container/main"],
  host: ["engines/local/host/main"],
  local: ["engines/local/index"],
  generator: ["codegen/index"],
  cli: ["cli/main"],
  codegen: ["cli/codegen-main", "engines/index"],
  stubs: ["codegen/output", "schema/parse/index", "plan/index"],
};

interface Chunk {
  exports: readonly string[];
  group: string;
  /** The name of one of its exports in the merged file. */
  nameOf(name: string): string;
}

/** @param chunks the folder in `outDir` whose files may be merged */
export async function mergeChunks(
  outDir: string,
  { outputs }: Metafile,
  source: string,
  chunks: string,
): Promise<void> {
  const files = new Map(Object.entries(outputs).map(([path, output]) => [resolve(path), output]));
  const isMergeable = (file: string) => dirname(file) === join(outDir, chunks);
  const loadedBy = new Map<string, Set<string>>();
  for (const [start, modules] of Object.entries(STARTS)) {
    const entries = modules.map((module) => join(source, `${module}.ts`));
    for (const [file, { entryPoint }] of files) {
      if (entryPoint === undefined || !entries.includes(resolve(entryPoint))) continue;
      for (const loaded of reach(file, files)) loadedBy.set(loaded, (loadedBy.get(loaded) ?? new Set()).add(start));
    }
  }
  const merged = [...loadedBy].filter(([file]) => isMergeable(file));
  const version = createHash("sha256")
    .update(merged.map(([file]) => file).join())
    .digest("hex")
    .slice(0, 8)
    .toUpperCase();
  const members = new Map<string, Chunk>();
  for (const [index, [file, starts]] of merged.entries()) {
    const { exports, entryPoint } = files.get(file)!;
    members.set(file, {
      exports,
      group: join(outDir, chunks, `${groupOf(starts)}-${version}.js`),
      // What is imported dynamically keeps its names; other names need not be unique.
      nameOf: (name) => (entryPoint === undefined ? `${name}_${index}` : name),
    });
  }
  const groups = new Set([...members.values()].map(({ group }) => group));
  const others = [...files.keys()].filter((file) => file.endsWith(".js") && !members.has(file));
  await build({
    entryPoints: [...groups, ...others].map((file) => ({ in: file, out: relative(outDir, file).replace(/\.js$/, "") })),
    outdir: outDir,
    absWorkingDir: outDir,
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22.18",
    plugins: [redirect(outDir, members, groups)],
    logLevel: "warning",
  });
  for (const file of members.keys()) rmSync(file);
}

/**
 * Chunks that differ only in a few starts are one file too: some kilobytes more cost less than another file. But what a container
 * does not need stays apart from what it needs: one import of node:crypto is a ninth of its start. A group imports only groups above it.
 */
function groupOf(starts: ReadonlySet<string>): string {
  const isIn = (...names: string[]) => names.every((name) => starts.has(name));
  if (isIn("caller", "codegen")) return "base";
  if (isIn("host", "local")) return isIn("container") ? "wire" : "host-local";
  if (isIn("caller", "stubs")) return "schema";
  if (isIn("container", "host")) return "runtime";
  return [...starts].sort().join("-");
}

/** A file and what it imports statically. */
function reach(
  file: string,
  files: ReadonlyMap<string, Metafile["outputs"][string]>,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { path, kind, external } of files.get(file)?.imports ?? []) {
    if (kind === "import-statement" && !external) reach(resolve(path), files, seen);
  }
  return seen;
}

/** Imports of a merged chunk become imports of its group. esbuild prints the names of modules, so they are relative to `outDir`. */
function redirect(outDir: string, members: ReadonlyMap<string, Chunk>, groups: ReadonlySet<string>): Plugin {
  const list = (chunk: Chunk, print: (name: string) => string) => `export { ${chunk.exports.map(print).join(", ")} }`;
  return {
    name: "merged chunks",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path, kind, importer }) => {
        if (kind === "entry-point") return groups.has(path) ? { path, namespace: "group" } : { path };
        if (!/^[./]/.test(path)) return { path, external: true };
        const file = resolve(dirname(importer), path);
        const chunk = members.get(file);
        if (!chunk) return { path, external: true };
        if (kind === "dynamic-import") return { path: between(importer, chunk.group), external: true };
        if ((members.get(importer)?.group ?? importer) === chunk.group) return { path: file };
        // The suffix tells importers in other folders apart.
        return {
          path: relative(outDir, file),
          namespace: "elsewhere",
          suffix: `?${relative(outDir, dirname(importer))}`,
          pluginData: importer,
        };
      });
      onLoad({ filter: /.*/, namespace: "group" }, ({ path }) => ({
        contents: [...members]
          .filter(([, { group }]) => group === path)
          .map(
            ([file, chunk]) =>
              `${list(chunk, (name) => `${name} as ${chunk.nameOf(name)}`)} from ${JSON.stringify(file)};`,
          )
          .join("\n"),
        resolveDir: dirname(path),
      }));
      onLoad({ filter: /.*/, namespace: "elsewhere" }, ({ path, pluginData: importer }) => {
        const chunk = members.get(join(outDir, path))!;
        const names = list(chunk, (name) => `${chunk.nameOf(name)} as ${name}`);
        return { contents: `${names} from ${JSON.stringify(between(importer as string, chunk.group))};` };
      });
    },
  };
}

function between(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}
