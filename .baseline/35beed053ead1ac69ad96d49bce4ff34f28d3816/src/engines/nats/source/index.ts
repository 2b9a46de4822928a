/** The calling side: calls, and what carries their inputs to workers. */
export type { CallCounts, SourceCall } from "./call.ts";
export { newCallId, ownerOf } from "./ids.ts";
export { REMEMBERED_BYTES } from "./record.ts";
export { Source, type SourceOptions } from "./source.ts";
