/** Idempotency keys as bytes. Two are the same only when they are: text in a database knows no halves of surrogate pairs. */

/** Of a string that is not well-formed, and never the first byte of UTF-8. */
const UTF16 = 0xff;

export function keyBytes(key: string): Uint8Array {
  return key.isWellFormed() ? Buffer.from(key, "utf8") : Buffer.concat([Buffer.of(UTF16), Buffer.from(key, "utf16le")]);
}

export function keyOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer[0] === UTF16 ? buffer.toString("utf16le", 1) : buffer.toString("utf8");
}
