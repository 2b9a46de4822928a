/** The compiler's options for an app: those of its tsconfig.json, without what concerns output. */
import { dirname, join } from "node:path";
import { ts } from "ts-morph";
import type { Files } from "../files.ts";
import { IntrospectionError } from "../problems.ts";
import { isError, problemOfDiagnostic } from "./diagnostics.ts";
import { resolutionHost } from "./host.ts";

export interface Config {
  options: ts.CompilerOptions;
  /** The project's own declaration files, which no import names. */
  ambient: string[];
}

/** Nothing is emitted, so nothing that concerns output may get in the way. Undefined removes an option. */
const OVERRIDES = {
  noEmit: true,
  skipLibCheck: true,
  ignoreDeprecations: "6.0",
  composite: undefined,
  incremental: undefined,
  tsBuildInfoFile: undefined,
  declaration: undefined,
  declarationMap: undefined,
  declarationDir: undefined,
  emitDeclarationOnly: undefined,
  isolatedDeclarations: undefined,
  sourceMap: undefined,
  inlineSourceMap: undefined,
  inlineSources: undefined,
  noEmitOnError: undefined,
};

/** @param configFile undefined where a project has none */
export function configOf(configFile: string | undefined, entry: string, root: string, files: Files): Config {
  const { options, ambient } =
    configFile === undefined ? defaults(entry, files) : readConfig(configFile, entry, root, files);
  // An import of nothing has no types to be checked: whether it is there, the bundler knows, as tsc before 6 leaves it to Node.
  const { noUncheckedSideEffectImports = false } = options;
  // Undefined stands for an option that is not given, which the declared type does not allow.
  return {
    options: { ...options, noUncheckedSideEffectImports, ...OVERRIDES } as unknown as ts.CompilerOptions,
    ambient,
  };
}

function defaults(entry: string, files: Files): Config {
  return {
    options: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      allowImportingTsExtensions: true,
      // Without Node's types, the browser's have console, URL and fetch.
      ...(hasNodeTypes(dirname(entry), files) ? { types: ["node"], lib: ["lib.esnext.d.ts"] } : {}),
    },
    ambient: [],
  };
}

function hasNodeTypes(folder: string, files: Files): boolean {
  if (files.kind(join(folder, "node_modules/@types/node/package.json")) === "file") return true;
  return folder !== dirname(folder) && hasNodeTypes(dirname(folder), files);
}

function readConfig(configFile: string, entry: string, root: string, files: Files): Config {
  const parsed = parseConfig(configFile, files);
  if (!includes(parsed, entry)) {
    // A solution's tsconfig.json only names the projects; one of them has the entry.
    for (const reference of parsed.projectReferences ?? []) {
      const path = ts.resolveProjectReferencePath(reference);
      const referenced = files.kind(path) === "nothing" ? undefined : parseConfig(path, files);
      if (referenced && includes(referenced, entry)) return toConfig(referenced, root);
    }
  }
  return toConfig(parsed, root);
}

function parseConfig(configFile: string, files: Files): ts.ParsedCommandLine {
  const source = ts.readJsonConfigFile(configFile, (file) => files.read(file));
  const folder = dirname(configFile);
  const host: ts.ParseConfigHost = { ...resolutionHost(files, folder), useCaseSensitiveFileNames };
  return ts.parseJsonSourceFileConfigFileContent(source, host, folder, undefined, configFile);
}

const { useCaseSensitiveFileNames } = ts.sys;

function includes(config: ts.ParsedCommandLine, entry: string): boolean {
  const wanted = entry.replaceAll("\\", "/");
  return config.fileNames.some((file) => file === wanted);
}

function toConfig(config: ts.ParsedCommandLine, root: string): Config {
  const errors = config.errors.filter(isError);
  if (errors.length > 0) throw new IntrospectionError(errors.map((error) => problemOfDiagnostic(root, error)));
  return { options: config.options, ambient: config.fileNames.filter((file) => /\.d\.[cm]?ts$/.test(file)) };
}
