/**
 * The header that announces a call to a host or a container: its id, and JSON for the rest. Calls of one kind (the same function
 * and method) differ only in their ids, so on a connection the JSON of a kind is said once, with a number that stands for it
 * from then on. A header for whoever may read it says all of it, and a reader does not parse the same twice in a row.
 *
 *     0  u8  length of the id
 *     1  the id, in Latin-1
 *     …  JSON, which begins with `{`; or else
 *     …  u8  kind, from 1 to 100: followed by its JSON the first time, and by nothing later
 */

const NOTHING = Buffer.alloc(0);
/** Longer JSON is neither given a number nor remembered. */
const REMEMBERED_BYTES = 4_096;
/** Below the code of `{`. The least recently announced is forgotten for a new one. */
const MAX_KINDS = 100;

export class CallHeaderWriter {
  #rest: object | undefined;
  #json: Buffer = NOTHING;
  readonly #kinds = new Map<object, number>();
  #lastKind = 0;

  /**
   * For whoever reads it.
   * @param rest must not be mutated: it is compared with the last one by identity
   */
  write(id: string, rest: object): Buffer {
    return join(id, 0, this.#jsonOf(rest));
  }

  /**
   * For a reader that gets all headers that this writer writes, in their order.
   * @param rest must not be mutated: it is known again by its identity
   */
  writeKind(id: string, rest: object): Buffer {
    const known = this.#kinds.get(rest);
    if (known !== undefined) return join(id, known, NOTHING);
    const json = this.#jsonOf(rest);
    return join(id, json.length > REMEMBERED_BYTES ? 0 : this.#number(rest), json);
  }

  #jsonOf(rest: object): Buffer {
    if (rest !== this.#rest) {
      this.#json = Buffer.from(JSON.stringify(rest));
      this.#rest = rest;
    }
    return this.#json;
  }

  #number(rest: object): number {
    this.#lastKind = (this.#lastKind % MAX_KINDS) + 1;
    for (const [oldest, number] of this.#kinds) {
      if (number === this.#lastKind) this.#kinds.delete(oldest);
      break;
    }
    this.#kinds.set(rest, this.#lastKind);
    return this.#lastKind;
  }
}

/** @param kind 0 for none */
function join(id: string, kind: number, json: Buffer): Buffer {
  const start = 1 + id.length;
  const payload = Buffer.allocUnsafe(start + (kind > 0 ? 1 : 0) + json.length);
  payload[0] = id.length;
  // Ids are short: to call into native code would take longer.
  for (let i = 0; i < id.length; i++) payload[1 + i] = id.charCodeAt(i);
  if (kind > 0) payload[start] = kind;
  if (json.length > 0) payload.set(json, payload.length - json.length);
  return payload;
}

export class CallHeaderReader<T> {
  readonly #check: (value: unknown) => T;
  readonly #kinds: (T | undefined)[] = [];
  #json: Buffer = NOTHING;
  #rest: T | undefined;

  /** @param check returns the parsed JSON with its type; throws when it is not valid */
  constructor(check: (value: unknown) => T) {
    this.#check = check;
  }

  /** Returns the same `rest` object for calls of one kind. Throws SyntaxError, and what the check throws. */
  read(payload: Buffer): { id: string; rest: T } {
    const start = 1 + (payload[0] ?? 0);
    const id = payload.toString("latin1", 1, start);
    const kind = payload[start] ?? 0;
    if (kind === 0 || kind > MAX_KINDS) return { id, rest: this.#parse(payload, start) };
    if (payload.length > start + 1) this.#kinds[kind] = this.#parse(payload, start + 1);
    const rest = this.#kinds[kind];
    if (rest === undefined) throw new SyntaxError(`calls of kind ${kind} were not announced`);
    return { id, rest };
  }

  #parse(payload: Buffer, start: number): T {
    if (this.#rest !== undefined && this.#json.compare(payload, start) === 0) return this.#rest;
    const json = payload.subarray(start);
    const rest = this.#check(JSON.parse(json.toString()));
    if (json.length <= REMEMBERED_BYTES) {
      this.#json = Buffer.from(json);
      this.#rest = rest;
    }
    return rest;
  }
}
