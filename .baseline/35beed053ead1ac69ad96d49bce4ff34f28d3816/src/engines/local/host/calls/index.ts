/** The calls of a host, whether they live in memory or on disk. Connections open and read them; pools run them. */
export { Calls, type ReadOptions } from "./calls.ts";
export { InputsDigest } from "./digest.ts";
export type { WebRequest } from "./intake.ts";
export type { MemoryCall } from "./memory-call.ts";
export type { FoundCall, OutputReader } from "./output-reader.ts";
export type { Parked, Peer } from "./peer.ts";
