/**
 * The codec: user values in the terms of Python. A call's payload is `[args, kwargs]` as cbor2 reads it; a result is what cbor2
 * has written; an exception is what the container said of it, as JSON.
 */
import type { DecodedArguments, PayloadCodec } from "../../../engine/index.ts";
import { SerializationError } from "../../../runtime/errors.ts";
import { decodeInstance, encodeInstance } from "./instance.ts";
import { step } from "./path.ts";
import { decodePythonError } from "./python-error.ts";
import { CborReader } from "./reader.ts";
import { CborWriter, refuse } from "./writer.ts";

export { decodeInstance, type ParameterValue } from "./instance.ts";
export { encodePythonError } from "./python-error.ts";

/** The keyword argument by which a function with `@farcall.typed` is asked to convert. */
const MARK = "__farcall__";

export const modalCodec: PayloadCodec = {
  encodeArguments(args, kwargs) {
    const writer = new CborWriter();
    writer.list(2);
    writeArguments(writer, args);
    writeKeywords(writer, Object.entries(kwargs ?? {}));
    return writer.finish();
  },
  decodeArguments(payload): DecodedArguments {
    const value = decodeValue(payload);
    if (!Array.isArray(value) || !Array.isArray(value[0]) || typeof value[1] !== "object") {
      throw new SerializationError("a payload does not contain arguments of a Python function");
    }
    // A dict with text keys is an object, also when it is empty.
    const { [MARK]: _mark, ...kwargs } = value[1] as Record<string, unknown>;
    return { args: value[0], kwargs: Object.keys(kwargs).length > 0 ? kwargs : undefined };
  },
  decodeValue,
  decodeError: decodePythonError,
  encodeInstance,
  decodeInstance,
};

function decodeValue(payload: Uint8Array): unknown {
  return new CborReader(payload).read();
}

function writeArguments(writer: CborWriter, args: readonly unknown[]): void {
  const length = args.findLastIndex((value) => value !== undefined) + 1;
  writer.list(length);
  for (let index = 0; index < length; index++) {
    const path = `arguments[${index}]`;
    if (args[index] === undefined) {
      throw refuse(
        path,
        "is undefined and others follow it",
        "Pass those that follow by name, with kwargs(), or pass null.",
      );
    }
    writer.write(args[index], path);
  }
}

function writeKeywords(writer: CborWriter, entries: [string, unknown][]): void {
  const given = entries.filter(([, value]) => value !== undefined);
  writer.dict(given.length);
  for (const [name, value] of given) {
    const path = step("kwargs", name);
    writer.text(name, path);
    writer.write(value, path);
  }
}

/** The same call, with the wish that the function converts its arguments and its result. */
export function markTyped(payload: Uint8Array): Uint8Array {
  const reader = new CborReader(payload);
  reader.head(4);
  reader.skip();
  const keywordsAt = reader.position;
  const count = reader.head(5);
  const writer = new CborWriter();
  writer.dict(count + 1);
  const head = writer.finish();
  const mark = new CborWriter();
  mark.text(MARK, MARK);
  mark.write(true, MARK);
  return Uint8Array.from(
    Buffer.concat([payload.subarray(0, keywordsAt), head, payload.subarray(reader.position), mark.finish()]),
  );
}
