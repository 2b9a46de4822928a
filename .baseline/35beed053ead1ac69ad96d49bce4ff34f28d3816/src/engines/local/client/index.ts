/** The side of a `local` engine that runs in the program that uses it. */
export { localEngine } from "./client.ts";
export { hostRuns, hostStatus, stopHost } from "./control.ts";
export { backupState, repairState, restoreState } from "./maintenance.ts";
