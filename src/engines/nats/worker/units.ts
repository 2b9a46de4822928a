/** The units of this worker: offers come for those that have containers, and bells say of any that a source waits. */
import { type Pool, type Pools, type Settings, type Workload, workloadOf } from "../../../pool/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { fromToken, subjects, WORKERS } from "../names.ts";
import { type Refusal, ToSource } from "../pairs/index.ts";
import { unitOf } from "../unit.ts";
import { type Bell, Bells } from "./bells.ts";
import type { Guest } from "./guest.ts";
import type { Named } from "./metrics.ts";
import { type UnitPool, WorkerUnit } from "./unit.ts";
import type { WorkerVersions } from "./versions.ts";

/** Inputs that may wait here for others of their key, so that those behind them can overtake. */
const COUNTED_AHEAD = 1_000;
/** No other worker has pulled what waits for so long, so this one makes room for it though it is full. */
const CLAIM_AFTER_MS = 1_000;
/** Reasons are remembered of so many units. */
const MAX_REFUSED = 1_000;

export interface UnitsOptions {
  connection: Connection;
  versions: WorkerVersions;
  pools: Pools;
  /** Of the worker. */
  id: string;
  shareOf(workload: Workload): Settings;
  isCounted(workload: Workload): boolean;
  guest(address: string): Guest;
  onOffer(unit: string, message: Msg): void;
  log(line: string): void;
}

interface Known {
  unit: WorkerUnit;
  workload: Workload;
  pool: Pool | undefined;
  maxContainers: number;
  /** Offers come. */
  offers: Subscription | undefined;
  /** Since when inputs wait at sources for which there is no room here, by performance.now(). */
  crowdedSince: number | undefined;
}

export class Units {
  readonly #options: UnitsOptions;
  readonly #units = new Map<string, Known>();
  readonly bells: Bells = new Bells();
  /** Why units cannot be run here, as was last logged. */
  readonly #refused = new Map<string, string>();
  #draining = false;
  /** Offers that were sent before this worker left may still come. */
  #leaving = 0;

  constructor(options: UnitsOptions) {
    this.#options = options;
  }

  get(name: string): WorkerUnit | undefined {
    return this.#units.get(name)?.unit;
  }

  /** Inputs without an outcome. */
  get held(): number {
    let held = 0;
    for (const { unit } of this.#units.values()) held += unit.held;
    return held;
  }

  /** The unit of a pool that is about to get inputs. */
  open(pool: Pool): WorkerUnit {
    const name = unitNameOf(pool.workload);
    const known = this.#known(name, pool.workload);
    this.#options.pools.room.settle(name);
    if (known.pool !== pool) {
      known.pool = pool;
      this.#configure(known, pool);
    }
    this.#join(name, known);
    return known.unit;
  }

  #known(name: string, workload: Workload): Known {
    let known = this.#units.get(name);
    if (!known) {
      const { concurrency, batch } = workload.options;
      const made: Known = {
        unit: new WorkerUnit({
          name,
          pool: () => this.#stateOf(made),
          capacity: concurrency.maxInputs * (batch?.maxSize ?? 1),
          extra: this.#options.isCounted(workload) ? COUNTED_AHEAD : undefined,
          pull: (unit, room) => this.#pull(unit, room),
        }),
        workload,
        pool: undefined,
        maxContainers: this.#options.shareOf(workload).maxContainers,
        offers: undefined,
        crowdedSince: undefined,
      };
      this.#units.set(name, made);
      known = made;
    }
    return known;
  }

  configure(pool: Pool): void {
    const name = unitNameOf(pool.workload);
    this.#configure(this.#units.get(name), pool);
  }

