/** Frames gathered into one piece of memory, for a message. */
import { HEADER_BYTES, writeHeader } from "../../wire/frames.ts";

const NOTHING = new Uint8Array();

export class FrameBuffer {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  get length(): number {
    return this.#bytes;
  }

  write(type: number, call: number, index: number, payload: Uint8Array = NOTHING, flags = 0): void {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, 0, payload.length, type, flags, call, index);
    this.#parts.push(header, payload);
    this.#bytes += HEADER_BYTES + payload.length;
  }

  /** Whole frames. */
  append(frames: Uint8Array): void {
    this.#parts.push(frames);
    this.#bytes += frames.length;
  }

  /** All that was written since the last time. */
  take(): Buffer {
    const all = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return all;
  }
}
