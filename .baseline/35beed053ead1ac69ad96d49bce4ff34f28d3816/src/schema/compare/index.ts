/** Compares two versions of a function: whether stubs generated from one may call the other. */
export { compareClasses, compareFunctions, compareManifests, type FunctionComparison } from "./compatibility.ts";
export type { Compatibility, FunctionVersion } from "./versions.ts";
