/**
 * Lines of generated code that fit a page. Types are printed on one line each; lines wider than the page are broken here, at their
 * outermost brackets and operators first, as formatters do. Only white space changes, and never inside strings and comments.
 */

/** Columns. */
export const PAGE = 120;

export function wrapCode(text: string): string {
  const pieces: string[] = [];
  let kept = 0;
  for (let start = 0; start + PAGE < text.length; ) {
    // As many lines at a time as a page's columns hold: a file has tens of thousands of lines, and few long ones.
    const last = text.lastIndexOf("\n", start + PAGE);
    if (last >= start) {
      start = last + 1;
      continue;
    }
    const newline = text.indexOf("\n", start + PAGE);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    if (!isComment(line)) {
      pieces.push(text.slice(kept, start), wrapLine(line).join("\n"));
      kept = end;
    }
    start = end + 1;
  }
  return pieces.join("") + text.slice(kept);
}

/** Wraps documentation to a page's columns. Examples, tables and fenced or indented code stay as they are. */
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

/** A word wider than the page stays whole, and one that has a meaning at the start of a line is kept off it. */
function wrapProse(line: string, width: number): string[] {
  const hanging = /^\s*([-*+]|\d+[.)])\s/.exec(line)?.[0].replace(/\S/g, " ") ?? /^\s*/.exec(line)![0];
  const lines: string[] = [];
  // Joined when a line is full: a word may be megabytes long.
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

/** A line, and the spans in it that are skipped as a whole: from the start of a bracket, string or comment to its end. */
interface Line {
  text: string;
  ends: Map<number, number>;
}

/** A part of a line. Nothing is ever moved, so printing it takes a slice. */
interface Range {
  from: number;
  to: number;
}

const OPENING = "([{<";
const CLOSING = ")]}>";
/** Everything that matters outside brackets, strings and comments. */
const MARK = /["`()[\]{}<>]|=>|\/\*/g;
const BREAK = / [|&?:] |[,;] |(?::|=>?) |["`([{<]|\/\*/g;
const STARTS_TYPE = new Set([": ", "= ", "=> "]);
const STRING = { '"': /"(?:[^"\\]|\\.)*"/y, "`": /`(?:[^`\\]|\\.)*`/y, "/*": /\/\*.*?\*\//y };

function wrapLine(line: string): string[] {
  const text = line.trimStart();
  return layout({ text, ends: passedOver(text) }, { from: 0, to: text.length }, line.length - text.length, "");
}

/** Brackets and quotes without a partner on the line count as ordinary characters. */
function passedOver(text: string): Map<number, number> {
  const ends = new Map<number, number>();
  const open: { at: number; kind: number }[] = [];
  for (let mark = find(MARK, text, 0); mark; mark = find(MARK, text, mark.end)) {
    const kind = OPENING.indexOf(mark.text);
    if (kind >= 0) open.push({ at: mark.at, kind });
    else if (mark.text in STRING) {
      const string = find(STRING[mark.text as keyof typeof STRING], text, mark.at);
      if (!string) continue;
      ends.set(mark.at, string.end);
      mark = string;
    } else if (open.length > 0 && open.at(-1)!.kind === CLOSING.indexOf(mark.text)) ends.set(open.pop()!.at, mark.end);
  }
  return ends;
}

function find(pattern: RegExp, text: string, from: number): { at: number; end: number; text: string } | undefined {
  pattern.lastIndex = from;
  const [found] = pattern.exec(text) ?? [];
  return found === undefined
    ? undefined
    : { at: pattern.lastIndex - found.length, end: pattern.lastIndex, text: found };
}

interface Mark extends Range {
  text: string;
}

/** Where a range may be broken: its operators and separators outside brackets, and those brackets themselves. */
function outermost({ text, ends }: Line, { from, to }: Range): Mark[] {
  const marks: Mark[] = [];
  BREAK.lastIndex = from;
  for (let found = BREAK.exec(text); found && found.index < to; found = BREAK.exec(text)) {
    const end = ends.get(found.index);
    if (end !== undefined && end <= to) BREAK.lastIndex = end;
    marks.push({ from: found.index, to: BREAK.lastIndex, text: found[0] });
  }
  return marks;
}

function layout(line: Line, range: Range, indent: number, prefix: string): string[] {
  const flat = prefix + line.text.slice(range.from, range.to).trim();
  const margin = " ".repeat(indent);
  if (indent + flat.length <= PAGE) return [margin + flat];
  const marks = outermost(line, range);
  return (
    breakOperators(line, range, marks, indent, prefix) ??
    breakBrackets(line, range, marks, indent, prefix) ?? [margin + flat]
  );
}

/** `A | B | C`, each member on a line of its own. */
function breakOperators(
  line: Line,
  range: Range,
  marks: readonly Mark[],
  indent: number,
  prefix: string,
): string[] | undefined {
  const operator = [" ? ", " | ", " & "].find((each) => marks.some(({ text }) => text === each));
  if (operator === undefined) return undefined;
  const isConditional = operator === " ? ";
  const operators = marks.filter(({ text }) => text === operator || (isConditional && text === " : "));
  // The part before the type (`type A = `, `a: `) stays on the first line.
  const before = marks.filter(({ text, to }) => STARTS_TYPE.has(text) && to <= operators[0]!.from);
  const start = isConditional ? operators[0]!.from : (before.at(-1)?.to ?? range.from);
  const rows: { range: Range; prefix: string }[] = [];
  let row = { from: start, prefix };
  if (start > range.from) {
    rows.push({ range: { from: range.from, to: start }, prefix });
    row = { from: start, prefix: `${operator.trim()} ` };
  }
  for (const { from, to, text } of operators) {
    if (from > row.from) rows.push({ range: { from: row.from, to: from }, prefix: row.prefix });
    row = { from: to, prefix: `${text.trim()} ` };
  }
  rows.push({ range: { from: row.from, to: range.to }, prefix: row.prefix });
  return rows.flatMap((each, index) => layout(line, each.range, index === 0 ? indent : indent + 2, each.prefix));
}

/** Breaks the widest pair of brackets: its parts on lines of their own. */
function breakBrackets(
  line: Line,
  { from, to }: Range,
  marks: readonly Mark[],
  indent: number,
  prefix: string,
): string[] | undefined {
  let widest: Mark | undefined;
  for (const mark of marks) {
    if (!OPENING.includes(mark.text) || mark.to - mark.from <= 2) continue;
    if (!widest || mark.to - mark.from >= widest.to - widest.from) widest = mark;
  }
  if (!widest) return undefined;
  const [first, last] = [widest.from + 1, widest.to - 1];
  return [
    ...layout(line, { from, to: first }, indent, prefix),
    ...parts(line, { from: first, to: last }).flatMap((part) => layout(line, part, indent + 2, "")),
    ...layout(line, { from: last, to }, indent, ""),
  ];
}

/** The parts between commas or semicolons, each with the separator after it. */
function parts(line: Line, { from, to }: Range): Range[] {
  const result: Range[] = [];
  let start = from;
  for (const mark of outermost(line, { from, to })) {
    if (mark.text !== ", " && mark.text !== "; ") continue;
    result.push({ from: start, to: mark.to });
    start = mark.to;
  }
  return [...result, { from: start, to }].filter((part) => line.text.slice(part.from, part.to).trim() !== "");
}
