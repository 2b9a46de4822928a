/** `farcall worker`: the machine that it runs on takes part in the work of a NATS engine. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidError } from "../../../runtime/errors.ts";
import { parseAddress } from "../address.ts";
import { Connection } from "../connection.ts";
import { Apps, Catalog, Objects, Overrides, sealSeedIn, trustedSigners } from "../registry/index.ts";
import { CA, CREDS, type Environment } from "../settings.ts";
import { MetricsPort, type MetricsPortSettings } from "./metrics-port.ts";
import { readPublicUrl, type WebPortSettings } from "./web-port.ts";
import { Worker } from "./worker.ts";

export interface WorkerSettings {
  url: string;
  /** Folder for the code of apps. Default: in the user's cache. */
  folder?: string | undefined;
  /** Shown by `farcall workers`. */
  labels?: readonly string[] | undefined;
  /** Public nkeys (U…) of those whose deploys are run, besides FARCALL_NATS_SIGNERS. None at all: everybody's. */
  signers?: readonly string[] | undefined;
  /** Containers that it runs at a time, of all functions. Default: no limit. */
  maxContainers?: number | undefined;
  /** What they may have together, in MiB, by their functions' memoryMiB (256 where there is none). Default: no limit. */
  memoryMiB?: number | undefined;
  /** Takes requests for web functions on this port; 0: any that is free. Default: none. */
  webPort?: number | undefined;
  /** Of the network interface for it. Default: all with `publicUrl`, and loopback without. */
  webAddress?: string | undefined;
  /** Where clients reach the workers' web ports, as a balancer publishes them; functions' URLs begin with it. */
  publicUrl?: string | undefined;
  /** Serves GET /metrics and GET /healthz there. Default: nowhere. */
  metrics?: MetricsPortSettings | undefined;
  /** A line for the worker's operator. */
  log(line: string): void;
  /** Where its other settings come from. Default: the process's environment. */
  env?: Environment;
}

export interface WorkerHandle {
  readonly id: string;
  /** On which it takes requests for web functions. */
  readonly webPort: number | undefined;
  /** On which it serves its figures. */
  readonly metricsPort: number | undefined;
  /** Takes nothing more, lets what runs end for so long, and stops. Resolves with how many inputs had not ended by then. */
  stop(drainMs: number): Promise<number>;
}

/** Resolves once it takes work. Rejects with FarcallError. */
export async function runWorker(settings: WorkerSettings): Promise<WorkerHandle> {
  const {
    url,
    folder,
    labels = [],
    signers = [],
    maxContainers,
    memoryMiB,
    metrics,
    log,
    env = process.env,
  } = settings;
  const web = webSettings(settings);
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
    limits: { maxContainers, memoryMiB },
    web,
    log,
  });
  const port = metrics && new MetricsPort({ ...metrics, figures: () => worker.figures });
  try {
    await worker.start();
    await port?.start();
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return {
    id: worker.id,
    webPort: worker.webPort,
    metricsPort: port?.port,
    async stop(drainMs) {
      const left = await worker.drain(drainMs);
      await worker.stop();
      port?.close();
      return left;
    },
  };
}

/** Throws InvalidError. */
function webSettings({ webPort, webAddress, publicUrl }: WorkerSettings): WebPortSettings | undefined {
  if (webPort !== undefined) {
    return {
      port: webPort,
      address: webAddress,
      publicUrl: publicUrl === undefined ? undefined : readPublicUrl(publicUrl),
    };
  }
  if (publicUrl === undefined && webAddress === undefined) return undefined;
  throw new InvalidError(
    "a public URL or an address for web functions needs a port on which this worker takes requests",
    {
      hint: "Pass --web-port too.",
    },
  );
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
