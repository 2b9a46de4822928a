/**
 * Lines of generated code that fit a page. Types are printed in one line each; what is wider than the page is broken here, at its
 * outermost brackets and operators first, as formatters do. Only white space changes, and never inside of strings and comments.
 */

/** Columns. */
export const PAGE = 120;
const WIDE = new RegExp(`^.{${PAGE + 1}}`, "m");

export function wrapCode(text: string): string {
  if (!WIDE.test(text)) return text;
  return text
    .split("\n")
    .flatMap((line) => (line.length <= PAGE || isComment(line) ? [line] : wrapLine(line)))
    .join("\n");
}

/** Lines of documentation that fit a page of so many columns. Examples, tables and what is fenced or indented as code stay as they are. */
export function wrapDoc(lines: readonly string[], width: number): string[] {
  let isFenced = false;
  let isExample = false;
  return lines.flatMap((line) => {
    if (/^\s*(```|~~~)/.test(line)) isFenced = !isFenced;
    const tag = /^\s*@(\w+)/.exec(line)?.[1];
    if (tag !== undefined) isExample = tag === "example";
    const isVerbatim = isFenced || isExample || tag === "see" || /^(\s*\||\s{4})/.test(line);
    return isVerbatim || line.length <= width ? [line] : wrapProse(line, width);
  });
}

/** A word that is wider than the page stays whole, and one that would mean something at the start of a line stays behind another. */
function wrapProse(line: string, width: number): string[] {
  const hanging = /^\s*([-*+]|\d+[.)])\s/.exec(line)?.[0].replace(/\S/g, " ") ?? /^\s*/.exec(line)![0];
  const lines: string[] = [];
  // Joined when a line is full: a word may have megabytes.
  let words: string[] = [];
  let length = 0;
  for (const word of line.trimEnd().split(/ (?=\S)/)) {
    if (length + 1 + word.length > width && isText(words) && !/^([@#>|=~`*+-]|\d+[.)]|\d+$)/.test(word)) {
      lines.push(words.join(" "));
      words = [hanging + word];
    } else words.push(word);
    length = words.length === 1 ? words[0]!.length : length + 1 + word.length;
  }
  lines.push(words.join(" "));
  return lines;
}

function isText(words: readonly string[]): boolean {
  return words.length > 1 || /\S/.test(words[0] ?? "");
}

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/\*\*|\*)/.test(line);
}

/** A piece of a line, or what stands between two brackets. */
type Piece = string | Group;

interface Group {
  open: string;
  pieces: Piece[];
  close: string;
}

const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}", "<": ">" };

// Strings, template literals without substitutions inside of substitutions, comments, arrows, operators, brackets, all else.
const TOKEN =
  /"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*.*?\*\/|=>| [|&?:] |[,;] |[()[\]{}<>]|[^"`/=|&?:,;()[\]{}<> ]+|./gs;

function wrapLine(line: string): string[] {
  const indent = line.length - line.trimStart().length;
  return layout(parse(line.trimStart()), indent);
}

/** Brackets that have no partner in the line are pieces like others. */
function parse(line: string): Piece[] {
  const stack: Group[] = [{ open: "", pieces: [], close: "" }];
  const top = () => stack.at(-1)!;
  for (const [token] of line.matchAll(TOKEN)) {
    const close = CLOSING[token];
    if (close !== undefined) stack.push({ open: token, pieces: [], close });
    else if (stack.length > 1 && token === top().close) {
      const group = stack.pop()!;
      top().pieces.push(group);
    } else top().pieces.push(token);
  }
  while (stack.length > 1) {
    const { open, pieces } = stack.pop()!;
    top().pieces.push(open, ...pieces);
  }
  return top().pieces;
}

function print(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : printGroup(piece))).join("");
}

function printGroup({ open, pieces, close }: Group): string {
  return open + print(pieces) + close;
}

function layout(pieces: readonly Piece[], indent: number): string[] {
  const flat = print(pieces);
  const margin = " ".repeat(indent);
  if (indent + flat.length <= PAGE) return [margin + flat];
  return breakOperators(pieces, indent) ?? breakGroup(pieces, indent) ?? [margin + flat];
}

/** `A | B | C`, each member on a line of its own, when no bracket is wider than the page by itself. */
function breakOperators(pieces: readonly Piece[], indent: number): string[] | undefined {
  const operators = [" | ", " & "].filter((operator) => pieces.includes(operator));
  const isConditional = pieces.includes(" ? ");
  const separators = isConditional ? [" ? ", " : "] : operators.slice(0, 1);
  if (separators.length === 0) return undefined;
  // What comes before the type (`type A = `, `a: `) stays on the first line.
  const first = pieces.findIndex((piece) => typeof piece === "string" && separators.includes(piece));
  const start = isConditional ? first : startOfType(pieces, first);
  const lines: Piece[][] = [pieces.slice(0, start)];
  let current: Piece[] = isConditional || start === 0 ? [] : [`${separators[0]!.trim()} `];
  if (start === 0 && !isConditional) lines.length = 0;
  for (const piece of pieces.slice(start)) {
    if (typeof piece === "string" && separators.includes(piece)) {
      if (current.length > 0) lines.push(current);
      current = [`${piece.trim()} `];
    } else current.push(piece);
  }
  lines.push(current);
  return lines.flatMap((each, index) => layout(trimmed(each), index === 0 ? indent : indent + 2));
}

/** After the last `: ` or `= ` before the first operator. */
function startOfType(pieces: readonly Piece[], first: number): number {
  for (let index = first - 1; index > 0; index--) {
    const piece = pieces[index];
    if (piece === " " && (pieces[index - 1] === ":" || pieces[index - 1] === "=" || pieces[index - 1] === "=>"))
      return index + 1;
  }
  return 0;
}

function trimmed(pieces: readonly Piece[]): Piece[] {
  const last = pieces.at(-1);
  return typeof last === "string" && last.trim() === "" ? trimmed(pieces.slice(0, -1)) : [...pieces];
}

/** Breaks the widest pair of brackets: its parts on lines of their own. */
function breakGroup(pieces: readonly Piece[], indent: number): string[] | undefined {
  let widest: Group | undefined;
  let width = 0;
  for (const piece of pieces) {
    if (typeof piece === "string" || piece.pieces.length === 0) continue;
    const own = printGroup(piece).length;
    if (own >= width) [widest, width] = [piece, own];
  }
  if (!widest) return undefined;
  const at = pieces.indexOf(widest);
  return [
    ...layout([...pieces.slice(0, at), widest.open], indent),
    ...parts(widest.pieces).flatMap((part) => layout(part, indent + 2)),
    ...layout([widest.close, ...pieces.slice(at + 1)], indent),
  ];
}

/** What stands between commas or semicolons, each with the one after it. */
function parts(pieces: readonly Piece[]): Piece[][] {
  const result: Piece[][] = [[]];
  for (const piece of pieces) {
    const isSeparator = piece === ", " || piece === "; ";
    result.at(-1)!.push(isSeparator ? piece.trim() : piece);
    if (isSeparator) result.push([]);
  }
  return result.map((part) => trimmed(part[0] === " " ? part.slice(1) : part)).filter((part) => part.length > 0);
}
