/** Payloads in the terms of another system. An engine without a codec of its own carries farcall's (src/runtime/codec). */

export interface DecodedArguments {
  args: unknown[];
  /** Arguments passed by name. */
  kwargs: Record<string, unknown> | undefined;
}

/** May refuse values that farcall's own codec carries; what that one refuses never gets here. */
export interface PayloadCodec {
  /**
   * The arguments of one input. Throws SerializationError that names the path of what cannot cross.
   * @param kwargs arguments passed by name
   */
  encodeArguments(args: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>): Uint8Array;
  /** What `encodeArguments` encoded, for people who look at a call. Throws SerializationError. */
  decodeArguments(payload: Uint8Array): DecodedArguments;
  /** The payload of a `result` or `yield`. Throws SerializationError. */
  decodeValue(payload: Uint8Array): unknown;
  /** The payload of an `exception`, as the error that the caller gets. Throws SerializationError. */
  decodeError(payload: Uint8Array): unknown;
  /**
   * The constructor's arguments as FunctionRef.instance has them: equal arguments give equal strings. Throws SerializationError.
   * @param className for messages
   */
  encodeInstance(
    className: string,
    args: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>> | undefined,
  ): string;
  /** What `encodeInstance` encoded. Throws SerializationError. */
  decodeInstance(instance: string): DecodedArguments;
}
