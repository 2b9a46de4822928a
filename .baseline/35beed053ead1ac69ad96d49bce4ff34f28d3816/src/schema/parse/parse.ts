/**
 * Manifests from outside (a registry, a lock file, another language's producer) become AppManifests here or not at all.
 * index.ts loads this file when the first manifest is parsed.
 */

import { kindText, nearest } from "../../text/index.ts";
import { isIdentifierName, isTypeName } from "../identifiers.ts";
import type { JsonSchema } from "../json-types.ts";
import { type AppManifest, SCHEMA_VERSION, type Schedule } from "../manifest.ts";
import { SchemaError } from "../schema-error.ts";
import { BUILTIN_NAMES, type PrimitiveName, type TypeSchema } from "../type-schema.ts";
import {
  constant,
  flag,
  isObject,
  kinds,
  list,
  natural,
  notNegative,
  object,
  oneOf,
  Place,
  type Shape,
  shape,
  text,
  textRecord,
  texts,
  textThat,
  truth,
} from "./shape.ts";
import { checkWellFormed } from "./well-formed.ts";

/** Deeper than any author's type, and shallow enough for every recursive reader of a manifest. */
const MAX_DEPTH = 400;

/** Returns its argument, checked. Throws SchemaError that names the path of what is wrong. */
export function parse(json: unknown): AppManifest {
  if (!isObject(json)) throw new SchemaError(`a manifest is a JSON object; this is ${kindText(json)}`);
  checkVersion(json.schemaVersion);
  const place = new ManifestPlace(json.declarations);
  manifest(json, place);
  if (place.problems.length === 0) checkWellFormed(json as unknown as AppManifest, place); // its shape has just been checked
  if (place.problems.length > 0) throw invalid(place.problems);
  return json as unknown as AppManifest; // Everything in the type has just been checked.
}

function checkVersion(version: unknown): void {
  if (version === SCHEMA_VERSION) return;
  if (version === undefined) {
    throw new SchemaError("this is not a manifest: it has no schemaVersion", {
      hint: "A manifest comes from an engine's registry, where a deploy puts it.",
    });
  }
  const newer = typeof version === "number" && version > SCHEMA_VERSION;
  throw new SchemaError(
    `the manifest has schema version ${kindText(version)}; this farcall reads version ${SCHEMA_VERSION}`,
    { hint: newer ? "Update farcall." : "Deploy the app again." },
  );
}

const SHOWN = 5;

function invalid(problems: readonly string[]): SchemaError {
  const lines = problems.slice(0, SHOWN);
  if (problems.length > SHOWN) lines.push(`and ${problems.length - SHOWN} more`);
  const hint = "It was edited, or written by another version of farcall.";
  return new SchemaError(`invalid manifest:${lines.length === 1 ? ` ${lines[0]}` : `\n  ${lines.join("\n  ")}`}`, {
    hint,
  });
}

/** Knows the declarations, so that an unknown reference is reported at its place. */
class ManifestPlace extends Place {
  /** By name; an enum's members too. */
  readonly declared = new Map<string, Set<unknown> | undefined>();

  constructor(declarations: unknown) {
    super(MAX_DEPTH);
    for (const item of Array.isArray(declarations) ? declarations : []) {
      if (!isObject(item) || typeof item.name !== "string") continue;
      const members = item.kind === "enum" && Array.isArray(item.members) ? item.members : undefined;
      this.declared.set(item.name, members && new Set(members.map((member) => isObject(member) && member.name)));
    }
  }
}

// ---- types ----------------------------------------------------------------------------------------------------

const name = textThat((value) => value !== "", "is not a name", { minLength: 1 });
const identifier = textThat(isIdentifierName, "is not an identifier");
const typeName = textThat(isTypeName, "cannot name a type: it is a reserved word or not an identifier");

/** Records, so that the compiler finds what is missing. */
const primitives: Record<PrimitiveName, true> = {
  string: true,
  number: true,
  boolean: true,
  bigint: true,
  null: true,
  undefined: true,
  void: true,
  unknown: true,
  any: true,
  never: true,
  object: true,
  symbol: true,
};
const primitive = oneOf(Object.keys(primitives));

const builtin = oneOf(BUILTIN_NAMES);

/** Calls through, since the shapes are recursive. */
const type = shape((value, at) => anyType(value, at), { $ref: "#/$defs/type" });
const types = list(type);

const DECIMAL = /^-?[0-9]+$/;
const decimal = textThat((value) => DECIMAL.test(value), "is not a decimal integer");

