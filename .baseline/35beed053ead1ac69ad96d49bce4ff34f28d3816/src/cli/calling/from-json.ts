/**
 * Converts command-line arguments and JSON to a parameter's type. The type decides what JSON cannot
 * express: `2026-01-31` is a Date where a Date is expected and a string where a string is.
 */
import { readFileSync } from "node:fs";
import {
  type BuiltinName,
  bytesAs,
  type Declaration,
  fromJson,
  isAbsent,
  isBinary,
  isText,
  isUnknown,
  membersOf,
  type PrimitiveName,
  type TypeSchema,
} from "../../schema/index.ts";
import { UsageError } from "../terminal/report.ts";

/**
 * Reads one argument: JSON, or plain text where a string is expected; `@path` is the content of a file (bytes for a typed
 * array, a string for a string, JSON otherwise), `@@text` is the string `@text`.
 */
export function readArgument(
  text: string,
  type: TypeSchema,
  declarations: readonly Declaration[],
  name: string,
): unknown {
  const members = membersOf(type, declarations);
  if (text.startsWith("@@")) return fromText(text.slice(1));
  if (!text.startsWith("@")) return fromText(text);
  const content = readFile(text.slice(1), name);
  if (members.some((member) => member.kind === "builtin" && isBinary(member.name))) {
    return bytesAs(content, members.find((member) => member.kind === "builtin") as { name: BuiltinName });
  }
  return fromText(content.toString());

  function fromText(source: string): unknown {
    // Before JSON.parse turns it into a number, which holds fewer digits.
    if (/^-?\d+$/.test(source) && takes("bigint") && !takes("number") && !takes("string")) return BigInt(source);
    const parsed = parseJson(source);
    const takesText = members.some((member) => isText(member) || isUnknown(member));
    if (parsed instanceof SyntaxError) {
      if (!takesText && /^\s*[[{"]/.test(source))
        throw new UsageError(
          `argument ${name}: ${source} is not JSON: ${parsed.message}`,
          "The shell removes quotes: put '…' around the argument.",
        );
      return takesText ? source : fromJson(source, type, declarations);
    }
    const onlyText = members.every((member) => isText(member) || isAbsent(member));
    if (onlyText && typeof parsed.value !== "string" && !(parsed.value === null && members.some(isAbsent)))
      return source;
    return fromJson(parsed.value, type, declarations);
  }

  function takes(primitive: PrimitiveName): boolean {
    return members.some((member) => member.kind === "primitive" && member.name === primitive);
  }
}

function parseJson(text: string): { value: unknown } | SyntaxError {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return error as SyntaxError;
  }
}

function readFile(path: string, name: string): Buffer {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new UsageError(
      `argument ${name}: cannot read ${path}: ${(error as Error).message}`,
      "An argument that begins with @ names a file. Write @@ for a string that begins with @.",
    );
  }
}
