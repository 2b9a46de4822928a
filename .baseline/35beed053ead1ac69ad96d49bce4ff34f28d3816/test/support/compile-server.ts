/**
 * A process that compiles with TypeScript 5.9 and 6 for all the tests of a run: most of what these take for a small project
 * is reading the declarations of the language, of Node and of farcall, which is done once here.
 *
 *     node compile-server.ts SOCKET
 *
 * Prints a line once it listens, and ends with its standard input, so that it never outlives who has started it.
 *
 * A connection sends a `CompileRequest` as JSON and gets what `tsc --noEmit --pretty false -p PROJECT` would print about the
 * files that the project includes.
 */
import { statSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type TypeScript from "typescript-6";

export interface CompileRequest {
  compiler: "typescript-5.9" | "typescript-6";
  /** A tsconfig.json or its folder. */
  project: string;
  /** What paths in the output are relative to. */
  cwd: string;
}

const repository = new URL("../../", import.meta.url).pathname;

class Compiler {
  readonly #ts: typeof TypeScript;
  /** The repository's files, by what their syntax tree depends on. Bound to their symbols by the first program. */
  readonly #parsed = new Map<string, TypeScript.SourceFile | undefined>();

  constructor(ts: typeof TypeScript) {
    this.#ts = ts;
  }

  compile({ project, cwd }: CompileRequest): string {
    const ts = this.#ts;
    const names: TypeScript.FormatDiagnosticsHost = {
      getCurrentDirectory: () => cwd,
      getCanonicalFileName: (name) => name,
      getNewLine: () => "\n",
    };
    const broken: TypeScript.Diagnostic[] = [];
    const parsed = ts.getParsedCommandLineOfConfigFile(
      ts.sys.directoryExists(project) ? join(project, "tsconfig.json") : project,
      { noEmit: true },
      { ...ts.sys, getCurrentDirectory: () => cwd, onUnRecoverableConfigFileDiagnostic: (each) => broken.push(each) },
    );
    if (!parsed) return ts.formatDiagnostics(broken, names);
    const { fileNames, options, errors, projectReferences } = parsed;
    const program = ts.createProgram({
      rootNames: fileNames,
      options,
      ...(projectReferences && { projectReferences }),
      configFileParsingDiagnostics: errors,
      host: this.#host(options, cwd),
    });
    // Of what a project imports, the package's own sources among it, only the types are wanted.
    const own = fileNames.map((name) => program.getSourceFile(name));
    const found = [
      ...program.getConfigFileParsingDiagnostics(),
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...own.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
        ...(options.declaration ? program.getDeclarationDiagnostics(file) : []),
      ]),
    ];
    return ts.formatDiagnostics(ts.sortAndDeduplicateDiagnostics(found), names);
  }

  #host(options: TypeScript.CompilerOptions, cwd: string): TypeScript.CompilerHost {
    const host = this.#ts.createCompilerHost(options);
    const { getSourceFile } = host;
    const { configFilePath: _, ...effective } = options;
    const settings = JSON.stringify(effective);
    host.getCurrentDirectory = () => cwd;
    host.getSourceFile = (path, how, ...rest) => {
      if (!path.startsWith(repository)) return getSourceFile(path, how, ...rest);
      const key = [path, statSync(path, { throwIfNoEntry: false })?.mtimeMs, JSON.stringify(how), settings].join("\n");
      if (!this.#parsed.has(key)) this.#parsed.set(key, getSourceFile(path, how, ...rest));
      return this.#parsed.get(key);
    };
    return host;
  }
}

const compilers = new Map<string, Promise<Compiler>>();

function compilerOf(name: CompileRequest["compiler"]): Promise<Compiler> {
  const known = compilers.get(name) ?? import(name).then((module) => new Compiler(module.default));
  compilers.set(name, known);
  return known;
}

async function answer(socket: Socket): Promise<void> {
  try {
    const request = (await json(socket)) as CompileRequest;
    socket.end((await compilerOf(request.compiler)).compile(request));
  } catch (error) {
    socket.end(`the compile server failed: ${error instanceof Error ? error.stack : error}`);
  }
}

createServer({ allowHalfOpen: true }, (socket) => {
  // Whoever asked may have gone.
  socket.on("error", () => {});
  void answer(socket);
}).listen(process.argv[2], () => console.log("listening"));
process.stdin.resume().once("end", () => process.exit());
