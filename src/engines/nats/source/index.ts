/** The calling side: calls, and what carries their inputs to workers. */
export type { CallCounts, SourceCall } from "./call.ts";
export { REMEMBERED_BYTES } from "./record.ts";
export { newCallId, ownerOf, Source, type SourceOptions } from "./source.ts";
