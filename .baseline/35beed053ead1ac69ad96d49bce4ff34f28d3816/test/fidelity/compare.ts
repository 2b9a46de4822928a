/**
 * The comparison module: for each function, the author's types against its stub's, by mutual identity, which distinguishes
 * types that assignability does not (`readonly`, optional, `any`).
 */
import ts from "typescript-6";
import { IDENTITY } from "./identity.ts";
import type { Workspace } from "./workspace.ts";
import type { ExportedFunction } from "./wrap.ts";

const HELPERS = `
${IDENTITY}
type Yield<R> = R extends Iterable<infer Y, any, any> | AsyncIterable<infer Y, any, any> ? Y : "not a generator";
type Local<S> = S extends { local: infer F } ? F : never;
type Result<S> = S extends { remote: AnyFunction } ? Awaited<ReturnType<S["remote"]>> : S extends { remoteGen: AnyFunction } ? Yield<ReturnType<S["remoteGen"]>> : never;
type AnyFunction = (...args: any) => any;
/** What \`keyof\` gives, down to some depth: to identity, a property named 8 and one named "8" are the same. */
type Keys<T, D extends readonly unknown[] = [0, 0, 0]> = D extends readonly [unknown, ...infer Rest]
  ? T extends readonly unknown[] ? { [I in keyof T]: Keys<T[I], Rest> } : T extends AnyFunction ? 0 : T extends object ? [keyof T, Keys<T[keyof T], Rest>] : 0 : 0;
/** The signatures one by one, also for values that are more than functions; enough of them for real packages. */
type Overloads<F> = F extends { (...args: infer A): infer B; (...args: infer C): infer D; (...args: infer E): infer F; (...args: infer G): infer H; (...args: infer I): infer J } ? [A, B, C, D, E, F, G, H, I, J] : never;
`;

/** The author's full result of the signature at an index, from the stub's result. */
type Whole = (result: string, index: number) => string;

/** The return type of a function whose stub has this result: the result, or a promise of it. */
const RESULTS: readonly Whole[] = [(result) => result, (result) => `Promise<${result}>`];
/** The return type of a generator that yields this. */
const ITERATIONS: readonly Whole[] = ["", "Async"].flatMap((prefix) => [
  (item: string) => `${prefix}Generator<${item}>`,
  (item: string) => `${prefix}Generator<${item}, void, unknown>`,
  (item: string) => `${prefix}IterableIterator<${item}>`,
  (item: string) => `${prefix}Iterable<${item}>`,
]);

export interface Comparison {
  file: string;
  /** What each line checks. */
  checks: Map<number, { name: string; what: string }>;
  /** Functions with differences that identity of types does not show: names of parameters, \`Awaited<T>\` for \`T\`. */
  others: Map<string, string>;
}

/** Writes the module. `stubs` is the generated file's text. */
export function writeComparison(
  workspace: Workspace,
  id: string,
  module: string,
  stubs: string,
  functions: readonly ExportedFunction[],
): Comparison {
  const source = ts.createSourceFile(`${id}.ts`, stubs, ts.ScriptTarget.Latest, true);
  const copy: string[] = [withAuthorsEnums(source, module)];
  const lines = [
    `import * as author from ${JSON.stringify(module)};`,
    `import type * as stub from "./${id}.stubs.ts";`,
    ...HELPERS.trim().split("\n"),
  ];
  const checks: Comparison["checks"] = new Map();
  const others: Comparison["others"] = new Map();
  for (const { name, local, signatures, labels: own, isGenerator } of stubsOf(source)) {
    const author = functions.find((each) => each.name === name)!;
    if (!sameLabels(author.labels, own)) {
      others.set(name, `labels: ${JSON.stringify(own)} for ${JSON.stringify(author.labels)}`);
    }
    // `Promise<Awaited<T>>` can be assigned to `Promise<T>` and back once T is known.
    const awaited = signatures?.find(({ result }, at) => /\bAwaited</.test(result) && !isAwaited(author, at));
    if (awaited) others.set(name, `result: ${awaited.result} for ${author.results.map(({ text }) => text).join(", ")}`);
    const check = (what: string, text: string): void => {
      lines.push(`export const ${name}_${what}: ${text} = true;`);
      checks.set(lines.length, { name, what });
    };
    const f = `typeof author.${name}`;
    const s = `(typeof stub)[${JSON.stringify(name)}]`;
    check("parameters", `Same<Parameters<${f}>, Parameters<Local<${s}>>>`);
    const result = `Same<${isGenerator ? "Yield" : "Awaited"}<ReturnType<${f}>>, Result<${s}>>`;
    check("keys", `Same<Keys<[Parameters<${f}>]>, Keys<[Parameters<Local<${s}>>]>>`);
    // Overloads may differ in whether they return a promise: the last way is as the author has it.
    const asAuthor = (result: string, at: number): string =>
      author.results[at]?.isPromise ? `Promise<${result}>` : result;
    const wholes: readonly Whole[] = signatures ? (isGenerator ? ITERATIONS : [...RESULTS, asAuthor]) : [];
    const kinds = wholes.map((_, at) => `stub.${local}__${at}`);
    // The compiler infers `any` for the result of `<T>(x: never) => Promise<T>`: types that are the same as a whole have the same result.
    check("result", [result, ...kinds.map((kind) => `Same<${f}, ${kind}>`)].join(" | "));
    if (!signatures) continue;
    // Generic or overloaded: one P and one R are the last signature's, with constraints for type parameters.
    copy.push(
      ...wholes.map((whole, at) => {
        const each = signatures.map(({ head, result }, index) => `${head}: ${whole(result, index)}`);
        return `export type ${local}__${at} = { ${each.join("; ")} };`;
      }),
    );
    const pairs = kinds.map((kind) => [f, kind]);
    if (signatures.length === 1) {
      lines.push(`const ${name}_author = plain(author.${name});`);
      checks.set(lines.length, { name, what: "signatures" });
      pairs.push(
        ...kinds.map((kind, index) => {
          lines.push(`const ${name}_${index} = plain(null! as ${kind});`);
          checks.set(lines.length, { name, what: "signatures" });
          return [`typeof ${name}_author`, `typeof ${name}_${index}`];
        }),
      );
    }
    const same = pairs.map(([left, right]) => `Same<${left}, ${right}>`);
    // Conditional types with `infer` in them are the same to TypeScript only when one declaration makes them.
    const mutual = pairs.map(([left, right]) => `Mutual<${left}, ${right}>`);
    // A function that has properties too is never the same as one without.
    const overloads = kinds.map((kind) => `(Fits<${f}, ${kind}> & Same<Overloads<${f}>, Overloads<${kind}>>)`);
    // That a boolean is a type guard cannot cross, so the author's function fits the stub, and not the other way round.
    const guard = author.isGuard ? kinds.map((kind) => `Fits<${f}, ${kind}>`) : [];
    check("signatures", [...same, ...mutual, ...overloads, ...guard].join(" | "));
  }
  workspace.write(`check/${id}.stubs.ts`, copy.join("\n"));
  workspace.write(`check/${id}.ts`, lines.join("\n"));
  return { file: `check/${id}.ts`, checks, others };
}

