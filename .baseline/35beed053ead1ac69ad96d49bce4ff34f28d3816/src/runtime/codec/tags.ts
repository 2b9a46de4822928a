/**
 * CBOR tags of what CBOR, or cbor-x, has no form of its own for. They lie in a range that neither the tag registry nor
 * cbor-x uses. A payload that holds any of them begins with `revive`, so that all others are decoded without a second look.
 */
export const TAG = {
  /** The whole payload: what it holds has to be revived. */
  revive: 40960,
  /** null */
  negativeZero: 40961,
  /** Milliseconds, where cbor-x's seconds would be off by one. */
  date: 40962,
  /** UTF-16 code units, little endian: a string with lone surrogates, which UTF-8 cannot hold. */
  text: 40963,
  /** ErrorRecord */
  error: 40964,
  /** href */
  url: 40965,
  /** bytes, like the next four */
  arrayBuffer: 40966,
  sharedArrayBuffer: 40967,
  dataView: 40968,
  buffer: 40969,
  float16Array: 40970,
  /** [length, index, value, index, value, ...] */
  sparseArray: 40971,
  /** [key, value, key, value, ...]: an object without prototype */
  bareObject: 40972,
  /** [key, value, ...]: an object with a key that cbor-x would change */
  entries: 40973,
  /** Hexadecimal digits, perhaps after a minus: a bigint that is so large that cbor-x would take quadratic time. */
  bigint: 40974,
  /** [name, encoded]: a value of a type that the app has a codec for */
  custom: 40975,
} as const;

/** An error on the wire. */
export interface ErrorRecord {
  /** Built-in class, or a farcall error's code; absent for a class that only the thrower has. */
  class?: string;
  name: string;
  message: string;
  /**
   * Of what a container's user code threw: its author's classes as `app/Name`, its own first, then those that it extends. A caller
   * who has one of them makes an instance of it.
   */
  classes?: string[];
  stack?: string;
  /** A farcall error's. */
  hint?: string;
  /** Own properties that can cross. */
  properties?: Record<string, unknown>;
  /** In an array, since the cause may be undefined. */
  cause?: [unknown];
  errors?: unknown[];
}
