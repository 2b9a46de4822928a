/** Backup, restoration and repair of a state directory: stops its host where that is needed, and lets a process of the host's code do the work. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { EngineUnavailableError, failureToError } from "../../../runtime/errors.ts";
import { statePaths } from "../paths.ts";
import { prepareDirectory } from "../private.ts";
import type { MaintenanceReport, MaintenanceResult } from "../protocol.ts";
import { stopHost } from "./control.ts";

export async function backupState(url: string, file: string): Promise<MaintenanceReport> {
  return await maintain(url, "backup", file);
}

/** Stops the host. */
export async function restoreState(url: string, file: string): Promise<MaintenanceReport> {
  await stopHost(url);
  return await maintain(url, "restore", file);
}

/** Stops the host. */
export async function repairState(url: string): Promise<MaintenanceReport> {
  await stopHost(url);
  return await maintain(url, "repair");
}

async function maintain(url: string, what: string, ...file: string[]): Promise<MaintenanceReport> {
  const paths = statePaths(url);
  prepareDirectory(paths);
  const entry = new URL(
    import.meta.url.endsWith(".ts") ? "../host/maintain.ts" : "../host/maintain.js",
    import.meta.url,
  );
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", fileURLToPath(entry), what, paths.state, ...file],
    { stdio: ["ignore", "pipe", "pipe"], windowsHide: true },
  );
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  const [said, complaint] = await Promise.race([Promise.all([text(child.stdout), text(child.stderr)]), failed]);
  if (!said) {
    throw new EngineUnavailableError(`the ${what} of ${paths.state} ended without a result: ${complaint.trimEnd()}`);
  }
  const result = JSON.parse(said) as MaintenanceResult;
  if ("failure" in result) throw failureToError(result.failure);
  return result.done;
}
