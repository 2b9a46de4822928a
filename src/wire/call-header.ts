/**
 * The header that announces a call to a host or a container: its id, and JSON for the rest. Calls of one function differ
 * only in their ids, so each side remembers the last call's JSON and neither writes nor parses it again.
 *
 *     0  u8  length of the id
 *     1  the id, in Latin-1
 *     …  JSON
 */

const NOTHING = Buffer.alloc(0);
/** The reader does not remember JSON longer than this. */
const REMEMBERED_BYTES = 4_096;

export class CallHeaderWriter {
  #rest: object | undefined;
  #json: Buffer = NOTHING;

  /** @param rest must not be mutated: it is compared with the last one by identity */
  write(id: string, rest: object): Buffer {
    if (rest !== this.#rest) {
      this.#json = Buffer.from(JSON.stringify(rest));
      this.#rest = rest;
    }
    const payload = Buffer.allocUnsafe(1 + id.length + this.#json.length);
    payload[0] = id.length;
    payload.write(id, 1, "latin1");
    payload.set(this.#json, 1 + id.length);
    return payload;
  }
}

export class CallHeaderReader<T> {
  readonly #check: (value: unknown) => T;
  #json: Buffer = NOTHING;
  #rest: T | undefined;

  /** @param check returns the parsed JSON with its type; throws when it is not valid */
  constructor(check: (value: unknown) => T) {
    this.#check = check;
  }

  /** Returns the same `rest` object as last time if nothing in it changed. */
  read(payload: Buffer): { id: string; rest: T } {
    const start = 1 + (payload[0] ?? 0);
    const id = payload.toString("latin1", 1, start);
    if (this.#rest === undefined || this.#json.compare(payload, start) !== 0) {
      const json = payload.subarray(start);
      const rest = this.#check(JSON.parse(json.toString()));
      if (json.length > REMEMBERED_BYTES) return { id, rest };
      this.#json = Buffer.from(json);
      this.#rest = rest;
    }
    return { id, rest: this.#rest };
  }
}
