/** Values on their way to the page, as a person reads them, and back from its forms. */
import { inspect } from "node:util";
import { FarcallError, RemoteError } from "../../runtime/index.ts";
import { type BuiltinName, bytesAs, type Declaration, fromJson, type TypeSchema } from "../../schema/index.ts";
import type { ShownError, ShownValue, Tagged } from "../api.ts";

/** Characters of a value that are shown before somebody asks for all of it. */
const CUT = 4_000;
/** And what a browser can still show. */
const MOST = 4_000_000;

export function shown(value: unknown, all = false): ShownValue {
  const limit = all ? MOST : CUT;
  const text = typeof value === "string" ? value : inspected(value, all);
  // Cut by inspect itself, which says how much is left out.
  const cut = text.length > limit || (!all && /\.\.\. \d+ more (item|char|byte)|\[Object\]|\[Array\]/.test(text));
  return { kind: kindOf(value), text: text.length > limit ? text.slice(0, limit) : text, cut };
}

/** Arguments as they stand in a call. */
export function shownArguments(args: readonly unknown[], kwargs: unknown, all = false): ShownValue {
  const parts = args.map((value) => inspected(value, all));
  if (kwargs !== undefined) parts.push(inspected(kwargs, all));
  const text = parts.join(",\n");
  const limit = all ? MOST : CUT;
  const cut = text.length > limit || (!all && parts.some((part) => /\.\.\. \d+ more |\[Object\]|\[Array\]/.test(part)));
  return { kind: "arguments", text: text.length > limit ? text.slice(0, limit) : text, cut };
}

function inspected(value: unknown, all: boolean): string {
  return inspect(value, {
    depth: all ? Number.POSITIVE_INFINITY : 6,
    maxArrayLength: all ? null : 100,
    maxStringLength: all ? null : 2_000,
    breakLength: 88,
    customInspect: false,
  });
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
