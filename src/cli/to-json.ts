/** Results: as a person reads them, and as JSON for programs. */
import { inspect } from "node:util";
import type { Output } from "./terminal/output.ts";

/** A result as JSON: what JSON lacks becomes its nearest form. `undefined` is null. */
export function toJson(value: unknown): string {
  return JSON.stringify(plain(value, new Set())) ?? "null";
}

function plain(value: unknown, path: Set<unknown>): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof URL) return value;
  if (value instanceof RegExp) return String(value);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (path.has(value)) return "[circular]";
  path.add(value);
  try {
    if (ArrayBuffer.isView(value))
      return Array.from(value as unknown as Iterable<unknown>, (item) => plain(item, path));
    if (value instanceof Set) return Array.from(value, (item) => plain(item, path));
    if (value instanceof Map) {
      const entries = Array.from(value, ([key, item]) => [plain(key, path), plain(item, path)] as const);
      return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : entries;
    }
    if (Array.isArray(value)) return value.map((item) => plain(item, path));
    const own = value instanceof Error ? { ...value, name: value.name, message: value.message } : value;
    return Object.fromEntries(Object.entries(own).map(([key, item]) => [key, plain(item, path)]));
  } finally {
    path.delete(value);
  }
}

/** Strings and bytes go out as they are, so that they can be piped; other values as a person reads them. */
export function printResult(value: unknown, output: Output): void {
  if (output.json) output.raw(`${toJson(value)}\n`);
  else if (value instanceof Uint8Array && !output.interactive) output.raw(value);
  else if (typeof value === "string") output.line(value);
  else if (value !== undefined) {
    output.line(inspect(value, { colors: output.interactive, depth: 6, breakLength: output.width }));
  }
}
