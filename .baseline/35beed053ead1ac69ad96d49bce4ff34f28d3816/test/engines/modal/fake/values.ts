/** Numbers of Modal's protocol by name, ids, tokens, clocks, and the few bytes of protobuf that no SDK message covers. */
import { randomUUID } from "node:crypto";

/** How a result ended: `GenericResult.GenericStatus`. */
export const Outcome = {
  success: 1,
  failure: 2,
  terminated: 3,
  timeout: 4,
  initFailure: 5,
  internalFailure: 6,
} as const;

export const Format = { pickle: 1, generatorDone: 3, cbor: 4 } as const;
export const CallType = { unary: 1, map: 2 } as const;
/** Who retries: for SYNC the caller does, for the others the server. */
export const Invocation = { syncLegacy: 1, async: 3, sync: 4 } as const;
export const FunctionType = { generator: 1, function: 2 } as const;
export const AppState = { deployed: 3, stopped: 5 } as const;
/** `ParameterType`: the base types of a function's schema. */
export const Type = {
  string: 1,
  int: 2,
  pickle: 3,
  bytes: 4,
  unknown: 5,
  list: 6,
  dict: 7,
  none: 8,
  bool: 9,
} as const;

export function now(): number {
  return Date.now() / 1000;
}

let serial = 0;

export function makeId(prefix: string): string {
  return `${prefix}-${String(++serial).padStart(6, "0")}${randomUUID().slice(0, 8)}`;
}

/** A token whose payload can be read, as the caller reads `idx` of a retried input's. It is not signed. */
export function makeJwt(payload: object): string {
  return ["{}", JSON.stringify(payload), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
}

export function readJwt(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** A promise that others resolve many times: everyone who waits is woken at each ring. */
export class Bell {
  #waiting = new Set<() => void>();

  ring(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves at the next ring, after `ms`, or when the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(ms, 2 ** 31 - 1));
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/** A length-delimited protobuf field: bytes, a string or a message. */
export function protobufField(number: number, value: Uint8Array | string): Buffer {
  const data = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(data.length), data]);
}

/** A protobuf field that is a number. */
export function protobufNumber(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** The bytes of the first length-delimited field of that number. */
export function findProtobufField(message: Uint8Array, number: number): Buffer | undefined {
  let at = 0;
  const read = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = read();
    const wire = tag & 7;
    if (wire === 2) {
      const length = read();
      if (tag >> 3 === number) return Buffer.from(message.subarray(at, at + length));
      at += length;
    } else if (wire === 0) read();
    else at += wire === 1 ? 8 : 4;
  }
  return undefined;
}
