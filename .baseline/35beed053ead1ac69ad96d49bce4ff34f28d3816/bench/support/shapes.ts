/**
 * The same shapes in every language that a contestant reads: a farcall app (TypeScript), an OpenAPI 3.1 document and a
 * GraphQL schema with one operation a function. Made from one model by a fixed seed, so that each generator gets equal
 * work and each run the same.
 *
 * A function is `(id: string, input: XInput, dryRun?: boolean) => Promise<XResult>`: in OpenAPI a path parameter, a JSON
 * body and a query parameter; in GraphQL three arguments of a mutation.
 */

type Scalar = "string" | "number" | "boolean";

type FieldType =
  | { kind: "scalar"; name: Scalar }
  | { kind: "literals"; values: string[] }
  | { kind: "named"; name: string }
  | { kind: "array"; element: FieldType };

interface Field {
  name: string;
  type: FieldType;
  optional: boolean;
  doc: string;
}

interface NamedType {
  name: string;
  doc: string;
  fields: Field[];
}

interface ShapedFunction {
  name: string;
  doc: string;
  input: NamedType;
  result: NamedType;
}

export interface Shapes {
  /** Types that many functions share. */
  shared: NamedType[];
  functions: ShapedFunction[];
}

/** Functions in one source file of the app. */
const FUNCTIONS_A_MODULE = 50;

const WORDS = ["account", "batch", "cursor", "digest", "entry", "filter", "group", "height", "index", "job"];

export function makeShapes(count: number): Shapes {
  const random = mulberry32(20_251);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const shared: NamedType[] = [];

  const fieldType = (depth: number): FieldType => {
    const roll = random();
    if (roll < 0.3) return { kind: "scalar", name: "string" };
    if (roll < 0.45) return { kind: "scalar", name: "number" };
    if (roll < 0.55) return { kind: "scalar", name: "boolean" };
    if (roll < 0.65) return { kind: "literals", values: [pick(WORDS), `${pick(WORDS)}_2`, `${pick(WORDS)}_3`] };
    if (roll < 0.8 && depth < 2) return { kind: "array", element: fieldType(depth + 1) };
    return shared.length > 0 ? { kind: "named", name: pick(shared).name } : { kind: "scalar", name: "string" };
  };
  const named = (name: string, doc: string, fields: number): NamedType => ({
    name,
    doc,
    fields: Array.from({ length: fields }, (_, i) => {
      const word = pick(WORDS);
      return { name: `${word}${i}`, type: fieldType(0), optional: random() < 0.3, doc: `The ${word} of this ${name}.` };
    }),
  });

  const sharedCount = Math.max(4, Math.floor(count / 10));
  for (let i = 0; i < sharedCount; i++) shared.push(named(`Shared${i}`, `Used by many functions, number ${i}.`, 5));
  const functions = Array.from({ length: count }, (_, i): ShapedFunction => {
    const id = String(i).padStart(4, "0");
    return {
      name: `compute${id}`,
      doc: `Computes the ${pick(WORDS)} of a ${pick(WORDS)}, variant ${i}.`,
      input: named(`Compute${id}Input`, `What compute${id} takes.`, 6),
      result: named(`Compute${id}Result`, `What compute${id} gives.`, 6),
    };
  });
  return { shared, functions };
}

// ---- a farcall app --------------------------------------------------------------------------------------------

/** Source files of the app by name; the entry is `app.ts`, the app's name `bench`. */
export function toApp(shapes: Shapes): Map<string, string> {
  const files = new Map<string, string>();
  files.set("shared.ts", shapes.shared.map(typescriptInterface).join("\n"));
  files.set("application.ts", 'import { App } from "farcall";\n\nexport const app = new App("bench");\n');
  const modules: string[] = [];
  for (let start = 0; start < shapes.functions.length; start += FUNCTIONS_A_MODULE) {
    const functions = shapes.functions.slice(start, start + FUNCTIONS_A_MODULE);
    const name = `part${start / FUNCTIONS_A_MODULE}`;
    modules.push(name);
    files.set(`${name}.ts`, typescriptModule(functions));
  }
  files.set(
    "app.ts",
    ['export { app } from "./application.ts";', ...modules.map((name) => `export * from "./${name}.ts";`), ""].join(
      "\n",
    ),
  );
  return files;
}

