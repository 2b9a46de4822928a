/** The parameters of a class as Modal's server takes them: its message ClassParameterSet, which the SDK does not export. */
import { InvalidError } from "../../../runtime/errors.ts";
import { nearest } from "../../../schema/index.ts";
import type { Metadata } from "../apps/metadata.ts";
import type { ParameterValue } from "../codec/index.ts";
import { Type } from "../values.ts";

type Spec = NonNullable<Metadata["classParameterInfo"]>["schema"][number];

const PYTHON_NAMES: Record<number, string> = {
  [Type.string]: "str",
  [Type.int]: "int",
  [Type.bool]: "bool",
  [Type.bytes]: "bytes",
};

/** Throws InvalidError for what the class does not take. */
export function encodeParameters(
  className: string,
  given: Readonly<Record<string, ParameterValue>>,
  specs: readonly Spec[],
): Uint8Array {
  for (const name of Object.keys(given)) {
    if (specs.some((spec) => spec.name === name)) continue;
    const names = specs.map((spec) => spec.name);
    const near = nearest(name, names);
    const hint =
      near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It has ${names.join(", ") || "no parameters"}.`;
    throw new InvalidError(`the class ${className} has no parameter ${name}`, { hint });
  }
  const sorted = specs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Buffer.concat(sorted.map((spec) => field(1, parameter(className, spec, given[spec.name]))));
}

function parameter(className: string, spec: Spec, given: ParameterValue | undefined): Buffer {
  const { name, hasDefault } = spec;
  if (given === undefined && !hasDefault) {
    throw new InvalidError(`the class ${className} needs the parameter ${name}`, {
      hint: `Write \`{ ${name}: … }\` in its constructor.`,
    });
  }
  const type = spec.fullType?.baseType || spec.type;
  const value = given ?? spec.stringDefault ?? spec.intDefault ?? spec.boolDefault ?? spec.bytesDefault;
  return Buffer.concat([
    field(1, Buffer.from(name)),
    number(2, BigInt(type)),
    encodeValue(className, name, type, value),
  ]);
}

function encodeValue(className: string, name: string, type: number, value: ParameterValue | undefined): Buffer {
  if (type === Type.string && typeof value === "string") return field(3, Buffer.from(value));
  if (type === Type.int && (typeof value === "number" || typeof value === "bigint")) return number(4, BigInt(value));
  if (type === Type.bytes && value instanceof Uint8Array) return field(6, value);
  if (type === Type.bool && typeof value === "boolean") return number(7, value ? 1n : 0n);
  const wanted = PYTHON_NAMES[type] ?? "a type that callers cannot give";
  throw new InvalidError(`the parameter ${name} of class ${className} is ${wanted}, and was given a ${typeof value}`);
}

/** A field of bytes, a string or a message. */
function field(id: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(id * 8 + 2)), varint(BigInt(content.length)), content]);
}

function number(id: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(id * 8)), varint(BigInt.asUintN(64, value))]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return Buffer.from([...bytes, Number(value)]);
}
