/**
 * The modules that `codegen` runs through, as one file: reading a hundred small ones takes longer than generating some hundred
 * stubs. What it seldom needs, and what has to be the same object in every module of the package, stays where it is.
 */
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { build, type Plugin } from "esbuild";

/** Its own bundle takes its place. */
const ENTRY = "cli/codegen-main.js";

const APART = [
  // Errors are told by their class, engines kept in a map.
  "runtime/errors.js",
  "runtime/engines.js",
  // Seldom needed.
  "config/check.js",
  "cli/eject.js",
  "index.js",
  "runtime/index.js",
];

/** Bundles the compiled modules in `dist`, which stay: the package's other entries are made of them. */
export async function bundleCodegen(dist: string): Promise<void> {
  await build({
    entryPoints: [join(dist, ENTRY)],
    outfile: join(dist, ENTRY),
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22.18",
    external: ["diff"],
    // What of the packages is CommonJS asks for Node's modules by it.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    plugins: [keepPlaces(dist)],
    logLevel: "warning",
  });
}

/** Modules that are left out are imported from where they are; those that are taken in find their files as before. */
function keepPlaces(dist: string): Plugin {
  const bundleFolder = dirname(join(dist, ENTRY));
  const specifier = (file: string): string => {
    const path = relative(bundleFolder, file).split(sep).join("/");
    return path.startsWith(".") ? path : `./${path}`;
  };
  const apart = new Set(APART.map((file) => join(dist, file)));
  return {
    name: "keep-places",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path);
        return apart.has(file) ? { path: specifier(file), external: true } : undefined;
      });
      // Its runtime is taken in, its compiler is for who has templates of his own.
      onResolve({ filter: /^handlebars$/ }, () => ({ external: true }));
      onLoad({ filter: /\.js$/ }, async ({ path }) => {
        if (!path.startsWith(dist + sep)) return undefined;
        const text = await readFile(path, "utf8");
        const place = `new URL(${JSON.stringify(specifier(path))}, import.meta.url).href`;
        return { contents: text.replaceAll("import.meta.url", place), loader: "js" };
      });
    },
  };
}
