/** What operators do with the servers of a NATS engine. */
import type { WorkerReport } from "../../engine/index.ts";
import { parseAddress } from "./address.ts";
import { ask } from "./ask.ts";
import { Connection } from "./connection.ts";
import { initialize } from "./layout.ts";
import { createSealKey } from "./registry/index.ts";
import type { InitOptions, InitStep } from "./reports.ts";

/** Makes what is missing and changes what differs. Rejects with FarcallError. */
export async function initializeNats(url: string, options: InitOptions): Promise<InitStep[]> {
  const connection = new Connection(parseAddress(url), "farcall nats init");
  try {
    return await initialize(connection, options);
  } finally {
    await connection.close();
  }
}

/** The workers that are there, by their own words. Rejects with FarcallError. */
export async function listWorkers(url: string): Promise<WorkerReport[]> {
  const connection = new Connection(parseAddress(url), "farcall workers");
  try {
    const reports = await ask<WorkerReport>(connection, "workers", {});
    return reports.sort((a, b) => (a.host === b.host ? a.pid - b.pid : a.host < b.host ? -1 : 1));
  } finally {
    await connection.close();
  }
}

/** The keys with which secrets are sealed for the workers of an engine. */
export async function newSealKey(url: string): Promise<{ publicKey: string; seed: string }> {
  const connection = new Connection(parseAddress(url), "farcall nats init");
  try {
    return await createSealKey(connection);
  } finally {
    await connection.close();
  }
}
