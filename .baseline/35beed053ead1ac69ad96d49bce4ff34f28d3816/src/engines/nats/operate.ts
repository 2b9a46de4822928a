/** What operators do with the servers of a NATS engine. */
import type { WorkerReport } from "../../engine/index.ts";
import { parseAddress } from "./address.ts";
import { ask } from "./ask.ts";
import { Connection } from "./connection.ts";
import { initialize } from "./layout.ts";
import type { InitOptions, InitStep } from "./reports.ts";
import type { Environment } from "./settings.ts";

/** Makes what is missing and changes what differs. Rejects with FarcallError. */
export async function initializeNats(
  url: string,
  options: InitOptions,
  env: Environment = process.env,
): Promise<InitStep[]> {
  const connection = new Connection(parseAddress(url), "farcall nats init", env);
  try {
    return await initialize(connection, options);
  } finally {
    await connection.close();
  }
}

/** The workers that are there, by their own words. Rejects with FarcallError. */
export async function listWorkers(url: string, env: Environment = process.env): Promise<WorkerReport[]> {
  const connection = new Connection(parseAddress(url), "farcall workers", env);
  try {
    const reports = await ask<WorkerReport>(connection, "workers", {});
    return reports.sort((a, b) => (a.host === b.host ? a.pid - b.pid : a.host < b.host ? -1 : 1));
  } finally {
    await connection.close();
  }
}
