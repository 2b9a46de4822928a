/**
 * Which instance of a class a call means: the constructor's arguments, encoded so that equal arguments give equal strings. The
 * order of an object's properties does not count, nor does a property or a last argument that is undefined.
 */
import type { DecodedArguments } from "../engine/index.ts";
import { decodeArguments, encodeArguments } from "./codec/index.ts";
import { SerializationError } from "./errors.ts";

/** It goes with every call. */
const MAX_BYTES = 64 * 1024;

/** Base64url. Throws SerializationError on what cannot cross, or is too much. */
export function encodeInstance(
  className: string,
  args: readonly unknown[],
  kwargs?: Readonly<Record<string, unknown>> | undefined,
): string {
  const last = args.findLastIndex((value) => value !== undefined);
  // There and back: what comes out is plain, and shares nothing with what the caller may still change.
  const plain = decodeArguments(encodeArguments(args.slice(0, last + 1), kwargs));
  const named = plain.kwargs && (canonical(plain.kwargs) as Record<string, unknown>); // a record stays one
  const bytes = encodeArguments(plain.args.map(canonical), named && Object.keys(named).length > 0 ? named : undefined);
  if (bytes.length > MAX_BYTES) {
    throw new SerializationError(
      `the constructor arguments of ${className} take ${bytes.length} bytes encoded, more than the limit of ${MAX_BYTES}`,
      { hint: "They identify an instance: pass data to a method, or the path or URL of the data to the constructor." },
    );
  }
  let encoded = "";
  for (const byte of bytes) encoded += String.fromCharCode(byte);
  return btoa(encoded).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The constructor's arguments. Throws SerializationError. */
export function decodeInstance(instance: string): DecodedArguments {
  const encoded = atob(instance.replaceAll("-", "+").replaceAll("_", "/"));
  return decodeArguments(Uint8Array.from(encoded, (character) => character.charCodeAt(0)));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [canonical(key), canonical(item)]));
  if (value instanceof Set) return new Set([...value].map(canonical));
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]): [string, unknown] => [key, canonical(item)]);
  const sorted: object = Object.fromEntries(entries);
  return prototype === null ? Object.setPrototypeOf(sorted, null) : sorted;
}
