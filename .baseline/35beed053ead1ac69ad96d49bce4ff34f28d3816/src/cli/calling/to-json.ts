/** Results, formatted for people and as JSON for programs. */
import { inspect } from "node:util";
import { toJson } from "../../schema/index.ts";
import type { Output } from "../terminal/output.ts";

/** Strings and bytes are written unchanged, so that they can be piped; other values are formatted for people. */
export function printResult(value: unknown, output: Output): void {
  if (output.json) output.raw(`${toJson(value)}\n`);
  else if (value instanceof Uint8Array && !output.interactive) output.raw(value);
  else if (typeof value === "string") output.line(value);
  else if (value !== undefined) {
    output.line(readable(value, output));
  }
}

/** Coloured, unless the value contains terminal codes: `inspect` shows names, symbols and stacks unescaped. */
function readable(value: unknown, output: Output): string {
  const options = { depth: 6, breakLength: output.width };
  const plain = inspect(value, options);
  return output.interactive && !plain.includes("\u001b")
    ? output.own(inspect(value, { ...options, colors: true }))
    : plain;
}
