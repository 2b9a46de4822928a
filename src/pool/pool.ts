/**
 * The containers of one function at one version, or of one instance of a class, and what waits for them. A pool only joins
 * its parts: Dispatch hands out inputs, Outcomes says what becomes of them, targetOf how many containers there should be.
 */
import type { AutoscalerSettings, Failure, FunctionStats } from "../engine/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { ProgressMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import { type Load, type ScalingPolicy, surplusOf, type Target, targetOf } from "./autoscaler.ts";
import type { Call, CallPool, CancelOptions, Input } from "./call.ts";
import { MAX_TIMER_MS } from "./clock.ts";
import type { Container, ContainerOwner, Death, DeathCause, Print } from "./container.ts";
import { blameFor, FailedStarts } from "./crashes.ts";
import { Deadlocks } from "./deadlocks.ts";
import { Dispatch } from "./dispatch.ts";
import { didNotStart, diedTooOften, outOfMemory } from "./failures.ts";
import type { PoolLog } from "./log.ts";
import { Outcomes } from "./outcomes.ts";
import { deployedSettings, mergeSettings, type Settings } from "./settings.ts";
import { capacityOf, type Workload } from "./workload.ts";

/** How long spawned inputs wait for containers that fail to start. */
const DEFAULT_START_RETRY_MS = 86_400_000;

/** What a pool needs of those who have more than one. */
export interface PoolOwner {
  readonly log: PoolLog;
  /** Throws when the system has no process to give. */
  start(pool: Pool): Container;
  /** False when enough containers are starting already; the pool is asked again when one is done. */
  mayStart(pool: Pool): boolean;
  /** A container was started, became ready, or is gone; or the last call has ended before there was one. */
  changed(pool: Pool): void;
  /** Others wait for room: what is idle should go. */
  isCrowded(pool: Pool): boolean;
}

export interface PoolOptions {
  workload: Workload;
  owner: PoolOwner;
  /** What updateAutoscaler has set. */
  overrides: AutoscalerSettings;
  /** A newer version is deployed already. */
  replaced: boolean;
}

export class Pool implements CallPool, ContainerOwner {
  readonly workload: Workload;
  readonly #owner: PoolOwner;
  readonly #containers = new Set<Container>();
  readonly #dispatch: Dispatch<Container>;
  readonly #outcomes: Outcomes;
  readonly #failedStarts: FailedStarts;
  readonly #deadlocks: Deadlocks;
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
  /** Calls that are open on this version. */
  #openCalls = 0;
  #replaced: boolean;
  #pumping = false;
  #scaleTimer: NodeJS.Timeout | undefined;
  #askAgain: NodeJS.Timeout | undefined;

