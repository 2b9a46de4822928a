/** All pools of a process: makes them as functions are called, gives them containers, and retires those of old versions. */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { AutoscalerSettings, FunctionRef, FunctionStats, StatsSample } from "../engine/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";
import type { Input } from "./call.ts";
import { Container } from "./container.ts";
import { Deadlocks } from "./deadlocks.ts";
import type { Launcher } from "./launchers/index.ts";
import type { PoolLog } from "./log.ts";
import { Pool, type PoolOwner } from "./pool.ts";
import { Quotas } from "./quotas.ts";
import { RecentStats, total } from "./recent-stats.ts";
import { Room, type RoomLimits } from "./room.ts";
import {
  capacityOf,
  type DeployedFunction,
  type Version,
  type Versions,
  type Workload,
  warmWorkloads,
  workloadKey,
  workloadOf,
} from "./workload.ts";

/** Starting processes compete for the cores: so many at a time. */
const MAX_STARTING = 2 * availableParallelism();
/** Sets of constructor arguments, of all classes, that have containers. More take turns. */
const MAX_INSTANCES = Number(process.env["FARCALL_HOST_MAX_INSTANCES"]) || Math.max(16, 4 * availableParallelism());

export interface PoolsOptions {
  versions: Versions;
  /** By the language of a manifest. */
  launchers: Readonly<Record<string, Launcher>>;
  /** The engine that containers call in turn. */
  engineUrl: string;
  log: PoolLog;
  /** Of all containers together. Default: none. */
  limits?: RoomLimits;
  /** Called before inputs go to a container. */
  beforeSend?: () => void;
  /** Called when a pool has no containers left. */
  onIdle: () => void;
}

export class Pools implements PoolOwner {
  readonly log: PoolLog;
  readonly deadlocks = new Deadlocks();
  readonly room: Room;
  readonly #versions: Versions;
  readonly #launchers: Readonly<Record<string, Launcher>>;
  readonly #engineUrl: string;
  readonly #beforeSend: (() => void) | undefined;
  readonly #onIdle: () => void;
  readonly #pools = new Map<string, Pool>();
  readonly #recentStats = new RecentStats(() => this.#pools.values());
  readonly #quotas = new Quotas();
  /** Asked for a process when enough were starting. */
  readonly #refused = new Set<Pool>();
  /** Wait until another instance has stopped. */
  readonly #crowdedOut = new Set<Pool>();
  #closing = false;

