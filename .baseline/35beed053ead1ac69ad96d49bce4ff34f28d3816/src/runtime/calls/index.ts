/** Calls in flight: what the methods of a remote function start, from the arguments given to the outputs taken. */
export * from "./arguments.ts";
export { dueAt, refuseDue } from "./due.ts";
export { GeneratorCall } from "./generator-call.ts";
export { Inputs } from "./inputs.ts";
export { limit, timeout } from "./limit.ts";
export { MapCall } from "./map.ts";
export { CallProgress, FollowedProgress, type ProgressOptions } from "./progress.ts";
export { Ring } from "./ring.ts";
export { spawnInputs } from "./spawn-map.ts";
export { NOTHING, OutputStream } from "./stream.ts";
export { runUnary, UnarySink, valueOf } from "./unary-call.ts";
