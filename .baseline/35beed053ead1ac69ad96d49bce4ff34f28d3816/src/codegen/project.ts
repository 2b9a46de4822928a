/**
 * The module settings of the project that owns the output folder, read from its tsconfig so that nobody has to configure them. Every
 * file that the result depends on is listed, so that a later run can check whether it still holds without reading the tsconfig again.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { TsConfigResult } from "get-tsconfig";
import { InvalidError } from "../runtime/errors.ts";

export interface ModuleStyle {
  /** Extension in specifiers: `./images.ts`, `./images.js` or `./images`. */
  importExtension: string;
  /** `.mts` if `.ts` would be a CommonJS module in which the compiler refuses `export`. */
  fileExtension: ".ts" | ".mts";
  /** A `.js` file here is an ES module. */
  isModulePackage: boolean;
  /** The package that stubs import: `@farcall/client` if the project depends on it. */
  runtime: "farcall" | "@farcall/client";
  /** The tsconfig that owns the folder. */
  tsconfig: string | undefined;
  /** The reason for these settings, in words. */
  reason: string;
  /** Files that were read or found missing. */
  inputs: string[];
}

export async function moduleStyle(folder: string): Promise<ModuleStyle> {
  const { getTsconfig, parseTsconfig, createFilesMatcher } = await import("get-tsconfig");
  const cache = new Map<string, unknown>();
  // Look up the tsconfig as for a generated file, whether or not it exists yet.
  const file = join(folder, "index.ts");
  let found: TsConfigResult | null;
  try {
    found = getTsconfig(folder, "tsconfig.json", cache);
    if (found && !createFilesMatcher(found)(file)) {
      // A solution tsconfig: the projects are its references.
      for (const { path } of found.config.references ?? []) {
        const target = resolve(dirname(found.path), path);
        const referenced = target.endsWith(".json") ? target : join(target, "tsconfig.json");
        if (!existsSync(referenced)) continue;
        const candidate = { path: referenced, config: parseTsconfig(referenced, cache as Map<string, string>) };
        if (!createFilesMatcher(candidate)(file)) continue;
        found = candidate;
        break;
      }
    }
  } catch (cause) {
    throw new InvalidError(`the tsconfig of ${folder} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: "Correct it, or set `importExtension` in the config.",
    });
  }
  const packageFile = nearestPackage(folder);
  // The cache's keys name the files it looked at: `existsSync:/a/tsconfig.json`.
  const looked = [...cache.keys()].map((key) => /^[a-zA-Z]+:(.*\.json)(:utf8)?$/.exec(key)?.[1]);
  const inputs = [...new Set([...looked.filter((path) => path !== undefined), ...(packageFile ? [packageFile] : [])])];
  const content = packageFile === undefined ? {} : readPackage(packageFile);
  const isModulePackage = content.type === "module";
  const isLight = DEPENDENCY_FIELDS.some((field) => content[field]?.["@farcall/client"] !== undefined);
  const runtime = isLight ? "@farcall/client" : "farcall";
  return { ...decide(found, isModulePackage), isModulePackage, runtime, tsconfig: found?.path, inputs };
}

type Decision = Pick<ModuleStyle, "importExtension" | "fileExtension" | "reason">;

function decide(found: TsConfigResult | null, isModulePackage: boolean): Decision {
  const options = found?.config.compilerOptions;
  if (!options)
    return { importExtension: ".ts", fileExtension: ".ts", reason: "no tsconfig: .ts imports, as Node runs them" };
  const module = String(options.module ?? "").toLowerCase();
  const resolution = String(
    options.moduleResolution ?? (/^node\d*/.test(module) && module !== "node" ? module : ""),
  ).toLowerCase();
  const isNode = /^node(\d+|next)$/.test(resolution) && resolution !== "node10";
  // `export` in a CommonJS file is an error under verbatimModuleSyntax; .mts is an ES module everywhere.
  const isCommonJs = isNode && options.verbatimModuleSyntax === true && !isModulePackage;
  const fileExtension = isCommonJs ? ".mts" : ".ts";
  if (options.allowImportingTsExtensions || options.rewriteRelativeImportExtensions) {
    return { importExtension: fileExtension, fileExtension, reason: `${found.path} allows ${fileExtension} imports` };
  }
  if (isNode) {
    const importExtension = isCommonJs ? ".mjs" : ".js";
    return {
      importExtension,
      fileExtension,
      reason: `${found.path} resolves as ${resolution}, which needs ${importExtension}`,
    };
  }
  return { importExtension: "", fileExtension, reason: `${found.path} resolves without extensions` };
}

function nearestPackage(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}

const DEPENDENCY_FIELDS = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] as const;

type PackageFile = { type?: string } & { [F in (typeof DEPENDENCY_FIELDS)[number]]?: Record<string, string> };

function readPackage(file: string): PackageFile {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as PackageFile;
  } catch (cause) {
    throw new InvalidError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
