/**
 * Config modules that Node cannot run as they are: TypeScript with syntax beyond types, and ES modules in a package
 * declared as CommonJS.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname } from "node:path";

/** Enums, namespaces, parameter properties, `import a = require()`, `export =`, decorators. */
const MORE_THAN_TYPES =
  /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace|module)\s+[\w$.]+\s*\{|\bconstructor\s*\([^)]*\b(?:public|private|protected|readonly)\s|^\s*(?:export\s+)?import\s+[\w$]+\s*=|^\s*export\s*=|^\s*@[\w$]/m;

const IMPORT_OR_EXPORT =
  /^\s*(?:import\s*(?:["'{*]|(?!type\b)[\w$]+\s*(?:,|from\b))|export\s+(?:default|const|let|var|function|async|class|enum|\{|\*))/m;
const COMMON_JS = /\bmodule\.exports\b|^\s*exports\./m;

/**
 * The module as an ES module in JavaScript; undefined where Node runs it by itself.
 * @param format what Node takes the file for: `commonjs` or `commonjs-typescript` in a package of that type
 */
export function compiled(path: string, format: string | undefined): string | undefined {
  if (!/^\.(?:m?ts|js)$/.test(extname(path))) return undefined;
  const text = readFileSync(path, "utf8");
  const isMisplaced = format?.startsWith("commonjs") === true && IMPORT_OR_EXPORT.test(text) && !COMMON_JS.test(text);
  if (path.endsWith(".js")) return isMisplaced ? text : undefined;
  if (!isMisplaced && !MORE_THAN_TYPES.test(text)) return undefined;
  // Few configs need it, and the hook that calls this is synchronous.
  const { transformSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  // Error positions refer to the author's source.
  process.setSourceMapsEnabled(true);
  try {
    return transformSync(text, {
      loader: "ts",
      format: "esm",
      sourcefile: path,
      sourcemap: "inline",
      logLevel: "silent",
    }).code;
  } catch {
    // Node reports what is wrong.
    return undefined;
  }
}
