/** Registered functions and classes to schema, and what is wrong with them. */

export { convertClass, type FoundClass } from "./classes.ts";
export { findCodecs } from "./codecs.ts";
export { convertFunction, exportedNames, type FoundFunction } from "./functions.ts";
export { shareWhole } from "./omit.ts";
export { faultsOf } from "./refusals.ts";
