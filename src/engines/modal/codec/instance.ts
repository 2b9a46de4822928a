/** Which instance of a class a call means: the values of its `modal.parameter()`s, which are strings, integers, bytes and bools. */
import type { DecodedArguments } from "../../../engine/index.ts";
import { SerializationError } from "../../../runtime/errors.ts";
import { CborReader } from "./reader.ts";
import { CborWriter, refuse } from "./writer.ts";

/** What a `modal.parameter()` can be. */
export type ParameterValue = string | number | bigint | boolean | Uint8Array;

const HINT = "The parameters of a class on Modal are str, int, bool and bytes.";

export function encodeInstance(
  className: string,
  args: readonly unknown[],
  kwargs?: Readonly<Record<string, unknown>> | undefined,
): string {
  const entries = Object.entries({ ...parametersOf(className, args), ...kwargs })
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const writer = new CborWriter();
  writer.dict(entries.length);
  for (const [name, value] of entries) {
    const path = `the parameter ${name} of class ${className}`;
    checkParameter(value, path);
    writer.text(name, path);
    writer.write(value, path);
  }
  return Buffer.from(writer.finish()).toString("base64url");
}

export function decodeInstance(instance: string): DecodedArguments & { args: [Record<string, ParameterValue>] } {
  const bytes = Uint8Array.from(Buffer.from(instance, "base64url"));
  // Written by encodeInstance, which has checked the values.
  return { args: [new CborReader(bytes).read() as Record<string, ParameterValue>], kwargs: undefined };
}

function parametersOf(className: string, args: readonly unknown[]): object {
  const last = args.findLastIndex((value) => value !== undefined);
  if (last < 0) return {};
  const [given] = args;
  const prototype: unknown = typeof given === "object" && given !== null ? Object.getPrototypeOf(given) : undefined;
  if (
    last === 0 &&
    typeof given === "object" &&
    given !== null &&
    (prototype === null || prototype === Object.prototype)
  ) {
    return given;
  }
  throw new SerializationError(`${className} is constructed with its parameters by name`, {
    hint: `Write \`new ${className}({ name: value })\`.`,
  });
}

function checkParameter(value: unknown, path: string): asserts value is ParameterValue {
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return;
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) === value) return;
    throw refuse(path, "is an integer of more than 64 bits", HINT);
  }
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return;
    throw refuse(path, `is ${value}, which is not an exact integer`, HINT);
  }
  throw refuse(path, `is ${value === null ? "null" : `of the type ${typeof value}`}`, HINT);
}
