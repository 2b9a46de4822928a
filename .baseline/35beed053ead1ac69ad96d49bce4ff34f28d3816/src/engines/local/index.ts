/** The `local` engine: a host process per state directory, started on first use, and the client that reaches it. */
export {
  backupState,
  hostRuns,
  hostStatus,
  localEngine,
  repairState,
  restoreState,
  stopHost,
} from "./client/index.ts";
export type { HostStatus, MaintenanceReport } from "./protocol.ts";
