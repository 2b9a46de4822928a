/** Stubs whose functions run in this process: for unit tests of programs that call. */
export type { LocalDefinition, LocalDefinitions, LocalInstance, LocalStubs } from "./types.ts";
export { withLocal } from "./with-local.ts";
