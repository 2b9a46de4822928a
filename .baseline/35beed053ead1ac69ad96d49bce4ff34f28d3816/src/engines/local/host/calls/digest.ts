/** The inputs of a call in 32 bytes: by them a call with the same idempotency key is known to be the same, or refused. */
import { createHash, type Hash } from "node:crypto";

export class InputsDigest {
  readonly #hash: Hash = createHash("sha256");
  #count = 0;

  /** Inputs come in their order, some more than once. */
  add(index: number, payload: Uint8Array): void {
    if (index !== this.#count) return;
    this.#count++;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(payload.length);
    this.#hash.update(length).update(payload);
  }

  /** Ends it. */
  value(): Uint8Array {
    return this.#hash.digest();
  }
}