  constructor({ workload, owner, overrides, replaced }: PoolOptions) {
    const { options } = workload;
    this.workload = workload;
    this.#owner = owner;
    this.#replaced = replaced;
    this.#settings = { ...deployedSettings(options), ...overrides };
    this.#policy = { settings: this.#settings, capacity: capacityOf(options), standing: "wanted" };
    this.#dispatch = new Dispatch<Container>({
      containers: this.#containers,
      maxInputs: options.concurrency.maxInputs,
      batch: options.batch,
      onDue: () => this.pumpSoon(),
    });
    this.#outcomes = new Outcomes((input) => {
      this.#dispatch.again(input);
      this.pumpSoon();
    });
    this.#failedStarts = new FailedStarts(() => this.pumpSoon());
    this.#deadlocks = new Deadlocks({
      workload,
      containers: this.#containers,
      dispatch: this.#dispatch,
      maxContainers: () => this.#settings.maxContainers,
    });
  }

  get containers(): ReadonlySet<Container> {
    return this.#containers;
  }

  get replaced(): boolean {
    return this.#replaced;
  }

  // ---- what calls do

  opened(call: Call): void {
    this.#openCalls++;
    this.#deadlocks.opened(call);
  }

  enqueue(call: Call, count: number): void {
    this.#dispatch.enqueue(call, count);
    if (call.patientSince === undefined) this.#failedStarts.hurry();
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
    this.#deadlocks.closed(call);
    this.#openCalls--;
    if (this.#openCalls > 0) return;
    if (this.#replaced) this.#scale();
    if (this.#containers.size === 0) this.#owner.changed(this);
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
    this.#scale();
    if (this.#dispatch.waiting > 0) this.#deadlocks.watch();
  };

  // ---- what containers say

  containerReady(): void {
    this.#failedStarts.succeeded();
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
    this.#outcomes.ended(input, frame);
  }

  inputYielded(input: Input, payload: Uint8Array): void {
    this.#outcomes.yielded(input, payload);
  }

  inputProgressed(input: Input, progress: ProgressMessage): void {
    this.#outcomes.progressed(input, progress);
  }

  inputReturned(input: Input): void {
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
    const left = [...container].filter((input) => this.#outcomes.lostContainer(input));
    const { cause, detail } = death;
    if (death.refusal) this.#failWaiting(death.refusal, () => true);
    else if (!death.loaded && cause !== "stopped" && cause !== "killed")
      this.#startFailed(cause, detail, death.killedByOthers);
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

  /** Starts and stops containers as the work and the settings ask for. */
  #scale(): void {
    const unused = this.#replaced && this.#openCalls === 0;
    const leaving = unused || this.#owner.isCrowded(this);
    const load = this.#load;
    const policy = this.#policy;
    const target = this.#target;
    this.#measure();
    policy.settings = this.#settings;
    policy.standing = leaving ? "leaving" : this.#replaced ? "replaced" : "wanted";
    targetOf(load, policy, target);
    if (target.askAgainMs !== undefined) {
      this.#askAgain ??= setTimeout(() => {
        this.#askAgain = undefined;
        this.#scale();
      }, target.askAgainMs);
    }
    const missing = target.containers - load.containers;
    if (missing > 0 && !this.#failedStarts.waiting) this.#start(missing);
    if (load.containers <= load.busy) return;
    // When the timer fires, it is looked who has been idle for long enough by then: nobody is before.
    const mayBeDue = !this.#scaleTimer || target.idleMs === 0 || load.containers > this.#settings.maxContainers;
    if (mayBeDue) this.#stopIdle(load.containers, target);
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
    const { waiting, suspects, pace } = this.#dispatch;
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

  #start(missing: number): void {
    let count = missing;
    // While starts fail, one at a time is enough to see whether the next does not.
    if (this.#failedStarts.since !== undefined) count = this.#load.containers > this.#load.ready ? 0 : 1;
    for (let i = 0; i < count && this.#owner.mayStart(this); i++) {
      let container: Container;
      try {
        container = this.#owner.start(this);
      } catch (error) {
        // What is invalid stays so; what the system refused may be there the next time.
        const cause = error instanceof InvalidError ? "load failed" : "crashed";
        this.#startFailed(cause, (error as Error).message, false);
        return;
      }
      this.#containers.add(container);
      this.#owner.changed(this);
    }
  }

  #startFailed(cause: DeathCause, detail: string, killedByOthers: boolean): void {
    const alone = ![...this.#containers].some((container) => container.loaded);
    const failure = didNotStart(this.workload, cause, detail);
    if (!this.#failedStarts.failed(cause, killedByOthers, alone, failure.message)) return;
    this.#failWaiting(failure, ({ patientSince }) => patientSince === undefined);
    this.#failPatient(failure);
    if (this.#dispatch.waiting === 0 && this.#settings.minContainers === 0) this.#failedStarts.retryNow();
  }

  /** Those that have waited for a container for longer than `startRetryMs`. */
  #failPatient(failure: Failure): void {
    const { startRetryMs = DEFAULT_START_RETRY_MS } = this.workload.options;
    const longAgo = performance.now() - startRetryMs;
    if (this.#failedStarts.since! > longAgo) return;
    const message = `${failure.message} (tried again for ${startRetryMs} ms)`;
    this.#failWaiting(
      { ...failure, message },
      ({ patientSince }) => patientSince !== undefined && patientSince <= longAgo,
    );
  }

  #failWaiting(failure: Failure, which: (call: Call) => boolean): void {
    for (const input of this.#dispatch.take(which)) input.call.failed(input, failure);
  }

  #stopIdle(containers: number, target: Target): void {
    const now = performance.now();
    const idle = [...this.#containers].filter(({ state, inputs }) => state === "ready" && inputs === 0);
    const { stop, lookAt } = surplusOf(idle, containers, target, this.#settings, now);
    for (const container of stop) container.stop();
    if (lookAt === Number.POSITIVE_INFINITY || this.#scaleTimer) return;
    this.#scaleTimer = setTimeout(
      () => {
        this.#scaleTimer = undefined;
        this.#scale();
      },
      Math.min(Math.max(1, lookAt - now), MAX_TIMER_MS),
    );
  }

  // ---- looked at and adjusted from outside

  /** Nothing of it need be kept. */
  get isOver(): boolean {
    if (this.#openCalls > 0 || this.#containers.size > 0) return false;
    return this.#replaced || (this.workload.instance !== "" && this.#settings.minContainers === 0);
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
    const { startProblem } = this;
    return startProblem === undefined ? stats : { ...stats, startProblem };
  }

  /** Why its containers do not start; undefined when the last one did, or nothing waits for the next. */
  get startProblem(): string | undefined {
    return this.#dispatch.waiting > 0 ? this.#failedStarts.reason : undefined;
  }

  /** The settings that would be in force with these changes. Throws InvalidError. */
  merged(changes: AutoscalerSettings): Settings {
    return mergeSettings(this.#settings, changes, this.workload);
  }

  configure(settings: Settings): void {
    this.#settings = settings;
    clearTimeout(this.#scaleTimer);
    this.#scaleTimer = undefined;
    this.pumpSoon();
  }

  /** Back to the settings that were deployed. */
  resetSettings(): void {
    this.configure(deployedSettings(this.workload.options));
  }

  /** A newer version is deployed, or the app removed: containers stop once the last open call has ended. */
  replace(): void {
    this.#replaced = true;
    this.#scale();
  }

  /** Its idle containers have to make room. */
  stopContainers(): void {
    for (const container of this.#containers) container.stop();
  }

  /** Stops all containers, at once with `kill`. */
  close(kill: boolean): void {
    this.#failedStarts.retryNow();
    clearTimeout(this.#scaleTimer);
    clearTimeout(this.#askAgain);
    this.#deadlocks.close();
    this.#dispatch.close();
    for (const container of this.#containers) {
      if (kill) container.kill("killed");
      else container.stop();
    }
  }
}
