/** Values on their way to the page, as a person reads them, and back from its forms. */
import { inspect } from "node:util";
import type { DecodedArguments } from "../../engine/index.ts";
import { FarcallError, RemoteError } from "../../runtime/index.ts";
import { type BuiltinName, bytesAs, type Declaration, fromJson, type TypeSchema } from "../../schema/index.ts";
import type { ShownArgument, ShownError, ShownValue, Tagged } from "../api.ts";
import { asBytes, bytesIn, shownBytes } from "./bytes.ts";

/** Characters of a value that are shown before somebody asks for all of it. */
const CUT = 4_000;
/** And what a browser can still show. */
const MOST = 4_000_000;
/** Of a binary value, in the text that stands for it. */
const FIRST_BYTES = 24;

/** How a value is shown. */
export interface Shown {
  /** Not cut. */
  all?: boolean;
  /** Bytes of binary values to send along with it. */
  data?: number;
}

export function shown(value: unknown, { all = false, data = 0 }: Shown = {}): ShownValue {
  const limit = all ? MOST : CUT;
  const found = bytesIn(value);
  const text = typeof value === "string" ? value : inspected(value, all);
  // Cut by inspect itself, which says how much is left out.
  const cut = text.length > limit || (!all && /\.\.\. \d+ more (item|char|byte)|\[Object\]|\[Array\]/.test(text));
  return {
    kind: kindOf(value),
    text: text.length > limit ? text.slice(0, limit) : text,
    cut,
    ...(found.length > 0 && { bytes: shownBytes(found, data) }),
  };
}

/** Arguments as they stand in a call, under their names. */
export function shownArguments(
  { args, kwargs = {} }: DecodedArguments,
  names: readonly string[],
  options?: Shown,
): ShownArgument[] {
  const given = [...args.map((value, at): [string, unknown] => [names[at] ?? "", value]), ...Object.entries(kwargs)];
  return given.map(([name, value]) => ({ name, value: shown(value, options) }));
}

function inspected(value: unknown, all: boolean): string {
  const found = bytesIn(value);
  for (const { bytes } of found) describeBytes(bytes);
  const whole = asBytes(value);
  if (whole) return bytesText(whole, kindOf(value));
  return inspect(value, {
    depth: all ? Number.POSITIVE_INFINITY : 6,
    maxArrayLength: all ? null : 100,
    maxStringLength: all ? null : 2_000,
    breakLength: 88,
    // Nothing that comes over the wire has a method of its own for it.
    customInspect: true,
  });
}

/** Its numbers would say little: how many there are, and the first. */
function bytesText(bytes: Uint8Array, kind: string): string {
  const first = Buffer.from(bytes.subarray(0, FIRST_BYTES))
    .toString("hex")
    .replaceAll(/..(?=.)/g, "$& ");
  return `${kind}(${bytes.length})${first === "" ? "" : ` ${first}`}${bytes.length > FIRST_BYTES ? " …" : ""}`;
}

function describeBytes(bytes: Uint8Array): void {
  Object.defineProperty(bytes, inspect.custom, { value: () => bytesText(bytes, kindOf(bytes)), configurable: true });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  const made = (prototype as { constructor?: { name?: unknown } } | null)?.constructor;
  return typeof made?.name === "string" ? made.name : "object";
}

/** What was thrown, which may be anything. */
export function shownError(thrown: unknown): ShownError {
  if (!(thrown instanceof Error)) {
    const { text } = shown(thrown);
    return { name: "thrown", message: text.split("\n", 1)[0] ?? "", text };
  }
  const own = thrown instanceof FarcallError && !(thrown instanceof RemoteError);
  return {
    name: thrown.name,
    message: thrown.message,
    // The stack of an error of farcall's own is about farcall.
    text: own ? "" : inspect(thrown, { depth: 4, breakLength: 100, customInspect: false }).slice(0, MOST),
    ...(own && { code: thrown.code, hint: thrown.hint }),
  };
}

/** Throws TypeError for what the page does not send. What has no meaning stays as it is, for the validator to judge. */
export function untag(tagged: Tagged, declarations: readonly Declaration[]): unknown {
  const inner = (value: Tagged): unknown => untag(value, declarations);
  if (Array.isArray(tagged)) return tagged.map(inner);
  if (typeof tagged !== "object" || tagged === null) return tagged;
  switch (tagged.$) {
    case "undefined":
      return undefined;
    case "object":
      return Object.fromEntries(tagged.v.map(([key, value]) => [String(key), inner(value)]));
    case "map":
      return new Map(tagged.v.map(([key, value]) => [inner(key), inner(value)]));
    case "set":
      return new Set(tagged.v.map(inner));
    case "date":
      return Number.isNaN(Date.parse(tagged.v)) ? tagged.v : new Date(tagged.v);
    case "bigint":
      return /^-?\d+$/.test(tagged.v) ? BigInt(tagged.v) : tagged.v;
    case "number":
      return Number(tagged.v);
    case "url":
      return URL.canParse(tagged.v) ? new URL(tagged.v) : tagged.v;
    case "regexp":
      return asRegExp(tagged.v);
    case "bytes":
      return bytesAs(Buffer.from(tagged.v, "base64"), { name: tagged.class as BuiltinName });
    case "json":
      // The page has the schema from us; a wrong one reads the value wrongly, which the validator then refuses.
      return fromJson(tagged.v, tagged.schema as TypeSchema, declarations);
    default:
      throw new TypeError(`${JSON.stringify(tagged)} is not a value of a form`);
  }
}

function asRegExp(text: string): unknown {
  const [, source = text, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    return text;
  }
}
