/** The schema: what a signature is. Everything here is data or a pure function of it; the checker loads when a manifest is parsed. */
import type { AppManifest } from "./manifest.ts";

export { nearest } from "../text/nearest.ts";
export { classOf, constructorOf, methodName, methodsOf } from "./classes.ts";
export {
  type Compatibility,
  compareClasses,
  compareFunctions,
  compareManifests,
  type FunctionComparison,
  type FunctionVersion,
} from "./compare/compatibility.ts";
export { docParts } from "./docs.ts";
export { expandGlobal } from "./globals.ts";
export { isBindingName, isIdentifierName, isLabel, isTypeName } from "./identifiers.ts";
export { exportJsonSchema, type Json, type JsonSchema } from "./json/json-schema.ts";
export { bytesAs, fromJson, isAbsent, isBinary, isText, isUnknown, membersOf, toJson } from "./json/json-value.ts";
export { exportOpenApi } from "./json/openapi.ts";
export * from "./manifest.ts";
export { argumentAt, isOptional, isRequired } from "./parameters.ts";
export { constructorText, exportMarkdown, reachable, signatureText } from "./print/markdown.ts";
export {
  printCall,
  printDeclaration,
  printDocumented,
  printIndex,
  printParameters,
  printProperty,
  printPropertyName,
  printString,
  printTuple,
  printType,
  printTypeParameters,
} from "./print/print.ts";
export { type Declarations, declarationsByName, expand, inferredNames } from "./resolve.ts";
export { SchemaError } from "./schema-error.ts";
export { signatureOf } from "./signature.ts";
export * from "./type-schema.ts";

/** A manifest from parsed JSON. Rejects with SchemaError that names the path of what is wrong, or the unknown schemaVersion. */
export async function parseManifest(json: unknown): Promise<AppManifest> {
  const { parse } = await import("./parse/parse.ts");
  return parse(json);
}
