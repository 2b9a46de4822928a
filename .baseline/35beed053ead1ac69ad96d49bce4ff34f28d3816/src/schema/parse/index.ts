/** The check of manifests from outside. Loaded when the first manifest is parsed. */
export { manifestSchema, parse } from "./parse.ts";
