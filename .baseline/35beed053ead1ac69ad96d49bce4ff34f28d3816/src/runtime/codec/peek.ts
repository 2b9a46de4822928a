/**
 * Finds one value in encoded arguments without decoding them: for those who carry payloads and need to know a key. Whatever the
 * bytes are, this reads each of them once at most and never throws.
 */
import type { ArgumentPath } from "../../schema/index.ts";
import { TAG } from "./tags.ts";

const MAJOR = { bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
/** The length of what ends with BREAK. */
const UNKNOWN_LENGTH = -1;
const BREAK = 0xff;
const UNDEFINED = 0xf7;
/** Lists inside of each other. The codec writes fewer. */
const MAX_OPEN = 10_000;

const utf8 = new TextDecoder();

/**
 * The bytes of the value at this place in the arguments, as they lie there: equal values have equal bytes. Undefined where the value
 * is, where there is nothing, and where the payload cannot be read.
 */
export function argumentBytes(payload: Uint8Array, path: ArgumentPath): Uint8Array | undefined {
  const reader = new Reader(payload);
  try {
    // The payload is a list of the arguments by position and those by name.
    if (!reader.enter(0)) return undefined;
    for (const step of path) if (!reader.enter(step)) return undefined;
    const value = reader.item();
    return value[0] === UNDEFINED ? undefined : value;
  } catch (error) {
    if (error === UNREADABLE) return undefined;
    throw error;
  }
}

const UNREADABLE: unknown = new Error("the payload is not CBOR");

interface Head {
  major: number;
  /** A length, a number of items, a tag. */
  argument: number;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Goes to the value of a property, or to an item; false when the value has no such part. */
  enter(step: string | number): boolean {
    let head = this.#head();
    let tag: number | undefined;
    while (head.major === MAJOR.tag) {
      if (head.argument !== TAG.revive) tag = head.argument;
      head = this.#head();
    }
    if (head.major === MAJOR.map) return this.#enterEntries(head.argument, step);
    if (head.major !== MAJOR.array) return false;
    if (tag === TAG.bareObject || tag === TAG.entries) return this.#enterEntries(head.argument / 2, step);
    // First comes the length.
    if (tag === TAG.sparseArray) return this.#skip() && this.#enterEntries((head.argument - 1) / 2, step);
    if (typeof step !== "number") return false;
    for (let index = 0; head.argument === UNKNOWN_LENGTH ? !this.#isBreak() : index < head.argument; index++) {
      if (index === step) return true;
      this.#skip();
    }
    return false;
  }

  #enterEntries(count: number, step: string | number): boolean {
    const wanted = String(step);
    for (let i = 0; count === UNKNOWN_LENGTH ? !this.#isBreak() : i < count; i++) {
      if (this.#key() === wanted) return true;
      this.#skip();
    }
    return false;
  }

  /** Of an entry; undefined for one that is neither a string nor a whole number. */
  #key(): string | undefined {
    const start = this.#at;
    const { major, argument } = this.#head();
    if (major === 0) return String(argument);
    if (major === MAJOR.text && argument !== UNKNOWN_LENGTH) return utf8.decode(this.#take(argument));
    this.#at = start;
    this.#skip();
    return undefined;
  }

  /** The bytes of the next item. */
  item(): Uint8Array {
    const start = this.#at;
    this.#skip();
    return this.#bytes.subarray(start, this.#at);
  }

  /** Passes one item over, however deep it is. */
  #skip(): true {
    /** Of each list that is open: how many items are left, or Infinity. */
    const open = [1];
    while (open.length > 0) {
      const left = open.pop()!;
      if (left === Number.POSITIVE_INFINITY && this.#isBreak()) {
        this.#at++;
        continue;
      }
      if (left === 0) continue;
      if (left > 1) open.push(left - 1);
      if (open.length > MAX_OPEN) throw UNREADABLE;
      const { major, argument } = this.#head();
      if (major === MAJOR.tag) open.push(1);
      else if (major >= MAJOR.bytes && major <= MAJOR.map) {
        if (argument === UNKNOWN_LENGTH) open.push(Number.POSITIVE_INFINITY);
        else if (major <= MAJOR.text) this.#take(argument);
        else open.push(major === MAJOR.map ? 2 * argument : argument);
      }
    }
    return true;
  }

  #isBreak(): boolean {
    return this.#bytes[this.#at] === BREAK;
  }

  #head(): Head {
    const first = this.#take(1)[0]!;
    const major = first >> 5;
    const info = first & 31;
    if (info < 24) return { major, argument: info };
    if (info === 31 && major >= MAJOR.bytes && major <= MAJOR.map) return { major, argument: UNKNOWN_LENGTH };
    if (info > 27) throw UNREADABLE;
    let argument = 0;
    for (const byte of this.#take(1 << (info - 24))) argument = argument * 256 + byte;
    return { major, argument };
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (!(end <= this.#bytes.length)) throw UNREADABLE;
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
