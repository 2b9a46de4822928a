/** The `local` engine: a host process per state directory, started on first use, and the client that reaches it. */
export { localEngine } from "./client/client.ts";
export { hostRuns, hostStatus, stopHost } from "./client/control.ts";
export type { HostStatus } from "./protocol.ts";
