/**
 * TypeScript as the judge of two versions of a function: does the new one accept the old one's arguments, and are the new one's
 * results valid results of the old one? Many pairs go into one program, since a program costs more than a check.
 */
import ts from "typescript-5.9";
import type { FunctionVersion } from "../../src/schema/index.ts";
import { printDeclaration, printTuple, printType } from "../../src/schema/index.ts";

export interface Judgement {
  accepts: boolean;
  /** The changed version is not valid TypeScript, so there is nothing to judge. */
  invalid: boolean;
  /** The compiler's objection. */
  messages: string[];
}

/** In order of the pairs. Throws when an old version does not compile. */
export function judge(pairs: readonly { before: FunctionVersion; after: FunctionVersion }[]): Judgement[] {
  const judgements = pairs.map((): Judgement => ({ accepts: true, invalid: false, messages: [] }));
  const lines: number[] = [];
  let text = "interface Buffer extends Uint8Array {}\n";
  let line = 1;
  pairs.forEach(({ before, after }, pair) => {
    const add = (source: string): void => {
      text += `${source}\n`;
      for (const _ of source.split("\n")) lines[line++] = pair;
    };
    add(`namespace P${pair}.Before { ${version(before)} }`);
    add(`namespace P${pair}.After { ${version(after)} }`);
    add(`namespace P${pair} {\n  export const input = (given: Before.Input): After.Input => given;`);
    add("  export const output = (given: After.Output): Before.Output => given;\n}");
  });
  for (const exactOptionalPropertyTypes of [true, false]) {
    for (const diagnostic of check(text, { exactOptionalPropertyTypes })) {
      const at = diagnostic.file!.getLineAndCharacterOfPosition(diagnostic.start!).line;
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
      const source = text.split("\n")[at]!;
      const pair = lines[at];
      if (pair === undefined || source.includes(".Before {"))
        throw new Error(`does not compile: ${message}\n${source}`);
      if (source.includes(".After {")) judgements[pair]!.invalid = true;
      judgements[pair]!.accepts = false;
      judgements[pair]!.messages.push(message);
    }
  }
  return judgements;
}

function version({ fn, declarations }: FunctionVersion): string {
  const declared = declarations.map((declaration) => printDeclaration(declaration).replaceAll("\n", " "));
  const input = `export type Input = ${printTuple(fn.parameters)};`;
  return [...declared, input, `export type Output = ${printType(fn.returns)};`].join(" ");
}

const FILE = "/pairs.ts";
const libraries = new Map<string, ts.SourceFile | undefined>();

function check(text: string, options: ts.CompilerOptions): readonly ts.Diagnostic[] {
  const all: ts.CompilerOptions = { ...options, strict: true, noEmit: true, target: ts.ScriptTarget.ESNext, types: [] };
  const host = ts.createCompilerHost(all);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => {
    if (name === FILE) return ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
    if (!libraries.has(name)) libraries.set(name, getSourceFile(name, ...rest));
    return libraries.get(name);
  };
  const program = ts.createProgram([FILE], all, host);
  return ts.getPreEmitDiagnostics(program, program.getSourceFile(FILE));
}
