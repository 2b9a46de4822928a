/**
 * The compiler's program of an app: the entry and what it imports, under the options of the nearest tsconfig.json, so that
 * a deploy sees the types that the author's editor shows.
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { disk, type Files } from "../files.ts";
import { IntrospectionError, type Problem, relativePath } from "../problems.ts";
import { configOf } from "./config.ts";
import { isError, problemOfDiagnostic } from "./diagnostics.ts";
import { createHost } from "./host.ts";

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
  /** Default: the disk. */
  files?: Files;
  /** The program before, of which the next takes what still holds. */
  previous?: Previous;
}

/**
 * An app's last program. Only for an app whose questions about anything but the source files in it are still answered the same: the
 * compiler does not ask them again.
 */
export class Previous {
  #program: ts.Program | undefined;

  get program(): ts.Program | undefined {
    return this.#program;
  }

  /** Whether the compiler read it as a module or a script of the program. */
  isSource(path: string): boolean {
    return this.#program?.getSourceFile(path) !== undefined;
  }

  replace(program: ts.Program): void {
    this.#program = program;
  }
}

export function createProgram(entry: string, given: ProgramOptions): AppProgram {
  const path = resolve(entry);
  const { files = disk, previous } = given;
  const root = given.root === undefined ? nearestPackage(dirname(path), files) : resolve(given.root);
  if (files.kind(path) !== "file") {
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
    given.tsconfig === undefined
      ? ts.findConfigFile(dirname(path), (file) => files.kind(file) === "file")
      : resolve(given.tsconfig);
  const { options, ambient } = configOf(configFile, path, root, files);
  const program = ts.createProgram({
    rootNames: [path, ...ambient],
    options,
    host: createHost(files, options, configFile === undefined ? root : dirname(configFile), previous?.program),
    ...(previous?.program && { oldProgram: previous.program }),
  });
  previous?.replace(program);
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

/** What tsc would print for the app's own files. */
export function typeErrors({ program, files, root }: AppProgram): Problem[] {
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => program.getSyntacticDiagnostics(file)),
  ].filter(isError);
  // A file that does not parse gives errors that lead nowhere when its types are checked.
  if (found.length === 0) found.push(...files.flatMap((file) => program.getSemanticDiagnostics(file)).filter(isError));
  return found.map((diagnostic) => problemOfDiagnostic(root, diagnostic));
}

function nearestPackage(folder: string, files: Files): string {
  for (let at = folder; ; at = dirname(at)) {
    if (files.kind(join(at, "package.json")) !== "nothing") return at;
    if (at === dirname(at)) return folder;
  }
}

/** farcall's own modules, which are source files in development: `…/src/`. */
function runtimeFolder(): string {
  return fileURLToPath(new URL("../../", import.meta.url)).replaceAll("\\", "/");
}