  #configure(known: Known | undefined, pool: Pool): void {
    const share = this.#options.shareOf(pool.workload);
    if (known) known.maxContainers = share.maxContainers;
    // What it has already it also runs.
    const held = known?.unit.held ?? 0;
    pool.configure(held > 0 ? { ...share, maxContainers: Math.max(1, share.maxContainers) } : share);
  }

  #stateOf({ workload, pool, maxContainers }: Known): UnitPool {
    let ready = 0;
    let all = 0;
    if (pool) {
      for (const { state } of pool.containers) {
        if (state === "ready") ready++;
        if (state !== "stopping") all++;
      }
    }
    // What could not start here for lack of room may start at another worker.
    const possible = Math.min(maxContainers, all + this.#options.pools.room.free(workload));
    return { maxContainers: possible, ready, paceMs: pool?.paceMs };
  }

  /** What this worker is to have may have changed. */
  reconfigure(): void {
    for (const pool of this.#options.pools.all()) this.configure(pool);
    for (const known of this.#units.values()) known.maxContainers = this.#options.shareOf(known.workload).maxContainers;
    this.grown();
  }

  grown(): void {
    for (const { unit } of this.#units.values()) unit.changed();
  }

  /** The source is gone. */
  forget(guest: Guest): void {
    for (const { unit } of this.#units.values()) unit.forget(guest);
  }

  // ---- sources that wait

  onBell(message: Msg): void {
    const name = message.subject.slice(subjects.bell("").length);
    const bell = message.json<Bell>();
    this.bells.ring(name, bell);
    if (bell.waiting > 0 && !this.#draining) void this.#wanted(name, bell.source);
    const known = bell.waiting === 0 ? this.#units.get(name) : undefined;
    if (known) known.crowdedSince = undefined;
  }

  async #wanted(name: string, source: string): Promise<void> {
    let unit = this.get(name);
    if (!unit) {
      try {
        unit = await this.#unitNamed(name);
      } catch (error) {
        const refusal: Refusal = { unit: name, failure: failureOf(error, "worker") };
        this.#options.guest(source).json(ToSource.refused, 0, refusal);
        // It is asked again with each bell.
        this.#logRefusal(name, refusal.failure.message);
        return;
      }
    }
    this.#refused.delete(name);
    unit.wanted(this.#options.guest(source));
    this.#claim(name);
  }

  /** Once: it is asked again with each bell. */
  #logRefusal(name: string, reason: string): void {
    if (this.#refused.get(name) === reason) return;
    this.#options.log(`${name} cannot be run here: ${reason}`);
    this.#refused.set(name, reason);
    if (this.#refused.size > MAX_REFUSED) this.#refused.delete(this.#refused.keys().next().value!);
  }

  /** Where other functions take all the room, one that has no container here gets its turn. */
  #claim(name: string): void {
    const known = this.#units.get(name);
    if (!known) return;
    const { room } = this.#options.pools;
    const hasSome = known.pool !== undefined && known.pool.containers.size > 0;
    if (hasSome || known.maxContainers === 0 || room.free(known.workload) > 0) {
      known.crowdedSince = undefined;
      return;
    }
    known.crowdedSince ??= performance.now();
    if (performance.now() - known.crowdedSince > CLAIM_AFTER_MS) room.claim(name, known.workload);
  }

  /** From the parts of its name: what is not known of an instance is not needed to make room for it. */
  async #unitNamed(name: string): Promise<WorkerUnit> {
    const [environment = "", app = "", of = "", number] = name.split(".").map(fromToken);
    const version = await this.#options.versions.load({ app, environment, version: Number(number) });
    const schema = version.manifest.functions.find((each) => (each.class ?? each.name) === of);
    if (!schema) throw new InvalidError(`app ${app} has no function ${of}`);
    return this.#known(name, workloadOf({ version, schema })).unit;
  }

  #pull(unit: WorkerUnit, room: number): void {
    const { connection, id } = this.#options;
    connection.publish(
      subjects.pulls(unit.name),
      JSON.stringify({ worker: id, room }),
      subjects.worker(id, `p.${unit.name}`),
    );
  }

  /** An answer to a pull. */
  onPulled(name: string, count: number | undefined): void {
    const known = this.#units.get(name);
    known?.unit.pulled(count);
    if (known && count === undefined) known.crowdedSince = undefined;
    // Nothing of it is here, and nobody waits for it.
    if (count === undefined && known?.unit.held === 0 && !known.offers) this.#drop(name, known);
  }

  /** At sources. */
  *waiting(): Generator<{ named: Named; inputs: number }, void, undefined> {
    for (const { unit, waiting } of this.bells.all()) {
      const [environment = "", app = "", name = ""] = unit.split(".").map(fromToken);
      yield { named: { environment, app, name }, inputs: waiting };
    }
  }

  // ---- offers come to workers that have containers

  #join(name: string, known: Known): void {
    if (known.offers || this.#draining) return;
    const { connection, onOffer, log } = this.#options;
    const callback = (error: Error | null, message: Msg): void => {
      try {
        if (!error) onOffer(name, message);
      } catch (thrown) {
        log(`an offer of ${name} is invalid: ${(thrown as Error).message}`);
      }
    };
    known.offers = connection.subscribeNow(subjects.offers(name), callback, WORKERS);
  }

  #leave(known: Known): void {
    const { offers } = known;
    known.offers = undefined;
    if (!offers) return;
    this.#leaving++;
    offers
      .drain()
      .catch(() => {})
      .finally(() => this.#leaving--);
  }

  #drop(name: string, known: Known): void {
    this.#leave(known);
    known.unit.close();
    this.#units.delete(name);
  }

  /** Containers have come or gone. */
  sync(): void {
    const names = new Set<string>();
    for (const pool of this.#options.pools.all()) {
      if (pool.containers.size === 0) continue;
      const name = unitNameOf(pool.workload);
      names.add(name);
      const known = this.#known(name, pool.workload);
      known.pool = pool;
      this.#join(name, known);
    }
    for (const [name, known] of [...this.#units]) {
      if (!known.offers || names.has(name) || known.unit.held > 0) continue;
      this.#drop(name, known);
    }
  }

  /** After `close`: inputs may be on their way here. */
  get isAwaiting(): boolean {
    if (this.#leaving > 0) return true;
    for (const { unit } of this.#units.values()) if (unit.isAwaiting) return true;
    return false;
  }

  /** Nothing more is taken. */
  close(): void {
    this.#draining = true;
    for (const known of this.#units.values()) {
      this.#leave(known);
      known.unit.close();
    }
  }
}

export function unitNameOf({ version, name, instance }: Workload): string {
  const { app, environment } = version;
  return unitOf({
    app,
    environment,
    version: version.version,
    schema: { name },
    instance: instance === "" ? undefined : instance,
  });
}
