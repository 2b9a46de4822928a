/**
 * The containers of one function at one version, or of one instance of a class, and what waits for them. A pool only joins
 * its parts: Dispatch hands out inputs, Outcomes says what becomes of them, Scaler and Starts see to it that there are containers.
 */
import type { AutoscalerSettings, FunctionStats } from "../engine/index.ts";
import type { ProgressMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import type { ScalingPolicy } from "./autoscaler.ts";
import type { Call, CallPool, CancelOptions, Input } from "./call.ts";
import type { Container } from "./container.ts";
import type { ContainerOwner, Print } from "./container-owner.ts";
import { Contention } from "./contention.ts";
import { blameFor } from "./crashes.ts";
import type { Deadlocks } from "./deadlocks.ts";
import type { Death } from "./death.ts";
import { Dispatch } from "./dispatch.ts";
import { diedTooOften, outOfMemory } from "./failures.ts";
import type { PoolLog } from "./log.ts";
import { Outcomes } from "./outcomes.ts";
import type { Quota } from "./quota.ts";
import { Scaler } from "./scaler.ts";
import { deployedSettings, mergeSettings, type Settings } from "./settings.ts";
import { Starts } from "./starts.ts";
import { capacityOf, type Workload } from "./workload.ts";

/** What a pool needs of those who have more than one. */
export interface PoolOwner {
  readonly log: PoolLog;
  readonly deadlocks: Deadlocks;
  /** Throws when the system has no process to give. */
  start(pool: Pool): Container;
  /** False when enough containers are starting already; the pool is asked again when one is done. */
  mayStart(pool: Pool): boolean;
  /** A container was started, became ready, or is gone; or the last call has ended before there was one. */
  changed(pool: Pool): void;
  /** Others wait for room: what is idle should go. */
  isCrowded(pool: Pool): boolean;
  /** What runs in the instances of which one has to go before the pool's first container can start, if so. */
  crowd(pool: Pool): readonly Input[][] | undefined;
}

interface PoolOptions {
  workload: Workload;
  quota: Quota | undefined;
  owner: PoolOwner;
  /** What updateAutoscaler has set. */
  overrides: AutoscalerSettings;
  /** A newer version is deployed already. */
  replaced: boolean;
}

export class Pool implements CallPool, ContainerOwner<Container> {
  readonly workload: Workload;
  readonly #owner: PoolOwner;
  readonly #containers = new Set<Container>();
  readonly #dispatch: Dispatch<Container>;
  readonly #outcomes: Outcomes;
  readonly #starts: Starts;
  readonly #scaler: Scaler;
  readonly #contention: Contention;
  #openCalls = 0;
  #replaced: boolean;
  #pumping = false;

  constructor({ workload, quota, owner, overrides, replaced }: PoolOptions) {
    const { options } = workload;
    const containers = this.#containers;
    this.workload = workload;
    this.#owner = owner;
    this.#replaced = replaced;
    const dispatch = new Dispatch<Container>({
      containers,
      maxInputs: options.concurrency.maxInputs,
      batch: options.batch,
      limit: quota && { quota, key: options.concurrency.key ?? options.limit?.key },
      onDue: () => this.pumpSoon(),
    });
    this.#dispatch = dispatch;
    this.#outcomes = new Outcomes((input) => {
      dispatch.again(input);
      this.pumpSoon();
    });
    const starts = new Starts({
      workload,
      containers,
      dispatch,
      start: () => this.#start(),
      mayStart: () => owner.mayStart(this),
      keepsSome: () => this.#scaler.settings.minContainers > 0,
      onRetry: () => this.pumpSoon(),
    });
    this.#starts = starts;
    this.#scaler = new Scaler({
      settings: { ...deployedSettings(options), ...overrides },
      capacity: capacityOf(options),
      containers,
      dispatch,
      standing: () => this.#standing(),
      start: (missing, starting) => starts.start(missing, starting),
    });
    this.#contention = new Contention({
      workload,
      containers,
      dispatch,
      maxContainers: () => this.#scaler.settings.maxContainers,
      crowd: () => owner.crowd(this),
    });
  }

  get containers(): ReadonlySet<Container> {
    return this.#containers;
  }

  get replaced(): boolean {
    return this.#replaced;
  }

  /** Inputs that no container has. */
  get waiting(): number {
    return this.#dispatch.waiting;
  }

  get minContainers(): number {
    return this.#scaler.settings.minContainers;
  }

  // ---- what calls do

  opened(): void {
    this.#openCalls++;
  }

  enqueue(call: Call, count: number): void {
    this.#dispatch.enqueue(call, count);
    if (call.patientSince === undefined) this.#starts.hurry();
    this.pumpSoon();
  }

  unpark(call: Call): void {
    this.#dispatch.unpark(call);
    this.pumpSoon();
  }

  cancelled(call: Call, dropped: number, { terminate, graceMs }: CancelOptions = {}): void {
    this.#dispatch.dropped(call, dropped);
    for (const container of this.#containers) {
      let concerned = false;
      for (const input of container) {
        if (input.call !== call) continue;
        concerned = true;
        container.cancel(input, graceMs);
      }
      if (concerned && terminate) container.kill("killed");
    }
  }

  closed(call: Call): void {
    call.inPool.forget(call);
    this.#dispatch.closed(call);
    this.#openCalls--;
    if (this.#openCalls > 0) return;
    if (this.#replaced) this.#scaler.scale();
    if (this.#containers.size === 0) this.#owner.changed(this);
  }

  awaited(): void {
    this.#owner.deadlocks.awaited();
    this.#watchForDeadlocks();
  }

  released(): void {
    this.#owner.deadlocks.released();
  }

  #watchForDeadlocks(): void {
    if (this.#dispatch.waiting > 0) this.#owner.deadlocks.watch(this.#contention);
  }

  /** Hands out what waits at the end of the current turn: all that one chunk of the network brought together. */
  pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumping = false;
    this.#dispatch.handOut();
    this.#scaler.scale();
    this.#watchForDeadlocks();
  };

  // ---- what containers say

  containerReady(): void {
    this.#starts.succeeded();
    this.#owner.changed(this);
    this.pumpSoon();
  }

  containerDrains(): void {
    this.pumpSoon();
  }

  inputEnded(input: Input, frame: Frame, elapsedMs: number): void {
    this.pumpSoon();
    const { pace } = this.#dispatch;
    pace.ended(performance.now());
    if (!input.decided) pace.took(elapsedMs);
    input.charge(elapsedMs);
    this.#dispatch.left(input);
    this.#outcomes.ended(input, frame);
  }

  inputYielded(input: Input, payload: Uint8Array): void {
    this.#outcomes.yielded(input, payload);
  }

  inputProgressed(input: Input, progress: ProgressMessage): void {
    this.#outcomes.progressed(input, progress);
  }

  inputReturned(input: Input): void {
    this.#dispatch.left(input);
    this.#outcomes.returned(input);
  }

  inputTimedOut(input: Input): void {
    this.#outcomes.timedOut(input);
  }

  inputAbandoned(input: Input): void {
    this.#outcomes.abandoned(input);
  }

  print({ id }: Container, print: Print): void {
    this.#owner.log.output({ workload: this.workload, container: id, ...print });
  }

  problem(what: string, error: unknown): void {
    this.#owner.log.problem(what, error);
  }

  containerGone(container: Container, death: Death): void {
    this.#containers.delete(container);
    this.#dispatch.containerGone(container);
    const inside = container.inputs;
    for (const input of container) this.#dispatch.left(input);
    const left = [...container].filter((input) => this.#outcomes.lostContainer(input));
    this.#starts.containerGone(death);
    const { cause, detail } = death;
    if (cause === "crashed" || cause === "out of memory") this.#crashed(container, death, left, inside);
    else for (const input of left) this.#outcomes.rerun(input, `its container was stopped: ${detail}`);
    this.#owner.changed(this);
    this.pumpSoon();
  }

  #crashed(container: Container, death: Death, left: Input[], inside: number): void {
    const { cause, detail, loaded } = death;
    const what = cause === "out of memory" ? "ran out of memory" : "died";
    if (loaded)
      this.print(container, { stream: "system", text: `the container ${what} (${detail})\n`, call: left[0]?.call });
    for (const { input, fate } of blameFor(death, left, inside)) {
      if (fate === "again") this.#outcomes.rerun(input, `its container died (${detail})`);
      else if (fate === "gave up") input.call.failed(input, diedTooOften(input, detail));
      else if (!this.#outcomes.retry(input)) input.call.failed(input, outOfMemory(this.workload));
    }
  }

  // ---- starting and stopping containers

  #start(): void {
    this.#containers.add(this.#owner.start(this));
    this.#owner.changed(this);
  }

  #standing(): ScalingPolicy["standing"] {
    const unused = this.#replaced && this.#openCalls === 0;
    if (unused || this.#owner.isCrowded(this)) return "leaving";
    return this.#replaced ? "replaced" : "wanted";
  }

  // ---- looked at and adjusted from outside

  /** Nothing of it need be kept. */
  get isOver(): boolean {
    if (this.#openCalls > 0 || this.#containers.size > 0) return false;
    return this.#replaced || (this.workload.instance !== "" && this.#scaler.settings.minContainers === 0);
  }

  /** Since when nothing has run in it, by performance.now(); undefined while something does, or will. */
  get idleSince(): number | undefined {
    if (this.#containers.size === 0 || this.#dispatch.waiting > 0) return undefined;
    let since = 0;
    for (const { state, inputs, idleSince } of this.#containers) {
      if (state !== "ready" || inputs > 0) return undefined;
      since = Math.max(since, idleSince);
    }
    return since;
  }

  stats(): FunctionStats {
    let inside = 0;
    let running = 0;
    let runners = 0;
    for (const container of this.#containers) {
      if (container.state === "dead") continue;
      runners++;
      inside += container.inputs;
      running += container.running;
    }
    const stats: FunctionStats = {
      backlog: this.#dispatch.waiting + inside - running,
      numTotalRunners: runners,
      numRunningInputs: running,
    };
    const heldBack = this.#dispatch.waiting - this.#dispatch.startable;
    if (heldBack > 0) stats.numHeldBack = heldBack;
    if (this.startProblem !== undefined) stats.startProblem = this.startProblem;
    return stats;
  }

  /** Why its containers do not start; undefined when the last one did, or nothing waits for the next. */
  get startProblem(): string | undefined {
    return this.#starts.problem;
  }

  /** Milliseconds that an input takes lately; undefined before the first has ended. */
  get paceMs(): number | undefined {
    return this.#dispatch.pace.ms;
  }

  /** The settings that would be in force with these changes. Throws InvalidError. */
  merged(changes: AutoscalerSettings): Settings {
    return mergeSettings(this.#scaler.settings, changes, this.workload);
  }

  configure(settings: Settings): void {
    this.#scaler.configure(settings);
    this.pumpSoon();
  }

  /** Back to the settings that were deployed. */
  resetSettings(): void {
    this.configure(deployedSettings(this.workload.options));
  }

  /** A newer version is deployed, or the app removed: containers stop once the last open call has ended. */
  replace(): void {
    this.#replaced = true;
    this.#scaler.scale();
  }

  /** Its idle containers have to make room. */
  stopContainers(): void {
    for (const container of this.#containers) container.stop();
  }

  /** Stops all containers, at once with `kill`. */
  close(kill: boolean): void {
    this.#starts.close();
    this.#scaler.close();
    this.#owner.deadlocks.forget(this.#contention);
    this.#dispatch.close();
    for (const container of this.#containers) {
      if (kill) container.kill("killed");
      else container.stop();
    }
  }
}
