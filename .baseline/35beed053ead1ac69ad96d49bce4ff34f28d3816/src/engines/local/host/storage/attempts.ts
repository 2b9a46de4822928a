/**
 * How often each durable input that has no outcome yet went into a container: what a host needs to know of the one before
 * it, when that died. Written before inputs go in (`write`), those of one turn together, without a sync, in a file that lives
 * as long as the system runs: after a restart of the machine nobody knows.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { uptime } from "node:os";

/** Of one input. */
export interface Attempts {
  /** Runs that failed. */
  attempt: number;
  /** All that began, those that were cut off with their container or host included. */
  runs: number;
}

const HEADER = 16;
const RECORD = 16;
/** Records that are out of date, before the file is written again. */
const SPARE_RECORDS = 10_000;
/** Records that are written together. */
const GATHERED = 1_024;

export class AttemptsFile {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  /** By call and index. */
  readonly #known = new Map<number, Map<number, Attempts>>();
  #size = 0;
  /** Of calls up to this one nobody knows what has run. */
  #unknownUpTo: number;
  #file: number | undefined;
  #records = 0;
  /** Records that are not in the file yet. */
  readonly #gathered = Buffer.alloc(GATHERED * RECORD);
  #gatheredRecords = 0;
  #scheduled = false;

  /** @param lastCall the newest call that an earlier host may have run */
  constructor(path: string, lastCall: number, warn: (message: string) => void) {
    this.#path = path;
    this.#warn = warn;
    this.#unknownUpTo = this.#read() ?? lastCall;
    this.#rewrite();
  }

  /** Of an input of a call that an earlier host has left. */
  of(call: number, index: number): Attempts {
    const known = this.#known.get(call)?.get(index);
    if (known) return known;
    return { attempt: 0, runs: call <= this.#unknownUpTo ? 1 : 0 };
  }

  /** In the file after `write`, and soon in any case. */
  set(call: number, index: number, attempts: Attempts): void {
    this.#remember(call, index, attempts);
    if (this.#file === undefined) return;
    this.#fill(this.#gathered, this.#gatheredRecords * RECORD, call, index, attempts.attempt, attempts.runs);
    this.#gatheredRecords++;
    if (this.#gatheredRecords === GATHERED) this.write();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.write();
      });
    }
  }

  /** Writes what was set. */
  write(): void {
    const count = this.#gatheredRecords;
    if (count === 0) return;
    this.#gatheredRecords = 0;
    if (this.#file === undefined) return;
    this.#records += count;
    if (this.#records > 2 * this.#size + SPARE_RECORDS) this.#rewrite();
    else {
      try {
        writeAll(this.#file, this.#gathered.subarray(0, count * RECORD));
      } catch (error) {
        this.#giveUp(error);
      }
    }
  }

  /** The input has an outcome on disk, or none is wanted. */
  forget(call: number, index: number): void {
    const inputs = this.#known.get(call);
    if (!inputs?.delete(index)) return;
    this.#size--;
    if (inputs.size === 0) this.#known.delete(call);
  }

  forgetCall(call: number): void {
    this.#size -= this.#known.get(call)?.size ?? 0;
    this.#known.delete(call);
  }

  #remember(call: number, index: number, attempts: Attempts): void {
    let inputs = this.#known.get(call);
    if (!inputs) {
      inputs = new Map();
      this.#known.set(call, inputs);
    }
    if (!inputs.has(index)) this.#size++;
    inputs.set(index, attempts);
  }

  close(): void {
    this.write();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** Returns up to which call nothing is known; undefined when nothing is known at all. */
  #read(): number | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      return undefined;
    }
    if (bytes.length < HEADER || !bytes.subarray(0, 8).equals(systemStart())) return undefined;
    for (let at = HEADER; at + RECORD <= bytes.length; at += RECORD) {
      const call = bytes.readUIntLE(at, 6);
      const index = bytes.readUInt32LE(at + 6);
      this.#remember(call, index, { attempt: bytes.readUInt16LE(at + 10), runs: bytes.readUInt16LE(at + 12) });
    }
    return bytes.readUIntLE(8, 6);
  }

  #fill(buffer: Buffer, at: number, call: number, index: number, attempt: number, runs: number): void {
    buffer.writeUIntLE(call, at, 6);
    buffer.writeUInt32LE(index, at + 6);
    buffer.writeUInt16LE(Math.min(attempt, 0xffff), at + 10);
    buffer.writeUInt16LE(Math.min(runs, 0xffff), at + 12);
  }

  /** Without what is out of date. */
  #rewrite(): void {
    const bytes = Buffer.alloc(HEADER + RECORD * this.#size);
    systemStart().copy(bytes);
    bytes.writeUIntLE(this.#unknownUpTo, 8, 6);
    let at = HEADER;
    for (const [call, inputs] of this.#known) {
      for (const [index, { attempt, runs }] of inputs) {
        this.#fill(bytes, at, call, index, attempt, runs);
        at += RECORD;
      }
    }
    const temporary = `${this.#path}.tmp`;
    try {
      const file = openSync(temporary, "w", 0o600);
      writeAll(file, bytes);
      renameSync(temporary, this.#path);
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = file;
      this.#records = this.#size;
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Without a file, the next host takes all inputs for such that may have run. */
  #giveUp(error: unknown): void {
    this.#warn(`attempts cannot be written down: ${error}`);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

let start: Buffer | undefined;

/** Names this run of the operating system, in eight bytes. */
function systemStart(): Buffer {
  start ??= createHash("sha256").update(bootId()).digest().subarray(0, 8);
  return start;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    // To the minute: the clock is set now and then.
    return String(Math.round((Date.now() / 1000 - uptime()) / 60));
  }
}
