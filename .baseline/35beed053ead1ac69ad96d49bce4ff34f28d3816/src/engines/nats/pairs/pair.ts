/**
 * Frames between two processes over core NATS, which may lose messages when servers restart and drops those who read too
 * slowly. So each side numbers the bytes that it sends, keeps them until the other has acknowledged them, and lets no more than a
 * window of them be on their way. One message is
 *
 *      0  u32le  what the sender calls this pair: a number that it drew when it began
 *      4  u32le  what the receiver calls it, as far as the sender knows; 0: it does not
 *      8  f64le  position of the first byte in all that was sent; -1: nothing here, send again from what is acknowledged
 *     16  f64le  bytes received so far
 *     24  the bytes: frames (wire/frames.ts), which may go on in the next message
 *
 * A side that has forgotten the other draws a new number, and so both notice that what was under way between them is lost.
 */
import { randomInt } from "node:crypto";
import { type Frame, FrameReader, FrameWriter } from "../../../wire/frames.ts";

const HEADER_BYTES = 24;
/** Below a server's default limit of a megabyte. */
const MAX_BYTES = 256 * 1024;
const WINDOW_BYTES = 4 * 1024 * 1024;
/** So many bytes are acknowledged at once; pings acknowledge the rest. */
const ACKNOWLEDGE_BYTES = 512 * 1024;
const NOTHING = -1;

/** What the answer to a message is to tell: whether anybody listens there at all, or whether this message has come. */
export type Asks = "nothing" | "presence" | "delivery";

export interface PairOptions {
  send(message: Uint8Array, asks: Asks): void;
  onFrame(frame: Frame): void;
  /** There is room again for what was held back. */
  onDrain?(): void;
}

interface Sent {
  at: number;
  message: Buffer;
}

export class Pair {
  readonly writer: FrameWriter;
  readonly #options: PairOptions;
  /** Drawn anew for each pair. */
  readonly #number = randomInt(1, 0xffff_ffff);
  #peer = 0;
  readonly #reader: FrameReader;
  /** Bytes that were handed over, that were published, and that the other has. */
  #written = 0;
  #sent = 0;
  #acknowledged = 0;
  /** From `#acknowledged` on, whole messages. */
  #kept: Sent[] = [];
  /** The first of `#kept` that is not published yet. */
  #next = 0;
  #received = 0;
  /** What the other side knows of `#received`. */
  #told = 0;
  #resendAt = 0;
  /** Of the next message with bytes. */
  #asks: Asks = "nothing";
  #closed = false;

  constructor(options: PairOptions) {
    this.#options = options;
    this.#reader = new FrameReader(options.onFrame);
    const held = () => this.#written - this.#sent;
    const write = (chunk: Uint8Array) => this.#write(chunk);
    this.writer = new FrameWriter({
      writable: true,
      get writableLength() {
        return held();
      },
      write,
    });
  }

  /** Bytes that wait because the other side reads slowly. */
  get heldBack(): number {
    return this.#written - this.#sent;
  }

  json(type: number, call: number, value: unknown, index = 0): void {
    this.writer.write(type, call, index, Buffer.from(JSON.stringify(value)));
  }

  close(): void {
    this.#closed = true;
    this.#kept = [];
  }

  /** Says what has been received; an answer tells that nobody is there. */
  ping(): void {
    this.writer.flush();
    this.#control(this.#sent, "presence");
  }

  /** Messages may have been lost: asks for what is missing, and lets the other side see whether something is. */
  resume(): void {
    this.#control(NOTHING);
    this.ping();
  }

  /** False when the other side has begun anew: what was under way is lost, and the message is for the next pair. */
  receive(data: Uint8Array): boolean {
    if (this.#closed || data.length < HEADER_BYTES) return true;
    const message = Buffer.from(data.buffer, data.byteOffset, data.length);
    const theirs = message.readUInt32LE(0);
    const mine = message.readUInt32LE(4);
    // Meant for whoever was here before.
    const isNew = this.#peer !== 0 && this.#peer !== theirs;
    if (mine !== 0 && mine !== this.#number) {
      if (!isNew) this.#control(this.#sent);
      return !isNew;
    }
    if (isNew) return false;
    this.#peer = theirs;
    this.#acknowledge(message.readDoubleLE(16));
    const at = message.readDoubleLE(8);
    if (at === NOTHING) this.#sendAgain();
    else this.#take(at, message.subarray(HEADER_BYTES));
    return true;
  }

  /** The other side wants to know whether we are there. */
  answer(): void {
    this.#control(this.#sent);
  }

  #take(at: number, bytes: Buffer): void {
    if (at > this.#received) {
      this.#askAgain();
      return;
    }
    const fresh = bytes.subarray(this.#received - at);
    if (fresh.length === 0) return;
    this.#received += fresh.length;
    this.#reader.push(fresh);
    if (this.#received - this.#told >= ACKNOWLEDGE_BYTES) this.#control(this.#sent);
  }

  /** Once for a row of messages that come too early. */
  #askAgain(): void {
    const now = performance.now();
    if (now - this.#resendAt < 100) return;
    this.#resendAt = now;
    this.#control(NOTHING);
  }

  #control(at: number, asks: Asks = "nothing"): void {
    if (this.#closed) return;
    const message = Buffer.allocUnsafe(HEADER_BYTES);
    this.#head(message, at);
    this.#options.send(message, asks);
  }

  #head(message: Buffer, at: number): void {
    message.writeUInt32LE(this.#number, 0);
    message.writeUInt32LE(this.#peer, 4);
    message.writeDoubleLE(at, 8);
    message.writeDoubleLE(this.#received, 16);
    this.#told = this.#received;
  }

  // ---- sending

  /** What is written next asks whether it is delivered. */
  askDelivery(): void {
    this.#asks = "delivery";
  }

  #write(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += MAX_BYTES) {
      const part = chunk.subarray(from, from + MAX_BYTES);
      // A copy: the writer uses its buffer again.
      const message = Buffer.allocUnsafe(HEADER_BYTES + part.length);
      message.set(part, HEADER_BYTES);
      this.#kept.push({ at: this.#written, message });
      this.#written += part.length;
    }
    this.#publish();
  }

  #publish(): void {
    if (this.#closed) return;
    for (; this.#next < this.#kept.length; this.#next++) {
      const { at, message } = this.#kept[this.#next]!;
      if (at - this.#acknowledged >= WINDOW_BYTES) return;
      this.#head(message, at);
      this.#options.send(message, this.#asks);
      this.#asks = "nothing";
      this.#sent = Math.max(this.#sent, at + message.length - HEADER_BYTES);
    }
  }

  #acknowledge(received: number): void {
    if (received <= this.#acknowledged) return;
    this.#acknowledged = received;
    let done = 0;
    for (const { at, message } of this.#kept) {
      if (at + message.length - HEADER_BYTES > received) break;
      done++;
    }
    if (done === 0) return;
    const wasFull = this.#next < this.#kept.length;
    this.#kept.splice(0, done);
    this.#next = Math.max(0, this.#next - done);
    this.#publish();
    if (wasFull && this.#next === this.#kept.length) this.#options.onDrain?.();
  }

  #sendAgain(): void {
    this.#next = 0;
    this.#publish();
  }
}
