/**
 * Manifests from outside (a registry, a lock file, another language's producer) become AppManifests here or not at all.
 * Loaded by a dynamic import from index.ts, so that zod costs only those who read manifests.
 */
import { z } from "zod";
import { isIdentifierName, isTypeName } from "./identifiers.ts";
import { type AppManifest, SCHEMA_VERSION } from "./manifest.ts";
import { nearest } from "./nearest.ts";
import { SchemaError } from "./schema-error.ts";
import type { BuiltinName, PrimitiveName, TypeSchema } from "./type-schema.ts";

/** Deeper than any author's type, and shallow enough for every recursive reader of a manifest. */
const MAX_DEPTH = 400;
/** Values in one manifest; about 100 MB of JSON. */
const MAX_NODES = 4_000_000;

/** Throws SchemaError, naming the path of what is wrong. Fields that this version does not know are dropped. */
export function parse(json: unknown): AppManifest {
  checkVersion(json);
  checkSize(json);
  const result = manifest.safeParse(json);
  if (!result.success) throw invalid(result.error.issues.map((issue) => [issue.path, messageOf(issue)]));
  const parsed = result.data;
  const problems = danglingNames(parsed);
  if (problems.length > 0) throw invalid(problems);
  return parsed;
}

function checkVersion(json: unknown): void {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new SchemaError(
      `a manifest is a JSON object; this is ${json === null ? "null" : Array.isArray(json) ? "an array" : `a ${typeof json}`}`,
    );
  }
  const version = (json as { schemaVersion?: unknown }).schemaVersion;
  if (version === SCHEMA_VERSION) return;
  if (version === undefined) {
    throw new SchemaError("this is not a manifest: it has no schemaVersion", {
      hint: "a manifest comes from `farcall deploy`",
    });
  }
  const newer = typeof version === "number" && version > SCHEMA_VERSION;
  throw new SchemaError(
    `the manifest has schema version ${JSON.stringify(version)}; this farcall reads version ${SCHEMA_VERSION}`,
    {
      hint: newer ? "update farcall" : "deploy the app again",
    },
  );
}

/** Without recursion, since it is what makes recursion safe. */
function checkSize(json: unknown): void {
  let level: object[] = [json as object];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new SchemaError(`the manifest is nested more than ${MAX_DEPTH} levels deep`);
    const next: object[] = [];
    for (const value of level) {
      for (const item of Array.isArray(value) ? value : Object.values(value)) {
        nodes++;
        if (typeof item === "object" && item !== null) next.push(item);
      }
    }
    if (nodes > MAX_NODES) throw new SchemaError(`the manifest has more than ${MAX_NODES} values`);
    level = next;
  }
}

// ---- shape ----------------------------------------------------------------------------------------------------

const name = z.string().min(1, "is empty");
const identifier = z.string().refine(isIdentifierName, "is not an identifier");
const typeName = z.string().refine(isTypeName, "cannot name a type: it is reserved or not an identifier");
const text = z.string().exactOptional();
const flag = z.literal(true).exactOptional();

const primitives = [
  "string", "number", "boolean", "bigint", "null", "undefined", "void", "unknown", "any", "never", "object",
] as const satisfies PrimitiveName[]; // biome-ignore format: a list of words

const builtins = [
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
] as const satisfies BuiltinName[];

/** Every use is behind a getter: the type is recursive. */
const type: z.ZodType<TypeSchema> = z.lazy(() => anyType);
const types = z.lazy(() => z.array(anyType));

const property = z.object({ name: z.string(), type, optional: flag, readonly: flag, doc: text });
const index = z.object({ key: type, keyName: identifier.exactOptional(), value: type, readonly: flag });

const anyType: z.ZodType<TypeSchema> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("primitive"), name: z.enum(primitives) }),
  z.object({
    kind: z.literal("literal"),
    value: z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.object({ bigint: z.string().regex(/^-?\d+$/, "is not a decimal integer") }),
    ]),
  }),
  z
    .object({ kind: z.literal("templateLiteral"), texts: z.array(z.string()), types })
    .refine((value) => value.texts.length === value.types.length + 1, "texts has one item more than types"),
  z.object({ kind: z.literal("array"), element: type, readonly: flag }),
  z.object({
    kind: z.literal("tuple"),
    elements: z.array(z.object({ type, label: identifier.exactOptional(), optional: flag, rest: flag })),
    readonly: flag,
  }),
  z.object({ kind: z.literal("object"), properties: z.array(property), indexes: z.array(index).exactOptional() }),
  z.object({ kind: z.literal("union"), members: types }),
  z.object({ kind: z.literal("intersection"), members: types }),
  z.object({ kind: z.literal("reference"), name: typeName, typeArguments: types.exactOptional(), member: text }),
  z.object({ kind: z.literal("global"), name, typeArguments: types }),
  z.object({ kind: z.literal("builtin"), name: z.enum(builtins), typeArguments: types.exactOptional() }),
  z.object({ kind: z.literal("typeParameter"), name: typeName }),
  z.object({ kind: z.literal("keyof"), type }),
  z.object({ kind: z.literal("indexedAccess"), object: type, index: type }),
  z.object({
    kind: z.literal("mapped"),
    parameter: typeName,
    constraint: type,
    nameType: type.exactOptional(),
    type,
    optional: z.enum(["add", "remove"]).exactOptional(),
    readonly: z.enum(["add", "remove"]).exactOptional(),
  }),
  z.object({ kind: z.literal("conditional"), check: type, extends: type, whenTrue: type, whenFalse: type }),
  z.object({ kind: z.literal("infer"), name: typeName, constraint: type.exactOptional() }),
]);

