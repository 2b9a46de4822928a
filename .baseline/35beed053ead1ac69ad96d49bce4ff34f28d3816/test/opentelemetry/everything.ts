/** What programs of these tests import: the package's entry, and how an engine is opened. */
export { openEngine } from "../../src/engines/index.ts";
export * from "../../src/index.ts";
