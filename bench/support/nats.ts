/** A NATS engine of the benchmark's own: servers with their stores in throwaway folders, and workers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { NATS_SERVER, NatsServer, urlOf } from "../../test/engines/nats/server.ts";
import { Contestant } from "./contestant.ts";
import { FARCALL, type Project } from "./project.ts";

export class NatsEngine implements AsyncDisposable {
  readonly url: string;
  readonly #servers: NatsServer[];
  readonly #workers: ChildProcess[] = [];

  private constructor(servers: NatsServer[]) {
    this.#servers = servers;
    this.url = urlOf(servers);
  }

  /** Set up for farcall; undefined when no nats-server is installed. */
  static async start(project: Project, servers: 1 | 3 = 1): Promise<NatsEngine | undefined> {
    if (NATS_SERVER === undefined) return undefined;
    const engine = new NatsEngine(servers === 1 ? [await NatsServer.start()] : await NatsServer.startCluster(servers));
    project.farcall("nats", "init", "--engine", engine.url, "--replicas", String(servers));
    return engine;
  }

  /** Bytes in all streams of the first server. */
  async stored(): Promise<number> {
    const nc = await connect({ servers: this.url });
    try {
      return (await (await jetstreamManager(nc)).getAccountInfo()).storage;
    } finally {
      await nc.close();
    }
  }

  get serverPid(): number {
    return this.#servers[0]!.pid;
  }

  /** Resolves once it takes work. */
  async startWorker(project: Project, execArgv: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const folder = join(project.path, `worker-${this.#workers.length}`);
    const args = [...execArgv, FARCALL, "worker", "--engine", this.url, "--folder", folder];
    const worker = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...project.env, ...env },
    });
    this.#workers.push(worker);
    await once(worker.stdout!, "data");
    worker.stdout!.resume();
    return worker;
  }

  /** A client process of the trivial app, once that is deployed; see contestants/farcall.ts. */
  client(project: Project, ...args: string[]): Promise<Contestant> {
    return Contestant.start("farcall.ts", { args, env: { ...project.env, FARCALL_ENGINE: this.url } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      const exited = once(worker, "exit");
      worker.kill();
      await exited;
    }
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}
