/** What the compiler's programs stand on: the disk as `Files` has it, the library from memory, and what is parsed already. */
import { Project, ts } from "ts-morph";
import type { Files } from "../files.ts";

/** Where a ts-morph project has the compiler's library files, which it keeps in memory. */
const LIBRARY = "/node_modules/typescript/lib";
let library: ts.ModuleResolutionHost | undefined;
/**
 * Declarations of packages and of the library, parsed and bound once a process: a watching deploy makes many programs. By
 * options and by format, since what the compiler notes in a file depends on them.
 */
const parsed = new Map<string, Map<string, { hash: string; source: ts.SourceFile }>>();

/** Of the author's files. */
const hashes = new WeakMap<ts.SourceFile, string>();

/** Options that say where things are rather than what they mean. */
const PLACES = new Set([
  "configFile",
  "configFilePath",
  "pathsBasePath",
  "paths",
  "baseUrl",
  "typeRoots",
  "rootDir",
  "rootDirs",
  "outDir",
]);

/**
 * The host of a program. A project's own program would do, but for two things: it parses modules without their format, so that
 * the compiler takes every module of a NodeNext project for CommonJS (`import.meta` is refused, packages are resolved by their
 * "require" condition), and it parses the library again for each project.
 */
export function createHost(
  files: Files,
  options: ts.CompilerOptions,
  currentDirectory: string,
  previous?: ts.Program,
): ts.CompilerHost {
  library ??= new Project({ skipFileDependencyResolution: true }).getModuleResolutionHost();
  const libraryText = (file: string): string | undefined =>
    file.startsWith(LIBRARY) ? library?.readFile(file) : undefined;
  const settings = JSON.stringify(options, (name, value) => (PLACES.has(name) ? undefined : value));
  const host = resolutionHost(files, currentDirectory);
  return {
    ...host,
    getCurrentDirectory: () => currentDirectory,
    getCanonicalFileName: (name) => (ts.sys.useCaseSensitiveFileNames ? name : name.toLowerCase()),
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getNewLine: () => "\n",
    getDefaultLibLocation: () => LIBRARY,
    getDefaultLibFileName: (of) => `${LIBRARY}/${ts.getDefaultLibFileName(of)}`,
    fileExists: (file) => libraryText(file) !== undefined || host.fileExists(file),
    readFile: (file) => libraryText(file) ?? host.readFile(file),
    // Nothing is emitted.
    writeFile: () => {},
    // Documentation is read from the comments themselves; see docs.ts.
    jsDocParsingMode: ts.JSDocParsingMode.ParseForTypeErrors,
    getSourceFile(file, how) {
      const text = libraryText(file);
      const hash = text === undefined ? files.hash(file) : "";
      if (hash === undefined) return undefined;
      const parse = (content: string | undefined) =>
        content === undefined ? undefined : ts.createSourceFile(file, content, how);
      if (text === undefined && !/\/node_modules\/.*\.d\.[cm]?ts$/.test(file)) {
        const before = previous?.getSourceFile(file);
        if (before && hashes.get(before) === hash) return before;
        const source = parse(files.read(file));
        if (source) hashes.set(source, hash);
        return source;
      }
      const key = typeof how === "object" ? `${how.languageVersion} ${how.impliedNodeFormat} ${settings}` : settings;
      const sources = parsed.get(key) ?? new Map<string, { hash: string; source: ts.SourceFile }>();
      parsed.set(key, sources);
      const known = sources.get(file);
      if (known?.hash === hash) return known.source;
      const source = parse(text ?? files.read(file));
      if (source) sources.set(file, { hash, source });
      return source;
    },
  };
}

interface ResolutionHost extends ts.ModuleResolutionHost {
  realpath(path: string): string;
  readDirectory(
    folder: string,
    extensions: readonly string[],
    excludes: readonly string[] | undefined,
    includes: readonly string[],
    depth?: number,
  ): string[];
}

export function resolutionHost(files: Files, currentDirectory: string): ResolutionHost {
  const { useCaseSensitiveFileNames } = ts.sys;
  const entries = (folder: string) => {
    const { files: names, folders } = files.list(folder);
    return { files: names, directories: folders };
  };
  return {
    fileExists: (file) => files.kind(file) === "file",
    readFile: (file) => files.read(file),
    directoryExists: (folder) => files.kind(folder) === "folder",
    getDirectories: (folder) => [...files.list(folder).folders],
    realpath: (path) => files.realPath(path),
    getCurrentDirectory: () => currentDirectory,
    useCaseSensitiveFileNames,
    readDirectory: (folder, extensions, excludes, includes, depth) =>
      matchFiles(
        folder,
        extensions,
        excludes,
        includes,
        useCaseSensitiveFileNames,
        currentDirectory,
        depth,
        entries,
        (path) => files.realPath(path),
      ),
  };
}

type Entries = (folder: string) => { files: readonly string[]; directories: readonly string[] };

/** How the compiler understands `include` and `exclude`, which it keeps to itself. */
const { matchFiles } = ts as unknown as {
  matchFiles(
    folder: string,
    extensions: readonly string[],
    excludes: readonly string[] | undefined,
    includes: readonly string[],
    useCaseSensitiveFileNames: boolean,
    currentDirectory: string,
    depth: number | undefined,
    entries: Entries,
    realPath: (path: string) => string,
  ): string[];
};