function typescriptModule(functions: ShapedFunction[]): string {
  const used = new Set<string>();
  for (const { input, result } of functions) {
    for (const field of [...input.fields, ...result.fields]) {
      const name = namedIn(field.type);
      if (name) used.add(name);
    }
  }
  const lines = ['import { app } from "./application.ts";'];
  if (used.size > 0) lines.push(`import type { ${[...used].sort().join(", ")} } from "./shared.ts";`);
  for (const fn of functions) {
    lines.push(
      "",
      typescriptInterface(fn.input),
      typescriptInterface(fn.result),
      `/**\n * ${fn.doc}\n * @param id which one\n * @param dryRun only look\n */`,
      `export const ${fn.name} = app.function(async function ${fn.name}(`,
      `  id: string,`,
      `  input: ${fn.input.name},`,
      `  dryRun?: boolean,`,
      `): Promise<${fn.result.name}> {`,
      "  throw new Error(JSON.stringify([id, input, dryRun]));",
      "});",
    );
  }
  return `${lines.join("\n")}\n`;
}

function typescriptInterface(type: NamedType): string {
  const fields = type.fields.map(
    (field) => `  /** ${field.doc} */\n  ${field.name}${field.optional ? "?" : ""}: ${typescriptType(field.type)};`,
  );
  return `/** ${type.doc} */\nexport interface ${type.name} {\n${fields.join("\n")}\n}\n`;
}

function typescriptType(type: FieldType): string {
  switch (type.kind) {
    case "scalar":
    case "named":
      return type.name;
    case "literals":
      return type.values.map((value) => JSON.stringify(value)).join(" | ");
    case "array":
      return type.element.kind === "literals"
        ? `(${typescriptType(type.element)})[]`
        : `${typescriptType(type.element)}[]`;
  }
}

// ---- OpenAPI --------------------------------------------------------------------------------------------------

