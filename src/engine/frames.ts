/**
 * Frames: how bytes travel on every farcall connection, client to host and host to container. A frame is a fixed header
 * of 16 bytes and an opaque payload; a CBOR envelope round each message would halve the throughput.
 *
 *     0  u32le  payload length
 *     4  u8     type
 *     5  u8     flags (meaning depends on the type)
 *     6  u16le  reserved, 0
 *     8  u32le  call: a number that the side which opened the call chose, unique on the connection
 *    12  u32le  index: of the input
 *
 * Writing gathers the frames of one turn of the event loop into few large chunks; reading gives views into the received
 * chunk, copying only the frames that straddle two.
 */
import type { Socket } from "node:net";

export const HEADER_BYTES = 16;

/** A payload is held in memory whole on each side, so it has a limit. */
export const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

export interface Frame {
  type: number;
  flags: number;
  call: number;
  index: number;
  /** A view that is valid only until the frame handler returns: copy what must be kept. */
  payload: Buffer;
}

export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #maxPayload: number;
  #rest: Buffer | undefined;
  /** Chunks of a frame whose length is known and whose end has not come: joined once, when it has. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wanted = 0;

  constructor(onFrame: (frame: Frame) => void, maxPayload: number = MAX_PAYLOAD_BYTES) {
    this.#onFrame = onFrame;
    this.#maxPayload = maxPayload;
  }

  /** Throws FrameError on a length over the limit; the connection is then to be closed. */
  push(chunk: Buffer): void {
    let data = chunk;
    if (this.#wanted > 0) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      if (this.#pendingBytes < this.#wanted) return;
      data = Buffer.concat(this.#pending, this.#pendingBytes);
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#wanted = 0;
    } else if (this.#rest) {
      data = Buffer.concat([this.#rest, chunk]);
      this.#rest = undefined;
    }
    let at = 0;
    while (data.length - at >= HEADER_BYTES) {
      const length = data.readUInt32LE(at);
      if (length > this.#maxPayload) {
        throw new FrameError(`a frame of ${length} bytes is over the limit of ${this.#maxPayload}`);
      }
      const end = at + HEADER_BYTES + length;
      if (end > data.length) {
        this.#wanted = HEADER_BYTES + length;
        break;
      }
      this.#onFrame({
        type: data[at + 4]!,
        flags: data[at + 5]!,
        call: data.readUInt32LE(at + 8),
        index: data.readUInt32LE(at + 12),
        payload: data.subarray(at + HEADER_BYTES, end),
      });
      at = end;
    }
    if (at === data.length) return;
    const rest = data.subarray(at);
    if (this.#wanted > 0) {
      this.#pending = [rest];
      this.#pendingBytes = rest.length;
    } else {
      this.#rest = rest;
    }
  }
}

const CHUNK_BYTES = 64 * 1024;
const EMPTY = new Uint8Array(0);

/** Gathers frames and writes them once a turn. */
export class FrameWriter {
  readonly #socket: Socket;
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;
  #scheduled = false;
  #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that the peer has not taken yet: what back pressure is measured by. */
  get buffered(): number {
    return this.#used + this.#socket.writableLength;
  }

  write(type: number, call: number, index: number, payload: Uint8Array = EMPTY, flags = 0): void {
    const size = HEADER_BYTES + payload.length;
    if (this.#used + size > this.#chunk.length) this.flush();
    if (size > this.#chunk.length) {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeHeader(header, 0, payload.length, type, flags, call, index);
      this.#socket.write(header);
      this.#socket.write(payload);
      return;
    }
    writeHeader(this.#chunk, this.#used, payload.length, type, flags, call, index);
    this.#chunk.set(payload, this.#used + HEADER_BYTES);
    this.#used += size;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#flush);
    }
  }

  /** Writes what is gathered now, for a frame that should not wait for the end of the turn. */
  flush(): void {
    if (this.#used === 0) return;
    const chunk = this.#chunk.subarray(0, this.#used);
    this.#chunk = this.#chunk.subarray(this.#used);
    this.#used = 0;
    if (this.#chunk.length < 1024) this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    if (this.#socket.writable) this.#socket.write(chunk);
  }
}

function writeHeader(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  call: number,
  index: number,
): void {
  target.writeUInt32LE(length, at);
  target[at + 4] = type;
  target[at + 5] = flags;
  target.writeUInt16LE(0, at + 6);
  target.writeUInt32LE(call, at + 8);
  target.writeUInt32LE(index, at + 12);
}
