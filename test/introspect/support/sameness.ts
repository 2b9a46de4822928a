/**
 * Whether the types that come out of introspection are those that went in, by the compiler's own judgement: every exported
 * function of a module is registered, introspected and printed; then the compiler compares the printed types with the
 * functions' by mutual identity, which tells apart what assignability does not (`readonly`, optional, `any`).
 */
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript-6";
import { type IntrospectedApp, IntrospectionError, introspect, type Problem } from "../../../src/introspect/index.ts";
import {
  type CallSignature,
  printDeclaration,
  printParameters,
  printTuple,
  printType,
  printTypeParameters,
} from "../../../src/schema/index.ts";

const repository = resolve(import.meta.dirname, "../../..");

export interface Sameness {
  /** Functions whose types came out as they went in. */
  same: string[];
  /** Functions whose types differ, each with what the compiler says. */
  different: string[];
  /** Functions that cannot cross the wire, each with the first reason. */
  refused: { name: string; problems: Problem[] }[];
  app: IntrospectedApp | undefined;
}

export interface SamenessOptions {
  /** Names of the module's functions to leave out. */
  except?: readonly string[];
  compilerOptions?: Record<string, unknown>;
  /** Where the module's packages are found. */
  packages?: string;
}

const SAME = `
type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2
  ? (<T>() => T extends Y ? 1 : 2) extends <T>() => T extends X ? 1 : 2 ? true : false : false;
type Yield<R> = R extends Iterable<infer Y, any, any> | AsyncIterable<infer Y, any, any> ? Y : "not a generator";
`;

