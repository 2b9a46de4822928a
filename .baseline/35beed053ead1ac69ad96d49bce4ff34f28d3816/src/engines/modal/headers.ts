/** Headers of one RPC, in the shape that the SDK's transport reads: pairs of a name and its values. */
import type { RpcOptions } from "./client.ts";

class Headers extends Map<string, string[]> {
  /** The transport adds its own, one value each. */
  override set(name: string, value: string | string[]): this {
    return super.set(name, Array.isArray(value) ? value : [value]);
  }
}

export function headers(values: Readonly<Record<string, string>>): { metadata: NonNullable<RpcOptions["metadata"]> } {
  const made = new Headers();
  for (const [name, value] of Object.entries(values)) if (value !== "") made.set(name, value);
  // The transport sets and iterates; the rest of its own class, which the SDK does not export, nobody calls.
  return { metadata: made as unknown as NonNullable<RpcOptions["metadata"]> };
}
