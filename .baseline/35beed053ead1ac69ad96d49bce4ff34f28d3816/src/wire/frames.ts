/**
 * Frames: how bytes travel on every farcall connection, client to host and host to container. A frame is a fixed header
 * of 16 bytes and an opaque payload; a CBOR envelope around each message would halve the throughput.
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
// Saved when farcall is loaded: fake timers in a user's test must not delay frames.
const { setImmediate } = globalThis;

export const HEADER_BYTES = 16;
const EMPTY = Buffer.alloc(0);

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

/** Frames that are read before it is asked whether to stop. */
const FRAMES_AT_ONCE = 8;

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #maxPayload: number;
  /** The received chunks of an incomplete frame: joined once, when it is complete, without bytes of the next frames. */
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes of that frame; while its header is not whole, those of the header. */
  #wanted = HEADER_BYTES;

  constructor(onFrame: (frame: Frame) => void, maxPayload: number = MAX_PAYLOAD_BYTES) {
    this.#onFrame = onFrame;
    this.#maxPayload = maxPayload;
  }

  /**
   * Throws FrameError on a length over the limit; the connection is then to be closed.
   * @param mayStop asked now and then, between two frames, whether the rest is to be pushed later
   * @returns how many bytes it has taken
   */
  push(chunk: Buffer, mayStop?: () => boolean): number {
    let at = 0;
    while (this.#held > 0 && at < chunk.length) at = this.#complete(chunk, at);
    let wanted = HEADER_BYTES;
    let frames = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const end = at + this.#sizeAt(chunk, at);
      if (end > chunk.length) {
        wanted = end - at;
        break;
      }
      this.#emit(chunk, at, end);
      at = end;
      if (++frames % FRAMES_AT_ONCE === 0 && at < chunk.length && mayStop?.()) return at;
    }
    if (at === chunk.length) return at;
    this.#pieces = [chunk.subarray(at)];
    this.#held = chunk.length - at;
    this.#wanted = wanted;
    return chunk.length;
  }

  /** Takes the bytes that the begun frame still needs. Returns where the rest begins. */
  #complete(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#wanted - this.#held);
    this.#pieces.push(chunk.subarray(at, end));
    this.#held += end - at;
    if (this.#held < this.#wanted) return end;
    const whole = Buffer.concat(this.#pieces, this.#held);
    const size = this.#sizeAt(whole, 0);
    if (size > whole.length) {
      this.#pieces = [whole];
      this.#wanted = size;
      return end;
    }
    this.#pieces = [];
    this.#held = 0;
    this.#emit(whole, 0, size);
    return end;
  }

  /** Payload length of the frame whose header has arrived, in bytes. */
  #sizeAt(data: Buffer, at: number): number {
    const length = data.readUInt32LE(at);
    if (length > this.#maxPayload) {
      throw new FrameError(`a frame of ${length} bytes is over the limit of ${this.#maxPayload}`);
    }
    return HEADER_BYTES + length;
  }

  #emit(data: Buffer, at: number, end: number): void {
    this.#onFrame({
      type: data[at + 4]!,
      flags: data[at + 5]!,
      call: data.readUInt32LE(at + 8),
      index: data.readUInt32LE(at + 12),
      payload: end === at + HEADER_BYTES ? EMPTY : data.subarray(at + HEADER_BYTES, end),
    });
  }
}

const CHUNK_BYTES = 64 * 1024;

/** Where frames are written: a socket, or whatever else carries bytes in order. */
interface FrameSink {
  readonly writable: boolean;
  /** Bytes that were written and that it still holds. */
  readonly writableLength: number;
  write(chunk: Uint8Array): unknown;
}

/** Gathers frames and writes them once a turn. */
export class FrameWriter {
  readonly #socket: FrameSink;
  readonly #beforeSend: (() => void) | undefined;
  #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** The free part of the buffer. */
  #chunk: Buffer = this.#buffer;
  #used = 0;
  #scheduled = false;
  #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** @param beforeSend called before written frames are sent */
  constructor(socket: FrameSink, beforeSend?: () => void) {
    this.#socket = socket;
    this.#beforeSend = beforeSend;
  }

  /** Bytes that the peer has not taken yet: the measure for back pressure. */
  get buffered(): number {
    return this.#used + this.#socket.writableLength;
  }

  write(type: number, call: number, index: number, payload: Uint8Array = EMPTY, flags = 0): void {
    const size = HEADER_BYTES + payload.length;
    if (this.#used + size > this.#chunk.length) this.flush();
    if (size > this.#chunk.length) {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeHeader(header, 0, payload.length, type, flags, call, index);
      this.#beforeSend?.();
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

  /** Writes the gathered frames now, for a frame that should not wait for the end of the turn. */
  flush(): void {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    this.#beforeSend?.();
    if (this.#socket.writable) this.#socket.write(this.#chunk.subarray(0, used));
    // The system has taken everything: the buffer is free again.
    if (this.#socket.writableLength === 0) this.#chunk = this.#buffer;
    else if (this.#chunk.length - used >= 1024) this.#chunk = this.#chunk.subarray(used);
    else this.#chunk = this.#buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  /** Flushes, unless the peer is behind: the frames would only wait elsewhere. */
  urge(): void {
    if (this.#socket.writableLength === 0) this.flush();
  }
}

export function writeHeader(
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
