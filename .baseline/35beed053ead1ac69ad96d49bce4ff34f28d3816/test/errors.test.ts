/**
 * How errors speak. Read from the sources, so that no error is left out: every `hint` that is written as a literal, every
 * message that is given to an error or a failure.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import ts from "typescript-6";
import { expect, test } from "vitest";

const repo = resolve(import.meta.dirname, "..");

const sources = readdirSync(join(repo, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !relative(repo, path).includes(`${sep}page${sep}`))
  .sort()
  .map((path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true));

interface Words {
  place: string;
  /** What stands in `${…}` is "…". */
  words: string;
}

/** Each way that an expression may read; nothing for what is not written here, such as a variable. */
function readings(expression: ts.Expression): Words[] {
  if (ts.isParenthesizedExpression(expression)) return readings(expression.expression);
  if (ts.isConditionalExpression(expression))
    return [...readings(expression.whenTrue), ...readings(expression.whenFalse)];
  if (ts.isBinaryExpression(expression)) {
    if (expression.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return readings(expression.right);
    if (expression.operatorToken.kind !== ts.SyntaxKind.PlusToken) return [];
    const [left, right] = [readings(expression.left), readings(expression.right)];
    if (left.length + right.length === 0) return [];
    const unknown = { place: placeOf(expression), words: "…" };
    const ends = right.length > 0 ? right : [unknown];
    return (left.length > 0 ? left : [unknown]).flatMap(({ place, words }) =>
      ends.map((end) => ({ place, words: words + end.words })),
    );
  }
  const place = placeOf(expression);
  if (ts.isStringLiteralLike(expression)) return [{ place, words: expression.text }];
  if (!ts.isTemplateExpression(expression)) return [];
  const words = expression.templateSpans.reduce((read, span) => `${read}…${span.literal.text}`, expression.head.text);
  return [{ place, words }];
}

function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${relative(repo, file.fileName).split(sep).join("/")}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

function visit(read: (node: ts.Node) => void): void {
  const each = (node: ts.Node): void => {
    read(node);
    ts.forEachChild(node, each);
  };
  for (const source of sources) each(source);
}

function hints(): Words[] {
  const found: Words[] = [];
  visit((node) => {
    if (!ts.isPropertyAssignment(node)) return;
    const name = ts.isIdentifier(node.name) || ts.isStringLiteral(node.name) ? node.name.text : "";
    if (name === "hint" || name === "deployHint") found.push(...readings(node.initializer));
  });
  return found;
}

function messages(): Words[] {
  const found: Words[] = [];
  visit((node) => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      if (!/(Error|Failure|Exception)$/.test(node.expression.text)) return;
      // A code may stand before the message.
      for (const argument of node.arguments ?? []) {
        const read = readings(argument);
        if (read.length > 0 && !read.every(({ words }) => /^FARCALL_/.test(words))) {
          found.push(...read);
          return;
        }
      }
    }
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === "message") {
      found.push(...readings(node.initializer));
    }
  });
  return found;
}

/** Words that read like a translation, with what to write instead. */
const HABITS: readonly [habit: RegExp, instead: string][] = [
  [/\b(is|are|was|were) no\b(?! longer| more\b| less\b)/, "is not a"],
  [/\b(has|have) none\b/, "does not have one"],
  [/\bnames no\b/, "does not name a"],
  [/\bthere (is|are) none\b/i, "does not exist"],
  [/\bknows no\b/, "does not know"],
  [/\banew\b/, "again"],
  [/\bmend(ed)?\b/, "fix"],
  [/\bhears?\b/, "is notified"],
  [/\btold\b/, "informed, or name who says it"],
  [/\ba text\b/, "a string"],
  [/\bone that\b/, "say what it is"],
  [/\bthat it has\b/, "its"],
  [/\bwhat is no\b/, "anything but"],
];

function complaints(found: Words[], judge: (words: string) => string | undefined): string[] {
  return found.flatMap(({ place, words }) => {
    const habit = HABITS.find(([pattern]) => pattern.test(words.replace(/`[^`]*`/g, "``")));
    const complaint = judge(words) ?? (habit && `plain English: ${habit[1]}`);
    return complaint === undefined ? [] : [`${place}: ${complaint}: ${words}`];
  });
}

test("the checks find what they are for", () => {
  expect(hints().length).toBeGreaterThan(150);
  expect(messages().length).toBeGreaterThan(200);
  expect(complaints([{ place: "x:1", words: "give it a name" }], sentence)).toHaveLength(1);
  expect(complaints([{ place: "x:1", words: "Give it a name" }], sentence)).toHaveLength(1);
  expect(complaints([{ place: "x:1", words: "Run `farcall deploy FILE`." }], sentence)).toEqual([]);
  expect(complaints([{ place: "x:1", words: "`farcall init` writes one." }], sentence)).toEqual([]);
  expect(complaints([{ place: "x:1", words: "See host.log:\n…" }], sentence)).toEqual([]);
  expect(complaints([{ place: "x:1", words: "See host.log: …" }], sentence)).toHaveLength(1);
  expect(complaints([{ place: "x:1", words: "resize is no generator" }], statement)).toHaveLength(1);
  expect(complaints([{ place: "x:1", words: "The app … is not deployed" }], statement)).toHaveLength(1);
  expect(complaints([{ place: "x:1", words: "JSON.parse failed" }], statement)).toEqual([]);
});

/**
 * A capital, a name that is filled in or a command in code, which keeps its own case; then the end of a sentence, or the
 * lines of a log that it announces.
 */
function sentence(words: string): string | undefined {
  if (!/^(["“(]?[\p{Lu}…]|`[^`]+` )/u.test(words)) return "begins without a capital letter";
  return /([.?!][)”"]?…?|:\n…)$/.test(words) ? undefined : "ends without a full stop";
}

/** What a message may begin with besides a lower-case word, code and what is filled in. */
const NAMES =
  /^(Modal|Node|Python|Temporal|JetStream|TypeScript)\b|^\p{Lu}[\p{Lu}\d_-]+\b|^\p{Lu}\p{L}*\p{Ll}\p{Lu}|^\p{Lu}\w*[.(<]|^Iterator result/u;

function statement(words: string): string | undefined {
  if (/^\p{Lu}/u.test(words) && !NAMES.test(words)) return "a message begins with a small letter";
  return /[^.]\.$/.test(words) ? "a message does not end with a full stop" : undefined;
}

test("every hint is a sentence", () => {
  expect(complaints(hints(), sentence)).toEqual([]);
});

test("no message ends with a full stop, and all are in plain English", () => {
  expect(complaints(messages(), statement)).toEqual([]);
});
