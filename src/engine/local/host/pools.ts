/** All pools of the host: makes them as functions are called, gives them processes, and retires those of old versions. */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { LoadMessage } from "../../../worker/protocol.ts";
import type { AutoscalerSettings, FunctionStats } from "../../index.ts";
import { Container } from "./container.ts";
import type { Work } from "./input.ts";
import { capacityOf, Pool, type PoolHost } from "./pool.ts";
import type { Processes } from "./processes.ts";
import type { DeployedFunction, Registry, Version } from "./registry.ts";

/** Starting processes compete for the cores: so many at a time. */
const MAX_STARTING = 2 * availableParallelism();

export type LogReceiver = (
  pool: Pool,
  container: Container,
  stream: "stdout" | "stderr" | "system",
  text: string,
  call?: Work,
  index?: number,
) => void;

export class Pools implements PoolHost {
  readonly #registry: Registry;
  readonly #processes: Processes;
  readonly #engineUrl: string;
  readonly #onLog: LogReceiver;
  readonly #onIdle: () => void;
  readonly #pools = new Map<string, Pool>();
  /** Asked for a process when enough were starting. */
  readonly #refused = new Set<Pool>();
  #closing = false;

  constructor(registry: Registry, processes: Processes, engineUrl: string, onLog: LogReceiver, onIdle: () => void) {
    this.#registry = registry;
    this.#processes = processes;
    this.#engineUrl = engineUrl;
    this.#onLog = onLog;
    this.#onIdle = onIdle;
    for (const version of registry.newest()) this.#warm(version);
  }

  of(fn: DeployedFunction): Pool {
    const { version, schema } = fn;
    const key = poolKey(version, schema.name);
    let pool = this.#pools.get(key);
    if (!pool) {
      const newest = this.#registry.isNewest(version);
      pool = new Pool(fn, this, newest ? this.#registry.autoscaler(version, schema.name) : {});
      pool.replaced = !newest;
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** A new version is there: older ones finish what they have. */
  deployed(version: Version): void {
    for (const pool of this.#ofApp(version)) {
      if (pool.fn.version.version === version.version) continue;
      pool.replaced = true;
      pool.reconcile();
      this.changed(pool);
    }
    this.#warm(version);
    this.#processes.prepare();
  }

  removed(app: { app: string; environment: string }): void {
    for (const pool of this.#ofApp(app)) {
      pool.replaced = true;
      // Those that ran its calls are killed already.
      pool.close(false);
      this.changed(pool);
    }
  }

  /** Of one version, or of all versions together. */
  stats(fn: DeployedFunction, version: number | undefined): FunctionStats {
    const sum: FunctionStats = { backlog: 0, numTotalRunners: 0, numRunningInputs: 0 };
    for (const pool of this.#ofApp(fn.version)) {
      if (pool.fn.schema.name !== fn.schema.name) continue;
      if (version !== undefined && pool.fn.version.version !== version) continue;
      const stats = pool.stats();
      sum.backlog += stats.backlog;
      sum.numTotalRunners += stats.numTotalRunners;
      sum.numRunningInputs += stats.numRunningInputs;
    }
    return sum;
  }

  updateAutoscaler(fn: DeployedFunction, settings: AutoscalerSettings): void {
    const pool = this.of(fn);
    const merged = pool.merged(settings);
    const { version, schema } = fn;
    if (this.#registry.isNewest(version)) {
      this.#registry.setAutoscaler(version, schema.name, {
        ...this.#registry.autoscaler(version, schema.name),
        ...settings,
      });
    }
    pool.configure(merged);
  }

  *containers(): Generator<{ pool: Pool; container: Container }, void, undefined> {
    for (const pool of this.#pools.values()) {
      for (const container of pool.containers) yield { pool, container };
    }
  }

  all(): Iterable<Pool> {
    return this.#pools.values();
  }

  get idle(): boolean {
    return this.containers().next().done === true;
  }

  /** Stops all containers, at once with `kill`, and starts no more. */
  close(kill: boolean): void {
    this.#closing = true;
    for (const pool of this.#pools.values()) pool.close(kill);
    this.#processes.close();
  }

  // ---- what pools ask for

  start(pool: Pool): Container {
    const { version, schema } = pool.fn;
    const { options } = schema;
    const id = `ct-${randomBytes(6).toString("hex")}`;
    const env: Record<string, string> = { ...options.env };
    for (const name of options.secrets) {
      const value = version.secrets[name];
      if (value !== undefined) env[name] = value;
    }
    env["FARCALL_CONTAINER"] = id;
    const load: LoadMessage = {
      app: version.app,
      environment: version.environment,
      version: version.version,
      function: schema.name,
      artifact: version.artifact,
      mode: schema.mode,
      root: version.root,
      engine: this.#engineUrl,
      manifest: options.validate || options.web ? version.manifestFile : "",
      container: id,
      env,
      maxInputs: options.concurrency.maxInputs,
      batched: options.batch !== undefined,
    };
    return new Container(this.#processes.take(options.memoryMiB), pool, {
      load,
      maxInputs: capacityOf(options),
      timeoutMs: options.timeoutMs,
      startupTimeoutMs: options.startupTimeoutMs,
    });
  }

  mayStart(pool: Pool): boolean {
    if (this.#closing) return false;
    let starting = 0;
    for (const { container } of this.containers()) if (container.state === "starting") starting++;
    if (starting < MAX_STARTING) return true;
    this.#refused.add(pool);
    return false;
  }

  changed(pool: Pool): void {
    this.#processes.prepare();
    const refused = [...this.#refused];
    this.#refused.clear();
    for (const each of refused) each.pumpSoon();
    if (pool.replaced && pool.openCalls === 0 && pool.containers.size === 0) {
      this.#pools.delete(poolKey(pool.fn.version, pool.fn.schema.name));
    }
    if (pool.containers.size === 0) this.#onIdle();
  }

  log: PoolHost["log"] = (pool, container, stream, text, call, index) => {
    this.#onLog(pool, container, stream, text, call, index);
  };

  #warm(version: Version): void {
    for (const schema of version.manifest.functions) {
      if (schema.options.minContainers > 0) this.of({ version, schema }).pumpSoon();
    }
  }

  #ofApp({ app, environment }: { app: string; environment: string }): Pool[] {
    return [...this.#pools.values()].filter(
      ({ fn }) => fn.version.app === app && fn.version.environment === environment,
    );
  }
}

function poolKey(version: Version, name: string): string {
  return `${version.app}\0${version.environment}\0${version.version}\0${name}`;
}
