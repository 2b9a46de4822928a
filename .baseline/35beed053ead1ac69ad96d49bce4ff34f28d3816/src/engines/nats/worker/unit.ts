/**
 * What this worker runs of one function at one version, or of one instance of a class: how many inputs it has, and how many more
 * it has room for. Short inputs come without being asked for: each source may have so many of them here at a time, and the pool
 * takes them in turn. Long ones are pulled from sources that wait, one for each free place.
 */
/** Work to have lying here, in milliseconds: more than makes a pool start a container. Inputs that take longer are long. */
const AHEAD_MS = 50;
const MAX_AHEAD = 512;
/** An answer to a pull that does not come is lost. */
const PULL_LOST_MS = 1_000;
const PAUSE_MS = 10;

/** A source, as far as it matters here. */
export interface StayGuest {
  /** So many inputs it may have here without being asked. */
  tellRoom(unit: string, standing: number): void;
}

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
  /** Inputs that a container runs at a time. */
  capacity: number;
  /** Inputs that it has room for besides, however long they take; undefined for a function without limits. */
  extra: number | undefined;
  /** Asks one of the sources that wait for so many inputs. */
  pull(unit: WorkerUnit, room: number): void;
}

/** Inputs of a unit that a source has here. */
export class Stay {
  readonly unit: WorkerUnit;
  readonly guest: StayGuest;
  #held = 0;
  /** How many the source believes that it may have here. */
  #told = 0;
  /** It was told that there is no room any more, and may have sent something before it heard. */
  #closing = false;

  constructor(unit: WorkerUnit, guest: StayGuest) {
    this.unit = unit;
    this.guest = guest;
  }

  get held(): number {
    return this.#held;
  }

  /** How many more it may have. */
  get room(): number {
    const { standing } = this.unit;
    return standing > 0 ? standing - this.#held : this.unit.room;
  }

  gained(count: number): void {
    this.#held += count;
    this.unit.gained(count);
  }

  /** So many have their outcome, or are cancelled or given back. */
  lost(count: number): void {
    this.#held -= count;
    this.unit.lost(count);
  }

  /** Something may come that was not asked for. */
  get isOpen(): boolean {
    return this.#told > 0 || this.#closing;
  }

  /** The source has heard that there is no room. */
  closed(): void {
    this.#closing = false;
  }

  /** Not each small change. */
  tell(standing: number): void {
    const told = this.#told;
    if (standing === told || (standing > 0 && standing < 2 * told && 2 * standing > told)) return;
    this.#told = standing;
    this.#closing = standing === 0;
    this.guest.tellRoom(this.unit.name, standing);
  }
}

export class WorkerUnit {
  readonly name: string;
  readonly #options: WorkerUnitOptions;
  readonly #stays = new Map<StayGuest, Stay>();
  /** Inputs without an outcome. */
  #held = 0;
  /** A source may wait. */
  #wanted = false;
  #pulling: NodeJS.Timeout | undefined;
  #asked = 0;
  #telling = false;
  #closed = false;

  constructor(options: WorkerUnitOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get held(): number {
    return this.#held;
  }

  stayOf(guest: StayGuest): Stay {
    let stay = this.#stays.get(guest);
    if (!stay) {
      stay = new Stay(this, guest);
      this.#stays.set(guest, stay);
    }
    return stay;
  }

  /** The source is gone. */
  forget(guest: StayGuest): void {
    this.#stays.delete(guest);
  }

  /** How many inputs each source may have here without being asked; 0: none, since they take long. */
  get standing(): number {
    const { capacity, extra } = this.#options;
    const { maxContainers, ready, paceMs } = this.#options.pool();
    if (this.#closed || maxContainers === 0 || extra !== undefined || paceMs === undefined || paceMs >= AHEAD_MS)
      return 0;
    const ahead = Math.min(MAX_AHEAD, Math.floor((AHEAD_MS / paceMs) * ready * capacity));
    return ahead < 1 ? 0 : maxContainers * capacity + ahead;
  }

  /** How many more inputs it can have, whose ever they are. */
  get room(): number {
    const { capacity, extra = 0 } = this.#options;
    const { maxContainers } = this.#options.pool();
    if (this.#closed || maxContainers === 0) return 0;
    return maxContainers * capacity + extra - this.#held - this.#asked;
  }

  gained(count: number): void {
    this.#held += count;
  }

  lost(count: number): void {
    this.#held -= count;
    this.changed();
  }

  /** A source waits. */
  wanted(guest?: StayGuest): void {
    this.#wanted = true;
    if (guest) this.stayOf(guest);
    this.changed();
  }

  /** One source has answered; undefined: none waits. */
  pulled(count: number | undefined): void {
    this.#ended();
    if (count === undefined) this.#wanted = false;
    // It had nothing left, or has sent so much that more would only fill memory; others may wait.
    else if (count === 0 && !this.#closed) this.#pulling = setTimeout(() => this.pulled(1), PAUSE_MS);
    this.changed();
  }

  /** There may be more room than before, or less. */
  changed(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(this.#tell);
  }

  readonly #tell = (): void => {
    this.#telling = false;
    const { standing } = this;
    for (const stay of this.#stays.values()) stay.tell(standing);
    if (standing === 0) this.#pull();
  };

  close(): void {
    this.#closed = true;
    for (const stay of this.#stays.values()) stay.tell(0);
    // The process need not stay for it.
    this.#pulling?.unref();
  }

  /** After `close`: inputs may be on their way here. */
  get isAwaiting(): boolean {
    if (this.#asked > 0) return true;
    for (const stay of this.#stays.values()) if (stay.isOpen) return true;
    return false;
  }

  #ended(): void {
    clearTimeout(this.#pulling);
    this.#pulling = undefined;
    this.#asked = 0;
  }

  #pull(): void {
    if (!this.#wanted || this.#pulling) return;
    const { room } = this;
    if (room < 1) return;
    this.#asked = room;
    this.#pulling = setTimeout(() => this.pulled(0), PULL_LOST_MS);
    this.#options.pull(this, room);
  }
}
