/** What a request asks for: its query and its body, read and checked. */
import type { IncomingMessage } from "node:http";
import type { FunctionRef } from "../../engine/index.ts";
import { InvalidError } from "../../runtime/index.ts";
import type { Again, Arguments } from "../api.ts";

/** Files that are given as arguments come in the body, as base64. */
const MAX_BODY_BYTES = 96 * 1024 * 1024;

export function text(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null || value === "") throw new InvalidError(`${name} is missing`);
  return value;
}

export function whole(query: URLSearchParams, name: string, otherwise?: number): number {
  if (!query.has(name) && otherwise !== undefined) return otherwise;
  const value = Number(text(query, name));
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidError(`${name} is not a whole number`);
  return value;
}

export function appRef(query: URLSearchParams): { app: string; environment: string; version?: number } {
  const ref = { app: text(query, "app"), environment: text(query, "environment") };
  return query.has("version") ? { ...ref, version: whole(query, "version") } : ref;
}

export function functionRef(query: URLSearchParams): FunctionRef {
  const ref = { ...appRef(query), name: text(query, "name") };
  return query.has("instance") ? { ...ref, instance: text(query, "instance") } : ref;
}

export async function bodyOf(request: IncomingMessage): Promise<Arguments | Again> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    throw new InvalidError("the body must be JSON");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new InvalidError(`the arguments are over the limit of ${MAX_BODY_BYTES} bytes`, {
        hint: "Call it from a program, or pass the path of the data.",
      });
    }
    chunks.push(chunk);
  }
  let given: Partial<Arguments & Again> | null;
  try {
    given = JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new InvalidError("the body is not valid JSON", { cause });
  }
  const { app, environment, name, version, args, construct = [], again } = given ?? {};
  if (typeof again?.id === "string" && Number.isSafeInteger(again.index)) return { again };
  if (!app || !environment || !name || !version || !Array.isArray(args) || !Array.isArray(construct))
    throw new InvalidError("the body does not hold the arguments of a call");
  return { app, environment, name, version, args, construct };
}
