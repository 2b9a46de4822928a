/** Values as source code. */
import { isIdentifierName } from "../identifiers.ts";
import { SchemaError } from "../schema-error.ts";
import type { LiteralType } from "../type-schema.ts";

/** Characters that end a line, have no width (except joiners of letters and emoji) or change the text direction: a program would look different from what it is. */
const UNSEEN = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A string literal in double quotes. Line separators, which some tools take for line ends, are escaped with the rest that is not seen. */
export function printString(value: string): string {
  return JSON.stringify(value).replace(
    UNSEEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function printLiteral({ value }: LiteralType): string {
  if (typeof value === "string") return printString(value);
  if (typeof value === "number") return printNumber(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (!/^-?\d+$/.test(value.bigint)) {
    throw new SchemaError(`${JSON.stringify(value.bigint)} is not a bigint`, {
      hint: "A bigint literal is a string of decimal digits.",
    });
  }
  return `${value.bigint.replace(/^(-?)0+(?=\d)/, "$1")}n`;
}

export function printNumber(value: number): string {
  if (!Number.isFinite(value)) {
    throw new SchemaError(`${value} is not a literal type`, { hint: "Use the type `number`." });
  }
  return String(value);
}

/** `width`, or `"content-type"`. */
export function printPropertyName(name: string): string {
  return isIdentifierName(name) ? name : printString(name);
}
