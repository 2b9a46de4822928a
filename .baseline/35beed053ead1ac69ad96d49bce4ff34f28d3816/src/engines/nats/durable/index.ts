/** Durable calls: how they are kept in streams, accepted, and read. */
export { Attachment } from "./attachment.ts";
export { type Callee, OpenedCall } from "./opened.ts";
export { type Accepted, type Cancelled, type Ended, INLINE_BYTES, pack } from "./records.ts";
export { CallStore, isId, OutputReader, type StoredCall, unknownCall } from "./store.ts";
export { StreamWriter } from "./writer.ts";
