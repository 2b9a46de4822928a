/**
 * TypeSchema to JSON Schema (draft 2020-12, which OpenAPI 3.1 uses too). Types that JSON lacks are written by convention, and
 * `x-farcall-type` names the original type:
 *
 *     Date            string, format date-time        bigint          string of decimal digits
 *     URL, RegExp     string, format uri, regex       Map             array of [key, value]
 *     bytes           string, contentEncoding base64  Set             array, uniqueItems
 *     number arrays   array of numbers                Error           object { name, message }
 *     undefined       the property is left out
 *
 * A type that depends on a type parameter (generic functions, conditional types) allows anything; `$comment` shows it.
 */
import { classOf } from "../classes.ts";
import { docParts } from "../docs.ts";
import { functionsOf } from "../functions.ts";
import { expandGlobal } from "../globals.ts";
import type { Json, JsonSchema } from "../json-types.ts";
import type { AppManifest, CallSignature, ClassSchema, FunctionSchema, ParameterSchema } from "../manifest.ts";
import { isOptional, isRequired } from "../parameters.ts";
import { printType } from "../print/index.ts";
import { type Declarations, declarationsByName, expand, partsOf } from "../resolve.ts";
import type {
  BuiltinType,
  Declaration,
  GlobalType,
  ObjectType,
  ReferenceType,
  TupleType,
  TypeSchema,
} from "../type-schema.ts";

/**
 * The whole app: an object with a property per function, each `{ arguments, result }`, of a method with `constructorArguments`
 * before. With a name, that function's alone, or those of that class's methods. Named types are in `$defs`. Throws
 * SchemaError for a name that the manifest does not have.
 */
export function exportJsonSchema(manifest: AppManifest, functionName?: string): JsonSchema {
  const writer = new JsonSchemaWriter(manifest, "#/$defs/");
  const functions = functionsOf(manifest, functionName);
  const described = functions.map((fn): [string, JsonSchema] => [
    fn.name,
    functionSchema(fn, classOf(fn, manifest), writer),
  ]);
  const [first] = described;
  const body: JsonSchema =
    functionName !== undefined && first?.[0] === functionName
      ? first[1]
      : { type: "object", properties: record(described) };
  const title = functionName === undefined ? manifest.app : `${manifest.app}/${functionName}`;
  const description = functionName === undefined ? docParts(manifest.doc).text : undefined;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...(description !== undefined && { description }),
    ...body,
    $defs: writer.definitions(),
  };
}

function functionSchema(fn: FunctionSchema, of: ClassSchema | undefined, writer: JsonSchemaWriter): JsonSchema {
  const construct = of?.constructors.map(({ parameters }) => writer.argumentList(parameters));
  const calls = (fn.overloads ?? [fn]).map(
    (call): JsonSchema => ({
      type: "object",
      properties: {
        ...(construct && { constructorArguments: either(construct) }),
        arguments: writer.argumentList(call.parameters),
        result: writer.result(call),
      },
      required: construct ? ["constructorArguments", "arguments"] : ["arguments"],
    }),
  );
  const body: JsonSchema = calls.length === 1 ? calls[0]! : { anyOf: calls };
  return { ...writer.documentation(fn.doc), ...body, "x-farcall-mode": fn.mode };
}

export function either(schemas: readonly JsonSchema[]): JsonSchema {
  return schemas.length === 1 ? schemas[0]! : { anyOf: [...schemas] };
}

/** A generic declaration used with more different type arguments than this is assumed to grow forever. */
const MAX_INSTANCES = 50;

/** Turns types into schemas and gathers the definitions that these refer to. */
export class JsonSchemaWriter {
  readonly #declarations: Declarations;
  readonly #prefix: string;
  readonly #definitions = new Map<string, JsonSchema>();
  /** By the printed reference. */
  readonly #names = new Map<string, string>();
  readonly #instances = new Map<string, number>();

  constructor(manifest: AppManifest, prefix: string) {
    this.#declarations = declarationsByName(manifest.declarations);
    this.#prefix = prefix;
  }

