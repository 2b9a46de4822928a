/**
 * Queues and runners over time, for pages that somebody looks at. One loop asks the engine for all of them, once a second or as seldom as the engine wants it. It
 * stops when the last page is gone; when nothing has happened for a while it leaves the engine alone, so that an idle host can
 * stop; and it never starts one.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { FunctionRef, FunctionStats, StatsSample } from "../../engine/index.ts";
import type { EngineState, LiveEvent } from "../api.ts";
import { problemOf } from "./calls.ts";
import type { Lease } from "./lease.ts";

const TICK_MS = 1_000;
/** After so many without a sample it is worth asking what there was. */
const MISSED_TICKS = 3;
/** Samples of a function that are kept, to draw it for the next who looks. */
const KEPT = 300;
/** Without anything to see for so long, the engine is left alone. */
const QUIET_MS = 20_000;
/** For so long; longer than a host waits before it stops. */
const REST_MS = 9_000;
/** A host that others keep alive is not left alone again so soon. */
const PATIENCE_MS = [QUIET_MS, 120_000, 600_000];

interface LiveOptions {
  lease: Lease;
  /** Whether the engine runs, found out without starting it. Absent for an engine that always runs. */
  isAwake?: (() => Promise<boolean>) | undefined;
}

interface Watched {
  ref: FunctionRef;
  samples: StatsSample[];
  watchers: Set<Watcher>;
}

type Watcher = (event: LiveEvent) => void;

export class Live {
  readonly #options: LiveOptions;
  readonly #functions = new Map<string, Watched>();
  readonly #watchers = new Set<Watcher>();
  #state: LiveEvent & { event: "state" } = { event: "state", state: "live" };
  #etag: string | undefined;
  #loop: AbortController | undefined;
  #busyAt = 0;
  #rests = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Tells `watcher` of the engine, and of a function when one is named. Returns what ends it. */
  watch(watcher: Watcher, ref: FunctionRef | undefined): () => void {
    this.#watchers.add(watcher);
    const watched = ref && this.#watched(ref);
    watched?.watchers.add(watcher);
    watcher(this.#state);
    if (this.#etag !== undefined) watcher({ event: "apps", etag: this.#etag });
    if (watched && watched.samples.length > 0) watcher({ event: "samples", samples: watched.samples });
    this.touch();
    if (!this.#loop) {
      this.#loop = new AbortController();
      void this.#run(this.#loop.signal);
    }
    return () => {
      this.#watchers.delete(watcher);
      watched?.watchers.delete(watcher);
      // There can be any number of instances.
      if (watched && ref?.instance !== undefined && watched.watchers.size === 0) this.#functions.delete(keyOf(ref));
      if (this.#watchers.size > 0) return;
      this.#loop?.abort();
      this.#loop = undefined;
    };
  }

  /** Somebody does something with the engine: there may be something to see. */
  touch(): void {
    this.#busyAt = performance.now();
    this.#rests = 0;
  }

  close(): void {
    this.#loop?.abort();
    this.#watchers.clear();
  }

  #watched(ref: FunctionRef): Watched {
    const key = keyOf(ref);
    const known = this.#functions.get(key);
    if (known) return known;
    const watched: Watched = { ref, samples: [], watchers: new Set() };
    this.#functions.set(key, watched);
    return watched;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let restedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      // A loop that fails ends the whole process: nobody waits for it.
      restedAt = await this.#look(restedAt).catch((error: unknown) => {
        this.#say("failing", problemOf(error).message);
        return restedAt;
      });
      await delay(this.#tickMs, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns when it was last left alone */
  async #look(restedAt: number): Promise<number> {
    const now = performance.now();
    if (this.#state.state === "resting" && now - restedAt < REST_MS && this.#busyAt < restedAt) {
      // Not even looked at: that would be a use of it.
    } else if (!(await this.isAwake())) {
      this.#say("asleep");
    } else if (this.#state.state === "live" && now - this.#busyAt > this.#patience && this.#options.isAwake) {
      this.#rests++;
      this.#say("resting");
      return now;
    } else {
      if (this.#state.state === "asleep") this.touch();
      if (this.#state.state === "resting") this.#busyAt = Math.max(this.#busyAt, now);
      await this.#sample();
    }
    return restedAt;
  }

  /** An engine that is asked at a price is asked less often. */
  get #tickMs(): number {
    return Math.max(TICK_MS, this.#options.lease.engine.pollMs ?? 0);
  }

  get #patience(): number {
    return PATIENCE_MS[Math.min(this.#rests, PATIENCE_MS.length - 1)]!;
  }

  async isAwake(): Promise<boolean> {
    return (await this.#options.isAwake?.()) ?? true;
  }

  async #sample(): Promise<void> {
    try {
      await this.#options.lease.use(async ({ registry, invoker, monitor }) => {
        const apps = await registry.listApps();
        const etag = apps.map((app) => app.etag).join(" ");
        if (etag !== this.#etag) {
          this.#etag = etag;
          this.#tell({ event: "apps", etag });
        }
        for (const watched of this.#functions.values()) {
          if (watched.watchers.size === 0) continue;
          if (monitor?.recentStats) await this.#catchUp(watched, (ref) => monitor.recentStats!(ref));
          await this.#sampleFunction(watched, invoker.stats(watched.ref));
        }
      });
      this.#say("live");
    } catch (error) {
      this.#say("failing", problemOf(error).message);
    }
  }

  /** What happened while nobody looked, as far as the engine remembers it. */
  async #catchUp(watched: Watched, recent: (ref: FunctionRef) => Promise<StatsSample[]>): Promise<void> {
    const last = watched.samples.at(-1)?.at ?? 0;
    if (Date.now() - last < MISSED_TICKS * this.#tickMs) return;
    const missed = await unlessRemoved(recent(watched.ref));
    this.#add(
      watched,
      (missed ?? []).filter(({ at }) => at > last),
    );
  }

  async #sampleFunction(watched: Watched, stats: Promise<FunctionStats>): Promise<void> {
    const now = await unlessRemoved(stats);
    if (!now) return;
    const sample: StatsSample = { at: Date.now(), ...now };
    if (sample.backlog + sample.numTotalRunners + sample.numRunningInputs > 0) this.touch();
    this.#add(watched, [sample]);
  }

  #add(watched: Watched, samples: StatsSample[]): void {
    if (samples.length === 0) return;
    watched.samples.push(...samples);
    watched.samples.splice(0, watched.samples.length - KEPT);
    for (const watcher of watched.watchers) watcher({ event: "samples", samples });
  }

  #say(state: EngineState, message?: string): void {
    if (this.#state.state === state && this.#state.message === message) return;
    this.#state = { event: "state", state, ...(message !== undefined && { message }) };
    this.#tell(this.#state);
  }

  #tell(event: LiveEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}

/** Undefined for a function that was removed while somebody looked at it. */
async function unlessRemoved<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (problemOf(error).code === "FARCALL_NOT_FOUND") return undefined;
    throw error;
  }
}

function keyOf({ environment, app, name, instance }: FunctionRef): string {
  return JSON.stringify([environment, app, name, instance]);
}
