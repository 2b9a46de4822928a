/**
 * Converts values from and to JSON, for people and HTTP. The type decides what JSON cannot express: `2026-01-31` is a Date where
 * a Date is expected and a string where a string is.
 */
import { EncodedValue } from "../encoded-value.ts";
import type { BuiltinName, Declaration, PropertySchema, TypeSchema } from "../type-schema.ts";

/** Types with all references followed and unions split; type parameters count as `unknown`. */
type Member = Exclude<TypeSchema, { kind: "union" | "reference" }>;

/** Makes a value of a type that crosses by a codec of what the codec made of it. */
type DecodeCustom = (codec: string, encoded: unknown) => unknown;

const keepEncoded: DecodeCustom = (codec, encoded) => new EncodedValue(codec, encoded);

/** Turns a JSON value into what the type asks for, as deep as it goes. A value that does not fit stays as it is, for the engine to refuse. */
export function fromJson(
  value: unknown,
  type: TypeSchema,
  declarations: readonly Declaration[],
  decode: DecodeCustom = keepEncoded,
): unknown {
  const custom = value === null || value === undefined ? undefined : customIn(type, declarations);
  const convert = (part: unknown, partType: TypeSchema) => fromJson(part, partType, declarations, decode);
  if (custom) return decode(custom.codec, convert(value, custom.type));
  const members = membersOf(type, declarations);
  if (members.some((member) => isUnknown(member) || fitsAsIs(value, member))) return value;
  if (Array.isArray(value)) {
    for (const member of members) {
      if (member.kind === "array") return value.map((item) => convert(item, member.element));
      if (member.kind === "tuple") {
        return value.map((item, index) => {
          const element = member.elements[Math.min(index, member.elements.length - 1)];
          if (!element) return item;
          return convert(item, element.rest && element.type.kind === "array" ? element.type.element : element.type);
        });
      }
      if (member.kind !== "builtin") continue;
      const [first, second] = member.typeArguments ?? [];
      if (/Set$/.test(member.name)) return new Set(value.map((item) => (first ? convert(item, first) : item)));
      if (/Map$/.test(member.name)) return mapFrom(value as [unknown, unknown][], first, second, convert);
      if (isBinary(member.name)) return bytesAs(value as number[], member);
    }
    return value;
  }
  if (typeof value === "object" && value !== null) {
    const shapes = members.map((member) => propertiesOf(member, declarations)).filter((shape) => shape !== undefined);
    const shape = shapes.find((candidate) => fitsLiterals(value, candidate)) ?? shapes[0];
    if (shape) {
      const types = new Map(shape.map((property) => [property.name, property.type]));
      const index = members.find((member) => member.kind === "object" && member.indexes) as {
        indexes?: { value: TypeSchema }[];
      };
      const rest = index?.indexes?.[0]?.value;
      return Object.fromEntries(
        Object.entries(value).map(([key, part]) => {
          const partType = types.get(key) ?? rest;
          return [key, partType ? convert(part, partType) : part];
        }),
      );
    }
    for (const member of members) {
      if (member.kind === "builtin" && /Map$/.test(member.name)) {
        const [first, second] = member.typeArguments ?? [];
        return mapFrom(Object.entries(value), first, second, convert);
      }
      const values = member.kind === "global" && member.name === "Record" ? member.typeArguments[1] : undefined;
      if (values) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, convert(part, values)]));
    }
    return value;
  }
  for (const member of members) {
    const converted = fromScalar(value, member);
    if (converted !== undefined) return converted;
  }
  return value;
}

/** The type that crosses by a codec, alone or beside others that stand for nothing: `Decimal | null`. */
function customIn(
  type: TypeSchema,
  declarations: readonly Declaration[],
  depth = 0,
): { codec: string; type: TypeSchema } | undefined {
  if (type.kind === "union") {
    const others = type.members.filter((member) => !isAbsent(member as Member));
    return others.length === 1 ? customIn(others[0]!, declarations, depth) : undefined;
  }
  if (type.kind !== "reference" || depth > MAX_ALIASES) return undefined;
  const declaration = declarations.find(({ name }) => name === type.name);
  if (declaration?.kind !== "alias") return undefined;
  const { codec } = declaration;
  return codec ? { codec: codec.name, type: declaration.type } : customIn(declaration.type, declarations, depth + 1);
}

const MAX_ALIASES = 50;

export function membersOf(type: TypeSchema, declarations: readonly Declaration[], seen = new Set<string>()): Member[] {
  if (type.kind === "union") return type.members.flatMap((member) => membersOf(member, declarations, seen));
  if (type.kind !== "reference") return [type];
  const declaration = declarations.find(({ name }) => name === type.name);
  if (!declaration || seen.has(type.name)) return [];
  if (declaration.kind === "alias") return membersOf(declaration.type, declarations, new Set([...seen, type.name]));
  if (declaration.kind === "enum") {
    return declaration.members.map(({ value }): Member => ({ kind: "literal", value }));
  }
  const properties = propertiesOf(type, declarations) ?? [];
  return [{ kind: "object", properties, ...(declaration.indexes ? { indexes: declaration.indexes } : {}) }];
}

