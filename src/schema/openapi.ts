/**
 * A manifest as an OpenAPI 3.1 document: a POST for each function, whose body is an object of the arguments by name. It
 * describes the functions to tools that know OpenAPI; values are written as in json-schema.ts.
 */
import { docParts } from "./docs.ts";
import { functionsOf, type Json, type JsonSchema, JsonSchemaWriter, record } from "./json-schema.ts";
import type { AppManifest, CallSignature, FunctionSchema } from "./manifest.ts";

/** All functions, or the one that is named. Throws SchemaError for a name that the manifest does not have. */
export function exportOpenApi(manifest: AppManifest, functionName?: string): JsonSchema {
  const writer = new JsonSchemaWriter(manifest, "#/components/schemas/");
  const paths = record(
    functionsOf(manifest, functionName)
      // What those take and answer is not known.
      .filter(({ mode }) => mode !== "web")
      .map((fn) => [`/${encodeURIComponent(fn.name)}`, { post: operation(fn, writer) }]),
  );
  const { text } = docParts(manifest.doc);
  return {
    openapi: "3.1.0",
    info: { title: manifest.app, version: String(manifest.version), ...(text !== undefined && { description: text }) },
    paths,
    components: { schemas: writer.definitions() },
  };
}

function operation(fn: FunctionSchema, writer: JsonSchemaWriter): JsonSchema {
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  const [summary] = docParts(fn.doc).text?.split(/\n|(?<=\.)\s/) ?? [];
  const required = calls.every((call) =>
    call.parameters.some(({ optional, rest, default: value }) => !optional && !rest && value === undefined),
  );
  const body = either(calls.map((call) => writer.argumentObject(call.parameters)));
  const result = either(calls.map((call) => writer.result(call)));
  const generator = fn.mode === "generator";
  const description = generator ? "One JSON text a line: each is a value that the generator yields." : "The result.";
  return {
    operationId: fn.name,
    ...(summary !== undefined && { summary }),
    ...writer.documentation(fn.doc),
    requestBody: { required, content: { "application/json": { schema: body } } },
    responses: {
      200: { description, content: { [generator ? "application/jsonl" : "application/json"]: { schema: result } } },
    },
  };
}

function either(schemas: readonly JsonSchema[]): Json {
  return schemas.length === 1 ? schemas[0]! : { anyOf: [...schemas] };
}
