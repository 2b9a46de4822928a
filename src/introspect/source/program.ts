/**
 * The compiler's program of an app: the entry and what it imports, under the options of the nearest tsconfig.json, so that
 * a deploy sees the types that the author's editor shows.
 */
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import { IntrospectionError, type Problem, problemOfDiagnostic, relativePath } from "../problems.ts";

export interface AppProgram {
  program: ts.Program;
  checker: ts.TypeChecker;
  entry: ts.SourceFile;
  /** Absolute folder. */
  root: string;
  /** The author's files: neither declarations nor packages. */
  files: ts.SourceFile[];
  isOwn(file: ts.SourceFile): boolean;
}

export interface ProgramOptions {
  /** Default: the folder of the nearest package.json, else the entry's own. */
  root?: string;
  /** Default: the nearest tsconfig.json. */
  tsconfig?: string;
}

export function createProgram(entry: string, given: ProgramOptions): AppProgram {
  const path = resolve(entry);
  const root = given.root === undefined ? nearestPackage(dirname(path)) : resolve(given.root);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new IntrospectionError([
      {
        severity: "error",
        file: relativePath(root, path),
        line: 1,
        column: 1,
        message: `the module ${entry} does not exist`,
        hint: "Give the file that exports the app.",
      },
    ]);
  }
  const configFile =
    given.tsconfig === undefined ? ts.findConfigFile(dirname(path), existsSync) : resolve(given.tsconfig);
  const { options, ambient } = configFile === undefined ? defaults(path) : readConfig(configFile, path, root);
  // Undefined stands for an option that is not given, which the declared type does not allow.
  const effective = { ...options, ...OVERRIDES } as unknown as ts.CompilerOptions;
  const program = ts.createProgram({
    rootNames: [path, ...ambient],
    options: effective,
    host: createHost(effective, configFile === undefined ? root : dirname(configFile)),
  });
  const runtime = runtimeFolder();
  const isOwn = (file: ts.SourceFile): boolean =>
    !file.isDeclarationFile &&
    !file.fileName.includes("/node_modules/") &&
    !file.fileName.startsWith(runtime) &&
    !file.fileName.endsWith(".json");
  const entryFile = program.getSourceFile(path);
  if (!entryFile) {
    throw new IntrospectionError([
      {
        severity: "error",
        file: relativePath(root, path),
        line: 1,
        column: 1,
        message: "this is not a TypeScript module",
        hint: "Give a .ts or .mts file.",
      },
    ]);
  }
  return {
    program,
    checker: program.getTypeChecker(),
    entry: entryFile,
    root,
    files: program.getSourceFiles().filter(isOwn),
    isOwn,
  };
}

/** Options that tsc reports and that mean nothing here: deprecations, project references, files outside rootDir. */
const IRRELEVANT = new Set([
  5023, 5055, 5056, 5069, 5095, 5096, 5101, 5102, 5103, 5107, 5108, 6059, 6305, 6306, 6307, 6310, 18002, 18003,
]);

/** What tsc would print for the app's own files. */
export function typeErrors({ program, files, root }: AppProgram): Problem[] {
  const isError = ({ category, code }: ts.Diagnostic): boolean =>
    category === ts.DiagnosticCategory.Error && !IRRELEVANT.has(code);
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => program.getSyntacticDiagnostics(file)),
  ].filter(isError);
  // A file that does not parse gives errors that lead nowhere when its types are checked.
  if (found.length === 0) found.push(...files.flatMap((file) => program.getSemanticDiagnostics(file)).filter(isError));
  return found.map((diagnostic) => problemOfDiagnostic(root, diagnostic));
}

// ---- options ------------------------------------------------------------------------------------------------------

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

interface Config {
  options: ts.CompilerOptions;
  /** The project's own declaration files, which no import names. */
  ambient: string[];
}

function defaults(entry: string): Config {
  const hasNodeTypes = canResolve(entry, "@types/node/package.json");
  return {
    options: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      allowImportingTsExtensions: true,
      // Without Node's types, the browser's have console, URL and fetch.
      ...(hasNodeTypes ? { types: ["node"], lib: ["lib.esnext.d.ts"] } : {}),
    },
    ambient: [],
  };
}