/** Compares all functions that a module exports. */
export function sameness(specifier: string, options: SamenessOptions = {}): Sameness {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "farcall-same-")));
  try {
    const packages = options.packages ?? join(repository, "node_modules");
    symlinkSync(packages, join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = {
      target: "es2024",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      lib: ["es2024", "esnext.iterator"],
      types: ["node"],
      typeRoots: [join(repository, "node_modules/@types")],
      paths: { farcall: [join(repository, "src/index.ts")] },
      ...options.compilerOptions,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    const names = functionsOf(folder, specifier).filter((name) => !options.except?.includes(name));
    return compare(folder, specifier, names);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare(folder: string, specifier: string, names: readonly string[]): Sameness {
  const result: Sameness = { same: [], different: [], refused: [], app: undefined };
  const lines = [
    'import { App } from "farcall";',
    `import * as all from ${JSON.stringify(specifier)};`,
    'const app = new App("same");',
  ];
  const lineOf = new Map<number, string>();
  for (const name of names) {
    lineOf.set(lines.length + 1, name);
    lines.push(`app.function(all.${name}, { name: ${JSON.stringify(name)} });`);
  }
  const entry = join(folder, "app.ts");
  writeFileSync(entry, lines.join("\n"));
  let app: IntrospectedApp;
  try {
    app = introspect(entry);
  } catch (error) {
    if (!(error instanceof IntrospectionError)) throw error;
    // Every problem is told at once: without those functions the rest must do.
    const refused = new Map<string, Problem[]>();
    for (const problem of error.problems.filter(({ severity }) => severity === "error")) {
      const names = [
        ...(problem.path ? [problem.path] : []),
        ...(/; also in (.*)$/.exec(problem.message)?.[1]?.split(", ") ?? []),
      ];
      if (names.length === 0 && lineOf.has(problem.line)) names.push(lineOf.get(problem.line)!);
      for (const path of names) {
        const name = /^[^(<]+/.exec(path)![0];
        refused.set(name, [...(refused.get(name) ?? []), problem]);
      }
    }
    const rest = names.filter((name) => !refused.has(name));
    if (rest.length === names.length) throw error;
    const others = compare(folder, specifier, rest);
    return {
      ...others,
      refused: [...[...refused].map(([name, problems]) => ({ name, problems })), ...others.refused],
    };
  }
  result.app = app;

  writeFileSync(join(folder, "printed.ts"), printed(app, specifier));
  const checks = [
    `import type * as all from ${JSON.stringify(specifier)};`,
    'import type * as printed from "./printed.ts";',
    ...SAME.trim().split("\n"),
  ];
  const checkOf = new Map<number, string>();
  for (const fn of app.functions) {
    const check = (what: string, left: string, right: string): void => {
      checks.push(`export const ${fn.name}_${what}: Same<${left}, ${right}> = true;`);
      checkOf.set(checks.length, `${fn.name}: ${what}`);
    };
    const type = `typeof all.${fn.name}`;
    check("parameters", `Parameters<${type}>`, `printed.${fn.name}_P`);
    const isOpen = (fn.overloads ?? [fn]).some(({ typeParameters }) => typeParameters);
    if (fn.mode === "generator") check("yields", `Yield<ReturnType<${type}>>`, `printed.${fn.name}_R`);
    else if (!isOpen) check("result", `Awaited<ReturnType<${type}>>`, `printed.${fn.name}_R`);
    if ((isOpen || fn.overloads) && fn.mode === "unary") {
      checks.push(
        `export const ${fn.name}_signatures: Same<${type}, printed.${fn.name}_F> | Same<${type}, printed.${fn.name}_A> = true;`,
      );
      checkOf.set(checks.length, `${fn.name}: signatures`);
    }
  }
  const checkFile = join(folder, "check.ts");
  writeFileSync(checkFile, checks.join("\n"));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    folder,
  );
  const program = ts.createProgram([checkFile], options);
  const wrong = new Map<string, string>();
  for (const file of [checkFile, join(folder, "printed.ts")]) {
    const source = program.getSourceFile(file)!;
    for (const diagnostic of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      const line = source.getLineAndCharacterOfPosition(diagnostic.start!).line + 1;
      const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
      const what = file === checkFile ? checkOf.get(line) : undefined;
      if (what === undefined) {
        result.different.push(
          `${file.slice(folder.length + 1)}(${line}): ${text}: ${source.text.split("\n")[line - 1]}`,
        );
        continue;
      }
      const [name = ""] = what.split(":");
      const fn = app.functions.find((each) => each.name === name)!;
      wrong.set(name, `${wrong.get(name) ?? ""}${what} ${printTuple(fn.parameters)} => ${printType(fn.returns)}\n`);
    }
  }
  result.different.push(...wrong.values());
  result.same = app.functions.map(({ name }) => name).filter((name) => !wrong.has(name));
  return result;
}

function printed({ declarations, functions }: IntrospectedApp, specifier: string): string {
  const lines: string[] = [];
  for (const declaration of declarations) {
    // Enums are the same only to themselves.
    if (declaration.kind === "enum")
      lines.push(`import type { ${declaration.name} } from ${JSON.stringify(specifier)};`);
    else lines.push(printDeclaration(declaration));
  }
  const call = ({ typeParameters, parameters }: CallSignature, returns: string): string =>
    `${printTypeParameters(typeParameters)}(${printParameters(parameters)}): ${returns};`;
  for (const fn of functions) {
    lines.push(`export type ${fn.name}_P = ${erased(fn, printTuple(fn.parameters))};`);
    lines.push(`export type ${fn.name}_R = ${erased(fn, printType(fn.returns))};`);
    const all = fn.overloads ?? [fn];
    lines.push(`export type ${fn.name}_F = { ${all.map((each) => call(each, printType(each.returns))).join(" ")} };`);
    lines.push(
      `export type ${fn.name}_A = { ${all.map((each) => call(each, `Promise<${printType(each.returns)}>`)).join(" ")} };`,
    );
  }
  return lines.join("\n");
}

/** \`Parameters\` puts constraints in place of type parameters: so does the compiler here. */
function erased({ typeParameters, parameters }: CallSignature, type: string): string {
  if (!typeParameters) return type;
  const open = printTypeParameters(typeParameters);
  return type === printTuple(parameters)
    ? `Parameters<${open}(${printParameters(parameters)}) => void>`
    : `ReturnType<${open}() => ${type}>`;
}

/** The functions that a module exports, by name. */
function functionsOf(folder: string, specifier: string): string[] {
  const probe = join(folder, "probe.ts");
  writeFileSync(probe, `import * as all from ${JSON.stringify(specifier)};\nexport const exported = all;\n`);
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    folder,
  );
  const program = ts.createProgram([probe], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(probe)!;
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)[0]!;
  return checker
    .getPropertiesOfType(checker.getTypeOfSymbol(symbol))
    .filter(
      (property) =>
        /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(property.name) &&
        property.name !== "default" &&
        checker.getTypeOfSymbol(property).getCallSignatures().length > 0,
    )
    .map(({ name }) => name);
}