/** One POST operation a function. */
export function toOpenApi(shapes: Shapes): object {
  const types = [...shapes.shared, ...shapes.functions.flatMap((fn) => [fn.input, fn.result])];
  const json = (name: string) => ({ "application/json": { schema: { $ref: `#/components/schemas/${name}` } } });
  return {
    openapi: "3.1.0",
    info: { title: "bench", version: "1.0.0" },
    servers: [{ url: "http://127.0.0.1:8080" }],
    paths: Object.fromEntries(
      shapes.functions.map((fn) => [
        `/${fn.name}/{id}`,
        {
          post: {
            operationId: fn.name,
            summary: fn.doc,
            parameters: [
              { name: "id", in: "path", required: true, description: "which one", schema: { type: "string" } },
              { name: "dryRun", in: "query", description: "only look", schema: { type: "boolean" } },
            ],
            requestBody: { required: true, content: json(fn.input.name) },
            responses: { 200: { description: "The result.", content: json(fn.result.name) } },
          },
        },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        types.map((type) => [
          type.name,
          {
            type: "object",
            description: type.doc,
            required: type.fields.filter((field) => !field.optional).map((field) => field.name),
            properties: Object.fromEntries(
              type.fields.map((field) => [field.name, { ...openApiType(field.type), description: field.doc }]),
            ),
          },
        ]),
      ),
    },
  };
}

function openApiType(type: FieldType): object {
  switch (type.kind) {
    case "scalar":
      return { type: type.name };
    case "literals":
      return { type: "string", enum: [...new Set(type.values)] };
    case "named":
      return { $ref: `#/components/schemas/${type.name}` };
    case "array":
      return { type: "array", items: openApiType(type.element) };
  }
}

// ---- GraphQL --------------------------------------------------------------------------------------------------

/**
 * One mutation a function, and the operations that a client would send. GraphQL keeps inputs and outputs apart, so shared
 * types come twice, and it has no anonymous enums, so unions of literals are named.
 */
export function toGraphql(shapes: Shapes): { schema: string; operations: string } {
  const enums = new Map<string, string>();
  const typeName = (type: FieldType, owner: string, input: boolean): string => {
    switch (type.kind) {
      case "scalar":
        return { string: "String", number: "Float", boolean: "Boolean" }[type.name];
      case "named":
        return input ? `${type.name}Input` : type.name;
      case "array":
        return `[${typeName(type.element, owner, input)}!]`;
      case "literals": {
        const values = [...new Set(type.values)];
        enums.set(`${owner}Choice`, `enum ${owner}Choice {\n${values.map((value) => `  ${value}`).join("\n")}\n}`);
        return `${owner}Choice`;
      }
    }
  };
  const print = (type: NamedType, name: string, input: boolean): string => {
    const fields = type.fields.map((field) => {
      const owner = type.name + field.name[0]!.toUpperCase() + field.name.slice(1);
      return `  "${field.doc}"\n  ${field.name}: ${typeName(field.type, owner, input)}${field.optional ? "" : "!"}`;
    });
    return `"${type.doc}"\n${input ? "input" : "type"} ${name} {\n${fields.join("\n")}\n}`;
  };

  const parts: string[] = [];
  for (const type of shapes.shared) parts.push(print(type, type.name, false), print(type, `${type.name}Input`, true));
  for (const fn of shapes.functions)
    parts.push(print(fn.input, fn.input.name, true), print(fn.result, fn.result.name, false));
  const mutations = shapes.functions.map(
    (fn) => `  "${fn.doc}"\n  ${fn.name}(id: String!, input: ${fn.input.name}!, dryRun: Boolean): ${fn.result.name}!`,
  );
  const schema = [
    ...parts,
    ...enums.values(),
    `type Query {\n  version: String!\n}`,
    `type Mutation {\n${mutations.join("\n")}\n}`,
  ];

  const shared = new Map(shapes.shared.map((type) => [type.name, type]));
  const select = (type: NamedType): string =>
    type.fields
      .map((field) => {
        const name = namedIn(field.type);
        // A selection has to end somewhere: shared types are selected by their scalar fields.
        const inner = name ? scalarsOf(shared.get(name)!) : undefined;
        return inner === undefined ? field.name : `${field.name} { ${inner} }`;
      })
      .join(" ");
  const operations = shapes.functions.map(
    (fn) =>
      `mutation ${fn.name}($id: String!, $input: ${fn.input.name}!, $dryRun: Boolean) {\n` +
      `  ${fn.name}(id: $id, input: $input, dryRun: $dryRun) { ${select(fn.result)} }\n}`,
  );
  return { schema: `${schema.join("\n\n")}\n`, operations: `${operations.join("\n\n")}\n` };
}

function scalarsOf(type: NamedType): string {
  const names = type.fields.filter((field) => namedIn(field.type) === undefined).map((field) => field.name);
  return names.length > 0 ? names.join(" ") : "__typename";
}

function namedIn(type: FieldType): string | undefined {
  if (type.kind === "named") return type.name;
  return type.kind === "array" ? namedIn(type.element) : undefined;
}

// ---- arguments for calls --------------------------------------------------------------------------------------

/** A value of a function's input type, as source text: what a use of a stub or a client passes. */
export function sampleInput(shapes: Shapes, fn: ShapedFunction): string {
  const shared = new Map(shapes.shared.map((type) => [type.name, type]));
  const value = (type: FieldType): string => {
    switch (type.kind) {
      case "scalar":
        return { string: '"a"', number: "1", boolean: "true" }[type.name];
      case "literals":
        return JSON.stringify(type.values[0]);
      case "named":
        return object(shared.get(type.name)!);
      case "array":
        return `[${value(type.element)}]`;
    }
  };
  const object = (type: NamedType): string =>
    `{ ${type.fields
      .filter((field) => !field.optional)
      .map((field) => `${field.name}: ${value(field.type)}`)
      .join(", ")} }`;
  return object(fn.input);
}

/** Small seeded generator: the same numbers on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
