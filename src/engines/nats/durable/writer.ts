/** Appends frames to a stream, in order: a message is published once the one before it is stored. */

import { clearTimeout, setTimeout } from "../../../runtime/timers.ts";
import type { Connection } from "../connection.ts";
import { FrameBuffer } from "../frames.ts";
import { PART_BYTES } from "./records.ts";

/** What comes within so many milliseconds goes together. */
const GATHER_MS = 5;
const FULL_BYTES = 256 * 1024;

export class StreamWriter {
  readonly #connection: Connection;
  readonly #subject: string;
  readonly #begin: () => Promise<void>;
  readonly #frames = new FrameBuffer();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: unknown;
  #messages = 0;
  /** Bytes that are being published. */
  #publishing = 0;

  /** @param begin what is done before the first message; nothing is published when it rejects */
  constructor(connection: Connection, subject: string, begin: () => Promise<void> = async () => {}) {
    this.#connection = connection;
    this.#subject = subject;
    this.#begin = begin;
  }

  /** Something was published, or is about to be: before the first message, `begin` may take as long as an election. */
  get begun(): boolean {
    return this.#messages > 0 || this.#publishing > 0;
  }

  get pendingBytes(): number {
    return this.#frames.length + this.#publishing;
  }

  /** @param later nothing is published before `flush`, unless there is much */
  write(type: number, index: number, payload: Uint8Array, later = false): void {
    // A copy: what comes in frames is only lent.
    this.#frames.write(type, 0, index, Buffer.from(payload));
    if (this.#frames.length >= FULL_BYTES) void this.#run();
    else if (!later) this.#timer ??= setTimeout(() => void this.#run(), GATHER_MS);
  }

  /** What was written and not published, to be kept elsewhere. */
  takeUnpublished(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#frames.take();
  }

  /** It could not be kept there. */
  putBack(frames: Uint8Array): void {
    this.#frames.append(frames);
  }

  /** Resolves once less than that waits to be stored. */
  async room(bytes: number): Promise<void> {
    while (this.pendingBytes >= bytes && this.#failure === undefined) await this.#run();
  }

  /** Resolves once all is stored. Rejects with the first error. */
  async flush(): Promise<void> {
    while (this.#frames.length > 0 || this.#writing) await this.#run();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#publish().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #publish(): Promise<void> {
    while (this.#frames.length > 0) {
      const bytes = this.#frames.take();
      this.#publishing = bytes.length;
      try {
        for (let at = 0; at < bytes.length && this.#failure === undefined; at += PART_BYTES) {
          if (this.#messages === 0) await this.#begin();
          // An answer that got lost must not make it come twice.
          const id = `${this.#subject}.${this.#messages++}`;
          await this.#connection.append(this.#subject, bytes.subarray(at, at + PART_BYTES), { msgID: id });
        }
      } catch (error) {
        this.#failure ??= error;
      } finally {
        this.#publishing = 0;
      }
    }
  }
}