const typeParameters = z
  .array(
    z.object({
      name: typeName,
      constraint: type.exactOptional(),
      default: type.exactOptional(),
      const: flag,
      doc: text,
    }),
  )
  .exactOptional();

const declaration = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("interface"),
    name: typeName,
    doc: text,
    typeParameters,
    extends: types.exactOptional(),
    properties: z.array(property),
    indexes: z.array(index).exactOptional(),
  }),
  z.object({ kind: z.literal("alias"), name: typeName, doc: text, typeParameters, type }),
  z.object({
    kind: z.literal("enum"),
    name: typeName,
    doc: text,
    const: flag,
    members: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number()]), doc: text })),
  }),
]);

const call = {
  typeParameters,
  parameters: z.array(
    z.object({ name: identifier, type, optional: flag, default: text, rest: flag, keywordOnly: flag, doc: text }),
  ),
  returns: type,
  doc: text,
};

const count = z.number().nonnegative();

const options = z.object({
  retries: z.object({ maxRetries: count, backoffCoefficient: count, initialDelayMs: count, maxDelayMs: count }),
  timeoutMs: count,
  startupTimeoutMs: count,
  minContainers: count,
  maxContainers: count,
  bufferContainers: count,
  scaledownWindowMs: count,
  concurrency: z.object({ maxInputs: count }),
  secrets: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  memoryMiB: count,
  validate: z.boolean(),
});

const manifest = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  app: name,
  environment: name,
  version: z.int().nonnegative(),
  deployedAt: z.string(),
  language: z.enum(["typescript", "python"]),
  doc: text,
  declarations: z.array(declaration),
  functions: z.array(
    z.object({
      ...call,
      name,
      mode: z.enum(["unary", "generator", "web"]),
      overloads: z.array(z.object(call)).exactOptional(),
      keywords: flag,
      source: z.object({ file: z.string(), line: z.int().positive() }).exactOptional(),
      options,
      signature: z.string(),
    }),
  ),
}) satisfies z.ZodType<AppManifest>;

// ---- names ----------------------------------------------------------------------------------------------------

type Path = readonly PropertyKey[];

/** References to nothing, and names that are given twice. */
function danglingNames({ declarations, functions }: AppManifest): [Path, string][] {
  const problems: [Path, string][] = [];
  const members = new Map<string, Set<string> | undefined>();
  declarations.forEach((item, at) => {
    if (members.has(item.name))
      problems.push([["declarations", at, "name"], `${JSON.stringify(item.name)} is declared twice`]);
    members.set(item.name, item.kind === "enum" ? new Set(item.members.map((member) => member.name)) : undefined);
  });
  const seen = new Set<string>();
  functions.forEach((item, at) => {
    if (seen.has(item.name)) problems.push([["functions", at, "name"], `${JSON.stringify(item.name)} is there twice`]);
    seen.add(item.name);
  });

  const path: PropertyKey[] = [];
  const visit = (value: object): void => {
    const { kind, name, member } = value as { kind?: unknown; name?: unknown; member?: unknown };
    if (kind === "reference" && typeof name === "string") {
      if (!members.has(name)) problems.push([[...path, "name"], unknownName("declaration", name, members.keys())]);
      else if (typeof member === "string" && !members.get(name)?.has(member)) {
        problems.push([[...path, "member"], unknownName(`member of ${name}`, member, members.get(name) ?? [])]);
      }
    }
    for (const key in value) {
      const child = (value as Record<string, unknown>)[key];
      if (typeof child !== "object" || child === null) continue;
      path.push(Array.isArray(value) ? Number(key) : key);
      visit(child);
      path.pop();
    }
  };
  visit({ declarations, functions });
  return problems;
}

function unknownName(what: string, name: string, known: Iterable<string>): string {
  const near = nearest(name, known, 1)[0];
  return `no ${what} is called ${JSON.stringify(name)}${near === undefined ? "" : `; is ${JSON.stringify(near)} meant?`}`;
}

// ---- errors ---------------------------------------------------------------------------------------------------

const SHOWN = 5;

function invalid(problems: readonly (readonly [Path, string])[]): SchemaError {
  const lines = problems.slice(0, SHOWN).map(([path, message]) => `${z.core.toDotPath(path)}: ${message}`);
  if (problems.length > SHOWN) lines.push(`and ${problems.length - SHOWN} more`);
  return new SchemaError(
    lines.length === 1 ? `invalid manifest: ${lines[0]}` : `invalid manifest:\n  ${lines.join("\n  ")}`,
    {
      hint: "the manifest was not written by farcall, or was edited",
    },
  );
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) return "is not a kind that is known";
  return issue.message.startsWith("Invalid input: ") ? issue.message.slice("Invalid input: ".length) : issue.message;
}
