/** Calls on Modal: opening them, reading what came of them, and what the server knows about them. */
export { CallDescriber, infoOf } from "./call-info.ts";
export { type Callee, Callees } from "./callee.ts";
export { openModalCall } from "./open.ts";
export type { CallContext, OpenedCall } from "./opened-call.ts";
export { pollOutputs, Reading } from "./reading.ts";
