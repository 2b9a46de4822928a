/** All pools of the host: makes them as functions are called, gives them processes, and retires those of old versions. */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { AutoscalerSettings, FunctionRef, FunctionStats } from "../engine/index.ts";
import { warnOf } from "../engines/local/host/failures.ts";
import type { DeployedFunction, Registry, Version } from "../engines/local/host/registry/registry.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";
import type { Call } from "./call.ts";
import { Container } from "./container.ts";
import { capacityOf, Pool, type PoolHost } from "./pool.ts";
import type { Processes } from "./processes.ts";
import { type Workload, warmWorkloads, workloadKey, workloadOf } from "./workload.ts";

/** Starting processes compete for the cores: so many at a time. */
const MAX_STARTING = 2 * availableParallelism();
/** Sets of constructor arguments, of all classes, that have containers. More take turns. */
const MAX_INSTANCES = Number(process.env["FARCALL_HOST_MAX_INSTANCES"]) || Math.max(16, 4 * availableParallelism());

export type LogReceiver = (
  pool: Pool,
  container: Container,
  stream: "stdout" | "stderr" | "system",
  text: string,
  call?: Call,
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
  /** Wait until another instance has stopped. */
  readonly #crowdedOut = new Set<Pool>();
  #closing = false;

  constructor(registry: Registry, processes: Processes, engineUrl: string, onLog: LogReceiver, onIdle: () => void) {
    this.#registry = registry;
    this.#processes = processes;
    this.#engineUrl = engineUrl;
    this.#onLog = onLog;
    this.#onIdle = onIdle;
    for (const version of registry.newest()) {
      try {
        this.#warm(version);
      } catch (error) {
        // The others are to be reached, and this one removed.
        warnOf(`${version.app} version ${version.version}`, error);
      }
    }
  }

  /** `instance`: of a method, as FunctionRef has it. */
  of(fn: DeployedFunction, instance?: string): Pool {
    return this.#poolOf(workloadOf(fn, instance));
  }

  #poolOf(workload: Workload): Pool {
    const { version } = workload;
    const key = poolKey(workload);
    let pool = this.#pools.get(key);
    if (!pool) {
      const newest = this.#registry.isNewest(version);
      pool = new Pool(workload, this, newest ? this.#registry.autoscaler(version, workloadKey(workload)) : {});
      pool.replaced = !newest;
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** A new version is there: older ones finish what they have. */
  deployed(version: Version): void {
    for (const pool of this.#ofApp(version)) {
      if (pool.workload.version.version === version.version) continue;
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

  /** Of one version, or of all together; of one instance, or of all of its class. The methods of a class share containers. */
  stats(fn: DeployedFunction, { version, instance }: FunctionRef): FunctionStats {
    const { name } = workloadOf(fn);
    const sum: FunctionStats = { backlog: 0, numTotalRunners: 0, numRunningInputs: 0 };
    for (const pool of this.#ofApp(fn.version)) {
      const { workload } = pool;
      if (workload.name !== name || (instance !== undefined && workload.instance !== instance)) continue;
      if (version !== undefined && workload.version.version !== version) continue;
      const stats = pool.stats();
      sum.backlog += stats.backlog;
      sum.numTotalRunners += stats.numTotalRunners;
      sum.numRunningInputs += stats.numRunningInputs;
    }
    return sum;
  }

  updateAutoscaler(fn: DeployedFunction, instance: string | undefined, settings: AutoscalerSettings): void {
    if (fn.schema.class !== undefined && instance === undefined) {
      throw new InvalidError(`${fn.schema.name} is a method: its containers are those of an instance`, {
        hint: `new ${fn.schema.class}(…)${fn.schema.name.slice(fn.schema.class.length)}.updateAutoscaler({ … })`,
      });
    }
    const pool = this.of(fn, instance);
    const merged = pool.merged(settings);
    const { version } = fn;
    const key = workloadKey(pool.workload);
    if (this.#registry.isNewest(version)) {
      this.#registry.setAutoscaler(version, key, { ...this.#registry.autoscaler(version, key), ...settings });
    }
    pool.configure(merged);
    this.changed(pool);
  }

  /** The same version is deployed again. */
  resetAutoscalers(app: { app: string; environment: string }): void {
    for (const pool of this.#ofApp(app)) {
      if (!pool.replaced) pool.configure(pool.deployedSettings);
      this.changed(pool);
    }
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
    const { version, name, instance, mode, options } = pool.workload;
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
      function: name,
      ...(instance !== "" && { instance }),
      artifact: version.artifact,
      mode,
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
      startupTimeoutMs: options.startupTimeoutMs,
    });
  }

  mayStart(pool: Pool): boolean {
    if (this.#closing) return false;
    if (pool.workload.instance !== "" && pool.containers.size === 0 && !this.#roomForInstance()) {
      this.#crowdedOut.add(pool);
      return false;
    }
    let starting = 0;
    for (const { container } of this.containers()) if (container.state === "starting") starting++;
    if (starting < MAX_STARTING) return true;
    this.#refused.add(pool);
    return false;
  }

  changed(pool: Pool): void {
    this.#processes.prepare();
    const refused = [...this.#refused, ...this.#crowdedOut];
    this.#refused.clear();
    this.#crowdedOut.clear();
    for (const each of refused) each.pumpSoon();
    if (pool.isOver) {
      pool.close(false);
      const key = poolKey(pool.workload);
      // It may have been followed by another of the same workload.
      if (this.#pools.get(key) === pool) this.#pools.delete(key);
    }
    if (pool.containers.size === 0) this.#onIdle();
  }

  log: PoolHost["log"] = (pool, container, stream, text, call, index) => {
    this.#onLog(pool, container, stream, text, call, index);
  };

  // ---- the limit on instances

  isCrowded(pool: Pool): boolean {
    return this.#crowdedOut.size > 0 && pool.workload.instance !== "" && !this.#crowdedOut.has(pool);
  }

  /** When there is none, the instance that has been idle for the longest is stopped, and others as they become idle. */
  #roomForInstance(): boolean {
    const live = [...this.#pools.values()].filter(
      ({ workload, containers }) => workload.instance !== "" && containers.size > 0,
    );
    if (live.length < MAX_INSTANCES) return true;
    let longest: Pool | undefined;
    for (const pool of live) {
      if (pool.idleSince !== undefined && pool.idleSince < (longest?.idleSince ?? Number.POSITIVE_INFINITY))
        longest = pool;
    }
    if (longest) for (const container of longest.containers) container.stop();
    return false;
  }

  #warm(version: Version): void {
    for (const workload of warmWorkloads(version)) this.#poolOf(workload).pumpSoon();
  }

  #ofApp({ app, environment }: { app: string; environment: string }): Pool[] {
    return [...this.#pools.values()].filter(
      ({ workload: { version } }) => version.app === app && version.environment === environment,
    );
  }
}

function poolKey(workload: Workload): string {
  const { app, environment, version } = workload.version;
  return `${app}\0${environment}\0${version}\0${workloadKey(workload)}`;
}
