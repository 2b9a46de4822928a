/**
 * Puts tags where cbor-x alone would lose something. Runs only on values in which `scan` found such a thing, and so may
 * copy: what comes out shares no container with what went in, which belongs to the user.
 */
import { Tag } from "cbor-x";
import { errorIdOf } from "../declared-errors.ts";
import { FarcallError, RemoteError } from "../errors.ts";
import { encodeCustom } from "./custom.ts";
import { kindOf, MAX_DEPTH, MAX_HOLES, REFUSED, scan } from "./scan.ts";
import { type ErrorRecord, TAG } from "./tags.ts";

/** Levels of nesting that are kept inside an error. */
const MAX_ERROR_DEPTH = 200;

/**
 * Throws REFUSED where `scan` does. Inside an error, what cannot cross is replaced by a short description, since an error has to
 * arrive, with all else that it has.
 * @param above inside an error: it, and the objects on the way from it to the value; otherwise empty
 * @param app whose code threw it: errors then say of which classes they are
 */
export function prepare(value: unknown, depth: number, above: readonly object[], app?: string): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : new Tag(utf16(value), TAG.text);
    case "number":
      return Object.is(value, -0) ? new Tag(null, TAG.negativeZero) : value;
    case "object":
      return value === null ? null : prepareObject(value, depth, above, app);
    case "bigint":
      return scan(value, depth) ? new Tag(value.toString(16), TAG.bigint) : value;
    case "function":
    case "symbol":
      return refuse(value, above);
    default:
      return value;
  }
}

/** Whether `scan` and `prepare` let a value cross, at its depth inside another. */
export function canCross(value: unknown, depth: number): boolean {
  try {
    if (scan(value, depth)) prepare(value, depth, []);
    return true;
  } catch (thrown) {
    if (thrown === REFUSED) return false;
    throw thrown;
  }
}

function refuse(value: unknown, above: readonly object[]): string {
  if (above.length === 0) throw REFUSED;
  return inWords(value);
}

/** Stands for what cannot cross: `[function retry]`, `[Socket]`. */
function inWords(value: unknown): string {
  if (typeof value === "symbol") return `[${text(value)}]`;
  const { name } = (typeof value === "function" ? value : (value as object).constructor) ?? {};
  const known = typeof name === "string" ? text(name) : "";
  return typeof value === "function" ? `[${`function ${known}`.trim()}]` : `[${known || "object"}]`;
}

function prepareObject(value: object, depth: number, outside: readonly object[], app: string | undefined): unknown {
  let above = outside;
  if (above.length > 0) {
    if (above.includes(value)) return "[circular]";
    if (above.length > MAX_ERROR_DEPTH) return inWords(value);
    above = [...above, value];
  }
  if (depth > MAX_DEPTH) throw REFUSED;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return prepareProperties(value, depth, above, app);
  if (prototype === Array.prototype) return prepareArray(value as unknown[], depth, above, app);
  switch (kindOf(value, prototype)) {
    case "map": {
      const copy = new Map<unknown, unknown>();
      for (const [key, item] of value as Map<unknown, unknown>) {
        copy.set(prepare(key, depth + 1, above, app), prepare(item, depth + 1, above, app));
      }
      return copy;
    }
    case "set":
      return new Set(Array.from(value as Set<unknown>, (item) => prepare(item, depth + 1, above, app)));
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
      return new Tag(prepareError(value as Error, depth, outside, app), TAG.error);
    case "url":
      return new Tag((value as URL).href, TAG.url);
    case "data":
    case "foreign object":
      return prepareProperties(value, depth, above, app);
    case "foreign array":
      return prepareArray(value as unknown[], depth, above, app);
    case "bare":
      return new Tag(entriesOf(value, depth, above, app), TAG.bareObject);
    case "custom": {
      let encoded: [name: string, encoded: unknown];
      try {
        encoded = encodeCustom(value);
      } catch {
        // `explain` says why.
        return refuse(value, above);
      }
      return new Tag([encoded[0], prepare(encoded[1], depth + 1, above, app)], TAG.custom);
    }
    case undefined:
      return refuse(value, above);
  }
}

function prepareArray(
  value: readonly unknown[],
  depth: number,
  above: readonly object[],
  app: string | undefined,
): unknown {
  // Elsewhere `scan` has refused it.
  if (above.length > 0 && hasTooManyHoles(value)) return refuse(value, above);
  for (let i = 0; i < value.length; i++) {
    if (value[i] !== undefined || i in value) continue;
    const parts: unknown[] = [value.length];
    value.forEach((item, index) => {
      parts.push(index, prepare(item, depth + 1, above, app));
    });
    return new Tag(parts, TAG.sparseArray);
  }
  return value.map((item) => prepare(item, depth + 1, above, app));
}

