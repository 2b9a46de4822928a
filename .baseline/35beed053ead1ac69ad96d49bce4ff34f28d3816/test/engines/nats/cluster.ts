/** Servers and workers for one test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../../src/engine/index.ts";
import { initializeNats, natsEngine, newSealKey } from "../../../src/engines/nats/index.ts";
import { Proxy } from "./proxy.ts";
import { NatsServer, urlOf } from "./server.ts";

/** A durable call whose worker is lost goes to another after so long: half a minute would only make tests slow. */
process.env["FARCALL_NATS_HOME_MS"] = "2000";

/** Built: it and the containers that it starts load in half the time of the sources. */
const FARCALL = join(import.meta.dirname, "../../../dist/cli/farcall.js");

export class Worker {
  readonly #url: string;
  readonly folder: string;
  readonly #env: Record<string, string>;
  readonly #options: readonly string[];
  #child: ChildProcess | undefined;

  constructor(url: string, env: Record<string, string> = {}, options: readonly string[] = []) {
    this.#url = url;
    this.#env = env;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), "fw-"));
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves once it takes work. */
  async start(): Promise<void> {
    const args = ["worker", "--engine", this.#url, "--folder", this.folder, ...this.#options];
    const child = spawn(process.execPath, [FARCALL, ...args], {
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

export interface ClusterOptions {
  /** 1 or 3; with three, everything is kept three times. */
  servers?: number;
  workers?: number;
  /** Environment variables of the workers. */
  env?: Record<string, string>;
  /** Workers reach one server each, by a road of their own, and servers reach each other by roads: those can be cut and stalled. */
  through?: boolean;
  /** Options of `farcall worker`, for one worker after the other. */
  options?: readonly (readonly string[])[];
}

/** Servers, set up for farcall, and workers. */
export class Cluster {
  readonly servers: readonly NatsServer[];
  readonly workers: Worker[] = [];
  /** With `through`, one for each worker. */
  readonly roads: Proxy[] = [];
  readonly #routes: { from: number; to: number; road: Proxy }[];
  readonly #before = process.env["FARCALL_NATS_SEAL_KEY"];

  private constructor(servers: readonly NatsServer[], routes: { from: number; to: number; road: Proxy }[]) {
    this.servers = servers;
    this.#routes = routes;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { servers = 1, through = false } = options;
    const routes: { from: number; to: number; road: Proxy }[] = [];
    const makeRoad = async (from: number, to: number, port: number): Promise<Proxy> => {
      const road = await Proxy.start(port);
      routes.push({ from, to, road });
      return road;
    };
    const all =
      servers === 1
        ? [await NatsServer.start()]
        : await NatsServer.startCluster(servers, through ? makeRoad : undefined);
    const cluster = new Cluster(all, routes);
    try {
      await cluster.#setUp(options);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  async #setUp({ workers = 1, env = {}, through = false, options = [] }: ClusterOptions): Promise<void> {
    await initializeNats(this.url, { replicas: this.servers.length });
    const { publicKey, seed } = await newSealKey();
    const file = join(this.servers[0]!.folder, "seal.seed");
    writeFileSync(file, seed);
    process.env["FARCALL_NATS_SEAL_KEY"] = publicKey;
    for (let i = 0; i < workers; i++) {
      const road = through ? await Proxy.start(this.servers[i % this.servers.length]!.port) : undefined;
      if (road) this.roads.push(road);
      const url = road ? `nats://127.0.0.1:${road.port}` : this.url;
      this.#addWorker(url, env, options[i]);
    }
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  #addWorker(url: string, env: Record<string, string>, options: readonly string[] = []): Worker {
    const seed = join(this.servers[0]!.folder, "seal.seed");
    const worker = new Worker(url, { FARCALL_NATS_SEAL_SEED: seed, ...env }, options);
    this.workers.push(worker);
    return worker;
  }

  /** One more, which takes work. */
  async addWorker(env: Record<string, string> = {}): Promise<Worker> {
    const worker = this.#addWorker(this.url, env);
    await worker.start();
    return worker;
  }

  /** A server hears nothing of the others any more, nor they of it, until `join`. */
  isolate(server: number): void {
    for (const { from, to, road } of this.#routes) if (from === server || to === server) road.stall();
  }

  join(): void {
    for (const { road } of this.#routes) road.mend();
  }

  get url(): string {
    return urlOf(this.servers);
  }

  /** @param servers those that it knows; all by default */
  engine(...servers: number[]): Engine {
    return natsEngine(urlOf(servers.length === 0 ? this.servers : servers.map((at) => this.servers[at]!)));
  }

  /** Kills all, and starts all again. */
  async interrupt(): Promise<void> {
    await Promise.all([...this.servers, ...this.workers].map((each) => each.kill()));
    await Promise.all(this.servers.map((server) => server.start()));
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const routes = this.#routes.map(({ road }) => road);
    for (const each of [...this.workers, ...this.roads, ...routes, ...this.servers]) await each[Symbol.asyncDispose]();
    if (this.#before === undefined) delete process.env["FARCALL_NATS_SEAL_KEY"];
    else process.env["FARCALL_NATS_SEAL_KEY"] = this.#before;
  }
}
