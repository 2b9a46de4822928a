/** Types and values in JSON's terms: JSON Schema, OpenAPI, and values read and written by their types. */
export { exportJsonSchema } from "./json-schema.ts";
export { bytesAs, fromJson, isAbsent, isBinary, isText, isUnknown, membersOf, toJson } from "./json-value.ts";
export { exportOpenApi } from "./openapi.ts";
