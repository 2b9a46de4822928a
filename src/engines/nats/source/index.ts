/** The calling side: calls, and what carries their inputs to workers. */
export type { CallCounts, SourceCall } from "./call.ts";
export { newCallId, Source } from "./source.ts";