const literal = shape(
  (value, at) => {
    if (typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return;
    if (isObject(value)) at.into("bigint", value.bigint, decimal);
    else at.problem(`expected a string, a number, true, false or a bigint, found ${kindText(value)}`);
  },
  {
    anyOf: [
      { type: ["string", "boolean", "number"] },
      { type: "object", properties: { bigint: { type: "string", pattern: DECIMAL.source } }, required: ["bigint"] },
    ],
  },
);

const properties = list(object({ name: text, type }, { numeric: flag, optional: flag, readonly: flag, doc: text }));
const indexes = list(object({ key: type, value: type }, { keyName: identifier, readonly: flag }));

const referenceShape = object({ name: typeName }, { typeArguments: types, member: text });
const reference = shape((value, at) => {
  const before = at.problems.length;
  referenceShape(value, at);
  if (at.problems.length > before) return;
  const { name, member } = value as { name: string; member?: string };
  const { declared } = at as ManifestPlace;
  if (!declared.has(name)) {
    at.into("name", name, () => at.problem(unknownName("declaration", name, declared.keys(), at)));
  } else if (member !== undefined && !declared.get(name)?.has(member)) {
    at.into("member", member, () => at.problem(unknownName(`member of ${name}`, member, declared.get(name) ?? [], at)));
  }
}, referenceShape.schema);

function unknownName(what: string, name: string, known: Iterable<unknown>, at: Place): string {
  // Looking for the nearest name takes time, which a manifest full of nonsense must not multiply.
  const candidates = at.problems.length < SHOWN ? [...known].filter((item) => typeof item === "string") : [];
  const near = nearest(name, candidates, 1)[0];
  return `no ${what} is called ${kindText(name)}${near === undefined ? "" : `; is ${kindText(near)} meant?`}`;
}

const templateShape = object({ texts, types });
const templateLiteral = shape((value, at) => {
  templateShape(value, at);
  const { texts, types } = value as { texts: unknown; types: unknown };
  if (Array.isArray(texts) && Array.isArray(types) && texts.length !== types.length + 1) {
    at.problem("texts must have one item more than types");
  }
}, templateShape.schema);

const elements = list(object({ type }, { label: identifier, optional: flag, rest: flag }));
const modifier = oneOf(["add", "remove"]);

const constructs = shape(
  (value, at) => {
    if (value !== "abstract") flag(value, at);
  },
  { enum: [true, "abstract"] },
);

/** Calls through: type parameters have types, and are made of what comes after. */
const functionType = shape((value, at) => functionTypeShape(value, at), { $ref: "#/$defs/functionType" });
const calls = list(functionType);

const anyType = kinds({
  primitive: object({ name: primitive }),
  literal: object({ value: literal }),
  templateLiteral,
  array: object({ element: type }, { readonly: flag }),
  tuple: object({ elements }, { readonly: flag }),
  object: object({ properties }, { indexes, calls }),
  union: object({ members: types }),
  intersection: object({ members: types }),
  reference,
  global: object({ name, typeArguments: types }),
  builtin: object({ name: builtin }, { typeArguments: types }),
  typeParameter: object({ name: typeName }),
  keyof: object({ type }),
  indexedAccess: object({ object: type, index: type }),
  mapped: object(
    { parameter: typeName, constraint: type, type },
    { nameType: type, optional: modifier, readonly: modifier },
  ),
  conditional: object({ check: type, extends: type, whenTrue: type, whenFalse: type }),
  infer: object({ name: typeName }, { constraint: type }),
  function: functionType,
} satisfies Record<TypeSchema["kind"], Shape>);

// ---- declarations and functions -------------------------------------------------------------------------------

const typeParameters = list(object({ name: typeName }, { constraint: type, default: type, const: flag, doc: text }));

const functionTypeShape = object({ parameters: elements, returns: type }, { typeParameters, constructs, method: flag });

const enumValue = shape(
  (value, at) => {
    if (typeof value !== "string" && !Number.isFinite(value)) {
      at.problem(`expected a string or a number, found ${kindText(value)}`);
    }
  },
  { type: ["string", "number"] },
);

const path = textThat((value) => value.split(".").every(isIdentifierName), "is not a name or path of names");
const codec = object({ name }, { from: name, exported: path });

const declaration = kinds({
  interface: object(
    { name: typeName, properties },
    { doc: text, typeParameters, extends: types, indexes, calls, error: name },
  ),
  alias: object({ name: typeName, type }, { doc: text, typeParameters, codec }),
  enum: object(
    { name: typeName, members: list(object({ name: text, value: enumValue }, { doc: text })) },
    { doc: text, authoredName: text, const: flag },
  ),
});

const call = {
  parameters: list(
    object(
      { name: identifier, type },
      {
        optional: flag,
        default: text,
        rest: flag,
        keywordOnly: flag,
        positionalOnly: flag,
        keywordRest: flag,
        doc: text,
      },
    ),
  ),
  returns: type,
};

const retries = object({
  maxRetries: natural,
  backoffCoefficient: notNegative,
  initialDelayMs: notNegative,
  maxDelayMs: notNegative,
});

const schedule = kinds({
  cron: object({ expression: text, timezone: text }),
  every: object({ everyMs: natural }),
} satisfies Record<Schedule["kind"], Shape>);

const step = shape(
  (value, at) => {
    if (typeof value === "number") natural(value, at);
    else text(value, at);
  },
  { anyOf: [text.schema, natural.schema] },
);
const argumentPaths = list(list(step));

const options = object(
  {
    retries,
    timeoutMs: notNegative,
    startupTimeoutMs: notNegative,
    minContainers: natural,
    maxContainers: natural,
    bufferContainers: natural,
    scaledownWindowMs: notNegative,
    concurrency: object({ maxInputs: natural }, { key: argumentPaths, perKey: natural }),
    secrets: texts,
    env: textRecord,
    memoryMiB: notNegative,
    validate: truth,
  },
  {
    startRetryMs: notNegative,
    batch: object({ maxSize: natural, waitMs: notNegative }),
    web: flag,
    schedule,
    limit: object({ count: natural, perMs: notNegative }, { key: argumentPaths }),
    omit: oneOf(["uncrossable"]),
  },
);

const source = object({ file: text, line: natural });

const functionShape = object(
  { ...call, name, mode: oneOf(["unary", "generator", "web"]), options, signature: text },
  {
    doc: text,
    typeParameters,
    overloads: list(object(call, { doc: text, typeParameters })),
    keywords: flag,
    errors: types,
    omitted: texts,
    class: name,
    source,
  },
);

const constructorList = list(object({ parameters: call.parameters }, { doc: text }));
const constructors = shape(
  (value, at) => {
    constructorList(value, at);
    if (Array.isArray(value) && value.length === 0) at.problem("a class needs at least one constructor");
  },
  { ...constructorList.schema, minItems: 1 },
);

const classShape = object({ name, constructors, signature: text }, { doc: text, source });

/** A list whose items have names of their own. */
function distinct(item: Shape): Shape {
  const items = list(item);
  return shape((value, at) => {
    items(value, at);
    if (!Array.isArray(value)) return;
    const seen = new Set<unknown>();
    value.forEach((entry, index) => {
      const own = isObject(entry) ? entry.name : undefined;
      if (seen.has(own)) at.into(index, entry, () => at.problem(`${kindText(own)} appears twice`));
      seen.add(own);
    });
  }, items.schema);
}

const manifestShape = object(
  {
    schemaVersion: constant(SCHEMA_VERSION),
    app: name,
    environment: name,
    version: natural,
    deployedAt: text,
    language: oneOf(["typescript", "python"]),
    declarations: distinct(declaration),
    functions: distinct(functionShape),
  },
  { doc: text, classes: distinct(classShape) },
);

function manifest(value: unknown, at: Place): void {
  const before = at.problems.length;
  manifestShape(value, at);
  if (at.problems.length > before) return;
  const { functions, classes = [] } = value as unknown as AppManifest; // its shape has just been checked
  const known = new Set(classes.map((each) => each.name));
  at.into("functions", functions, () => {
    for (const [index, { name, class: of }] of functions.entries()) {
      at.into(index, functions[index], () => {
        if (known.has(name)) at.problem(`${kindText(name)} is a class too`);
        if (of === undefined) return;
        if (!known.has(of)) at.problem(unknownName("class", of, known, at));
        else if (!name.startsWith(`${of}.`)) at.problem(`${kindText(name)} is not the name of a method of ${of}`);
      });
    }
  });
}

/**
 * The manifest's shape that `parse` requires, as a JSON Schema, for readers and writers in other languages. It cannot express that
 * names are in scope and distinct, and that types fit together.
 */
export function manifestSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "farcall app manifest",
    ...manifestShape.schema,
    $defs: { type: anyType.schema, functionType: functionTypeShape.schema },
  };
}
