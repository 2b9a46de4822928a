/** What the compiler complains about, as problems of the app. */
import { ts } from "ts-morph";
import { type Problem, relativePath } from "../problems.ts";

/** Options that tsc reports and that mean nothing here: deprecations, project references, files outside rootDir. */
const IRRELEVANT = new Set([
  5023, 5055, 5056, 5069, 5095, 5096, 5101, 5102, 5103, 5107, 5108, 6059, 6305, 6306, 6307, 6310, 18002, 18003,
]);

export function isError({ category, code }: ts.Diagnostic): boolean {
  return category === ts.DiagnosticCategory.Error && !IRRELEVANT.has(code);
}

export function problemOfDiagnostic(root: string, diagnostic: ts.Diagnostic): Problem {
  const { file, start = 0 } = diagnostic;
  const at = file?.getLineAndCharacterOfPosition(start) ?? { line: 0, character: 0 };
  return {
    severity: "error",
    file: file ? relativePath(root, file.fileName) : "tsconfig.json",
    line: at.line + 1,
    column: at.character + 1,
    message: `TS${diagnostic.code}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`,
  };
}
