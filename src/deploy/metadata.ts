/**
 * `emitDecoratorMetadata`: libraries that read a property's type at run time ask for it in their tsconfig. The bundler
 * cannot do it, so where the option is on, modules with decorators are compiled by TypeScript first.
 */
import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import type { Loader } from "esbuild";
import { packageFolderOf } from "./native.ts";

/** Whether the tsconfig that an entry module belongs to asks for it. */
export async function emitsMetadata(entry: string): Promise<boolean> {
  return (await optionsFor(entry))["emitDecoratorMetadata"] === true;
}

async function optionsFor(entry: string): Promise<Record<string, unknown>> {
  const { getTsconfig } = await import("get-tsconfig");
  return { ...getTsconfig(entry)?.config.compilerOptions };
}

const DECORATED = /(?:^|[\s(,])@[A-Za-z_$]/m;

/** A module of the project with decorators, compiled; undefined for any other. */
export async function compileDecorated(path: string): Promise<{ contents: string; loader: Loader } | undefined> {
  if (!/\.[mc]?tsx?$/.test(path) || packageFolderOf(path) !== undefined) return undefined;
  const source = await readFile(path, "utf8");
  if (!DECORATED.test(source)) return undefined;
  const { ts } = await import("ts-morph");
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      ...ts.convertCompilerOptionsFromJson(await optionsFor(path), ".").options,
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      inlineSourceMap: true,
      inlineSources: true,
      sourceMap: false,
      declaration: false,
      noEmit: false,
    },
  });
  return { contents: outputText, loader: path.endsWith("x") ? "jsx" : "js" };
}

const INLINE_MAP = /^\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/m;

/** Where the author wrote what is at a place of the compiled module: line from 1, column from 0. Undefined for a module that is not compiled. */
export async function authorsPlace(
  path: string,
  { line, column }: { line: number; column: number },
): Promise<{ line: number; column: number } | undefined> {
  const [, map] = INLINE_MAP.exec((await compileDecorated(path))?.contents ?? "") ?? [];
  if (map === undefined) return undefined;
  const found = new SourceMap(JSON.parse(Buffer.from(map, "base64").toString())).findEntry(line - 1, column);
  return "originalLine" in found ? { line: found.originalLine + 1, column: found.originalColumn } : undefined;
}
