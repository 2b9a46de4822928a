/** The `local` engine: a host process per state directory, started on first use, and the client that reaches it. */
export { localEngine } from "./client.ts";
export { hostRuns, hostStatus, stopHost } from "./control.ts";
export type { HostStatus } from "./protocol.ts";
