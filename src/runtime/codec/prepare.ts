/**
 * Puts tags where cbor-x alone would lose something. Runs only on values in which `scan` found such a thing, and so may
 * copy: what comes out shares no container with what went in, which belongs to the user.
 */
import { Tag } from "cbor-x";
import { FarcallError, RemoteError } from "../errors.ts";
import { kindOf, MAX_DEPTH, REFUSED, scan } from "./scan.ts";
import { type ErrorRecord, TAG } from "./tags.ts";

/** Throws REFUSED where `scan` does; properties of errors that cannot cross are left out, since an error has to arrive. */
export function prepare(value: unknown, depth: number, errors: readonly Error[]): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : new Tag(utf16(value), TAG.text);
    case "number":
      return Object.is(value, -0) ? new Tag(null, TAG.negativeZero) : value;
    case "object":
      return value === null ? null : prepareObject(value, depth, errors);
    case "function":
    case "symbol":
      throw REFUSED;
    default:
      return value;
  }
}

function prepareObject(value: object, depth: number, errors: readonly Error[]): unknown {
  if (depth > MAX_DEPTH) throw REFUSED;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return prepareProperties(value, depth, errors);
  if (prototype === Array.prototype) return prepareArray(value as unknown[], depth, errors);
  switch (kindOf(value, prototype)) {
    case "map": {
      const copy = new Map<unknown, unknown>();
      for (const [key, item] of value as Map<unknown, unknown>) {
        copy.set(prepare(key, depth + 1, errors), prepare(item, depth + 1, errors));
      }
      return copy;
    }
    case "set":
      return new Set(Array.from(value as Set<unknown>, (item) => prepare(item, depth + 1, errors)));
    case "date":
      return scan(value, depth) ? new Tag((value as Date).getTime(), TAG.date) : value;
    case "view":
    case "regexp":
      return value;
    case "float16":
      return new Tag(bytesOf(value as ArrayBufferView), TAG.float16Array);
    case "buffer":
      return new Tag(bytesOf(value as ArrayBufferView), TAG.buffer);
    case "dataView":
      return new Tag(bytesOf(value as ArrayBufferView), TAG.dataView);
    case "arrayBuffer":
      return new Tag(new Uint8Array(value as ArrayBuffer), TAG.arrayBuffer);
    case "sharedArrayBuffer":
      return new Tag(new Uint8Array(value as SharedArrayBuffer), TAG.sharedArrayBuffer);
    case "error":
      return new Tag(prepareError(value as Error, depth, errors), TAG.error);
    case "url":
      return new Tag((value as URL).href, TAG.url);
    case "data":
    case "foreign object":
      return prepareProperties(value, depth, errors);
    case "foreign array":
      return prepareArray(value as unknown[], depth, errors);
    case "bare":
      return new Tag(entriesOf(value, depth, errors), TAG.bareObject);
    case undefined:
      throw REFUSED;
  }
}

function prepareArray(value: readonly unknown[], depth: number, errors: readonly Error[]): unknown {
  for (let i = 0; i < value.length; i++) {
    if (value[i] !== undefined || i in value) continue;
    const parts: unknown[] = [value.length];
    value.forEach((item, index) => {
      parts.push(index, prepare(item, depth + 1, errors));
    });
    return new Tag(parts, TAG.sparseArray);
  }
  return value.map((item) => prepare(item, depth + 1, errors));
}

function prepareProperties(value: object, depth: number, errors: readonly Error[]): unknown {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === "__proto__" || !key.isWellFormed()) return new Tag(entriesOf(value, depth, errors), TAG.entries);
    copy[key] = prepare((value as Record<string, unknown>)[key], depth + 1, errors);
  }
  return copy;
}

function entriesOf(value: object, depth: number, errors: readonly Error[]): unknown[] {
  const parts: unknown[] = [];
  for (const key of Object.keys(value)) {
    parts.push(prepare(key, depth, errors), prepare((value as Record<string, unknown>)[key], depth + 1, errors));
  }
  return parts;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >> 8;
  }
  return bytes;
}

// ---- errors ---------------------------------------------------------------------------------------------------

/** Classes that every JavaScript program has, so that `instanceof` holds on the other side too. */
export const errorClasses: Readonly<Record<string, new (message?: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Carried by the record's own fields. */
const ownFields = new Set(["name", "message", "stack", "cause", "errors"]);

/** @param above the errors that this one is a cause or a part of, to end a cycle */
function prepareError(error: Error, depth: number, above: readonly Error[]): ErrorRecord {
  const errors = [...above, error];
  const record: ErrorRecord = { name: nameOf(error), message: text(error.message) };
  const known = classOf(error);
  if (known !== undefined) record.class = known;
  if (typeof error.stack === "string") record.stack = text(error.stack);
  if (error instanceof FarcallError && error.hint !== undefined) record.hint = text(error.hint);
  if (Object.hasOwn(error, "cause")) {
    const cause = attempt(() => error.cause, depth, errors);
    if (cause) record.cause = cause;
  }
  const parts = (error as Partial<AggregateError>).errors;
  if (Array.isArray(parts)) record.errors = parts.flatMap((part) => attempt(() => part, depth, errors) ?? []);
  let properties: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (ownFields.has(key) || key === "__proto__" || !key.isWellFormed()) continue;
    if (error instanceof FarcallError && (key === "code" || key === "hint")) continue;
    const property = attempt(() => (error as unknown as Record<string, unknown>)[key], depth, errors);
    if (property) {
      properties ??= {};
      properties[key] = property[0];
    }
  }
  if (properties) record.properties = properties;
  return record;
}

/** In an array; undefined when the value cannot be read or cross, or is an error that has been met on the way here. */
function attempt(read: () => unknown, depth: number, errors: readonly Error[]): [unknown] | undefined {
  try {
    const value = read();
    if (value instanceof Error && errors.includes(value)) return undefined;
    return [prepare(value, depth + 1, errors)];
  } catch {
    // A getter's, or REFUSED: an error without this property says more than no error.
    return undefined;
  }
}

function classOf(error: Error): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(error);
  if (error instanceof FarcallError) {
    // A subclass of the user's own is as unknown to the caller as any other class.
    const ours = error.constructor === FarcallError || Object.getPrototypeOf(error.constructor) === FarcallError;
    return ours && !(error instanceof RemoteError) ? error.code : undefined;
  }
  if (prototype === AggregateError.prototype) return "AggregateError";
  if (globalThis.DOMException !== undefined && prototype === DOMException.prototype) return "DOMException";
  for (const name of Object.keys(errorClasses)) {
    if (prototype === errorClasses[name]?.prototype) return name;
  }
  return undefined;
}

/** What the author named it: the instance's or its class's `name`, else the class itself rather than the built-in it extends. */
function nameOf(error: Error): string {
  const name = text(error.name);
  if (name in errorClasses || name === "AggregateError") {
    const constructor: unknown = error.constructor;
    if (!Object.hasOwn(error, "name") && typeof constructor === "function" && constructor.name !== "") {
      return text(constructor.name);
    }
  }
  return name;
}

function text(value: unknown): string {
  return (typeof value === "string" ? value : String(value)).toWellFormed();
}
