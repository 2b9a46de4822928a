/** Makes an app of all functions that a module exports, without those that introspection refuses. */
import ts from "typescript-6";
import { type IntrospectedApp, IntrospectionError, introspect, type Problem } from "../../src/introspect/index.ts";
import type { Workspace } from "./workspace.ts";

export interface Wrapped {
  /** The part that can be sent; undefined when nothing can. */
  app: IntrospectedApp | undefined;
  /** The others, each with its errors. */
  refused: Map<string, Problem[]>;
}

export interface ExportedFunction {
  name: string;
  /** A type guard or an assertion. */
  isGuard: boolean;
  /** The names of each signature's parameters; undefined for a destructured one. */
  labels: (string | undefined)[][];
  /** Of each signature. */
  results: { isPromise: boolean; text: string }[];
}

/** The functions that modules export, by module: found in one program, since most of the work is the same for all. */
export function exportedFunctions(workspace: Workspace, modules: readonly string[]): Map<string, ExportedFunction[]> {
  workspace.write(
    "apps/probe.ts",
    modules
      .map((module, index) => `import * as m${index} from ${JSON.stringify(module)};\nexport { m${index} };`)
      .join("\n"),
  );
  const { config } = ts.readConfigFile(workspace.file("tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, workspace.path);
  const program = ts.createProgram([workspace.file("apps/probe.ts")], options);
  const checker = program.getTypeChecker();
  const probe = checker.getSymbolAtLocation(program.getSourceFile(workspace.file("apps/probe.ts"))!)!;
  return new Map(
    checker.getExportsOfModule(probe).map((symbol, index) => {
      const module = checker.getTypeOfSymbol(checker.getAliasedSymbol(symbol));
      return [modules[index]!, checker.getPropertiesOfType(module).filter(isFunction).map(toFunction)];
    }),
  );

  function toFunction(symbol: ts.Symbol): ExportedFunction {
    const signatures = signaturesOf(symbol);
    return {
      name: symbol.name,
      isGuard: signatures.some((signature) => checker.getTypePredicateOfSignature(signature)),
      labels: signatures.map(({ parameters }) => parameters.map(labelOf)),
      results: signatures.map((signature) => {
        const type = signature.getReturnType();
        return { isPromise: type.symbol?.name === "Promise", text: checker.typeToString(type) };
      }),
    };
  }

  function labelOf({ name, valueDeclaration: node }: ts.Symbol): string | undefined {
    return node && ts.isParameter(node) && !ts.isIdentifier(node.name) ? undefined : name;
  }

  function signaturesOf(symbol: ts.Symbol): readonly ts.Signature[] {
    return checker.getTypeOfSymbol(symbol).getCallSignatures();
  }

  function isFunction(symbol: ts.Symbol): boolean {
    const isName = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(symbol.name);
    return isName && signaturesOf(symbol).length > 0;
  }
}

export function wrap(workspace: Workspace, id: string, module: string, names: readonly string[]): Wrapped {
  const refused = new Map<string, Problem[]>();
  let left = [...names];
  while (left.length > 0) {
    const head = [
      'import { App } from "farcall";',
      `import * as module from ${JSON.stringify(module)};`,
      `export const app = new App(${JSON.stringify(id)});`,
    ];
    const lines = left.map((name) => `app.function(module.${name}, { name: ${JSON.stringify(name)} });`);
    workspace.write(`apps/${id}.ts`, [...head, ...lines, ""].join("\n"));
    try {
      return { app: introspect(workspace.file(`apps/${id}.ts`), { root: workspace.path }), refused };
    } catch (error) {
      if (!(error instanceof IntrospectionError)) throw error;
      // A problem in a package's file is reported at the line of the registration.
      for (const problem of error.problems) {
        if (problem.severity !== "error") continue;
        const name = left[problem.line - 1 - head.length];
        if (name === undefined) throw error;
        refused.set(name, [...(refused.get(name) ?? []), problem]);
        for (const other of problem.alsoIn ?? []) {
          refused.set(other, [...(refused.get(other) ?? []), { ...problem, path: other }]);
        }
      }
      left = left.filter((name) => !refused.has(name));
    }
  }
  return { app: undefined, refused };
}
