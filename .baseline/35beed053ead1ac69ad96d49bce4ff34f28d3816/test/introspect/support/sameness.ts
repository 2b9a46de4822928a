/**
 * Whether introspection returns the types that went in, in the compiler's own judgement: every exported
 * function of a module is registered, introspected and printed; then the compiler compares the printed types with the
 * functions' by mutual identity, which distinguishes types that assignability does not (`readonly`, optional, `any`).
 */
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript-6";
import { type IntrospectedApp, IntrospectionError, introspect, type Problem } from "../../../src/introspect/index.ts";
import {
  type CallSignature,
  isIdentifierName,
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
  compilerOptions?: Record<string, unknown>;
  /** Where the module's packages are found. */
  packages?: string;
}

const SAME = `
type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends (<T>() => T extends Y ? 1 : 2) ? true : false;
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
    const { names, predicates } = functionsOf(folder, specifier);
    return compare(folder, specifier, names, predicates);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare(
  folder: string,
  specifier: string,
  names: readonly string[],
  predicates: ReadonlySet<string>,
): Sameness {
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
    // All problems are reported at once; compare the functions that have none.
    const refused = new Map<string, Problem[]>();
    for (const problem of error.problems.filter(({ severity }) => severity === "error")) {
      const names = [...(problem.path ? [problem.path] : []), ...(problem.alsoIn ?? [])];
      if (names.length === 0 && lineOf.has(problem.line)) names.push(lineOf.get(problem.line)!);
      for (const path of names) {
        const name = /^[^(<]+/.exec(path)![0];
        refused.set(name, [...(refused.get(name) ?? []), problem]);
      }
    }
    const rest = names.filter((name) => !refused.has(name));
    if (rest.length === names.length) throw error;
    const others = compare(folder, specifier, rest, predicates);
    return {
      ...others,
      refused: [...[...refused].map(([name, problems]) => ({ name, problems })), ...others.refused],
    };
  }
  result.app = app;

  writeFileSync(join(folder, "printed.ts"), printed(app, specifier));
  const checks = app.functions.flatMap((fn) => checksOf(fn, predicates));
  // In one program, what the compiler remembers of one direction can mislead it in the other: doubt gets a fresh one.
  let wrong = judge(
    folder,
    specifier,
    checks.flatMap(({ name, forth, back }) => [
      { name, check: forth },
      { name, check: back },
    ]),
  );
  if (wrong.size > 0) {
    const doubtful = checks.filter(({ name }) => wrong.has(name));
    wrong = new Map([
      ...judge(
        folder,
        specifier,
        doubtful.map(({ name, forth }) => ({ name, check: forth })),
      ),
      ...judge(
        folder,
        specifier,
        doubtful.map(({ name, back }) => ({ name, check: back })),
      ),
    ]);
  }
  for (const [name, text] of wrong) {
    const fn = app.functions.find((each) => each.name === name);
    result.different.push(fn ? `${name}${printTuple(fn.parameters)} => ${printType(fn.returns)}: ${text}` : text);
  }
  result.same = app.functions.map(({ name }) => name).filter((name) => !wrong.has(name));
  return result;
}

interface Check {
  name: string;
  forth: string;
  back: string;
}

function checksOf(fn: IntrospectedApp["functions"][number], predicates: ReadonlySet<string>): Check[] {
  const { name, mode, overloads } = fn;
  const type = `typeof all.${name}`;
  const check = (left: string, right: string): Check => ({
    name,
    forth: `Same<${left}, ${right}>`,
    back: `Same<${right}, ${left}>`,
  });
  const checks = [check(`Parameters<${type}>`, `printed.${name}_P`)];
  const isOpen = (overloads ?? [fn]).some(({ typeParameters }) => typeParameters);
  if (mode === "generator") checks.push(check(`Yield<ReturnType<${type}>>`, `printed.${name}_R`));
  else if (!isOpen) checks.push(check(`Awaited<ReturnType<${type}>>`, `printed.${name}_R`));
  // What is remote can tell the truth of a value, but cannot narrow its type.
  if ((isOpen || overloads) && mode === "unary" && !predicates.has(name)) {
    const either = ["F", "A"].map((kind) => check(type, `printed.${name}_${kind}`));
    checks.push({
      name,
      forth: either.map(({ forth }) => forth).join(" | "),
      back: either.map(({ back }) => back).join(" | "),
    });
  }
  return checks;
}

/** The failed comparisons, by the function's name. */
function judge(
  folder: string,
  specifier: string,
  checks: readonly { name: string; check: string }[],
): Map<string, string> {
  const head = [
    `import type * as all from ${JSON.stringify(specifier)};`,
    'import type * as printed from "./printed.ts";',
    ...SAME.trim().split("\n"),
  ];
  const checkFile = join(folder, "check.ts");
  writeFileSync(
    checkFile,
    [...head, ...checks.map(({ check }, at) => `export const c${at}: ${check} = true;`)].join("\n"),
  );
  const program = programOf(folder, checkFile);
  const wrong = new Map<string, string>();
  for (const file of [checkFile, join(folder, "printed.ts")]) {
    const source = program.getSourceFile(file)!;
    for (const diagnostic of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      const line = source.getLineAndCharacterOfPosition(diagnostic.start!).line;
      const failed = file === checkFile ? checks[line - head.length] : undefined;
      const text = `${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}: ${source.text.split("\n")[line]}`;
      wrong.set(failed?.name ?? `line ${line + 1}`, failed?.check ?? text);
    }
  }
  return wrong;
}

/** Declarations of packages and of the language, parsed once. */
const declarations = new Map<string, ts.SourceFile | undefined>();

function programOf(folder: string, file: string): ts.Program {
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, version, ...rest) => {
    if (!path.includes("/node_modules/")) return getSourceFile(path, version, ...rest);
    const known = declarations.get(path) ?? getSourceFile(path, version, ...rest);
    declarations.set(path, known);
    return known;
  };
  return ts.createProgram([file], options, host);
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

/** `Parameters` puts constraints in place of type parameters: so does the compiler here. */
function erased({ typeParameters, parameters }: CallSignature, type: string): string {
  if (!typeParameters) return type;
  const open = printTypeParameters(typeParameters);
  return type === printTuple(parameters)
    ? `Parameters<${open}(${printParameters(parameters)}) => void>`
    : `ReturnType<${open}() => ${type}>`;
}

/** The functions that a module exports, by name; which of them narrow types. */
function functionsOf(folder: string, specifier: string): { names: string[]; predicates: Set<string> } {
  const probe = join(folder, "probe.ts");
  writeFileSync(probe, `import * as all from ${JSON.stringify(specifier)};\nexport const exported = all;\n`);
  const program = programOf(folder, probe);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(probe)!;
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)[0]!;
  const names: string[] = [];
  const predicates = new Set<string>();
  for (const property of checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol))) {
    const signatures = checker.getTypeOfSymbol(property).getCallSignatures();
    if (signatures.length === 0 || property.name === "default" || !isIdentifierName(property.name)) continue;
    names.push(property.name);
    if (signatures.some((signature) => checker.getTypePredicateOfSignature(signature))) predicates.add(property.name);
  }
  return { names, predicates };
}