function canResolve(from: string, specifier: string): boolean {
  try {
    createRequire(from).resolve(specifier);
    return true;
  } catch {
    return false; // not installed
  }
}

function readConfig(configFile: string, entry: string, root: string): Config {
  const parsed = parseConfig(configFile);
  if (!includes(parsed, entry)) {
    // A solution's tsconfig.json only names the projects; one of them has the entry.
    for (const reference of parsed.projectReferences ?? []) {
      const path = ts.resolveProjectReferencePath(reference);
      const referenced = existsSync(path) ? parseConfig(path) : undefined;
      if (referenced && includes(referenced, entry)) return toConfig(referenced, root);
    }
  }
  return toConfig(parsed, root);
}

function parseConfig(configFile: string): ts.ParsedCommandLine {
  const source = ts.readJsonConfigFile(configFile, ts.sys.readFile);
  return ts.parseJsonSourceFileConfigFileContent(source, ts.sys, dirname(configFile), undefined, configFile);
}

function includes(config: ts.ParsedCommandLine, entry: string): boolean {
  const wanted = entry.replaceAll("\\", "/");
  return config.fileNames.some((file) => file === wanted);
}

function toConfig(config: ts.ParsedCommandLine, root: string): Config {
  const errors = config.errors.filter(
    ({ category, code }) => category === ts.DiagnosticCategory.Error && !IRRELEVANT.has(code),
  );
  if (errors.length > 0) throw new IntrospectionError(errors.map((error) => problemOfDiagnostic(root, error)));
  return { options: config.options, ambient: config.fileNames.filter((file) => /\.d\.[cm]?ts$/.test(file)) };
}

// ---- files --------------------------------------------------------------------------------------------------------

/** Where a ts-morph project has the compiler's library files, which it keeps in memory. */
const LIBRARY = "/node_modules/typescript/lib";
let library: ts.ModuleResolutionHost | undefined;
/**
 * Declarations of packages and of the library, parsed once a process: a watching deploy makes many programs. By options,
 * since what the compiler notes in a file depends on them.
 */
const parsed = new Map<string, Map<string, { modified: number; source: ts.SourceFile }>>();

/**
 * The host of a program. A project's own program would do, but for two things: it parses modules without their format, so that
 * the compiler takes every module of a NodeNext project for CommonJS (`import.meta` is refused, packages are resolved by their
 * "require" condition), and it parses the library again for each project.
 */
function createHost(options: ts.CompilerOptions, currentDirectory: string): ts.CompilerHost {
  library ??= new Project({ skipFileDependencyResolution: true }).getModuleResolutionHost();
  const libraryText = (file: string): string | undefined =>
    file.startsWith(LIBRARY) ? library?.readFile(file) : undefined;
  const key = JSON.stringify(options, (name, value) => (name === "configFile" ? undefined : value));
  const sources = parsed.get(key) ?? new Map<string, { modified: number; source: ts.SourceFile }>();
  parsed.set(key, sources);
  const host = ts.createCompilerHost(options);
  // Documentation is read from the comments themselves; see docs.ts.
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  return {
    ...host,
    getCurrentDirectory: () => currentDirectory,
    getDefaultLibLocation: () => LIBRARY,
    getDefaultLibFileName: (of) => `${LIBRARY}/${ts.getDefaultLibFileName(of)}`,
    fileExists: (file) => libraryText(file) !== undefined || host.fileExists(file),
    readFile: (file) => libraryText(file) ?? host.readFile(file),
    getSourceFile(file, version, onError) {
      const text = libraryText(file);
      if (text === undefined && !/\/node_modules\/.*\.d\.[cm]?ts$/.test(file))
        return host.getSourceFile(file, version, onError);
      const modified = text === undefined ? (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) : 0;
      const known = sources.get(file);
      if (known?.modified === modified) return known.source;
      const source =
        text === undefined ? host.getSourceFile(file, version, onError) : ts.createSourceFile(file, text, version);
      if (source) sources.set(file, { modified, source });
      return source;
    },
  };
}

function nearestPackage(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (at === dirname(at)) return folder;
  }
}

/** farcall's own modules, which are source files in development: `…/src/`. */
function runtimeFolder(): string {
  return fileURLToPath(new URL("../../", import.meta.url)).replaceAll("\\", "/");
}
