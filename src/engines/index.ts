/** The kinds of engine that the package brings, for whoever needs an engine and not the rest of the core. */
import { registerEngine, registerObserver } from "../runtime/engines.ts";
import type { HostStatus } from "./local/index.ts";

export { openEngine } from "../runtime/engines.ts";
export type { HostStatus } from "./local/index.ts";

/** An engine whose work is done by a process of this machine, for whoever operates it. */
export interface HostControl {
  /** Undefined when it does not run. */
  status(): Promise<HostStatus | undefined>;
  /** Whether it runs, found out without starting it. */
  isRunning(): Promise<boolean>;
  /** Resolves once the process is gone; false when none ran. `force` kills the containers at once. */
  stop(options: { force: boolean }): Promise<boolean>;
}

/** Undefined for an engine that has no such process. */
export async function hostOf(url: string): Promise<HostControl | undefined> {
  if (!url.startsWith("local:")) return undefined;
  const { hostRuns, hostStatus, stopHost } = await import("./local/index.ts");
  return {
    status: () => hostStatus(url),
    isRunning: () => hostRuns(url),
    stop: (options) => stopHost(url, options),
  };
}

registerObserver(async () => (await import("../opentelemetry/index.ts")).observe);
registerEngine("local", async () => (await import("./local/index.ts")).localEngine);
registerEngine("modal", async () => (await import("./modal/index.ts")).modalEngine);
