/** The `local` engine: a host process per state directory, started on first use, and the client that reaches it. */
export { hostRuns, hostStatus, localEngine, stopHost } from "./client/index.ts";
export type { HostStatus } from "./protocol.ts";