function isAwaited({ results }: ExportedFunction, at: number): boolean {
  return results[at]?.text.includes("Awaited<") === true;
}

/** A name that a tuple's element cannot have gets an underscore; destructured parameters have no name. */
function sameLabels(author: ExportedFunction["labels"], stub: Stub["labels"]): boolean {
  return (
    author.length === stub.length &&
    author.every(
      (list, at) =>
        list.length === stub[at]!.length &&
        list.every((label, index) => label === undefined || [label, `${label}_`].includes(stub[at]![index]!)),
    )
  );
}

interface Stub {
  name: string;
  /** Name of the const. */
  local: string;
  isGenerator: boolean;
  /** The names of each signature's parameters. */
  labels: string[][];
  /** Of a generic or overloaded function. */
  signatures?: StubSignature[];
}

/** The stubs of a generated file, by their syntax. */
function stubsOf(source: ts.SourceFile): Stub[] {
  const interfaces = new Map(source.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node]));
  const makers = source.statements.filter(ts.isFunctionDeclaration);
  const generators = new Set(
    makers.filter((maker) => maker.getText().includes(".generator(")).map((maker) => maker.name!.text),
  );
  const stubs: Stub[] = [];
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const { name, type, initializer } = statement.declarationList.declarations[0]!;
    if (!initializer || !ts.isCallExpression(initializer) || !type || !ts.isTypeReferenceNode(type)) continue;
    const deployed = initializer.arguments[0];
    if (!deployed || !ts.isStringLiteral(deployed)) continue;
    const definition = interfaces.get(type.typeName.getText());
    // Documented parameters give a stub its own interface, which extends the function's plain type.
    const parameters = (definition?.heritageClauses?.[0]?.types[0] ?? type).typeArguments?.[0];
    const labels = parameters && ts.isTupleTypeNode(parameters) ? parameters.elements.map(labelOf) : [];
    const stub: Stub = {
      name: deployed.text,
      local: name.getText(),
      isGenerator: generators.has(initializer.expression.getText()),
      labels: [labels],
    };
    if (definition && !parameters) {
      stub.signatures = signaturesOf(definition);
      stub.labels = stub.signatures.map(({ labels }) => labels);
    }
    stubs.push(stub);
  }
  return stubs;
}

interface StubSignature {
  /** `<T>(xs: T[])`. */
  head: string;
  result: string;
  labels: string[];
}

function labelOf(element: ts.Node): string {
  return ts.isNamedTupleMember(element) ? element.name.text : "";
}

function signaturesOf({ members }: ts.InterfaceDeclaration): StubSignature[] {
  const methods = members.filter(ts.isMethodSignature);
  const named = (name: string) => methods.filter((method) => method.name.getText() === name);
  const remotes = [...named("remote"), ...named("remoteGen")];
  return named("local").map((local, index) => {
    const generics = local.typeParameters ? `<${local.typeParameters.map((each) => each.getText()).join(", ")}>` : "";
    const remote = remotes[index]!.type as ts.TypeReferenceNode;
    return {
      head: `${generics}(${local.parameters.map((each) => each.getText()).join(", ")})`,
      result: remote.typeArguments![0]!.getText(),
      labels: local.parameters.map((each) => each.name.getText()),
    };
  });
}

/**
 * Two enums are never the same type to TypeScript, even if equal: the author's own stands in for the generated one, so that the
 * other parts of types that use it can be compared.
 */
function withAuthorsEnums(source: ts.SourceFile, module: string): string {
  const enums = new Set(source.statements.filter(ts.isModuleDeclaration).map(({ name }) => name.text));
  if (enums.size === 0) return source.text;
  const isEnum = (node: ts.Statement): boolean => {
    if (ts.isVariableStatement(node)) return enums.has(node.declarationList.declarations[0]!.name.getText());
    return (ts.isTypeAliasDeclaration(node) || ts.isModuleDeclaration(node)) && enums.has(node.name.text);
  };
  const rest = source.statements.filter((node) => !isEnum(node)).map((node) => node.getFullText());
  return `import type { ${[...enums].join(", ")} } from ${JSON.stringify(module)};\n${rest.join("")}`;
}
