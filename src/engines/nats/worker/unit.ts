/**
 * What this worker runs of one function at one version, or of one instance of a class: how many inputs it has, how many
 * more it has room for, and when it pulls them from sources that wait.
 */

/** Work to have lying here, in milliseconds: more than makes a pool start a container. */
const AHEAD_MS = 50;
const MAX_AHEAD = 4_000;
/** An answer to a pull that does not come is lost. */
const PULL_LOST_MS = 1_000;
const PAUSE_MS = 10;

/** The pool of the unit, as far as it matters here. */
export interface UnitPool {
  readonly maxContainers: number;
  /** That have started. */
  readonly ready: number;
  readonly paceMs: number | undefined;
}

export interface WorkerUnitOptions {
  name: string;
  pool: () => UnitPool;
  /** Asks one of the sources that wait for so many inputs. */
  pull(unit: WorkerUnit, room: number): void;
}

export class WorkerUnit {
  readonly name: string;
  readonly #options: WorkerUnitOptions;
  readonly #capacity: number;
  readonly #extra: number;
  /** Inputs without an outcome. */
  #held = 0;
  /** A source may wait. */
  #wanted = false;
  #pulling: NodeJS.Timeout | undefined;
  #asked = 0;
  #closed = false;

  /** @param extra inputs that it has room for besides */
  constructor(options: WorkerUnitOptions, capacity: number, extra = 0) {
    this.name = options.name;
    this.#options = options;
    this.#capacity = capacity;
    this.#extra = extra;
  }

  get held(): number {
    return this.#held;
  }

  /** How many more inputs it can have. */
  get room(): number {
    if (this.#closed) return 0;
    return this.#most - this.#held - this.#asked;
  }

  get #most(): number {
    const { maxContainers, ready, paceMs } = this.#options.pool();
    const ahead = paceMs === undefined ? 0 : Math.min(MAX_AHEAD, (AHEAD_MS / paceMs) * ready * this.#capacity);
    // Inputs that take longer than that are not taken ahead.
    const short = paceMs !== undefined && paceMs < AHEAD_MS ? Math.floor(ahead) : 0;
    return maxContainers === 0 ? 0 : maxContainers * this.#capacity + Math.max(short, this.#extra);
  }

  gained(count: number): void {
    this.#held += count;
  }

  /** So many have their outcome, or are cancelled. */
  lostSome(count: number): void {
    this.#held -= count;
    this.#pull();
  }

  /** A source waits. */
  wanted(): void {
    this.#wanted = true;
    this.#pull();
  }

  /** One source has answered; undefined: none waits. */
  pulled(count: number | undefined): void {
    this.#ended();
    if (count === undefined) this.#wanted = false;
    // It had nothing left, or has sent so much that more would only fill memory; others may wait.
    else if (count === 0 && !this.#closed) this.#pulling = setTimeout(() => this.pulled(1), PAUSE_MS);
    this.#pull();
  }

  /** There may be more room than before. */
  grown(): void {
    this.#pull();
  }

  close(): void {
    this.#closed = true;
    this.#ended();
  }

  #ended(): void {
    clearTimeout(this.#pulling);
    this.#pulling = undefined;
    this.#asked = 0;
  }

  #pull(): void {
    if (!this.#wanted || this.#pulling) return;
    const { room } = this;
    // Short inputs are pulled many at a time.
    if (room < 1 || room * 4 < this.#most - this.#slots) return;
    this.#asked = room;
    this.#pulling = setTimeout(() => this.pulled(0), PULL_LOST_MS);
    this.#options.pull(this, room);
  }

  get #slots(): number {
    return this.#options.pool().maxContainers * this.#capacity;
  }
}
