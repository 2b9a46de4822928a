/** Payloads as JSON, to prove that an engine may carry values its own way: no dates, bytes, maps or big integers. */
import type { PayloadCodec } from "../../../src/engine/index.ts";
import { RemoteError, SerializationError } from "../../../src/runtime/errors.ts";

interface ThrownRecord {
  name: string;
  message: string;
  stack: string | undefined;
}

const BUILT_IN: Record<string, ErrorConstructor> = { Error, RangeError, TypeError, SyntaxError };

export const jsonCodec: PayloadCodec = {
  encodeArguments(args, kwargs) {
    for (const [index, value] of args.entries()) check(value, `arguments[${index}]`);
    if (kwargs) check(kwargs, "kwargs");
    return write({ args, kwargs });
  },
  decodeArguments(payload) {
    const { args, kwargs } = read(payload) as { args: unknown[]; kwargs?: Record<string, unknown> };
    return { args, kwargs };
  },
  decodeValue: (payload) => (read(payload) as { value?: unknown }).value,
  decodeError(payload) {
    const { name, message, stack } = read(payload) as ThrownRecord;
    const known = BUILT_IN[name];
    const error = known ? new known(message) : new RemoteError(name, message);
    if (stack !== undefined) error.stack = stack;
    return error;
  },
  encodeInstance(className, args, kwargs) {
    for (const [index, value] of args.entries()) check(value, `${className}: arguments[${index}]`);
    if (kwargs) check(kwargs, `${className}: kwargs`);
    return JSON.stringify({ args, kwargs }, (_, value: unknown) => (isRecord(value) ? sorted(value) : value));
  },
  decodeInstance(instance) {
    const { args, kwargs } = JSON.parse(instance) as { args: unknown[]; kwargs?: Record<string, unknown> };
    return { args, kwargs };
  },
};

// The other side, which runs functions.

export function encodeValue(value: unknown): Uint8Array {
  if (value !== undefined) check(value, "result");
  return write({ value });
}

export function encodeError(thrown: unknown): Uint8Array {
  if (!(thrown instanceof Error)) return write({ name: "Error", message: String(thrown) });
  const { name, message, stack } = thrown;
  return write({ name, message, stack } satisfies ThrownRecord);
}

function write(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function read(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch (cause) {
    throw new SerializationError("a payload is not JSON", { cause });
  }
}

function check(value: unknown, path: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
    return;
  }
  if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) if (item !== undefined) check(item, `${path}.${key}`);
    return;
  }
  const kind = typeof value === "object" ? value.constructor.name : typeof value;
  throw new SerializationError(`${path} cannot be written as JSON: ${kind}`, {
    hint: "Pass numbers, strings and lists.",
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
