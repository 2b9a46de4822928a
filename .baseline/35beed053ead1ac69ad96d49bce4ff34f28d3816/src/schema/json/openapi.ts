/**
 * A manifest as an OpenAPI 3.1 document: a POST for each function, whose body is an object of the arguments by name; of a
 * method, `{ constructorArguments, arguments }`. It describes the functions to tools that know OpenAPI; values are written as
 * in json-schema.ts.
 */
import { classOf } from "../classes.ts";
import { docParts } from "../docs.ts";
import { functionsOf } from "../functions.ts";
import type { JsonSchema } from "../json-types.ts";
import type { AppManifest, CallSignature, ClassSchema, FunctionSchema, ParameterSchema } from "../manifest.ts";
import { isRequired } from "../parameters.ts";
import { either, JsonSchemaWriter, record } from "./json-schema.ts";

/** All functions, or the one or the class's methods that are named. Throws SchemaError for a name that the manifest does not have. */
export function exportOpenApi(manifest: AppManifest, functionName?: string): JsonSchema {
  const writer = new JsonSchemaWriter(manifest, "#/components/schemas/");
  const paths = record(
    functionsOf(manifest, functionName)
      // Their requests and responses are not known.
      .filter(({ mode }) => mode !== "web")
      .map((fn) => [`/${encodeURIComponent(fn.name)}`, { post: operation(fn, classOf(fn, manifest), writer) }]),
  );
  const { text } = docParts(manifest.doc);
  return {
    openapi: "3.1.0",
    info: { title: manifest.app, version: String(manifest.version), ...(text !== undefined && { description: text }) },
    paths,
    components: { schemas: writer.definitions() },
  };
}

function operation(fn: FunctionSchema, of: ClassSchema | undefined, writer: JsonSchemaWriter): JsonSchema {
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  const [summary] = docParts(fn.doc).text?.split(/\n|(?<=\.)\s/) ?? [];
  const args = byName(calls, writer);
  const construct = of && byName(of.constructors, writer);
  const required = args.required || construct?.required === true;
  const body = construct ? methodBody(construct, args) : args.schema;
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

interface Arguments {
  schema: JsonSchema;
  /** Not all can be left out. */
  required: boolean;
}

function byName(calls: readonly { parameters: ParameterSchema[] }[], writer: JsonSchemaWriter): Arguments {
  const required = calls.every(({ parameters }) => parameters.some(isRequired));
  return { schema: either(calls.map(({ parameters }) => writer.argumentObject(parameters))), required };
}

function methodBody(construct: Arguments, args: Arguments): JsonSchema {
  const required = [...(construct.required ? ["constructorArguments"] : []), ...(args.required ? ["arguments"] : [])];
  return {
    type: "object",
    properties: { constructorArguments: construct.schema, arguments: args.schema },
    ...(required.length > 0 && { required }),
  };
}
