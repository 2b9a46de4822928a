/** Reads a socket in slices: while the rest of a chunk waits for its turn, no more is read. */
import type { Socket } from "node:net";
import { inNextSlice, isSliceOver } from "./slices.ts";

/** Reads the chunk, until `mayStop` says that the rest should wait. Returns how many bytes it has read. Must not throw. */
type Take = (chunk: Buffer, mayStop?: () => boolean) => number;

export class FrameFeed {
  readonly #socket: Socket;
  readonly #take: Take;
  #rest: Buffer | undefined;
  #held = false;

  constructor(socket: Socket, take: Take) {
    this.#socket = socket;
    this.#take = take;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  get held(): boolean {
    return this.#held;
  }

  /** Nothing more is read, until `release`. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  release(): void {
    this.#held = false;
    if (this.#rest) inNextSlice(this.#goOn);
    else this.#socket.resume();
  }

  /** Takes what has come and waits: the socket is closed. */
  finish(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest) this.#take(rest);
  }

  #read(chunk: Buffer): void {
    const read = this.#take(chunk, isSliceOver);
    if (read === chunk.length) return;
    this.#rest = chunk.subarray(read);
    this.#socket.pause();
    inNextSlice(this.#goOn);
  }

  readonly #goOn = (): void => {
    const rest = this.#rest;
    if (this.#held || !rest) return;
    this.#rest = undefined;
    this.#read(rest);
    if (!this.#rest && !this.#held) this.#socket.resume();
  };
}