  constructor({ versions, launchers, engineUrl, log, limits = {}, beforeSend, onIdle }: PoolsOptions) {
    this.log = log;
    this.room = new Room({ limits, pools: () => this.#pools.values(), onRoom: () => this.#askRefused() });
    this.#versions = versions;
    this.#launchers = launchers;
    this.#engineUrl = engineUrl;
    this.#beforeSend = beforeSend;
    this.#onIdle = onIdle;
    for (const version of versions.newest()) {
      try {
        this.#warm(version);
      } catch (error) {
        // The others must be reachable, and this one removable.
        log.problem(`${version.app} version ${version.version} cannot be warmed`, error);
      }
    }
  }

  /** @param instance of a method, as FunctionRef has it */
  of(fn: DeployedFunction, instance?: string): Pool {
    return this.#poolOf(workloadOf(fn, instance));
  }

  #poolOf(workload: Workload): Pool {
    const { version } = workload;
    const key = poolKey(workload);
    let pool = this.#pools.get(key);
    if (!pool) {
      const newest = this.#versions.isNewest(version);
      const overrides = newest ? this.#versions.autoscaler(version, workloadKey(workload)) : {};
      pool = new Pool({ workload, quota: this.#quotas.of(workload), owner: this, overrides, replaced: !newest });
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** A call is about to come: launchers may keep something ready. */
  prepare(): void {
    for (const name in this.#launchers) this.#launchers[name]!.prepare?.();
  }

  /** A new version is there: older ones finish what they have. */
  deployed(version: Version): void {
    for (const pool of this.#ofApp(version)) {
      if (pool.workload.version.version === version.version) continue;
      pool.replace();
      this.changed(pool);
    }
    this.#warm(version);
    this.prepare();
  }

  /** The calls of the app are cancelled, and the containers that ran them killed. */
  removed(app: { app: string; environment: string }): void {
    for (const pool of this.#ofApp(app)) {
      pool.replace();
      pool.close(false);
      this.changed(pool);
    }
  }

  /** Of one version, or of all together; of one instance, or of all of its class. The methods of a class share containers. */
  stats(fn: DeployedFunction, { version, instance }: FunctionRef): FunctionStats {
    const wanted = isWorkloadOf(fn, { version, instance });
    return total([...this.#pools.values()].filter(({ workload }) => wanted(workload)).map((pool) => pool.stats()));
  }

  /** The same over the last two minutes. */
  recentStats(fn: DeployedFunction, { version, instance }: FunctionRef): StatsSample[] {
    return this.#recentStats.of(isWorkloadOf(fn, { version, instance }));
  }

  updateAutoscaler(fn: DeployedFunction, instance: string | undefined, settings: AutoscalerSettings): void {
    if (fn.schema.class !== undefined && instance === undefined) {
      throw new InvalidError(`${fn.schema.name} is a method: its containers are those of an instance`, {
        hint: `Update it through an instance: new ${fn.schema.class}(…)${fn.schema.name.slice(fn.schema.class.length)}.updateAutoscaler({ … }).`,
      });
    }
    const pool = this.of(fn, instance);
    const merged = pool.merged(settings);
    const { version } = fn;
    const key = workloadKey(pool.workload);
    if (this.#versions.isNewest(version)) {
      this.#versions.setAutoscaler(version, key, { ...this.#versions.autoscaler(version, key), ...settings });
    }
    pool.configure(merged);
    this.changed(pool);
  }

  /** The same version is deployed again. */
  resetAutoscalers(app: { app: string; environment: string }): void {
    for (const pool of this.#ofApp(app)) {
      if (!pool.replaced) pool.resetSettings();
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

  /** There are no containers. */
  get idle(): boolean {
    return this.containers().next().done === true;
  }

  /** Stops all containers, at once with `kill`, and starts no more. */
  close(kill: boolean): void {
    this.#closing = true;
    this.#recentStats.close();
    this.deadlocks.close();
    this.room.close();
    for (const pool of this.#pools.values()) pool.close(kill);
    for (const name in this.#launchers) this.#launchers[name]!.close?.();
  }

  // ---- what pools ask for

  start(pool: Pool): Container {
    const { workload } = pool;
    const { version, options } = workload;
    const { language } = version.manifest;
    const launcher = this.#launchers[language];
    if (!launcher) throw new InvalidError(`containers of ${language} functions cannot be started on this machine`);
    this.#versions.makeReady?.(version);
    return new Container({
      process: launcher.launch({ memoryMiB: options.memoryMiB }),
      owner: pool,
      load: this.#loadMessage(workload),
      maxInputs: capacityOf(options),
      startupTimeoutMs: options.startupTimeoutMs,
      beforeSend: this.#beforeSend,
    });
  }

  #loadMessage({ version, name, instance, mode, options }: Workload): LoadMessage {
    const id = `ct-${randomBytes(6).toString("hex")}`;
    const env: Record<string, string> = { ...options.env };
    for (const secret of options.secrets) {
      const value = version.secrets[secret];
      if (value !== undefined) env[secret] = value;
    }
    env["FARCALL_CONTAINER"] = id;
    return {
      app: version.app,
      environment: version.environment,
      version: version.version,
      function: name,
      ...(instance !== "" && { instance }),
      artifact: version.artifact,
      mode,
      root: version.root,
      engine: this.#engineUrl,
      manifest: options.validate || options.web || options.omit ? version.manifestFile : "",
      container: id,
      env,
      maxInputs: options.concurrency.maxInputs,
      batched: options.batch !== undefined,
    };
  }

  mayStart(pool: Pool): boolean {
    if (this.#closing) return false;
    this.#recentStats.begin();
    if (pool.workload.instance !== "" && pool.containers.size === 0 && !this.#roomForInstance()) {
      this.#crowdedOut.add(pool);
      return false;
    }
    if (!this.room.mayStart(pool)) {
      this.#refused.add(pool);
      return false;
    }
    let starting = 0;
    for (const { container } of this.containers()) if (container.state === "starting") starting++;
    if (starting < MAX_STARTING) return true;
    this.#refused.add(pool);
    return false;
  }

  changed(pool: Pool): void {
    this.prepare();
    this.#askRefused();
    if (pool.isOver) {
      pool.close(false);
      const key = poolKey(pool.workload);
      // It may have been followed by another of the same workload.
      if (this.#pools.get(key) === pool) this.#pools.delete(key);
    }
    if (pool.containers.size === 0) this.#onIdle();
  }

  #askRefused(): void {
    const refused = [...this.#refused, ...this.#crowdedOut];
    this.#refused.clear();
    this.#crowdedOut.clear();
    // Those that have none go first.
    for (const each of refused.sort((a, b) => a.containers.size - b.containers.size)) each.pumpSoon();
  }

  // ---- the limit on instances

  isCrowded(pool: Pool): boolean {
    return this.#crowdedOut.size > 0 && pool.workload.instance !== "" && !this.#crowdedOut.has(pool);
  }

  crowd(pool: Pool): readonly Input[][] | undefined {
    if (!this.#crowdedOut.has(pool)) return undefined;
    return this.#liveInstances().map(({ containers }) => [...containers].flatMap((container) => [...container]));
  }

  /** Where there is no room, the instance that has been idle for the longest is stopped, and others as they become idle. */
  #roomForInstance(): boolean {
    const live = this.#liveInstances();
    if (live.length < MAX_INSTANCES) return true;
    let longest: Pool | undefined;
    for (const pool of live) {
      if (pool.idleSince !== undefined && pool.idleSince < (longest?.idleSince ?? Number.POSITIVE_INFINITY))
        longest = pool;
    }
    longest?.stopContainers();
    return false;
  }

  #liveInstances(): Pool[] {
    return [...this.#pools.values()].filter(
      ({ workload, containers }) => workload.instance !== "" && containers.size > 0,
    );
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

function isWorkloadOf(
  fn: DeployedFunction,
  { version, instance }: Pick<FunctionRef, "version" | "instance">,
): (workload: Workload) => boolean {
  const { name, version: of } = workloadOf(fn);
  return (workload) =>
    workload.name === name &&
    workload.version.app === of.app &&
    workload.version.environment === of.environment &&
    (instance === undefined || workload.instance === instance) &&
    (version === undefined || workload.version.version === version);
}

function poolKey(workload: Workload): string {
  const { app, environment, version } = workload.version;
  return `${app}\0${environment}\0${version}\0${workloadKey(workload)}`;
}
