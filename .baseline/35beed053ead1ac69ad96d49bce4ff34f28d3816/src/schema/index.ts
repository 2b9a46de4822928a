/** The schema: signatures as data. Everything here is data or a pure function of it; the checker loads when a manifest is parsed. */
import type { JsonSchema } from "./json-types.ts";
import type { AppManifest } from "./manifest.ts";

export { nearest } from "../text/index.ts";
export { classOf, constructorOf, methodName, methodsOf } from "./classes.ts";
export {
  type Compatibility,
  compareClasses,
  compareFunctions,
  compareManifests,
  type FunctionComparison,
  type FunctionVersion,
} from "./compare/index.ts";
export { type DocTag, docParts, docTags } from "./docs.ts";
export { EncodedValue } from "./encoded-value.ts";
export { expandGlobal } from "./globals.ts";
export { isBindingName, isIdentifierName, isLabel, isTypeName } from "./identifiers.ts";
export {
  bytesAs,
  exportJsonSchema,
  exportOpenApi,
  fromJson,
  isAbsent,
  isBinary,
  isText,
  isUnknown,
  membersOf,
  toJson,
} from "./json/index.ts";
export type { Json, JsonSchema } from "./json-types.ts";
export * from "./manifest.ts";
export { argumentAt, isNamed, isOptional, isPositional, isRequired, keyText } from "./parameters.ts";
export {
  constructorText,
  exportMarkdown,
  printCall,
  printCallParameters,
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
  reachable,
  signatureText,
} from "./print/index.ts";
export { type Declarations, declarationsByName, expand, inferredNames } from "./resolve.ts";
export { SchemaError } from "./schema-error.ts";
export { signatureOf } from "./signature.ts";
export * from "./type-schema.ts";

/** A manifest from parsed JSON. Rejects with SchemaError that names the path of what is wrong, or the unknown schemaVersion. */
export async function parseManifest(json: unknown): Promise<AppManifest> {
  const { parse } = await import("./parse/index.ts");
  return parse(json);
}

/** The JSON Schema of manifests, which the package has as `farcall/manifest.schema.json` too. */
export async function manifestSchema(): Promise<JsonSchema> {
  return (await import("./parse/index.ts")).manifestSchema();
}
