/** What machines run that do the work of an engine: apart from the engines themselves, since a program that calls needs none of it. */
import { UnsupportedError } from "../runtime/errors.ts";
import type { WorkerHandle, WorkerSettings } from "./nats/worker/index.ts";
import { isNats } from "./schemes.ts";

export type { WorkerHandle, WorkerSettings } from "./nats/worker/index.ts";

/** Resolves once this process takes work of the engine. Rejects with UnsupportedError for an engine that has no workers. */
export async function startWorker(settings: WorkerSettings): Promise<WorkerHandle> {
  if (!isNats(settings.url)) {
    throw new UnsupportedError(`${settings.url} has no workers`, {
      hint: "Workers are for NATS: `farcall worker --engine nats://host:4222`.",
    });
  }
  const { runWorker } = await import("./nats/worker/index.ts");
  return runWorker(settings);
}
