/** The kinds of engine that the package brings, for whoever needs an engine and not the rest of the core. */
import type { WorkerReport } from "../engine/index.ts";
import { registerEngine, registerObserver } from "../runtime/engines.ts";
import type { HostStatus, MaintenanceReport } from "./local/index.ts";
import type { InitOptions, InitStep } from "./nats/index.ts";
import { isNats, NATS_SCHEMES } from "./schemes.ts";

export { openEngine } from "../runtime/engines.ts";
export type { HostStatus, MaintenanceReport } from "./local/index.ts";
export type { InitOptions, InitStep, Role, RoleUser } from "./nats/index.ts";

/** An engine whose work is done by a process of this machine, for whoever operates it. */
export interface HostControl {
  /** Undefined when it does not run. */
  status(): Promise<HostStatus | undefined>;
  /** Whether it runs, found out without starting it. */
  isRunning(): Promise<boolean>;
  /** Resolves once the process is gone; false when none ran. `force` kills the containers at once. */
  stop(options: { force: boolean }): Promise<boolean>;
  /** Writes all that it keeps into one new file. It may run meanwhile. */
  backup(file: string): Promise<MaintenanceReport>;
  /** Stops it, and puts a backup in the place of what it keeps. */
  restore(file: string): Promise<MaintenanceReport>;
  /** Stops it, and makes what it keeps usable again. */
  repair(): Promise<MaintenanceReport>;
}

/** An engine on servers that somebody operates, whose work is done by workers on any number of machines. */
export interface ClusterControl {
  /** Sets the servers up: idempotent. Rejects with FarcallError. */
  initialize(options: InitOptions): Promise<InitStep[]>;
  /** Those that are there now. */
  workers(): Promise<WorkerReport[]>;
}

/** Undefined for an engine that has no workers. */
export async function clusterOf(url: string): Promise<ClusterControl | undefined> {
  if (!isNats(url)) return undefined;
  const { initializeNats, listWorkers } = await import("./nats/index.ts");
  return {
    initialize: (options) => initializeNats(url, options),
    workers: () => listWorkers(url),
  };
}

/** Keys and roles of users of NATS, for which no server is asked. */
export async function natsKeys() {
  const { newSealKey, newUserKey, permissionsOf, ROLE_SUMMARIES, ROLES, serverConfig } = await import(
    "./nats/index.ts"
  );
  return { newSealKey, newUserKey, permissionsOf, ROLE_SUMMARIES, ROLES, serverConfig };
}

/** Undefined for an engine that has no such process. */
export async function hostOf(url: string): Promise<HostControl | undefined> {
  if (!url.startsWith("local:")) return undefined;
  const { backupState, hostRuns, hostStatus, repairState, restoreState, stopHost } = await import("./local/index.ts");
  return {
    status: () => hostStatus(url),
    isRunning: () => hostRuns(url),
    stop: (options) => stopHost(url, options),
    backup: (file) => backupState(url, file),
    restore: (file) => restoreState(url, file),
    repair: () => repairState(url),
  };
}

registerObserver(async () => (await import("../opentelemetry/index.ts")).observe);
registerEngine("local", async () => (await import("./local/index.ts")).localEngine);
registerEngine("modal", async () => (await import("./modal/index.ts")).modalEngine);
// The same servers, reached over TLS alone.
for (const scheme of NATS_SCHEMES) registerEngine(scheme, async () => (await import("./nats/index.ts")).natsEngine);
