/**
 * Template helpers. Templates do not escape automatically, since their output is not HTML; with these, a template writes
 * untrusted strings into a program safely:
 *
 *     {{comment text indent="  "}}   a JSDoc comment with the text, which cannot end it early
 *     {{string text}}                a string literal in double quotes
 *     {{property name}}              a property's name, quoted where necessary
 *     {{specifier file}}             the import specifier of a generated file
 *     {{eq a b}}                     whether two values are the same
 */
import { printPropertyName, printString } from "../schema/index.ts";
import { PAGE, wrapDoc } from "./wrap.ts";

export interface HelperOptions {
  hash: { indent?: string };
  data: { extension: string };
}

export const helpers = {
  comment: (text: string, options: HelperOptions): string => comment(text, options.hash.indent),
  string: (text: string): string => printString(String(text)),
  property: (name: string): string => printPropertyName(name),
  specifier: (file: string, options: HelperOptions): string => `./${file}${options.data.extension}`,
  eq: (a: unknown, b: unknown): boolean => a === b,
};

/**
 * A file is UTF-8, so half a surrogate pair would not be read back as it was written. Characters that change the text direction could
 * make the code after a comment look like part of it, and the other way round.
 */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  return text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** A single line that is safe in a comment as it is, as most are. */
function isPlain(text: string): boolean {
  return PLAIN.test(text) && !text.endsWith(" ") && !text.includes("*/") && !text.includes("@ts-");
}

const PLAIN = /^[\x21-\x7e][\x20-\x7e]*$/;

/** A JSDoc comment with the text, which cannot end it early. */
export function comment(text: string, indent = ""): string {
  if (indent.length + text.length + "/**  */".length <= PAGE && isPlain(text)) return `${indent}/** ${text} */`;
  const lines = printable(text)
    .replaceAll("*/", "*\\/")
    .split(/\r\n|[\r\n\u2028\u2029]/);
  const single = `${indent}/** ${lines[0]!.trim()} */`;
  // In a one-line comment the compiler obeys `@ts-ignore` and similar directives.
  const mayBeSingle = !/@ts-/.test(lines[0]!);
  if (lines.length === 1 && single.length <= PAGE && mayBeSingle) return single;
  const wrapped = wrapDoc(lines, PAGE - indent.length - " * ".length);
  if (wrapped.length === 1 && mayBeSingle) return single;
  return `${indent}/**\n${wrapped.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */`;
}