/** An object type's properties, inherited ones included; undefined for other types. */
function propertiesOf(type: TypeSchema, declarations: readonly Declaration[]): PropertySchema[] | undefined {
  if (type.kind === "object") return type.properties;
  if (type.kind === "intersection") return type.members.flatMap((member) => propertiesOf(member, declarations) ?? []);
  if (type.kind === "global" && type.typeArguments[0] && type.name !== "Record") {
    return propertiesOf(type.typeArguments[0], declarations);
  }
  if (type.kind !== "reference") return undefined;
  const declaration = declarations.find(({ name }) => name === type.name);
  if (declaration?.kind === "alias") return propertiesOf(declaration.type, declarations);
  if (declaration?.kind !== "interface") return undefined;
  const inherited = (declaration.extends ?? []).flatMap((parent) => propertiesOf(parent, declarations) ?? []);
  return [...inherited, ...declaration.properties];
}

function fitsAsIs(value: unknown, member: Member): boolean {
  if (member.kind === "literal") return member.value === value;
  if (member.kind === "templateLiteral") return typeof value === "string";
  if (member.kind !== "primitive") return false;
  return member.name === (value === null ? "null" : typeof value);
}

function fitsLiterals(value: object, shape: readonly PropertySchema[]): boolean {
  return shape.every(
    ({ name, type }) => type.kind !== "literal" || (value as Record<string, unknown>)[name] === type.value,
  );
}

function fromScalar(value: unknown, member: Member): unknown {
  if (member.kind === "primitive") {
    if (member.name === "bigint" && /^-?\d+$/.test(String(value))) return BigInt(value as string);
    // JSON has no undefined.
    return undefined;
  }
  if (member.kind !== "builtin" || typeof value !== "string") return undefined;
  if (member.name === "Date") return Number.isNaN(Date.parse(value)) ? undefined : new Date(value);
  if (member.name === "URL") return URL.canParse(value) ? new URL(value) : undefined;
  if (member.name === "RegExp") {
    const [, source = value, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(value) ?? [];
    return new RegExp(source, flags);
  }
  return isBinary(member.name) ? bytesAs(Buffer.from(value, "base64"), member) : undefined;
}

function mapFrom(
  entries: readonly [unknown, unknown][],
  key: TypeSchema | undefined,
  value: TypeSchema | undefined,
  convert: (part: unknown, type: TypeSchema) => unknown,
): Map<unknown, unknown> {
  return new Map(entries.map(([k, v]) => [key ? convert(k, key) : k, value ? convert(v, value) : v]));
}

export function isBinary(name: BuiltinName): boolean {
  return /Array$|^ArrayBuffer$|^DataView$|^Buffer$/.test(name) && name !== "SharedArrayBuffer";
}

/** A file's bytes, or a list of numbers, as the expected typed array. */
export function bytesAs(source: Uint8Array | readonly number[], { name }: { name: BuiltinName }): unknown {
  if (name === "Buffer") return Buffer.from(source);
  const bytes = source instanceof Uint8Array ? Uint8Array.from(source).buffer : undefined;
  if (name === "ArrayBuffer") return bytes ?? Uint8Array.from(source as number[]).buffer;
  if (name === "DataView") return new DataView(bytes ?? Uint8Array.from(source as number[]).buffer);
  const constructor = (
    globalThis as unknown as Record<
      string,
      { from(items: Iterable<unknown>): unknown; new (buffer: ArrayBuffer): unknown }
    >
  )[name];
  if (!constructor) return source;
  if (bytes) return new constructor(bytes);
  return constructor.from(name.startsWith("Big") ? (source as number[]).map(BigInt) : (source as number[]));
}

export function isText(member: Member): boolean {
  if (member.kind === "primitive") return member.name === "string";
  return member.kind === "templateLiteral" || (member.kind === "literal" && typeof member.value === "string");
}

export function isAbsent(member: Member): boolean {
  return member.kind === "primitive" && ["null", "undefined", "void"].includes(member.name);
}

export function isUnknown(member: Member): boolean {
  return member.kind === "typeParameter" || (member.kind === "primitive" && ["unknown", "any"].includes(member.name));
}

/**
 * A result as JSON: what JSON lacks becomes its nearest form. `undefined` is null.
 * @param encode for values of types that cross by a codec; undefined for all others
 */
export function toJson(value: unknown, encode: EncodeCustom = () => undefined): string {
  return JSON.stringify(plain(value, new Set(), encode)) ?? "null";
}

type EncodeCustom = (value: object) => EncodedValue | undefined;

function plain(value: unknown, path: Set<unknown>, encode: EncodeCustom): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof URL) return value;
  if (value instanceof RegExp) return String(value);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (path.has(value)) return "[circular]";
  path.add(value);
  try {
    const encoded = value instanceof EncodedValue ? value : encode(value);
    if (encoded) return plain(encoded.value, path, encode);
    if (ArrayBuffer.isView(value))
      return Array.from(value as unknown as Iterable<unknown>, (item) => plain(item, path, encode));
    if (value instanceof Set) return Array.from(value, (item) => plain(item, path, encode));
    if (value instanceof Map) {
      const entries = Array.from(
        value,
        ([key, item]) => [plain(key, path, encode), plain(item, path, encode)] as const,
      );
      return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : entries;
    }
    if (Array.isArray(value)) return value.map((item) => plain(item, path, encode));
    const own = value instanceof Error ? { ...value, name: value.name, message: value.message } : value;
    return Object.fromEntries(Object.entries(own).map(([key, item]) => [key, plain(item, path, encode)]));
  } finally {
    path.delete(value);
  }
}
