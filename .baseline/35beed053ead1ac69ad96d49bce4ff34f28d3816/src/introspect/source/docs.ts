/**
 * Documentation as the author wrote it: the text of a comment without its frame. Tags stay in the text, except that those
 * about one parameter or type parameter go to it, from where the generator writes them back.
 */
import { ts } from "ts-morph";

/** The text of the JSDoc comment before a node, or undefined. */
export function docOf(node: ts.Node): string | undefined {
  const file = node.getSourceFile();
  const text = file.text;
  // Most nodes have none: look before scanning.
  if (text.lastIndexOf("/**", node.getStart(file)) < node.pos) return undefined;
  let found: string | undefined;
  // On one line with what is before it, a comment still belongs to a parameter or a function.
  const inLine = ts.isParameter(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node);
  const before = inLine ? (ts.getTrailingCommentRanges(text, node.pos) ?? []) : [];
  for (const { kind, pos, end } of [...before, ...(ts.getLeadingCommentRanges(text, node.pos) ?? [])]) {
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia && text.startsWith("/**", pos) && end - pos > 5) {
      found = unframe(text.slice(pos + 3, end - 2));
    }
  }
  return found;
}

function unframe(comment: string): string | undefined {
  const lines = comment
    .split(/\r?\n/)
    .map((line, index) => line.replace(index === 0 ? /^ ?/ : /^\s*\* ?|^\s+$/, "").trimEnd());
  while (lines.length > 0 && lines[0] === "") lines.shift();
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines.length === 0 ? undefined : lines.join("\n");
}

/** The comment of a function, or of the variable or property that it is the value of. */
export function docOfFunction(node: ts.Node): string | undefined {
  return docOf(node) ?? (node.parent && docOfHolder(node.parent));
}

/** The comment before `const x = …`, `x: …`, `export default …`. */
export function docOfHolder(node: ts.Node): string | undefined {
  let at = node;
  while (ts.isParenthesizedExpression(at) || ts.isAsExpression(at) || ts.isSatisfiesExpression(at)) at = at.parent;
  if (ts.isVariableDeclaration(at)) return docOf(at) ?? docOf(at.parent.parent);
  return ts.isPropertyAssignment(at) ||
    ts.isPropertyDeclaration(at) ||
    ts.isExportAssignment(at) ||
    ts.isTypeAliasDeclaration(at)
    ? docOf(at)
    : undefined;
}

export interface FunctionDoc {
  /** The text and all tags that are about the function. */
  text: string | undefined;
  /** By name, in the order of their tags. */
  parameters: Map<string, string>;
  typeParameters: Map<string, string>;
}

const TAG = /^@([A-Za-z]\w*)/;
/** `{Type} name - text`, `[name=default] text`; a name with a dot is about a part and stays with the function. */
const ABOUT_NAME =
  /^@\w+\s+(?:\{[^}]*\}\s*)?\[?([\p{ID_Start}$_][\p{ID_Continue}$]*)(?:\s*=[^\]]*)?\]?(?![.[\p{ID_Continue}$])\s*(?:-\s+|-$)?/u;

/** Takes a function's comment apart. */
export function splitFunctionDoc(doc: string | undefined): FunctionDoc {
  const result: FunctionDoc = { text: undefined, parameters: new Map(), typeParameters: new Map() };
  if (doc === undefined) return result;
  if (!doc.includes("@")) return { ...result, text: doc };
  const kept: string[] = [];
  for (const block of blocksOf(doc)) {
    const tag = TAG.exec(block)?.[1];
    const target =
      tag === "param" || tag === "arg" || tag === "argument"
        ? result.parameters
        : tag === "template" || tag === "typeParam"
          ? result.typeParameters
          : undefined;
    const match = target && ABOUT_NAME.exec(block);
    if (match) target.set(match[1]!, block.slice(match[0].length).trim());
    else kept.push(block);
  }
  const text = kept.join("\n").trim();
  return { ...result, text: text === "" ? undefined : text };
}

/** The text before the first tag, then each tag with the lines that belong to it. */
function blocksOf(doc: string): string[] {
  const blocks: string[][] = [[]];
  let inCode = false;
  for (const line of doc.split("\n")) {
    if (line.trimStart().startsWith("```")) inCode = !inCode;
    if (!inCode && TAG.test(line)) blocks.push([line]);
    else blocks.at(-1)!.push(line);
  }
  return blocks.map((lines) => lines.join("\n"));
}
