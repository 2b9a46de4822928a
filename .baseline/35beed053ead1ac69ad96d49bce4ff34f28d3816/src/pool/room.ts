/**
 * How many containers of all functions a machine runs at a time, and how much memory they may have together. When it is
 * full, a function that has no container here gets its turn: one that has several gives one up, and otherwise the one that has
 * run for the longest. What runs in it ends first.
 */
import type { Workload } from "./workload.ts";

/** A container of a function without memoryMiB counts as so much. */
const DEFAULT_MEMORY_MIB = 256;
/** A function's only container stays for so long before another function's turn comes. */
const TENURE_MS = 2_000;
/** Work that was to come here, and has not by then, has gone elsewhere. */
const CLAIM_MS = 2_000;

export interface RoomLimits {
  /** Default: none. */
  maxContainers?: number | undefined;
  /** Of all containers together, by their functions' memoryMiB. Default: none. */
  memoryMiB?: number | undefined;
}

/** A container, as far as it matters here. */
export interface RoomContainer {
  readonly state: string;
  readonly inputs: number;
  readonly idleSince: number;
  /** By performance.now(). */
  readonly createdAt: number;
  recall(): void;
  stop(): void;
}

/** A pool, as far as it matters here. */
export interface RoomPool {
  readonly workload: Pick<Workload, "options">;
  readonly containers: ReadonlySet<RoomContainer>;
  /** Inputs that no container has. */
  readonly waiting: number;
  readonly minContainers: number;
}

interface RoomOptions {
  limits: RoomLimits;
  pools: () => Iterable<RoomPool>;
  /** There may be room again for those that were refused. */
  onRoom: () => void;
}

export class Room {
  readonly #maxContainers: number;
  readonly #memoryMiB: number;
  readonly #pools: RoomOptions["pools"];
  readonly #onRoom: RoomOptions["onRoom"];
  /** Pools without a container whose inputs wait for one. */
  readonly #starved = new Set<RoomPool>();
  /** Functions whose inputs wait elsewhere, by name, and until when. */
  readonly #claims = new Map<string, { memoryMiB: number; until: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ limits, pools, onRoom }: RoomOptions) {
    this.#maxContainers = limits.maxContainers ?? Number.POSITIVE_INFINITY;
    this.#memoryMiB = limits.memoryMiB ?? Number.POSITIVE_INFINITY;
    this.#pools = pools;
    this.#onRoom = onRoom;
  }

  get isLimited(): boolean {
    return this.#maxContainers !== Number.POSITIVE_INFINITY || this.#memoryMiB !== Number.POSITIVE_INFINITY;
  }

  /** Of the containers there are, in MiB. */
  get usedMemoryMiB(): number {
    return this.#used().memoryMiB;
  }

  /** How many more containers of a function could start now. */
  free(workload: Pick<Workload, "options">): number {
    if (!this.isLimited) return Number.POSITIVE_INFINITY;
    const { containers, memoryMiB } = this.#left();
    return Math.max(0, Math.min(containers, Math.floor(memoryMiB / memoryOf(workload))));
  }

  /** A pool that is refused is to ask again when `onRoom` is called. */
  mayStart(pool: RoomPool): boolean {
    if (!this.isLimited) return true;
    const needs = [...this.#needs(pool), memoryOf(pool.workload)];
    if (fits(this.#left(), needs)) {
      this.#starved.delete(pool);
      return true;
    }
    if (pool.containers.size === 0 && pool.waiting > 0) {
      this.#starved.add(pool);
      this.#makeRoom();
    }
    return false;
  }

  /** Inputs of a function that has no container here wait somewhere: there is to be room for one. */
  claim(name: string, workload: Pick<Workload, "options">): void {
    this.#claims.set(name, { memoryMiB: memoryOf(workload), until: performance.now() + CLAIM_MS });
    this.#makeRoom();
    this.#lookIn(CLAIM_MS);
  }

  /** It has come, or is not wanted any more. */
  settle(name: string): void {
    this.#claims.delete(name);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** The memory of a container for each of those that have none, in MiB. @param before that came before this pool, if it has none either */
  #needs(before?: RoomPool): number[] {
    const now = performance.now();
    for (const [name, { until }] of this.#claims) if (until < now) this.#claims.delete(name);
    const needs = Array.from(this.#claims.values(), ({ memoryMiB }) => memoryMiB);
    for (const pool of this.#starved) {
      if (pool.containers.size > 0 || pool.waiting === 0) this.#starved.delete(pool);
      else if (pool === before) break;
      else needs.push(memoryOf(pool.workload));
    }
    return needs;
  }

  /** Those that stop have their room until they are gone. */
  #used(counts: (container: RoomContainer) => boolean = () => true): { containers: number; memoryMiB: number } {
    const used = { containers: 0, memoryMiB: 0 };
    for (const pool of this.#pools()) {
      for (const container of pool.containers) {
        if (!counts(container)) continue;
        used.containers++;
        used.memoryMiB += memoryOf(pool.workload);
      }
    }
    return used;
  }

  #left(counts?: (container: RoomContainer) => boolean): { containers: number; memoryMiB: number } {
    const { containers, memoryMiB } = this.#used(counts);
    return { containers: this.#maxContainers - containers, memoryMiB: this.#memoryMiB - memoryMiB };
  }

  /** Stops containers until there will be room for those that have none. */
  #makeRoom(): void {
    const needs = this.#needs();
    while (!fits(this.#left(isStaying), needs)) {
      const victim = this.#victim();
      if (!victim) {
        this.#lookIn(TENURE_MS);
        return;
      }
      victim.recall();
      victim.stop();
    }
  }

  /** Idle ones first, then one of the function that has the most; a function's only one when its time is over. */
  #victim(): RoomContainer | undefined {
    let best: { container: RoomContainer; rank: number[] } | undefined;
    for (const pool of this.#pools()) {
      const staying = [...pool.containers].filter(isStaying);
      for (const container of staying) {
        const { state, inputs, idleSince, createdAt } = container;
        if (state !== "ready") continue;
        const isIdle = inputs === 0 && pool.waiting === 0;
        const isOwed = isIdle && staying.length <= pool.minContainers;
        if ((!isIdle || isOwed) && staying.length === 1 && performance.now() - createdAt < TENURE_MS) continue;
        const rank = isIdle
          ? [isOwed ? 1 : 0, 0, idleSince]
          : [2, -staying.length, staying.length > 1 ? inputs : createdAt];
        if (!best || isBefore(rank, best.rank)) best = { container, rank };
      }
    }
    return best?.container;
  }

  #lookIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#makeRoom();
      this.#onRoom();
    }, ms + 1);
    this.#timer.unref();
  }
}

/** In MiB, of one container. */
export function memoryOf({ options }: Pick<Workload, "options">): number {
  return options.memoryMiB || DEFAULT_MEMORY_MIB;
}

function isStaying({ state }: RoomContainer): boolean {
  return state !== "stopping" && state !== "dead";
}

function fits(left: { containers: number; memoryMiB: number }, needs: readonly number[]): boolean {
  const memoryMiB = needs.reduce((all, one) => all + one, 0);
  return needs.length <= left.containers && memoryMiB <= left.memoryMiB;
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}
