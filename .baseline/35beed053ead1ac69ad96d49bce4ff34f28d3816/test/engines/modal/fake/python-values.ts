/** Values between the TypeScript container and CBOR in the form that Python's cbor2 reads and writes, and Python's exceptions. */
import { Encoder, Tag } from "cbor-x";

// Python writes byte strings, plain maps and lists, without records or private tags. cbor-x's types lack the last option.
const plain = { useRecords: false, tagUint8Array: false, useTag259ForMaps: false };
const writer = new Encoder(plain);
const reader = new Encoder({ ...plain, mapsAsObjects: false });

/** The tags that cbor2 knows; each other one reaches a function as a `CBORTag`. */
const KNOWN_TAGS = new Set([
  0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
]);

/** Reads what cbor2 reads. A private tag is an error, which cbor-x would hide: its extensions are known all over the process. */
function decode(data: Uint8Array): unknown {
  const tag = findUnknownTag(data);
  if (tag !== undefined) throw new PythonError("TypeError", `CBORTag(${tag}, ...) is a value that no function expects`);
  return fromPython(reader.decode(data));
}

/** The first tag in CBOR data that cbor2 does not know. */
function findUnknownTag(data: Uint8Array): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < data.length; ) {
    const first = data[at++]!;
    const [major, info] = [first >> 5, first & 31];
    const width = info < 24 || info === 31 ? 0 : 2 ** (info - 24);
    const value = width === 0 ? info : readUnsigned(view, at, width);
    at += width;
    if (major === 6 && !KNOWN_TAGS.has(value)) return value;
    // Of byte and text strings the content is passed over; what is in lists, maps and tags comes next by itself.
    if ((major === 2 || major === 3) && info !== 31) at += value;
  }
  return undefined;
}

function readUnsigned(view: DataView, at: number, width: number): number {
  if (width === 8) return Number(view.getBigUint64(at));
  return width === 4 ? view.getUint32(at) : width === 2 ? view.getUint16(at) : view.getUint8(at);
}

/** The arguments of a call: `[args, kwargs]`. */
export function readArguments(data: Uint8Array | undefined): { args: unknown[]; kwargs: Record<string, unknown> } {
  if (!data || data.length === 0) return { args: [], kwargs: {} };
  const value = decode(data);
  if (!Array.isArray(value) || value.length !== 2 || !Array.isArray(value[0])) {
    throw new PythonError("ValueError", "the arguments are not a pair of a list and a dict");
  }
  // A dict of keyword arguments has text keys.
  return { args: value[0], kwargs: value[1] as Record<string, unknown> };
}

export function writeArguments(args: unknown[], kwargs: Record<string, unknown> = {}): Uint8Array {
  return writeValue([args, kwargs]);
}

export function readValue(data: Uint8Array): unknown {
  return decode(data);
}

export function writeValue(value: unknown): Uint8Array {
  return writer.encode(asPython(value));
}

/** Dicts with text keys as objects, and others as Maps. */
function fromPython(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPython);
  if (value instanceof Set) return new Set([...value].map(fromPython));
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, each]): [unknown, unknown] => [fromPython(key), fromPython(each)]);
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : new Map(entries);
}

/** Integers beyond 32 bits as integers, which cbor-x would write as floats; dates as cbor2 has them; undefined as None. */
function asPython(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "bigint") return asInteger(value);
  if (value === undefined) return null;
  if (typeof value === "function" || typeof value === "symbol") {
    throw new PythonError("SerializationError", `a ${typeof value} cannot be encoded`, "modal.exception");
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (value instanceof Date) return new Tag(value.toISOString().replace("Z", "+00:00"), 0);
  if (Array.isArray(value)) return value.map(asPython);
  if (value instanceof Set) return new Set([...value].map(asPython));
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [asPython(key), asPython(each)]));
  if (value instanceof Tag) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asPython(each)]));
}

function asInteger(value: number | bigint): number | bigint {
  if (typeof value === "bigint") return value >= -0x7fffffffn && value <= 0x7fffffffn ? Number(value) : value;
  return Number.isSafeInteger(value) && Math.abs(value) > 0x7fffffff ? BigInt(value) : value;
}

/** An exception of Python: `new PythonError("ValueError", "no")`, or with the module of its class. */
export class PythonError extends Error {
  readonly qualified: string;

  constructor(type: string, message: string, module?: string) {
    super(message);
    this.name = type;
    this.qualified = module ? `${module}.${type}` : type;
  }
}

/** Where Modal's containers have the user's file. Joined, because no such path may stand in the repository's text. */
const APP_FILE = ["", "root", "app.py"].join("/");

/** What Modal's container says of an exception where the format is CBOR: its repr and its traceback. */
export function describeException(error: unknown, functionName: string): { exception: string; traceback: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const qualified = error instanceof PythonError ? error.qualified : name;
  const lines = [
    "Traceback (most recent call last):",
    '  File "/pkg/modal/_runtime/container_io_manager.py", line 950, in handle_input_exception',
    "    yield",
    `  File "${APP_FILE}", line 1, in ${functionName}`,
    message ? `${qualified}: ${message}` : qualified,
    "",
  ];
  return { exception: `${name}(${message ? quote(message) : ""})`, traceback: lines.join("\n") };
}

/** Python's repr of a string. */
function quote(value: string): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}
