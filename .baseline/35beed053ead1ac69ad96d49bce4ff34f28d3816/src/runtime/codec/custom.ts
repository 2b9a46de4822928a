/** Values that cross by a codec of an app, or as Temporal's do. */
import { EncodedValue } from "../../schema/index.ts";
import { codecFor, codecNamed } from "../custom-codecs.ts";
import { SerializationError } from "../errors.ts";
import { temporalCodec } from "./temporal.ts";

let keepsUnknown = false;

/** For programs that show values rather than use them: what no codec is known for is an EncodedValue. */
export function keepUnknownCodecs(): void {
  keepsUnknown = true;
}

/** Whether an object that is no plain one crosses by a codec. */
export function hasCodec(prototype: object): boolean {
  return codecFor(prototype) !== undefined || isBuiltinCustom(prototype);
}

function isBuiltinCustom(prototype: object): boolean {
  return prototype === EncodedValue.prototype || temporalCodec(prototype) !== undefined;
}

/** The codec's name and what it makes of the value. Throws what the codec throws. */
export function encodeCustom(value: object): [name: string, encoded: unknown] {
  if (value instanceof EncodedValue) return [value.codec, value.value];
  const prototype = Object.getPrototypeOf(value) as object;
  const found = codecFor(prototype) ?? temporalCodec(prototype)!; // it crosses by one
  return [found.name, found.encode(value)];
}

/** Throws SerializationError when the codec is not known, or fails. */
export function decodeCustom(name: unknown, encoded: unknown): unknown {
  if (typeof name !== "string") throw new TypeError("a codec's name is not a string");
  const found = codecNamed(name) ?? temporalCodec(name);
  if (!found) {
    if (keepsUnknown) return new EncodedValue(name, encoded);
    const isTemporal = name.startsWith("Temporal.");
    throw new SerializationError(`a value was encoded by the codec "${name}", which this program does not have`, {
      hint: isTemporal
        ? "Run Node with --harmony-temporal, load a polyfill that sets the global Temporal, or register a codec of this name."
        : `Register the app's codec where the program starts: configure({ codecs: [${name.replace(/\W+/g, "_")}] }).`,
    });
  }
  try {
    return found.decode(encoded);
  } catch (cause) {
    throw new SerializationError(`the codec "${name}" cannot decode a value: ${inWords(cause)}`, { cause });
  }
}

/** Whether a value is of the type that a codec is for. */
export function isOfCodec(name: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const found = prototype && (codecFor(prototype) ?? temporalCodec(prototype));
  return found?.name === name;
}

/** As JSON has it where a codec knows the value; undefined elsewhere. */
export function encodedForm(value: object): EncodedValue | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype && hasCodec(prototype) ? new EncodedValue(...encodeCustom(value)) : undefined;
}

export function inWords(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : typeof thrown;
}
