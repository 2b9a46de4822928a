/** Binary values inside of what calls were given and gave: where they are, how large, and what kind of file they look like. */
import type { ShownBytes } from "../api.ts";

/** Of one value; more would not be read. */
const MOST = 20;
const DEEPEST = 6;
/** Of an array. */
const MOST_ITEMS = 1_000;

interface Found {
  path: string;
  bytes: Uint8Array;
}

/** The first ones, with where they are: `.images[0]`. */
export function bytesIn(value: unknown): Found[] {
  const found: Found[] = [];
  const visit = (part: unknown, path: string, depth: number): void => {
    if (found.length >= MOST || depth > DEEPEST || typeof part !== "object" || part === null) return;
    const bytes = asBytes(part);
    if (bytes) found.push({ path, bytes });
    else if (Array.isArray(part))
      for (const [index, item] of part.slice(0, MOST_ITEMS).entries()) visit(item, `${path}[${index}]`, depth + 1);
    else if (part instanceof Map || part instanceof Set) return;
    else for (const [key, inner] of Object.entries(part)) visit(inner, path + step(key), depth + 1);
  };
  visit(value, "", 0);
  return found;
}

/** Typed arrays of numbers are lists more than files. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value instanceof DataView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

function step(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** @param most bytes to send along, of all of them together */
export function shownBytes(found: readonly Found[], most: number): ShownBytes[] {
  let left = most;
  return found.map(({ path, bytes }) => {
    const sent = bytes.length <= left;
    if (sent) left -= bytes.length;
    const [type, extension] = typeOf(bytes);
    return { path, size: bytes.length, type, extension, ...(sent && { data: Buffer.from(bytes).toString("base64") }) };
  });
}

/** In hexadecimal. */
const BEGINNINGS: [pattern: RegExp, type: string, extension: string][] = [
  [/^89504e470d0a1a0a/, "image/png", "png"],
  [/^ffd8ff/, "image/jpeg", "jpg"],
  [/^47494638(37|39)61/, "image/gif", "gif"],
  [/^52494646.{8}57454250/, "image/webp", "webp"],
  [/^.{8}6674797061766966/, "image/avif", "avif"],
  [/^255044462d/, "application/pdf", "pdf"],
  [/^504b0304/, "application/zip", "zip"],
  [/^1f8b08/, "application/gzip", "gz"],
];

function typeOf(bytes: Uint8Array): [type: string, extension: string] {
  const start = Buffer.from(bytes.subarray(0, 16)).toString("hex");
  const [, type = "application/octet-stream", extension = "bin"] =
    BEGINNINGS.find(([pattern]) => pattern.test(start)) ?? [];
  return [type, extension];
}
