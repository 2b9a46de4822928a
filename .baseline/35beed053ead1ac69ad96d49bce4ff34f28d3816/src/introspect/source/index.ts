/** The app's source: the compiler's program of it, the registrations in it, what its names and comments say. */
export { docOf, docOfFunction, docOfHolder, type FunctionDoc, splitFunctionDoc } from "./docs.ts";
export {
  atRegistration,
  classBehind,
  follow,
  functionBehind,
  type Located,
  propertyOf,
  runtimeName,
  stringProperty,
  unwrap,
} from "./expressions.ts";
export { type Found, type FoundApp, find, isFarcallFile, type Registration } from "./find.ts";
export { type AppProgram, createProgram, Previous, type ProgramOptions, typeErrors } from "./program.ts";
export { hasModifier, lastName, parentOf, symbolOf } from "./symbols.ts";
