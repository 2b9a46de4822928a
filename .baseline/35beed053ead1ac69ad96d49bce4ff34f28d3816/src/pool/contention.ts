/** Why a pool's inputs wait: what they wait for is taken, and by which inputs. */
import type { Call, Input } from "./call.ts";
import { nameOf, type Taken } from "./failures.ts";
import type { TakenKeys } from "./limited-turns.ts";
import type { Workload } from "./workload.ts";

interface BusyContainer extends Iterable<Input> {
  readonly state: string;
}

interface WaitingInputs {
  readonly waiting: number;
  readonly startable: number;
  takenKeys(): TakenKeys | undefined;
  calls(): Iterable<Call>;
  take(which: (call: Call) => boolean): Iterable<Input>;
}

interface ContentionOptions {
  workload: Workload;
  containers: ReadonlySet<BusyContainer>;
  dispatch: WaitingInputs;
  maxContainers: () => number;
  /** The instances that have to go before its first container can start; undefined when it can start by itself. */
  crowd: () => readonly Input[][] | undefined;
}

export class Contention {
  readonly #options: ContentionOptions;

  constructor(options: ContentionOptions) {
    this.#options = options;
  }

  get name(): string {
    return nameOf(this.#options.workload);
  }

  get waiting(): number {
    return this.#options.dispatch.waiting;
  }

  /** What waits has to wait for others. */
  get isFull(): boolean {
    const { containers, dispatch, maxContainers, crowd } = this.#options;
    return containers.size >= maxContainers() || dispatch.startable === 0 || (containers.size === 0 && !!crowd());
  }

  /** What they wait for. */
  get taken(): Taken {
    const { containers, dispatch, maxContainers, crowd } = this.#options;
    if (dispatch.startable === 0) return { what: "key", count: dispatch.takenKeys()?.perKey ?? 1 };
    if (containers.size === 0) return { what: "instance", count: crowd()?.length ?? 1 };
    return { what: "container", count: maxContainers() };
  }

  /** The inputs that take it, in groups: when all of one group have ended, another can begin. Undefined when it need not come to that. */
  holders(): readonly (readonly Input[])[] | undefined {
    const { containers, dispatch, maxContainers, crowd } = this.#options;
    if (dispatch.startable === 0) return this.#holdersOfKeys();
    if (containers.size === 0) {
      const groups = crowd();
      return groups?.every((group) => group.length > 0) ? groups : undefined;
    }
    if (containers.size < maxContainers()) return undefined;
    for (const { state } of containers) if (state !== "ready") return undefined;
    return this.#inputs().map((input) => [input]);
  }

  waitingCalls(): Iterable<Call> {
    return this.#options.dispatch.calls();
  }

  take(which: (call: Call) => boolean): Iterable<Input> {
    return this.#options.dispatch.take(which);
  }

  #holdersOfKeys(): readonly Input[][] | undefined {
    const taken = this.#options.dispatch.takenKeys();
    if (!taken) return undefined;
    const holders = this.#inputs().filter(({ key }) => taken.keys.has(key));
    // An older version may run the others.
    return holders.length < taken.keys.size * taken.perKey ? undefined : holders.map((input) => [input]);
  }

  #inputs(): Input[] {
    return [...this.#options.containers].flatMap((container) => [...container]);
  }
}
