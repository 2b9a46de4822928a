/** Values of types that an app brings a codec for, where the codec itself is not at hand: on the command line, on the local page. */

/** A value as its codec has encoded it. */
export class EncodedValue {
  /** The codec's name. */
  readonly codec: string;
  readonly value: unknown;

  constructor(codec: string, value: unknown) {
    this.codec = codec;
    this.value = value;
  }
}
