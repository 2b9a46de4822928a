/** The key of an input: equal for inputs whose arguments agree where the function's options say. Nothing is decoded for it. */
import { createHash } from "node:crypto";
import { argumentBytes } from "../runtime/index.ts";
import type { ArgumentPath } from "../schema/index.ts";

/** Longer keys are kept as their hash. */
const MAX_LENGTH = 128;

export function inputKey(payload: Uint8Array, paths: readonly ArgumentPath[]): string {
  let key = "";
  for (const path of paths) {
    const bytes = argumentBytes(payload, path);
    // Whatever lies in one place cannot be taken for what lies in two.
    key += bytes
      ? `${bytes.length}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")}`
      : "-";
  }
  return key.length > MAX_LENGTH ? createHash("sha256").update(key, "latin1").digest("base64") : key;
}
