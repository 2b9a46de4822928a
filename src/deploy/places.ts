/**
 * Modules that ask where they are. In the bundle they would be told the artifact's place; the author wrote them for their
 * own, where the files that they read lie. Each module that asks gets constants of its own on its first line, by which
 * everything that depends on its place is answered from the project, as far as a program can ask:
 *
 *     import.meta.url, .filename, .dirname, .resolve()   __filename, __dirname, require.resolve()   import(computed)
 */
import { readFile } from "node:fs/promises";
import { extname, relative, sep } from "node:path";
import type { Loader, Plugin } from "esbuild";
import { specifierFrom } from "../wire/specifiers.ts";

/** What a module may ask, and the variable that answers it: esbuild's `define`. */
export const PLACES = {
  "import.meta.url": "__farcallUrl",
  "import.meta.filename": "__farcallFilename",
  "import.meta.dirname": "__farcallDirname",
  "import.meta.resolve": "__farcallResolve",
  __filename: "__farcallFilename",
  __dirname: "__farcallDirname",
};

/** The container says where the project is; see container/load.ts. */
export const PLACE_BANNER =
  ' import { fileURLToPath as __farcallPath } from "node:url"; import { dirname as __farcallFolder } from "node:path";' +
  ' const __farcallPlace = (path) => new URL(path, globalThis[Symbol.for("farcall.root")] ?? import.meta.url).href;' +
  " const __farcallMetaResolve = import.meta.resolve;";

const COMPUTED_IMPORT = /\bimport\s*\(\s*(?!["'`)])/;
const ASKS = new RegExp(
  `\\bimport\\.meta\\.(?:url|filename|dirname|resolve)\\b|\\b__(?:file|dir)name\\b|\\b(?:__)?require\\.resolve\\b|${COMPUTED_IMPORT.source}`,
);

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

/** Whether code or a module asks. Banners of ours do too: leave them out. */
export function asksForItsPlace(code: string): boolean {
  return ASKS.test(code);
}

/** Of the inputs of a build, absolute paths, those that ask. */
export async function askingModules(files: readonly string[]): Promise<string[]> {
  const asking = await Promise.all(
    files.map(async (file) => extname(file) in LOADERS && asksForItsPlace(await readFile(file, "utf8"))),
  );
  return files.filter((_, index) => asking[index]);
}

/** A module's path relative to the project, as URLs have it. */
export function projectPath(root: string, file: string): string {
  return relative(root, file).split(sep).map(encodeURIComponent).join("/");
}

type Compile = (path: string) => Promise<{ contents: string; loader: Loader } | undefined>;

/**
 * @param modules absolute paths of the modules that ask
 * @param compile what has to be done to a module before it is bundled
 */
export function placePlugin(root: string, modules: readonly string[], compile?: Compile): Plugin {
  const filter = new RegExp(`^(?:${modules.map((path) => path.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})$`);
  return {
    name: "farcall-places",
    setup(build) {
      build.onLoad({ filter, namespace: "file" }, async ({ path }) => {
        const compiled = await compile?.(path);
        let source = compiled?.contents ?? (await readFile(path, "utf8"));
        if (COMPUTED_IMPORT.test(source)) source = await answerImports(source, path);
        // esbuild knows `require.resolve` too well to let it be defined.
        source = source.replace(/\brequire\.resolve\b/g, REQUIRE_RESOLVE);
        // On the first line, so that no line moves; after a hashbang, which is a line of its own.
        const at = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
        const answers = answersFor(projectPath(root, path), source);
        return {
          contents: source.slice(0, at) + answers + source.slice(at),
          loader: compiled?.loader ?? LOADERS[extname(path)]!,
        };
      });
    },
  };
}

function answersFor(place: string, source: string): string {
  const from = JSON.stringify(specifierFrom(place, ""));
  const answers = [
    `__farcallUrl = __farcallPlace(${JSON.stringify(place)})`,
    "__farcallFilename = __farcallPath(__farcallUrl)",
    "__farcallDirname = __farcallFolder(__farcallFilename)",
  ];
  const elsewhere = `${from} + encodeURIComponent(String(specifier))`;
  if (source.includes("import.meta.resolve")) {
    answers.push(`__farcallResolve = (specifier) => __farcallMetaResolve(${elsewhere})`);
  }
  if (source.includes(REQUIRE_RESOLVE)) answers.push(`${REQUIRE_RESOLVE} = __farcallRequire(__farcallUrl).resolve`);
  if (source.includes(IMPORT)) {
    // The one attribute that imports have in Node, written out, since a bundler reads it.
    const json = `import(${elsewhere}, { with: { type: "json" } })`;
    answers.push(`${IMPORT} = (specifier, options) => options?.with?.type === "json" ? ${json} : import(${elsewhere})`);
  }
  return `const ${answers.join(", ")}; `;
}

const IMPORT = "__farcallImport";
const REQUIRE_RESOLVE = "__farcallRequireResolve";

/** `import(computed)` becomes a call that knows the module. What the bundler resolves by itself stays as it is. */
async function answerImports(source: string, path: string): Promise<string> {
  const { ts } = await import("ts-morph");
  const kind = path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const places: number[] = [];
  const visit = (node: import("ts-morph").ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && !startsLiterally(specifier)) places.push(node.expression.getStart(file));
    }
    ts.forEachChild(node, visit);
  };
  const startsLiterally = (node: import("ts-morph").ts.Node): boolean =>
    ts.isStringLiteralLike(node) ||
    (ts.isTemplateExpression(node) && /^\.\.?\//.test(node.head.text)) ||
    (ts.isBinaryExpression(node) && startsLiterally(node.left));
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, false, kind);
  visit(file);
  return places.reduceRight((text, at) => `${text.slice(0, at)}${IMPORT}${text.slice(at + "import".length)}`, source);
}
