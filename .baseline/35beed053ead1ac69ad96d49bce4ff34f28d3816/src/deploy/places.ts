/**
 * Modules that ask where they are. In the bundle they would be told the artifact's place; the author wrote them for their
 * own, where the files that they read lie. Each module that asks gets constants of its own on its first line, by which
 * everything that depends on its place is answered from the project, as far as a program can ask:
 *
 *     import.meta.url, .filename, .dirname, .resolve()   __filename, __dirname, require.resolve()   import(computed)
 *     require(computed), and `require` as a value, as UMD wrappers pass it on
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

/**
 * Of a bundle in which a module asks. The container says where the project is; see container/load.ts. Modules that a
 * plugin of the config loads have no answers of their own: they get those of the artifact.
 */
export const PLACE_BANNER =
  ' import { fileURLToPath as __farcallPath } from "node:url"; import { dirname as __farcallFolder } from "node:path";' +
  // Modules of the bundle may have a URL, a Symbol or a String of their own at its top level.
  " const __farcallEncode = globalThis.encodeURIComponent;" +
  " const __farcallPlace = (path) =>" +
  ' new globalThis.URL(path, globalThis[globalThis.Symbol.for("farcall.root")] ?? import.meta.url).href;' +
  " const __farcallMetaResolve = import.meta.resolve;" +
  " Object.assign(globalThis, { __farcallUrl: import.meta.url, __farcallFilename: import.meta.filename," +
  " __farcallDirname: import.meta.dirname, __farcallResolve: import.meta.resolve });";