  /** In order of name. */
  definitions(): { [name: string]: JsonSchema } {
    return record([...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  documentation(doc: string | undefined): JsonSchema {
    const { text, deprecated } = docParts(doc);
    return { ...(text !== undefined && { description: text }), ...(deprecated && { deprecated }) };
  }

  /** Arguments by position. */
  argumentList(parameters: readonly ParameterSchema[]): JsonSchema {
    const elements = parameters
      .filter(({ keywordRest }) => !keywordRest)
      .map((parameter): TupleType["elements"][number] => {
        if (parameter.rest) return { type: parameter.type, label: parameter.name, rest: true };
        return { type: parameter.type, label: parameter.name, ...(isOptional(parameter) && { optional: true }) };
      });
    const schema = this.#tuple({ kind: "tuple", elements });
    const items = schema.prefixItems as JsonSchema[] | undefined;
    items?.forEach((item, at) => {
      const parameter = parameters[at]!;
      items[at] = { ...item, title: parameter.name, ...this.documentation(parameter.doc) };
    });
    return schema;
  }

  /** Arguments by name. */
  argumentObject(parameters: readonly ParameterSchema[]): JsonSchema {
    const rest = parameters.find(({ keywordRest }) => keywordRest);
    const named = parameters.filter((parameter) => parameter !== rest);
    const properties = named.map((parameter) => ({
      name: parameter.name,
      type: parameter.type,
      ...(!isRequired(parameter) && { optional: true as const }),
      ...(parameter.doc !== undefined && { doc: parameter.doc }),
    }));
    return {
      ...this.#object({ kind: "object", properties }),
      additionalProperties: rest ? this.schema(rest.type) : false,
    };
  }

  /** `null` stands for a function that returns nothing. */
  result({ returns }: CallSignature): JsonSchema {
    return isUndefined(returns) ? { type: "null" } : this.schema(returns);
  }

  schema(type: TypeSchema): JsonSchema {
    switch (type.kind) {
      case "primitive":
        return { ...PRIMITIVES[type.name] };
      case "literal": {
        const { value } = type;
        return typeof value === "object" ? { const: value.bigint, "x-farcall-type": "bigint" } : { const: value };
      }
      case "templateLiteral":
        return templatePattern(type.texts, type.types);
      case "array":
        return { type: "array", items: this.schema(type.element) };
      case "tuple":
        return this.#tuple(type);
      case "object":
        return this.#object(type);
      case "union":
        return this.#union(type.members);
      case "intersection":
        return { allOf: type.members.map((member) => this.schema(member)) };
      case "reference":
        return this.#reference(type);
      case "builtin":
        return this.#builtin(type);
      case "global": {
        const [element] = type.typeArguments;
        if (type.name === "Iterable" && element) return { type: "array", items: this.schema(element) };
        const behind = expandGlobal(type, this.#declarations);
        if (!behind) return { $comment: printType(type) };
        // A declaration may name itself in it.
        return type.typeArguments.some(mentionsDeclaration) ? this.#named(type, () => behind) : this.schema(behind);
      }
      default:
        return { $comment: printType(type) };
    }
  }

  #union(members: readonly TypeSchema[]): JsonSchema {
    const present = members.filter((member) => !isUndefined(member));
    const values = present.map((member) =>
      member.kind === "literal" && typeof member.value !== "object" ? member.value : undefined,
    );
    if (present.length > 1 && values.every((value) => value !== undefined)) return { enum: values };
    if (present.length === 1) return this.schema(present[0]!);
    return present.length === 0 ? { not: {} } : { anyOf: present.map((member) => this.schema(member)) };
  }

  #object({ properties: all, indexes = [] }: ObjectType): JsonSchema {
    const schema: JsonSchema = { type: "object" };
    // Methods that all values have are not part of JSON.
    const properties = all.filter(({ type }) => type.kind !== "function");
    if (properties.length > 0) {
      schema.properties = record(
        properties.map(({ name, type, doc, readonly }) => [
          name,
          { ...this.schema(type), ...this.documentation(doc), ...(readonly && { readOnly: true }) },
        ]),
      );
      const required = properties.filter(({ optional, type }) => !optional && !canBeUndefined(type));
      if (required.length > 0) schema.required = required.map(({ name }) => name);
    }
    for (const { key, value } of indexes) {
      if (key.kind === "primitive" && key.name === "string") schema.additionalProperties = this.schema(value);
      else {
        const pattern = key.kind === "primitive" ? NUMBER_PATTERN : String(this.schema(key).pattern ?? "");
        const patterns = (schema.patternProperties ?? {}) as { [pattern: string]: Json };
        schema.patternProperties = { ...patterns, [pattern]: this.schema(value) };
      }
    }
    return schema;
  }

  #tuple({ elements }: TupleType): JsonSchema {
    const first = elements.findIndex((element) => element.rest);
    const fixed = first < 0 ? elements : elements.slice(0, first);
    const schema: JsonSchema = { type: "array" };
    if (fixed.length > 0) schema.prefixItems = fixed.map((element) => this.schema(element.type));
    const required = fixed.filter((element) => !element.optional).length;
    if (required > 0) schema.minItems = required;
    if (first < 0) schema.items = false;
    else {
      // Elements after a repeated one can be anywhere after the fixed ones.
      const later = elements
        .slice(first)
        .map(({ type, rest }) => (rest && type.kind === "array" ? type.element : type));
      schema.items = later.length === 1 ? this.schema(later[0]!) : { anyOf: later.map((type) => this.schema(type)) };
    }
    return schema;
  }

  #builtin(type: BuiltinType): JsonSchema {
    const { name, typeArguments: [first, second] = [] } = type;
    const schema = ((): JsonSchema => {
      switch (name) {
        case "Date":
          return { type: "string", format: "date-time" };
        case "URL":
          return { type: "string", format: "uri" };
        case "RegExp":
          return { type: "string", format: "regex" };
        case "Map":
        case "ReadonlyMap": {
          const pair = [first, second].map((item) => (item ? this.schema(item) : {}));
          return { type: "array", items: { type: "array", prefixItems: pair, minItems: 2, items: false } };
        }
        case "Set":
        case "ReadonlySet":
          return { type: "array", uniqueItems: true, ...(first && { items: this.schema(first) }) };
        case "ArrayBuffer":
        case "SharedArrayBuffer":
        case "DataView":
        case "Uint8Array":
        case "Uint8ClampedArray":
        case "Buffer":
          return { type: "string", contentEncoding: "base64" };
        case "BigInt64Array":
        case "BigUint64Array":
          return { type: "array", items: { ...PRIMITIVES.bigint } };
        default:
          if (name.endsWith("Array"))
            return { type: "array", items: { type: name.startsWith("Float") ? "number" : "integer" } };
          return {
            type: "object",
            properties: { name: { type: "string" }, message: { type: "string" } },
            required: ["name", "message"],
          };
      }
    })();
    return { ...schema, "x-farcall-type": name };
  }

