/**
 * The inputs of a durable call that are in memory. A small call keeps those that came, so that they are not read back from the
 * disk to which they were just written; those of others wait on disk and come into memory by the page.
 */
import { type Call, Input, Queue } from "../../../../pool/index.ts";
import type { DurableHost } from "./durable-host.ts";

const KEPT_INPUTS = 256;
const KEPT_BYTES = 256 * 1024;

interface WaitingInputsOptions {
  host: DurableHost;
  call: Call;
  /** The call's number in the database. */
  row: number;
}

export class WaitingInputs {
  readonly #host: DurableHost;
  readonly #call: Call;
  readonly #row: number;
  /** Those that came, from the first one on without a hole; undefined when the disk alone has them all. */
  #kept: { index: number; payload: Uint8Array }[] | undefined = [];
  /** Of `#kept`, then of those in `#page`. */
  #keptBytes = 0;
  /** About to run. */
  readonly #page = new Queue<Input>();
  /** Inputs below are taken or in `#page`. */
  #cursor = 0;
  /** Any of its inputs without an outcome may have run before. */
  #resumed = false;

  constructor({ host, call, row }: WaitingInputsOptions) {
    this.#host = host;
    this.#call = call;
    this.#row = row;
  }

  /** One that has just come. */
  keep(index: number, payload: Uint8Array): void {
    if (!this.#kept) return;
    const { length } = payload;
    // A hole means that some came with an earlier connection: the disk has them all.
    const whole = index === this.#kept.length;
    const few = this.#kept.length < KEPT_INPUTS && this.#keptBytes + length < KEPT_BYTES;
    if (whole && few && this.#host.backlog.keep(length)) {
      this.#kept.push({ index, payload });
      this.#keptBytes += length;
    } else this.letGo();
  }

  /** The disk alone has those that were kept. */
  letGo(): void {
    this.#kept = undefined;
    this.#host.backlog.release(this.#keptBytes);
    this.#keptBytes = 0;
  }

  /** All `count` are on disk, and those that were kept run first when the call runs now. */
  accepted(count: number, runsNow: boolean): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.length !== count || !runsNow) {
      this.letGo();
      return;
    }
    for (const { index, payload } of kept) this.#page.push(new Input(this.#call, index, payload));
    this.#cursor = count;
  }

  /** After a restart of the host: what is on disk has come, and may have run. */
  resume(): void {
    this.#kept = undefined;
    this.#resumed = true;
  }

  /** Undefined when the disk cannot be read. */
  next(): Input | undefined {
    if (this.#page.length === 0) this.#load();
    const input = this.#page.shift();
    if (this.#page.length === 0) this.letGo();
    return input;
  }

  #load(): void {
    try {
      for (const { index, payload } of this.#host.storage.waitingInputs(this.#row, this.#cursor)) {
        const input = new Input(this.#call, index, payload);
        if (this.#resumed) input.resumes(this.#host.attempts.of(this.#row, index));
        this.#page.push(input);
        this.#cursor = index + 1;
      }
    } catch (error) {
      this.#host.warn(`call ${this.#call.id} cannot be read and is tried again: ${error}`);
    }
  }

  clear(): void {
    this.#page.clear();
    this.letGo();
  }
}