const COMPUTED_IMPORT = /\bimport\s*\(\s*(?!["'`)])/;
/** `require` with a computed argument, or handed on as a value. */
const OPEN_REQUIRE = /\brequire\s*\(\s*(?!["'`)\s])|(?:[=(,:?|&{[]|\breturn\b)\s*require\s*(?:[;,):|&}\]]|\r?\n)/;
const ASKS = new RegExp(
  [
    /\bimport\s*\.\s*meta\s*\.\s*(?:url|filename|dirname|resolve)\b|\b__(?:file|dir)name\b|\brequire\.resolve\b/,
    COMPUTED_IMPORT,
    OPEN_REQUIRE,
  ]
    .map(({ source }) => source)
    .join("|"),
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

/** A module's path relative to the project, as URLs have it. */
export function projectPath(root: string, file: string): string {
  return relative(root, file).split(sep).map(encodeURIComponent).join("/");
}

type Compile = (path: string) => Promise<{ contents: string; loader: Loader } | undefined>;

export interface Places {
  /** Absolute folder of the project. */
  root: string;
  /** What has to be done to a module before it is bundled. */
  compile?: Compile | undefined;
  /** Modules of packages that require or import by a pattern which matches no file: it is left to run time. */
  unmatched: ReadonlySet<string>;
}

export function placePlugin({ root, compile, unmatched }: Places): Plugin {
  return {
    name: "farcall-places",
    setup(build) {
      const loaders = { ...LOADERS, ...build.initialOptions.loader };
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const [compiled, original] = await Promise.all([compile?.(path), readFile(path, "utf8")]);
        const isUnmatched = unmatched.has(path);
        if (!isUnmatched && !ASKS.test(original)) return compiled;
        let source = compiled?.contents ?? original;
        if (isUnmatched || COMPUTED_IMPORT.test(source) || OPEN_REQUIRE.test(source)) {
          source = await answerComputed(source, path, isUnmatched);
        }
        // esbuild knows `require.resolve` too well to let it be defined.
        source = source.replace(/\brequire\.resolve\b/g, REQUIRE_RESOLVE);
        // On the first line, so that no line moves; after a hashbang, which is a line of its own.
        const at = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
        const answers = answersFor(projectPath(root, path), source);
        return {
          contents: source.slice(0, at) + answers + source.slice(at),
          loader: compiled?.loader ?? loaders[extname(path)]!,
        };
      });
    },
  };
}

/** Whether a bundle has a module that asks. */
export function hasAnswers(code: string): boolean {
  return code.includes("__farcall");
}

function answersFor(place: string, source: string): string {
  const from = JSON.stringify(specifierFrom(place, ""));
  const answers = [
    `__farcallUrl = __farcallPlace(${JSON.stringify(place)})`,
    "__farcallFilename = __farcallPath(__farcallUrl)",
    "__farcallDirname = __farcallFolder(__farcallFilename)",
  ];
  const elsewhere = `${from} + __farcallEncode("" + specifier)`;
  if (source.includes("import.meta.resolve")) {
    answers.push(`__farcallResolve = (specifier) => __farcallMetaResolve(${elsewhere})`);
  }
  if (source.includes(REQUIRE_RESOLVE)) answers.push(`${REQUIRE_RESOLVE} = __farcallRequire(__farcallUrl).resolve`);
  if (source.includes(REQUIRE)) answers.push(`${REQUIRE} = __farcallRequire(__farcallUrl)`);
  if (source.includes(IMPORT)) {
    // The one attribute that imports have in Node, written out, since a bundler reads it.
    const json = `import(${elsewhere}, { with: { type: "json" } })`;
    answers.push(`${IMPORT} = (specifier, options) => options?.with?.type === "json" ? ${json} : import(${elsewhere})`);
  }
  return `const ${answers.join(", ")}; `;
}

const IMPORT = "__farcallImport";
const REQUIRE = "__farcallOpenRequire";
const REQUIRE_RESOLVE = "__farcallRequireResolve";

/**
 * `import(computed)` and `require` become values that know the module. What the bundler resolves by itself stays as it is,
 * and so does a `require` that the module has declared.
 * @param patterns answer those that begin with a folder too, which the bundler would look for files by
 */
async function answerComputed(source: string, path: string, patterns: boolean): Promise<string> {
  const { ts } = await import("ts-morph");
  type Node = import("ts-morph").ts.Node;
  const kind = path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, kind);
  const changes: { at: number; old: string; new: string }[] = [];

  const startsLiterally = (node: Node): boolean =>
    ts.isStringLiteralLike(node) ||
    (!patterns &&
      ((ts.isTemplateExpression(node) && /^\.\.?\//.test(node.head.text)) ||
        (ts.isBinaryExpression(node) && startsLiterally(node.left))));
  const called = (node: Node) =>
    ts.isCallExpression(node.parent) && node.parent.expression === node ? node.parent.arguments[0] : undefined;
  const isValue = (node: Node): boolean => {
    const { parent } = node;
    if (ts.isTypeOfExpression(parent) || ts.isTypeNode(parent)) return false;
    if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) {
      return ts.isPropertyAssignment(parent) && parent.initializer === node;
    }
    return !(ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isMethodDeclaration(parent));
  };
  const declared = (node: Node): boolean =>
    (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node)) &&
    node.name?.getText() === "require";
  /** In the function itself, its inner ones left out. */
  const declares = (scope: Node): boolean =>
    ts.forEachChild(scope, (node) => declared(node) || (!ts.isFunctionLike(node) && declares(node))) ?? false;

  const visit = (node: Node, shadowed: boolean): void => {
    const hidden = shadowed || (ts.isFunctionLike(node) && declares(node));
    if (node.kind === ts.SyntaxKind.ImportKeyword) {
      const specifier = called(node);
      if (specifier && !startsLiterally(specifier)) changes.push({ at: node.getStart(), old: "import", new: IMPORT });
    } else if (!hidden && ts.isIdentifier(node) && node.text === "require" && isValue(node)) {
      const specifier = called(node);
      const short = ts.isShorthandPropertyAssignment(node.parent) ? "require: " : "";
      if (!specifier || !startsLiterally(specifier)) {
        changes.push({ at: node.getStart(), old: "require", new: `${short}${REQUIRE}` });
      }
    }
    ts.forEachChild(node, (child) => visit(child, hidden));
  };
  visit(file, declares(file));
  return changes.reduceRight(
    (text, change) => text.slice(0, change.at) + change.new + text.slice(change.at + change.old.length),
    source,
  );
}
