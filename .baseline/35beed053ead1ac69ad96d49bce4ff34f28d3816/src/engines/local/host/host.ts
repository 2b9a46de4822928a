/** The host: what one process keeps for a state directory, how it begins, and how it ends. */
import { chmodSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { DeployRequest, DeployResult, ResolvedFunction } from "../../../engine/index.ts";
import { type ContainerOutput, NodeLauncher, type PoolLog, Pools, Processes, Schedules } from "../../../pool/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import { parseManifest, SchemaError } from "../../../schema/index.ts";
import { packageVersion } from "../../../text/index.ts";
import { sliceWork } from "../../../wire/slices.ts";
import { isWeb } from "../../web/index.ts";
import { placeForSocket, removeAddress, removeSocketFolder, writeAddress } from "../address.ts";
import type { StatePaths } from "../paths.ts";
import type { HostStatus, Requests } from "../protocol.ts";
import { Calls } from "./calls/index.ts";
import { Connection } from "./connection/index.ts";
import { warn, warnOf } from "./failures.ts";
import { Registry } from "./registry/index.ts";
import type { Services } from "./services.ts";
import type { Logs, Storage } from "./storage/index.ts";
import { WebServer } from "./web/index.ts";

/** A host that nobody needs stops after so many milliseconds. */
const IDLE_MS = Number(process.env["FARCALL_HOST_IDLE_MS"]) || 5_000;
/** A host that drains lets inputs run for so many milliseconds. */
const DRAIN_MS = Number(process.env["FARCALL_HOST_DRAIN_MS"]) || 30_000;
/** Clients with nothing running here leave when they are asked to. A client that is busy with its own work is given so many milliseconds. */
const LEAVE_MS = 1_000;
const CHECK_SOCKET_MS = 2_000;

interface HostOptions {
  /** Of the user's own files, for containers. */
  umask: number;
  /** Called once nothing is left to do. */
  onEnd: () => void;
}

export class Host implements Services {
  readonly paths: StatePaths;
  readonly registry: Registry;
  readonly pools: Pools;
  readonly calls: Calls;
  readonly logs: Logs;
  readonly #storage: Storage;
  readonly #processes: Processes;
  readonly #web: WebServer;
  readonly #schedules: Schedules;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #startedAt = Date.now();
  readonly #onEnd: () => void;
  #draining = false;
  /** By performance.now(). */
  #leaveBy = 0;
  #socket = "";
  #socketInode = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(paths: StatePaths, storage: Storage, { umask, onEnd }: HostOptions) {
    this.paths = paths;
    this.#storage = storage;
    this.#onEnd = onEnd;
    this.logs = storage.logs;
    this.registry = new Registry(storage.deploys, storage.artifacts, warn);
    const log: PoolLog = {
      output: (output) => this.#onOutput(output),
      problem: (what, error) => (error === undefined ? warn(what) : warnOf(what, error)),
    };
    this.#processes = new Processes({
      folder: paths.state,
      env: { FARCALL_HOME: paths.state, FARCALL_ENGINE: paths.url, FARCALL_UMASK: umask.toString(8) },
      log,
    });
    const { calls, attempts } = storage;
    this.pools = new Pools({
      versions: this.registry,
      launchers: { typescript: new NodeLauncher(this.#processes, paths) },
      engineUrl: paths.url,
      log,
      beforeSend: () => attempts.write(),
      onIdle: () => this.#lookForWork(),
    });
    this.#web = new WebServer(this);
    this.calls = new Calls({ storage: calls, attempts, registry: this.registry, pools: this.pools, warn });
    this.#schedules = new Schedules({
      versions: this.registry,
      run: (ref, key, payload) => this.calls.spawn(ref, key, payload),
      warn,
    });
    this.#server = createServer({ noDelay: true }, (socket) => {
      clearTimeout(this.#idleTimer);
      this.#connections.add(new Connection(this, socket, this.#connectionClosed));
      sliceWork(this.#connections.size > 1);
    });
  }

  async listen(): Promise<void> {
    const isFile = process.platform !== "win32";
    // The database is ours, so the host that answered here before is gone.
    const socket = placeForSocket(this.paths);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path: socket, backlog: 4096 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#server.on("error", (error) => warn(`the socket failed: ${error.message}`));
    if (isFile) {
      chmodSync(socket, 0o600);
      this.#socketInode = statSync(socket).ino;
      this.#checkTimer = setInterval(() => this.#checkSocket(), CHECK_SOCKET_MS);
      this.#checkTimer.unref();
    }
    writeAddress(this.paths, { pid: process.pid, socket });
    this.calls.resume();
    if (this.#hasWeb) await this.#web.start();
    await this.#schedules.refresh();
    this.#lookForWork();
  }

  /** Nobody can reach a host whose directory was removed or taken by another host. */
  #checkSocket(): void {
    const stats = statSync(this.#socket, { throwIfNoEntry: false });
    if (stats?.ino === this.#socketInode || this.#draining) return;
    warn("the socket is gone: stopping");
    this.stop("force");
  }

  readonly #connectionClosed = (connection: Connection): void => {
    this.#connections.delete(connection);
    sliceWork(this.#connections.size > 1);
    this.#lookForWork();
  };

  get draining(): boolean {
    return this.#draining;
  }

  webUrl(fn: ResolvedFunction): string | undefined {
    return isWeb(fn.schema) ? this.#web.urlOf(fn) : undefined;
  }

  nextRunAt(fn: ResolvedFunction): string | undefined {
    return this.#schedules.nextRunAt(fn);
  }

  /** Resolves once all containers have ended. */
  containersEnded(): Promise<void> {
    return this.#processes.ended();
  }

  status(): HostStatus {
    return {
      pid: process.pid,
      version: packageVersion(),
      state: this.paths.state,
      startedAt: new Date(this.#startedAt).toISOString(),
      uptimeMs: Date.now() - this.#startedAt,
      clients: this.#clients,
      openCalls: this.calls.open,
      containers: [...this.pools.containers()].map(({ pool, container }) => ({
        id: container.id,
        pid: container.pid,
        app: pool.workload.version.app,
        environment: pool.workload.version.environment,
        function: pool.workload.name,
        version: pool.workload.version.version,
        state: container.state,
        running: container.running,
      })),
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  /** Containers are clients too, but they do not keep the host from stopping. */
  get #clients(): number {
    let count = 0;
    for (const { container } of this.#connections) if (container === undefined) count++;
    return count;
  }

  /** URLs and schedules are to work whether or not a program is connected. */
  get #hasStanding(): boolean {
    return this.#hasWeb || this.#schedules.active;
  }

  get #hasWeb(): boolean {
    return this.registry.newest().some(({ manifest }) => manifest.functions.some(isWeb));
  }

  async deploy(request: DeployRequest): Promise<DeployResult> {
    try {
      // Each host from now on reads it when it starts.
      await parseManifest(request.manifest);
    } catch (error) {
      if (error instanceof SchemaError) throw new InvalidError(error.message, { hint: error.hint });
      throw error;
    }
    return this.#deployed(this.registry.deploy(request));
  }

  async rollback(to: Requests["rollback"]["params"]): Promise<DeployResult> {
    return this.#deployed(this.registry.rollback(to));
  }

  async #deployed(result: DeployResult): Promise<DeployResult> {
    if (!result.changed) {
      this.pools.resetAutoscalers(result.manifest);
      return result;
    }
    const version = this.registry.version(result.manifest);
    this.pools.deployed(version);
    // Before the deploy is answered, so that its functions have their URLs.
    if (version.manifest.functions.some(isWeb)) await this.#web.start();
    await this.#schedules.refresh();
    this.#prune(version);
    return result;
  }

  /** Versions that durable calls or containers still need stay. */
  #prune({ app, environment }: { app: string; environment: string }): void {
    try {
      const used = new Set(this.#storage.calls.openVersions({ app, environment }));
      for (const { pool } of this.pools.containers()) {
        const { version } = pool.workload;
        if (version.app === app && version.environment === environment) used.add(version.version);
      }
      this.registry.prune({ app, environment }, used);
    } catch (error) {
      // At the next deploy, then.
      warnOf(`old versions of ${app} could not be removed`, error);
    }
  }

  remove({ app, environment }: { app: string; environment: string }): void {
    this.registry.remove({ app, environment });
    this.calls.removeApp({ app, environment });
    this.pools.removed({ app, environment });
    this.#schedules.refresh().catch((error: unknown) => warnOf("schedules cannot be read", error));
  }

  #lookForWork(): void {
    clearTimeout(this.#idleTimer);
    if (this.#ended) return;
    if (this.#draining) {
      if (this.#hasRunning() || this.#isNeeded()) return;
      // Containers have their apps' onStop hooks to run.
      this.pools.close(false);
      if (this.pools.idle) this.#end();
      return;
    }
    if (this.#clients > 0 || !this.pools.idle || this.calls.open > 0 || this.#hasStanding) return;
    this.#idleTimer = setTimeout(() => {
      if (this.#clients === 0 && this.pools.idle && this.calls.open === 0 && !this.#hasStanding) this.#end();
    }, IDLE_MS);
  }

  #hasRunning(): boolean {
    for (const { container } of this.pools.containers()) if (container.inputs > 0) return true;
    return false;
  }

  /** By a client that waits for a call that only this host can answer, or that may be about to leave. */
  #isNeeded(): boolean {
    const patient = performance.now() < this.#leaveBy;
    for (const { container, waits } of this.#connections)
      if (container === undefined && (patient || waits)) return true;
    return false;
  }

  /** `drain`: running inputs finish, as long as that takes half a minute at most. */
  stop(how: "drain" | "force"): void {
    if (how === "force" || this.#draining) {
      this.#end();
      return;
    }
    this.#draining = true;
    this.#leaveBy = performance.now() + LEAVE_MS;
    this.calls.drain();
    this.#web.drain();
    this.#schedules.close();
    this.#server.close();
    if (process.platform !== "win32") this.#removeSocket();
    for (const connection of this.#connections) connection.drain();
    const poll = setInterval(() => this.#lookForWork(), 20);
    setTimeout(() => {
      clearInterval(poll);
      this.#end();
    }, DRAIN_MS);
    this.#lookForWork();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#draining = true;
    clearInterval(this.#checkTimer);
    clearTimeout(this.#idleTimer);
    this.#server.close();
    if (process.platform !== "win32") this.#removeSocket();
    removeAddress(this.paths);
    this.#web.close();
    this.#schedules.close();
    this.pools.close(true);
    for (const connection of this.#connections) connection.destroy();
    this.calls.close();
    try {
      this.#storage.close();
    } catch (error) {
      warn(`the database could not be closed: ${error}`);
    }
    this.#onEnd();
  }

  #removeSocket(): void {
    // It is another host's when ours was removed.
    const stats = statSync(this.#socket, { throwIfNoEntry: false });
    if (stats && stats.ino !== this.#socketInode) return;
    rmSync(this.#socket, { force: true });
    removeSocketFolder(this.paths, this.#socket);
  }

  #onOutput({ workload: { version, name }, container, stream, text, call, index }: ContainerOutput): void {
    const entry = this.logs.append({
      app: version.app,
      environment: version.environment,
      function: call?.fn.schema.name ?? name,
      container,
      ...(call && { callId: call.id }),
      ...(call && index !== undefined && { inputIndex: index }),
      stream,
      text,
    });
    if (call) this.calls.sendLog(call, entry);
  }
}