function hasTooManyHoles(value: readonly unknown[]): boolean {
  let holes = 0;
  for (let i = 0; i < value.length && holes <= MAX_HOLES; i++) if (!(i in value)) holes++;
  return holes > MAX_HOLES;
}

function prepareProperties(value: object, depth: number, above: readonly object[], app: string | undefined): unknown {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === "__proto__" || !key.isWellFormed()) return new Tag(entriesOf(value, depth, above, app), TAG.entries);
    copy[key] = prepare(read(value, key, above), depth + 1, above, app);
  }
  return copy;
}

function entriesOf(value: object, depth: number, above: readonly object[], app: string | undefined): unknown[] {
  const parts: unknown[] = [];
  for (const key of Object.keys(value)) {
    parts.push(prepare(key, depth, above), prepare(read(value, key, above), depth + 1, above, app));
  }
  return parts;
}

/** Inside an error a getter that throws hides nothing else. */
function read(value: object, key: string, above: readonly object[]): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch (error) {
    if (above.length === 0) throw error;
    return "[throws when it is read]";
  }
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

/** @param above what this one is a cause or a part of, to end a cycle */
function prepareError(error: Error, depth: number, above: readonly object[], app: string | undefined): ErrorRecord {
  const errors = [...above, error];
  const record: ErrorRecord = { name: nameOf(error), message: text(error.message) };
  const known = classOf(error);
  if (known !== undefined) record.class = known;
  else if (app !== undefined) {
    const classes = classesOf(error, app);
    if (classes.length > 0) record.classes = classes;
  }
  if (typeof error.stack === "string") record.stack = text(error.stack);
  const hinted = error instanceof FarcallError && (error.hint === undefined || typeof error.hint === "string");
  if (hinted && error.hint !== undefined) record.hint = text(error.hint);
  if (Object.hasOwn(error, "cause")) {
    const cause = attempt(() => error.cause, depth, errors, app);
    if (cause) record.cause = cause;
  }
  const parts = (error as Partial<AggregateError>).errors;
  if (Array.isArray(parts)) record.errors = parts.flatMap((part) => attempt(() => part, depth, errors, app) ?? []);
  let properties: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (ownFields.has(key) || key === "__proto__" || !key.isWellFormed()) continue;
    if (key === "hint" && hinted) continue;
    // A class that only the thrower has may have a code of its own.
    if (key === "code" && error instanceof FarcallError && (known !== undefined || error.code === "FARCALL_REMOTE"))
      continue;
    const property = attempt(() => (error as unknown as Record<string, unknown>)[key], depth, errors, app);
    if (property) {
      properties ??= {};
      properties[key] = property[0];
    }
  }
  if (properties) record.properties = properties;
  return record;
}

/** In an array; undefined when the value cannot be read or cross, or is an error that has been met on the way here. */
function attempt(
  read: () => unknown,
  depth: number,
  errors: readonly object[],
  app: string | undefined,
): [unknown] | undefined {
  try {
    const value = read();
    if (value instanceof Error && errors.includes(value)) return undefined;
    return [prepare(value, depth + 1, errors, app)];
  } catch {
    // A getter's or a proxy's: an error without this property says more than no error.
    return undefined;
  }
}

function classOf(error: Error): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(error);
  if (error instanceof FarcallError) {
    // A subclass of the user's own is as unknown to the caller as any other class.
    const ours = error.constructor === FarcallError || Object.getPrototypeOf(error.constructor) === FarcallError;
    const isKnown = ours && !(error instanceof RemoteError) && text(error.code).startsWith("FARCALL_");
    return isKnown ? error.code : undefined;
  }
  if (prototype === AggregateError.prototype) return "AggregateError";
  if (globalThis.DOMException !== undefined && prototype === DOMException.prototype) return "DOMException";
  for (const name of Object.keys(errorClasses)) {
    if (prototype === errorClasses[name]?.prototype) return name;
  }
  return undefined;
}

/** More classes above one another than anyone writes. */
const MAX_CLASSES = 20;

/** The author's, and those of another app's stubs by the names that they have there. */
function classesOf(error: Error, app: string): string[] {
  const classes: string[] = [];
  let prototype: object | null = Object.getPrototypeOf(error);
  for (; prototype instanceof Error && !isBuiltin(prototype); prototype = Object.getPrototypeOf(prototype)) {
    const { constructor } = prototype;
    if (typeof constructor !== "function" || classes.length === MAX_CLASSES) break;
    const name: unknown = constructor.name;
    if (typeof name === "string" && name !== "") classes.push(errorIdOf(constructor) ?? `${app}/${text(name)}`);
  }
  return classes;
}

const builtinPrototypes = new Set<object>([
  ...[...Object.values(errorClasses), AggregateError].map(({ prototype }) => prototype as object),
  FarcallError.prototype,
  RemoteError.prototype,
]);

function isBuiltin(prototype: object): boolean {
  return builtinPrototypes.has(prototype);
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
