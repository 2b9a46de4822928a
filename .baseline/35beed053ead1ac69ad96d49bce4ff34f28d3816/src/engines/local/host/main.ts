/**
 * The host's entry: a process that serves one state directory. Its arguments are the directory, and `--detached` when it
 * leads a process group of its own; on file descriptor 3 it says once how its start went.
 */
import { closeSync, writeSync } from "node:fs";
import type { Failure } from "../../../engine/index.ts";
import { startSdk, startTelemetry, telemetry } from "../../../pool/index.ts";
import { writesLog } from "../host-log.ts";
import { statePaths } from "../paths.ts";
import { closeFiles, prepareDirectory } from "../private.ts";
import type { StartReport } from "../protocol.ts";
import { asFailure, warn } from "./failures.ts";
import { Host } from "./host.ts";
import { openStorage } from "./storage/index.ts";

// Whatever the host writes is its user's alone. Functions write with the user's usual mask.
const umask = process.umask(0o077);
const detached = process.argv.includes("--detached");
const paths = statePaths(`local:${process.argv.at(-1)}`);
if (detached) writesLog(paths.hostLog);
process.title = `farcall host ${paths.state}`;

// That the log cannot be written is not a reason to stop.
process.stderr.on("error", () => {});
process.on("uncaughtException", (error) => {
  warn(`the host stops because of an error of its own: ${error.stack ?? error}`);
  process.exit(1);
});

try {
  prepareDirectory(paths);
  closeFiles(paths);
  const storage = openStorage(paths, warn);
  if (!storage) {
    report({ locked: true });
    process.exit(0);
  }
  await startSdk();
  const host = new Host(paths, storage, { umask, onEnd: () => void exit(host) });
  await startTelemetry(() => host.pools.all());
  await host.listen();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => host.stop("drain"));
  report({ ready: true });
} catch (error) {
  const failure: Failure = asFailure(error);
  warn(`the host did not start: ${failure.message}`);
  report({ failure });
  process.exit(1);
}

async function exit(host: Host): Promise<never> {
  await Promise.all([telemetry?.flush(), host.containersEnded()]);
  process.exit(0);
}

function report(how: StartReport): void {
  if (!detached) return;
  try {
    writeSync(3, `${JSON.stringify(how)}\n`);
    closeSync(3);
  } catch {
    // The client that started the host is gone. Others may come.
  }
}
