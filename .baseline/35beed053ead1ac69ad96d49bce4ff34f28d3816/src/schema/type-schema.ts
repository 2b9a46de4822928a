/**
 * TypeSchema: a type as plain JSON. Signatures are made of it, the generator prints it, the container validates against
 * it, and two versions are compared by it. It does not depend on TypeScript's compiler, so that a producer
 * in another language can write it too.
 */

/**
 * Types without parts. `object` is the keyword; `void` is kept apart from `undefined` because authors distinguish them;
 * `symbol` appears only where types are compared, like FunctionType.
 */
export type PrimitiveName =
  | "string"
  | "number"
  | "boolean"
  | "bigint"
  | "null"
  | "undefined"
  | "void"
  | "unknown"
  | "any"
  | "never"
  | "object"
  | "symbol";

/** Global classes that the codec carries as themselves. */
export const BUILTIN_NAMES = [
  "Date",
  "Map",
  "Set",
  "ReadonlyMap",
  "ReadonlySet",
  "RegExp",
  "URL",
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Buffer",
] as const;

export type BuiltinName = (typeof BUILTIN_NAMES)[number];

interface PrimitiveType {
  kind: "primitive";
  name: PrimitiveName;
}

/** `"a"`, `1`, `true`, `10n` (bigints as decimal text, since JSON has none). */
export interface LiteralType {
  kind: "literal";
  value: string | number | boolean | { bigint: string };
}

/** `${types[0]}…`: texts has one item more than types. */
export interface TemplateLiteralType {
  kind: "templateLiteral";
  texts: string[];
  types: TypeSchema[];
}

export interface ArrayType {
  kind: "array";
  element: TypeSchema;
  readonly?: true;
}

export interface TupleElement {
  type: TypeSchema;
  label?: string;
  optional?: true;
  /** `...T[]` (type is then the array type) or `...T` (a type parameter or a tuple). */
  rest?: true;
}

export interface TupleType {
  kind: "tuple";
  elements: TupleElement[];
  readonly?: true;
}

export interface PropertySchema {
  name: string;
  /** The name is written as a number, as which `keyof` gives it. */
  numeric?: true;
  type: TypeSchema;
  optional?: true;
  readonly?: true;
  doc?: string;
}

export interface IndexSignature {
  /** `string`, `number`, `symbol` never, or a template literal. */
  key: TypeSchema;
  /** The author's name of the key, for reading: `[path: string]`. */
  keyName?: string;
  value: TypeSchema;
  readonly?: true;
}

export interface ObjectType {
  kind: "object";
  properties: PropertySchema[];
  indexes?: IndexSignature[];
  /** Call and construct signatures: as with FunctionType, values of such a type cannot be sent. */
  calls?: FunctionType[];
}

export interface UnionType {
  kind: "union";
  members: TypeSchema[];
}

export interface IntersectionType {
  kind: "intersection";
  members: TypeSchema[];
}

/** A use of a declaration of the same manifest; `member` picks one member of an enum. */
export interface ReferenceType {
  kind: "reference";
  name: string;
  typeArguments?: TypeSchema[];
  member?: string;
}

/**
 * A use of a type that every TypeScript program has and that resolves only when its argument is known:
 * `Partial<T>`, `Record<K, V>`, `NoInfer<T>`; `typeof globalThis` where types are compared with it; `1e999` and `-1e999`, the
 * literal types of what JSON has no number for.
 */
export interface GlobalType {
  kind: "global";
  name: string;
  typeArguments: TypeSchema[];
}

export interface BuiltinType {
  kind: "builtin";
  name: BuiltinName;
  typeArguments?: TypeSchema[];
}

/** A type parameter of the function or declaration around it. */
interface TypeParameterType {
  kind: "typeParameter";
  name: string;
}

/** The four below stay unresolved only where they depend on a type parameter. */
interface KeyofType {
  kind: "keyof";
  type: TypeSchema;
}

export interface IndexedAccessType {
  kind: "indexedAccess";
  object: TypeSchema;
  index: TypeSchema;
}

export interface MappedType {
  kind: "mapped";
  parameter: string;
  constraint: TypeSchema;
  nameType?: TypeSchema;
  type: TypeSchema;
  optional?: "add" | "remove";
  readonly?: "add" | "remove";
}

export interface ConditionalType {
  kind: "conditional";
  check: TypeSchema;
  extends: TypeSchema;
  whenTrue: TypeSchema;
  whenFalse: TypeSchema;
}

/** `infer X` inside the `extends` of a conditional type. */
export interface InferType {
  kind: "infer";
  name: string;
  constraint?: TypeSchema;
}

/**
 * The type of functions. No value of it crosses the wire: it stands only where types are compared, in the `extends` of a
 * conditional type (`T extends (...args: never) => unknown ? never : T`), and where all values have the method, as `valueOf`.
 */
export interface FunctionType {
  kind: "function";
  typeParameters?: TypeParameterSchema[];
  parameters: TupleElement[];
  returns: TypeSchema;
  /** `new (…) => …`, `abstract new (…) => …`. */
  constructs?: true | "abstract";
  /** For a property: written as a method, whose parameters are compared both ways. */
  method?: true;
}

export type TypeSchema =
  | PrimitiveType
  | LiteralType
  | TemplateLiteralType
  | ArrayType
  | TupleType
  | ObjectType
  | UnionType
  | IntersectionType
  | ReferenceType
  | GlobalType
  | BuiltinType
  | TypeParameterType
  | KeyofType
  | IndexedAccessType
  | MappedType
  | ConditionalType
  | InferType
  | FunctionType;

export interface TypeParameterSchema {
  name: string;
  constraint?: TypeSchema;
  default?: TypeSchema;
  const?: true;
  doc?: string;
}

/** A named type, shared by the functions of one manifest. */
export type Declaration = InterfaceDeclaration | AliasDeclaration | EnumDeclaration;

interface DeclarationBase {
  name: string;
  doc?: string;
}

export interface InterfaceDeclaration extends DeclarationBase {
  kind: "interface";
  typeParameters?: TypeParameterSchema[];
  /** References and globals only. */
  extends?: TypeSchema[];
  properties: PropertySchema[];
  indexes?: IndexSignature[];
  calls?: FunctionType[];
  /** A class of errors that functions declare, by the name that its instances cross the wire with: its author's. */
  error?: string;
}

export interface AliasDeclaration extends DeclarationBase {
  kind: "alias";
  typeParameters?: TypeParameterSchema[];
  type: TypeSchema;
  /** A type of its own, which crosses the wire by a codec; `type` is then what the codec makes of its values. */
  codec?: CodecReference;
}

/** The codec of a type, and where callers find the type. */
export interface CodecReference {
  /** The codec's, which goes over the wire: `decimal`, `Temporal.Instant`. */
  name: string;
  /** The package that exports the type; absent for Temporal's, which programs have or lack. */
  from?: string;
  /** Its name there: `default`, `DateTime`, `Temporal.Instant`. */
  exported?: string;
}

export interface EnumDeclaration extends DeclarationBase {
  kind: "enum";
  /** As its author calls it, where `name` had to tell it from another declaration of the manifest: enums are nominal. */
  authoredName?: string;
  const?: true;
  members: { name: string; value: string | number; doc?: string }[];
}
