/** Starts and stops the containers of a pool as the work and the settings ask for: measures the load, asks targetOf, and keeps the timers. */
import { MAX_TIMER_MS } from "../runtime/index.ts";
import { type Load, type ScalingPolicy, surplusOf, type Target, targetOf } from "./autoscaler.ts";
import type { Container } from "./container.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Settings } from "./settings.ts";

interface ScalerOptions {
  settings: Settings;
  /** Inputs that one container runs at a time. */
  capacity: number;
  containers: ReadonlySet<Container>;
  dispatch: Dispatch<Container>;
  standing: () => ScalingPolicy["standing"];
  /** @param starting whether some are starting already */
  start: (missing: number, starting: boolean) => void;
}

export class Scaler {
  readonly #containers: ReadonlySet<Container>;
  readonly #dispatch: Dispatch<Container>;
  readonly #standing: () => ScalingPolicy["standing"];
  readonly #start: (missing: number, starting: boolean) => void;
  #settings: Settings;
  /** Asked for at every turn, so these are always the same objects. */
  readonly #load: Load = {
    waiting: 0,
    suspects: 0,
    containers: 0,
    draining: 0,
    ready: 0,
    busy: 0,
    inside: 0,
    paceMs: undefined,
    sinceLastEndMs: 0,
  };
  readonly #policy: ScalingPolicy;
  readonly #target: Target = { containers: 0, keep: 0, idleMs: 0, askAgainMs: undefined };
  #stopTimer: NodeJS.Timeout | undefined;
  #askAgain: NodeJS.Timeout | undefined;

  constructor({ settings, capacity, containers, dispatch, standing, start }: ScalerOptions) {
    this.#settings = settings;
    this.#containers = containers;
    this.#dispatch = dispatch;
    this.#standing = standing;
    this.#start = start;
    this.#policy = { settings, capacity, standing: "wanted" };
  }

  get settings(): Settings {
    return this.#settings;
  }

  configure(settings: Settings): void {
    this.#settings = settings;
    clearTimeout(this.#stopTimer);
    this.#stopTimer = undefined;
  }

  /** Starts what is missing, and stops what has been idle for long enough. */
  scale(): void {
    const load = this.#load;
    const policy = this.#policy;
    const target = this.#target;
    this.#measure();
    policy.settings = this.#settings;
    policy.standing = this.#standing();
    targetOf(load, policy, target);
    if (target.askAgainMs !== undefined) {
      this.#askAgain ??= setTimeout(() => {
        this.#askAgain = undefined;
        this.scale();
      }, target.askAgainMs);
    }
    const missing = target.containers - load.containers;
    if (missing > 0) this.#start(missing, load.containers > load.ready);
    if (load.containers <= load.busy) return;
    // When the timer fires, it is looked who has been idle for long enough by then: nobody is before.
    const mayBeDue = !this.#stopTimer || target.idleMs === 0 || load.containers > this.#settings.maxContainers;
    if (mayBeDue) this.#stopIdle(load.containers, target);
  }

  close(): void {
    clearTimeout(this.#stopTimer);
    clearTimeout(this.#askAgain);
  }

  #measure(): void {
    let containers = 0;
    let draining = 0;
    let ready = 0;
    let busy = 0;
    let inside = 0;
    for (const { state, inputs } of this.#containers) {
      if (state === "draining") draining++;
      if (state !== "ready" && state !== "starting") continue;
      containers++;
      inside += inputs;
      if (state === "ready") ready++;
      if (inputs > 0) busy++;
    }
    const { startable: waiting, suspects, pace } = this.#dispatch;
    const load = this.#load;
    load.waiting = waiting;
    load.suspects = suspects;
    load.containers = containers;
    load.draining = draining;
    load.ready = ready;
    load.busy = busy;
    load.inside = inside;
    load.paceMs = pace.ms;
    load.sinceLastEndMs = waiting > 0 ? performance.now() - pace.lastEnd : 0;
  }

  #stopIdle(containers: number, target: Target): void {
    const now = performance.now();
    const idle = [...this.#containers].filter(({ state, inputs }) => state === "ready" && inputs === 0);
    const { stop, lookAt } = surplusOf(idle, containers, target, this.#settings, now);
    for (const container of stop) container.stop();
    if (lookAt === Number.POSITIVE_INFINITY || this.#stopTimer) return;
    this.#stopTimer = setTimeout(
      () => {
        this.#stopTimer = undefined;
        this.scale();
      },
      Math.min(Math.max(1, lookAt - now), MAX_TIMER_MS),
    );
  }
}
