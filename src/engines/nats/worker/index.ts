/** `farcall worker`: the machine that it runs on takes part in the work of a NATS engine. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseAddress } from "../address.ts";
import { Connection } from "../connection.ts";
import { CA, CREDS, type Environment } from "../credentials.ts";
import { Apps, Catalog, Objects, Overrides, sealSeedIn, trustedSigners } from "../registry/index.ts";
import { Worker } from "./worker.ts";

export interface WorkerSettings {
  url: string;
  /** Folder for the code of apps. Default: in the user's cache. */
  folder?: string | undefined;
  /** Shown by `farcall workers`. */
  labels?: readonly string[] | undefined;
  /** Public nkeys (U…) of those whose deploys are run, besides FARCALL_NATS_SIGNERS. None at all: everybody's. */
  signers?: readonly string[] | undefined;
  /** A line for whoever operates the worker. */
  log(line: string): void;
  /** Where its other settings come from. Default: the process's environment. */
  env?: Environment;
}

export interface WorkerHandle {
  readonly id: string;
  /** Takes nothing more, lets what runs end for so long, and stops. */
  stop(drainMs: number): Promise<void>;
}

/** Resolves once it takes work. Rejects with FarcallError. */
export async function runWorker({
  url,
  folder,
  labels = [],
  signers = [],
  log,
  env = process.env,
}: WorkerSettings): Promise<WorkerHandle> {
  const address = parseAddress(url);
  const trusted = trustedSigners(env, signers);
  // Now rather than with the first app that has secrets.
  sealSeedIn(env);
  const connection = new Connection(address, `farcall worker ${process.pid}`, env);
  const catalog = new Catalog(new Apps(connection), new Objects(connection), "Run `farcall deploy FILE`.");
  const worker = new Worker({
    connection,
    catalog,
    overrides: new Overrides(connection),
    folder: resolve(folder ?? defaultFolder()),
    env: containerEnvironment(address.url, env),
    labels,
    signers: trusted,
    log,
  });
  try {
    await worker.start();
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    id: worker.id,
    async stop(drainMs) {
      await worker.drain(drainMs);
      await worker.stop();
    },
  };
}

function defaultFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "farcall", "worker");
}

/** Containers call with credentials of their own, which are a caller's: what they run is not ours. */
function containerEnvironment(url: string, env: Environment): Record<string, string> {
  const creds = env["FARCALL_NATS_CONTAINER_CREDS"];
  const ca = env[CA];
  return {
    FARCALL_ENGINE: url,
    ...(creds && { [CREDS]: resolve(creds) }),
    ...(ca && { [CA]: resolve(ca) }),
  };
}