  #reference(type: ReferenceType): JsonSchema {
    const declaration = this.#declarations.get(type.name);
    if (!declaration) return { $comment: printType(type) };
    if (declaration.kind === "enum" && type.member !== undefined) {
      const member = declaration.members.find(({ name }) => name === type.member);
      return member ? { const: member.value } : { not: {} };
    }
    return this.#named(type, () => expand(type, this.#declarations), declaration);
  }

  /** A type with a name is defined once and referred to. */
  #named(
    type: ReferenceType | GlobalType,
    expand: () => TypeSchema | undefined,
    declaration?: Declaration,
  ): JsonSchema {
    const text = printType(type);
    let name = this.#names.get(text);
    if (name === undefined) {
      const instances = this.#instances.get(type.name) ?? 0;
      if (instances >= MAX_INSTANCES) return { $comment: text.slice(0, 200) };
      this.#instances.set(type.name, instances + 1);
      name = this.#freeName(text);
      this.#names.set(text, name);
      const definition: JsonSchema = {};
      this.#definitions.set(name, definition); // there before its own type is written, which may refer back to it
      Object.assign(definition, this.documentation(declaration?.doc));
      if (declaration?.kind === "enum") {
        definition.enum = declaration.members.map(({ value }) => value);
        definition["x-enum-varnames"] = declaration.members.map((member) => member.name);
      } else {
        const behind = expand();
        Object.assign(definition, behind ? this.schema(behind) : { $comment: text });
      }
    }
    return { $ref: this.#prefix + name };
  }

  /** Letters, digits, `.`, `_` and `-` are what OpenAPI allows: `Page<User>` is `Page_User`. */
  #freeName(text: string): string {
    const base = text
      .replaceAll(/[^A-Za-z0-9._-]+/g, "_")
      .replace(/_$/, "")
      .slice(0, 100);
    let name = base;
    for (let count = 2; this.#definitions.has(name); count++) name = `${base}_${count}`;
    return name;
  }
}

function mentionsDeclaration(type: TypeSchema): boolean {
  return type.kind === "reference" || partsOf(type).some(mentionsDeclaration);
}

const NUMBER_PATTERN = "^-?\\d+(\\.\\d+)?$";

const PRIMITIVES = {
  string: { type: "string" },
  number: { type: "number" },
  boolean: { type: "boolean" },
  bigint: { type: "string", pattern: "^-?\\d+$", "x-farcall-type": "bigint" },
  null: { type: "null" },
  undefined: { not: {} },
  void: { not: {} },
  unknown: {},
  any: {},
  never: { not: {} },
  object: { type: ["object", "array"] },
  symbol: { not: {} },
} satisfies Record<string, JsonSchema>;

const PATTERNS: { readonly [name: string]: string | undefined } = {
  string: "[^]*",
  number: "-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?",
  bigint: "-?\\d+",
  boolean: "(true|false)",
};

function templatePattern(texts: readonly string[], types: readonly TypeSchema[]): JsonSchema {
  const parts = types.map((type) => (type.kind === "primitive" ? PATTERNS[type.name] : undefined));
  if (parts.includes(undefined)) return { type: "string" };
  const pattern = texts.map((text, at) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + (parts[at] ?? "")).join("");
  return { type: "string", pattern: `^${pattern}$` };
}

function isUndefined(type: TypeSchema): boolean {
  return type.kind === "primitive" && (type.name === "undefined" || type.name === "void");
}

function canBeUndefined(type: TypeSchema): boolean {
  return isUndefined(type) || (type.kind === "union" && type.members.some(canBeUndefined));
}

/** An object with any names as own properties, `__proto__` included. */
export function record<T>(entries: Iterable<readonly [string, T]>): { [name: string]: T } {
  return Object.fromEntries(entries);
}
