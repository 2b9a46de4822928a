/** The schema: what a signature is. Everything here is data or a pure function of it; zod loads only when a manifest is parsed. */
export * from "./manifest.ts";
export * from "./type-schema.ts";
