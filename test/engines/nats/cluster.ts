/** Servers and workers for one test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initializeNats, natsEngine, newSealKey } from "../../../src/engines/nats/index.ts";
import { NatsServer } from "./server.ts";

/** A durable call whose worker is lost goes to another after so long: half a minute would only make tests slow. */
process.env["FARCALL_NATS_HOME_MS"] = "2000";

const PROGRAM = join(import.meta.dirname, "program.ts");

export class Worker {
  readonly #url: string;
  readonly folder: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;

  constructor(url: string, env: Record<string, string> = {}) {
    this.#url = url;
    this.#env = env;
    this.folder = mkdtempSync(join(tmpdir(), "fw-"));
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves once it takes work. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, this.#url, this.folder], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    const gone = once(child, "exit").then(() => Promise.reject(new Error("the worker did not start")));
    await Promise.race([once(child.stdout, "data"), gone]);
    gone.catch(() => {});
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One server, set up for farcall, and workers. */
export class Cluster {
  readonly server: NatsServer;
  readonly workers: Worker[] = [];
  readonly #before = process.env["FARCALL_NATS_SEAL_KEY"];

  constructor(server: NatsServer) {
    this.server = server;
  }

  static async start({ workers = 1, env = {} }: { workers?: number; env?: Record<string, string> } = {}) {
    const cluster = new Cluster(await NatsServer.start());
    await initializeNats(cluster.url, { replicas: 1 });
    const { publicKey, seed } = await newSealKey(cluster.url);
    const file = join(cluster.server.folder, "seal.seed");
    writeFileSync(file, seed);
    process.env["FARCALL_NATS_SEAL_KEY"] = publicKey;
    for (let i = 0; i < workers; i++) {
      cluster.workers.push(new Worker(cluster.url, { FARCALL_NATS_SEAL_SEED: file, ...env }));
    }
    await Promise.all(cluster.workers.map((worker) => worker.start()));
    return cluster;
  }

  get url(): string {
    return this.server.url;
  }

  engine() {
    return natsEngine(this.url);
  }

  /** Kills all, and starts all again. */
  async interrupt(): Promise<void> {
    await Promise.all([this.server.kill(), ...this.workers.map((worker) => worker.kill())]);
    await this.server.start();
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) await worker[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    if (this.#before === undefined) delete process.env["FARCALL_NATS_SEAL_KEY"];
    else process.env["FARCALL_NATS_SEAL_KEY"] = this.#before;
  }
}
