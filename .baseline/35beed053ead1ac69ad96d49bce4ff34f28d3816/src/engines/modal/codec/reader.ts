/** Reads what Python's cbor2 writes. Dicts with text keys are objects, others Maps; integers are numbers where those are exact. */
import { SerializationError } from "../../../runtime/errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
/** Ends what has no length in its head. */
const BREAK: unique symbol = Symbol("break");

const Tag = {
  dateText: 0,
  epoch: 1,
  positive: 2,
  negative: 3,
  decimal: 4,
  uuid: 37,
  epochDays: 100,
  set: 258,
  map: 259,
  shareable: 28,
  shared: 29,
} as const;

export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #shared: unknown[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How far it has come. */
  get position(): number {
    return this.#at;
  }

  read(): unknown {
    const value = this.#item();
    if (value === BREAK) throw corrupt("a break stands where a value should");
    return value;
  }

  /** Passes over a value. */
  skip(): void {
    this.read();
  }

  /** The head of a list or dict: how many items follow. */
  head(major: 4 | 5): number {
    const first = this.#byte();
    if (first >> 5 !== major) throw corrupt(`type ${first >> 5} stands where type ${major} should`);
    return this.#size(first & 31);
  }

  #item(): unknown {
    const first = this.#byte();
    const info = first & 31;
    switch (first >> 5) {
      case 0:
        return this.#integer(info, false);
      case 1:
        return this.#integer(info, true);
      case 2:
        return info === 31 ? this.#chunks() : new Uint8Array(this.#take(this.#size(info)));
      case 3:
        return text(info === 31 ? this.#chunks() : this.#take(this.#size(info)));
      case 4:
        return this.#list(info);
      case 5:
        return this.#dict(info, false);
      case 6:
        return this.#tagged(this.#size(info));
      default:
        return this.#simple(info);
    }
  }

  #integer(info: number, negative: boolean): number | bigint {
    if (info !== 27) {
      const size = this.#size(info);
      return negative ? -1 - size : size;
    }
    const size = this.#view.getBigUint64(this.#advance(8));
    return narrow(negative ? -1n - size : size);
  }

  #list(info: number): unknown[] {
    const items: unknown[] = [];
    if (info !== 31) {
      const length = this.#size(info);
      for (let index = 0; index < length; index++) items.push(this.read());
      return items;
    }
    for (let item = this.#item(); item !== BREAK; item = this.#item()) items.push(item);
    return items;
  }

  #dict(info: number, asMap: boolean): unknown {
    const entries: [unknown, unknown][] = [];
    const size = info === 31 ? Number.POSITIVE_INFINITY : this.#size(info);
    let texts = !asMap;
    while (entries.length < size) {
      const key = this.#item();
      if (key === BREAK) break;
      if (typeof key !== "string") texts = false;
      entries.push([key, this.read()]);
    }
    return texts ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
  }

  #tagged(tag: number): unknown {
    switch (tag) {
      case Tag.map: {
        const first = this.#byte();
        if (first >> 5 !== 5) throw corrupt("tag 259 is not on a dict");
        return this.#dict(first & 31, true);
      }
      case Tag.shareable: {
        // Cycles cannot be built before their parts are: the parts that are complete can be referred to.
        const slot = this.#shared.push(undefined) - 1;
        const value = this.read();
        this.#shared[slot] = value;
        return value;
      }
      case Tag.shared:
        return this.#shared[Number(this.read())];
      default:
        return fromTag(tag, this.read());
    }
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return half(this.#view.getUint16(this.#advance(2)));
      case 26:
        return this.#view.getFloat32(this.#advance(4));
      case 27:
        return this.#view.getFloat64(this.#advance(8));
      case 31:
        return BREAK;
      default:
        throw corrupt(`simple value ${info} is unknown`);
    }
  }

  #size(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#view.getUint16(this.#advance(2));
    if (info === 26) return this.#view.getUint32(this.#advance(4));
    if (info === 27) return Number(this.#view.getBigUint64(this.#advance(8)));
    throw corrupt(`length ${info} is unknown`);
  }

  #chunks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let first = this.#byte(); first !== 0xff; first = this.#byte()) parts.push(this.#take(this.#size(first & 31)));
    return Uint8Array.from(Buffer.concat(parts));
  }

  #take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #byte(): number {
    // Checked by #advance.
    return this.#bytes[this.#advance(1)]!;
  }

  #advance(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw corrupt("it ends too early");
    this.#at = start + count;
    return start;
  }
}

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw corrupt("a string is not UTF-8");
  }
}

function fromTag(tag: number, value: unknown): unknown {
  switch (tag) {
    case Tag.dateText:
      return new Date(String(value));
    case Tag.epoch:
      return new Date(Number(value) * 1000);
    case Tag.positive:
      return narrow(bigintOf(value));
    case Tag.negative:
      return narrow(-1n - bigintOf(value));
    case Tag.uuid:
      return hex(value).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    case Tag.epochDays:
      return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
    case Tag.decimal:
      return decimal(value);
    case Tag.set:
      return new Set(Array.isArray(value) ? value : []);
    default:
      // Dates as text (1004), patterns, addresses and whatever else cbor2 tags: what is in the tag says most.
      return value;
  }
}

const MAX_EXPONENT = 400;

/** A Decimal: exponent and digits. */
function decimal(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [exponent, mantissa] = [Number(value[0]), BigInt(value[1])];
  // Written out, the zeros of such a number would fill the memory.
  if (Math.abs(exponent) > MAX_EXPONENT) return `${mantissa}e${exponent}`;
  if (exponent >= 0) return `${mantissa}${"0".repeat(exponent)}`;
  const digits = String(mantissa < 0n ? -mantissa : mantissa).padStart(1 - exponent, "0");
  return `${mantissa < 0n ? "-" : ""}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

function bigintOf(value: unknown): bigint {
  return BigInt(`0x${hex(value) || "0"}`);
}

function hex(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw corrupt("a tag is not on bytes");
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
}

/** A number where it is exact. */
function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** A float of 16 bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function corrupt(why: string): SerializationError {
  return new SerializationError(`what Python has sent is not CBOR: ${why}`, {
    hint: "Return plain values: str, int, float, bool, None, bytes, list, dict, set, datetime with a time zone.",
  });
}
