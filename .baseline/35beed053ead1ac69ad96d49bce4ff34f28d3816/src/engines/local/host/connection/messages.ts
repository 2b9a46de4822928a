/** Checks what clients send. Anything may come through a socket; by hand, since calls are opened often. */
import type { InputRange, OpenCall } from "../../../../engine/index.ts";
import { type AttachMessage, type Hello, ProtocolError } from "../../protocol.ts";

export type Fields = Record<string, unknown>;

/** As long as the client lets it be. */
const INSTANCE = /^[\w-]{1,90000}$/;

const METHODS = new Set(["remote", "remoteGen", "map", "spawn", "spawnMap"]);

export function checkHello(value: unknown): Hello {
  const hello = fields(value, "a greeting");
  if (typeof hello["version"] !== "string" || typeof hello["protocol"] !== "number")
    fail("a greeting lacks its version or protocol");
  optional(hello, "container", "string");
  return hello as unknown as Hello;
}

export function checkOpen(value: unknown): OpenCall {
  const open = fields(value, "a call");
  if (!METHODS.has(open["method"] as string)) fail("a call lacks its method");
  if (typeof open["durable"] !== "boolean") fail("a call does not say whether it is durable");
  optional(open, "idempotencyKey", "string");
  optional(open, "dueAt", "number");
  optional(open, "progress", "boolean");
  optional(open, "parent", "string");
  if (open["trace"] !== undefined) {
    const trace = fields(open["trace"], "a trace context");
    for (const name of Object.keys(trace)) optional(trace, name, "string");
  }
  checkFunctionRef(open["function"]);
  return open as unknown as OpenCall;
}

export function checkAttach(value: unknown): AttachMessage {
  const attach = fields(value, "an attachment");
  string(attach, "id");
  optional(attach, "logs", "boolean");
  optional(attach, "parent", "string");
  checkRange(attach["range"]);
  return attach as unknown as AttachMessage;
}

export function checkRequest(value: unknown): { method: string; params: Fields } {
  const request = fields(value, "a request");
  return { method: string(request, "method"), params: fields(request["params"], "a request's params") };
}

export function checkRange(value: unknown): InputRange {
  const range = fields(value, "a range");
  for (const name of ["start", "end"]) {
    const bound = range[name];
    if (bound !== undefined && !(Number.isInteger(bound) && (bound as number) >= 0))
      fail(`a range's ${name} is not an index`);
  }
  return range as InputRange;
}

export function checkAppRef<T extends { app: string; environment: string }>(value: unknown): T {
  const ref = fields(value, "a reference");
  string(ref, "app");
  string(ref, "environment");
  const version = ref["version"];
  if (version !== undefined && !Number.isInteger(version)) fail("a reference's version is not a whole number");
  return ref as unknown as T;
}

export function checkFunctionRef<T extends { app: string; environment: string; name: string }>(value: unknown): T {
  const ref = checkAppRef<T>(value);
  string(ref as unknown as Fields, "name");
  optional(ref as unknown as Fields, "signature", "string");
  optional(ref as unknown as Fields, "instance", "string");
  const { instance } = ref as { instance?: string };
  if (instance !== undefined && !INSTANCE.test(instance)) fail("a reference's instance is not in base64url");
  return ref;
}

export function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(`${what} is not an object`);
  return value as Fields;
}

export function string(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== "string" || value === "") fail(`${name} is missing`);
  return value as string;
}

export function optional(from: Fields, name: string, type: "string" | "boolean" | "number"): void {
  if (from[name] !== undefined && typeof from[name] !== type) fail(`${name} is not a ${type}`);
}

function fail(message: string): never {
  throw new ProtocolError(message);
}
