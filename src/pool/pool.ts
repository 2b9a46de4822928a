/**
 * The containers of one function at one version, or of one instance of a class, and what waits for them. Calls that have inputs waiting take turns, one
 * input at a time, so that a map of a million does not hold up a single remote.
 *
 * Short inputs are sent ahead: a container gets more than it may run, so that it need not wait a round trip for the next.
 * How many follows from how long inputs have taken lately; what lies behind an input that turns out long is taken back.
 */
import { availableParallelism } from "node:os";
import type { AutoscalerSettings, Failure, FunctionStats } from "../engine/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { ResolvedFunctionOptions } from "../schema/index.ts";
import { FromContainer, type ProgressMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import { BatchWindow } from "./batch-window.ts";
import type { Call, Input } from "./call.ts";
import { type Container, type ContainerOwner, type Death, failureIn, MAX_TIMER_MS } from "./container.ts";
import { Queue } from "./input-list.ts";
import { queueTime } from "./telemetry.ts";
import type { Workload } from "./workload.ts";

/** Inputs that a container died of, beyond the first, before it is the input's fault. */
const MAX_CRASHES = 8;
/** Work to have lying in a container, in milliseconds, and the most inputs that may be. */
const AHEAD_MS = 2;
const MAX_AHEAD = 128;
/** Longer inputs are not sent ahead. */
const SHORT_MS = 5;
/** After so long the inputs behind a running one are taken back. */
const RECALL_AFTER_MS = 10;
/** Expected waiting time that justifies another container: about what it takes to start one. */
const WORTH_A_START_MS = 30;
/** Failed starts in a row before the inputs that wait are told; more when somebody else's SIGKILL is why, as for inputs. */
const MAX_FAILED_STARTS = 3;
const MAX_KILLED_STARTS = MAX_CRASHES;
const MAX_START_DELAY_MS = 30_000;
const MAX_KILLED_START_DELAY_MS = 2_000;

/** What a pool needs of the host. */
export interface PoolHost {
  /** Throws when the system has no process to give. */
  start(pool: Pool): Container;
  /** False when enough containers are starting already; the pool is asked again when one is done. */
  mayStart(pool: Pool): boolean;
  /** A container was started, became ready, or is gone; or the last call has ended before there was one. */
  changed(pool: Pool): void;
  /** Others wait for room: what is idle should go. */
  isCrowded(pool: Pool): boolean;
  log(
    pool: Pool,
    container: Container,
    stream: "stdout" | "stderr" | "system",
    text: string,
    call?: Call,
    index?: number,
  ): void;
}

/** Inputs that one container runs at a time. */
export function capacityOf({ concurrency, batch }: ResolvedFunctionOptions): number {
  return concurrency.maxInputs * (batch?.maxSize ?? 1);
}

export class Pool implements ContainerOwner {
  readonly workload: Workload;
  readonly containers = new Set<Container>();
  /** Calls that are open on this version. */
  openCalls = 0;
  /** A newer version is deployed: containers stop once the last open call has ended. */
  replaced = false;
  readonly #host: PoolHost;
  #settings: Required<AutoscalerSettings>;
  readonly #round = new Queue<Call>();
  /** Inputs to run again: taken back, or left by a container that died. They go first. */
  #again = new Queue<Input>();
  /** Inputs of which one killed a container: each runs alone. */
  #suspects = new Queue<Input>();
  /** Some containers take nothing but those. */
  #anyReserved = false;
  /** Inputs in the calls' own queues. */
  #waiting = 0;
  /** Milliseconds that an input takes, a moving average; undefined before the first. */
  #pace: number | undefined;
  /** When an input last ended. */
  #lastEnd = 0;
  readonly #window: BatchWindow | undefined;
  #pumping = false;
  #failedStarts = 0;
  /** Set while a failed start is too recent for another. */
  #startTimer: NodeJS.Timeout | undefined;
  #scaleTimer: NodeJS.Timeout | undefined;
  #recallTimer: NodeJS.Timeout | undefined;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(workload: Workload, host: PoolHost, overrides: AutoscalerSettings) {
    this.workload = workload;
    this.#host = host;
    const { batch } = workload.options;
    this.#window = batch && new BatchWindow(batch, () => this.pumpSoon());
    this.#settings = { ...this.deployedSettings, ...overrides };
  }

  get deployedSettings(): Required<AutoscalerSettings> {
    const { minContainers, maxContainers, bufferContainers, scaledownWindowMs } = this.workload.options;
    return {
      minContainers,
      maxContainers: maxContainers || Math.max(availableParallelism(), minContainers),
      bufferContainers,
      scaledownWindowMs,
    };
  }

  // ---- what calls do

  /** `count` more inputs wait in the call's queue. */
  enqueue(call: Call, count: number): void {
    if (call.parked) return;
    this.#waiting += count;
    if (!call.queued && call.waiting > 0) {
      call.queued = true;
      this.#round.push(call);
    }
    this.pumpSoon();
  }

  /** The call's caller reads again. */
  unpark(call: Call): void {
    call.parked = false;
    this.enqueue(call, call.waiting);
  }

  /** The call is cancelled: its `dropped` inputs no longer wait in its queue. */
  cancelled(call: Call, dropped: number, options: { terminate?: boolean; graceMs?: number } = {}): void {
    if (!call.parked) this.#waiting -= dropped;
    for (const container of this.containers) {
      let concerned = false;
      for (const input of container) {
        if (input.call !== call) continue;
        concerned = true;
        container.cancel(input, options.graceMs);
      }
      if (concerned && options.terminate) container.kill("killed", "");
    }
  }

  /** The call has ended: nothing of it is left here. */
  closed(call: Call): void {
    for (const container of call.toldContainers) container.forget(call);
    call.toldContainers.length = 0;
    this.openCalls--;
    if (this.openCalls > 0) return;
    if (this.replaced) this.reconcile();
    if (this.containers.size === 0) this.#host.changed(this);
  }

  #retryLater(input: Input, delayMs: number): void {
    setTimeout(() => this.#runAgain(input), Math.min(delayMs, MAX_TIMER_MS));
  }

  #runAgain(input: Input): void {
    if (input.call.over) return;
    input.queuedAt = queueTime();
    (input.suspect ? this.#suspects : this.#again).push(input);
    this.pumpSoon();
  }

  // ---- handing out inputs

  /** At the end of the current turn: all that one chunk of the network brought is handed out together. */
  pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumping = false;
    this.#placeSuspects();
    if (this.#window) this.#handOutBatches(this.#window);
    else this.#handOut();
    this.reconcile();
    this.#watchForLongOnes();
  };

  #handOut(): void {
    for (;;) {
      const container = this.#leastBusy();
      if (!container) break;
      const input = this.#next();
      if (!input) break;
      container.dispatch(input);
    }
  }

  #handOutBatches(window: BatchWindow): void {
    for (;;) {
      // Also while no container is free: the wait for others goes on meanwhile.
      const size = window.size(this.#waiting + this.#again.length);
      const container = this.#leastBusyWithBatches();
      if (size === 0 || !container) return;
      const inputs: Input[] = [];
      for (let input = this.#next(); input; input = this.#next()) if (inputs.push(input) === size) break;
      window.close();
      if (inputs.length === 0) return;
      container.dispatchTogether(inputs);
    }
  }

  #leastBusyWithBatches(): Container | undefined {
    let best: Container | undefined;
    for (const container of this.containers) {
      if (container.state !== "ready" || container.reserved) continue;
      if (container.batches >= this.workload.options.concurrency.maxInputs) continue;
      if (!best || container.batches < best.batches) best = container;
    }
    return best;
  }

  #next(): Input | undefined {
    for (let input = this.#again.shift(); input; input = this.#again.shift()) if (!input.call.over) return input;
    for (let call = this.#round.shift(); call; call = this.#round.shift()) {
      call.queued = false;
      if (call.over) continue;
      if (call.isBlocked()) {
        call.parked = true;
        this.#waiting -= call.waiting;
        continue;
      }
      const before = call.waiting;
      const input = call.take();
      this.#waiting -= before - call.waiting;
      if (!input) continue;
      if (call.waiting > 0) {
        call.queued = true;
        this.#round.push(call);
      }
      return input;
    }
    return undefined;
  }

  #leastBusy(): Container | undefined {
    const { maxInputs } = this.workload.options.concurrency;
    const limit = maxInputs + this.#ahead();
    let best: Container | undefined;
    for (const container of this.containers) {
      if (container.state !== "ready" || container.reserved || container.inputs >= limit) continue;
      if (container.inputs >= maxInputs && container.recalled) continue;
      if (!best || container.inputs < best.inputs) best = container;
    }
    return best;
  }

  /** How many inputs may wait in a container behind those that run. */
  #ahead(): number {
    const pace = this.#pace;
    if (this.#window || pace === undefined || pace > SHORT_MS) return 0;
    return Math.min(MAX_AHEAD, Math.max(1, Math.floor(AHEAD_MS / pace)));
  }

  #placeSuspects(): void {
    while (this.#suspects.length > 0) {
      if (this.#suspects.peek()!.call.over) {
        this.#suspects.shift();
        continue;
      }
      const container = this.#emptyContainer();
      if (!container) return;
      this.#reserve(container);
      const suspect = this.#suspects.shift()!;
      if (this.#window) container.dispatchTogether([suspect]);
      else container.dispatch(suspect);
    }
    this.#unreserve();
  }

  #reserve(container: Container): void {
    container.reserved = true;
    this.#anyReserved = true;
  }

  /** No suspect waits: only those that run one are kept for it. */
  #unreserve(): void {
    if (!this.#anyReserved) return;
    this.#anyReserved = false;
    for (const container of this.containers) {
      container.reserved &&= [...container].some(({ suspect }) => suspect);
      this.#anyReserved ||= container.reserved;
    }
  }

  /** Keeps one free when there is none. */
  #emptyContainer(): Container | undefined {
    let least: Container | undefined;
    for (const container of this.containers) {
      if (container.state !== "ready") continue;
      if (container.inputs === 0) return container;
      if (container.reserved) continue;
      if (!least || container.inputs < least.inputs) least = container;
    }
    const reserved = [...this.containers].filter((container) => container.reserved).length;
    if (least && reserved < this.#suspects.length) this.#reserve(least);
    return undefined;
  }

  #watchForLongOnes(): void {
    if (this.#recallTimer || this.#ahead() === 0) return;
    for (const container of this.containers) {
      if (container.blockedSince === undefined) continue;
      this.#recallTimer = setTimeout(this.#takeBack, RECALL_AFTER_MS);
      return;
    }
  }

  readonly #takeBack = (): void => {
    this.#recallTimer = undefined;
    const longAgo = performance.now() - RECALL_AFTER_MS;
    for (const container of this.containers) {
      const since = container.blockedSince;
      if (since === undefined || since > longAgo) continue;
      this.#pace = Math.max(this.#pace ?? 0, RECALL_AFTER_MS);
      container.recall();
    }
    for (const container of this.containers) {
      if (container.blockedSince === undefined) continue;
      this.#recallTimer = setTimeout(this.#takeBack, RECALL_AFTER_MS);
      return;
    }
  };

  // ---- what containers say

  containerReady(): void {
    this.#failedStarts = 0;
    this.#mayStartAgain();
    this.#host.changed(this);
    this.pumpSoon();
  }

  /** It takes nothing more, and others have to. */
  containerRetires(): void {
    this.pumpSoon();
  }

  inputEnded(input: Input, frame: Frame, elapsedMs: number): void {
    this.pumpSoon();
    this.#lastEnd = performance.now();
    if (input.decided) {
      this.#beginSuccessor(input);
      return;
    }
    this.#pace = this.#pace === undefined ? elapsedMs : this.#pace + (elapsedMs - this.#pace) / 16;
    const { call } = input;
    switch (frame.type) {
      case FromContainer.result:
        call.outcome(input, "result", frame.payload);
        return;
      case FromContainer.end:
        call.outcome(input, "end", frame.payload);
        return;
      case FromContainer.exception:
        if (!this.#retry(input)) call.outcome(input, "exception", frame.payload);
        return;
      default:
        call.failed(input, failureIn(frame));
    }
  }

  inputYielded(input: Input, payload: Uint8Array): void {
    if (input.decided) return;
    input.yielded++;
    input.call.yielded(input, payload);
  }

  inputProgressed(input: Input, { fraction, message }: ProgressMessage): void {
    if (input.decided || input.call.over) return;
    const { index } = input;
    input.call.progressed(message === undefined ? { index, fraction } : { index, fraction, message });
  }

  inputReturned(input: Input): void {
    this.#beginSuccessor(input);
    if (input.decided || input.call.over) return;
    this.#again.push(input);
    this.pumpSoon();
  }

  inputTimedOut(input: Input): void {
    if (this.#retry(input)) return;
    const { timeoutMs } = input.call.fn.schema.options;
    input.call.failed(input, {
      code: "FUNCTION_TIMEOUT",
      message: `${this.#name(input)} took longer than its timeout of ${timeoutMs} ms`,
      hint: "Raise timeoutMs in the function's options, or give it less to do at a time.",
    });
  }

  /** Begins the next attempt of what user code has failed; false when there is none. */
  #retry(input: Input): boolean {
    const { maxRetries, initialDelayMs, backoffCoefficient, maxDelayMs } = input.call.fn.schema.options.retries;
    // What a generator has sent cannot be taken back.
    if (input.attempt >= maxRetries || input.yielded > 0 || input.call.over) return false;
    const delay = Math.min(maxDelayMs, initialDelayMs * backoffCoefficient ** input.attempt);
    // Up to a fifth longer, so that inputs that failed together do not come back together.
    const wait = delay * (1 + Math.random() / 5);
    if (input.container) input.successor = { input: input.again(), at: performance.now() + wait };
    else this.#retryLater(input.again(), wait);
    return true;
  }

  #beginSuccessor({ successor }: Input): void {
    if (successor) this.#retryLater(successor.input, Math.max(0, successor.at - performance.now()));
  }

  log(container: Container, stream: "stdout" | "stderr" | "system", text: string, call?: Call, index?: number): void {
    this.#host.log(this, container, stream, text, call, index);
  }

  containerGone(container: Container, death: Death, detail: string): void {
    this.containers.delete(container);
    for (const input of container) this.#beginSuccessor(input);
    const left = [...container].filter((input) => !input.decided && !input.call.over);
    for (const input of left) {
      input.container = undefined;
      if (input.startedAt > 0) input.cutOff++;
      input.startedAt = 0;
    }
    if (container.refusal) this.#failWaiting(container.refusal);
    else if (!container.loaded && death !== "stopped" && death !== "killed")
      this.#startFailed(death, detail, container.killedByOthers);
    if (death === "crashed" || death === "out of memory") this.#crashed(container, left, death, detail);
    else for (const input of left) this.#rerun(input, `its container was stopped: ${detail}`);
    this.#host.changed(this);
    this.pumpSoon();
  }

  /** With one input in it the blame is clear; of several, each runs alone from now on. */
  #crashed(container: Container, left: Input[], death: Death, detail: string): void {
    const what = death === "out of memory" ? "ran out of memory" : "died";
    if (container.loaded)
      this.#host.log(this, container, "system", `the container ${what} (${detail})\n`, left[0]?.call);
    const culprit = container.inputs === 1 ? left[0] : undefined;
    if (culprit && death === "out of memory") {
      if (!this.#retry(culprit)) culprit.call.failed(culprit, this.#outOfMemory());
      return;
    }
    for (const input of left) {
      if (input === culprit) input.crashes++;
      else input.suspect = true;
      if (input.crashes > MAX_CRASHES) {
        input.call.failed(input, {
          code: "INTERNAL_FAILURE",
          message: `${this.#name(input)}: the container died ${input.crashes} times while it ran input ${input.index} (${detail})`,
          hint: "Does the function call process.exit, or crash a native module? Its logs tell: farcall logs.",
        });
      } else this.#rerun(input, `its container died (${detail})`);
    }
  }

  #rerun(input: Input, reason: string): void {
    if (input.yielded === 0) this.#runAgain(input);
    else {
      input.call.failed(input, {
        code: "INTERNAL_FAILURE",
        message: `${this.#name(input)}: the generator had yielded ${input.yielded} values when ${reason}`,
        hint: "A generator that has yielded cannot begin again: call it again if that does no harm.",
      });
    }
  }

  #outOfMemory(): Failure {
    const { memoryMiB } = this.workload.options;
    return {
      code: "INTERNAL_FAILURE",
      message: `${this.#name()}: the container ran out of memory${memoryMiB > 0 ? ` (memoryMiB is ${memoryMiB})` : ""}`,
      hint: "Raise memoryMiB in the function's options, or give it less to do at a time.",
    };
  }

  // ---- starting and stopping containers

  #startFailed(death: Death, detail: string, killed = false): void {
    this.#failedStarts++;
    const delay = Math.min(killed ? MAX_KILLED_START_DELAY_MS : MAX_START_DELAY_MS, 50 * 2 ** this.#failedStarts);
    this.#mayStartAgain();
    this.#startTimer = setTimeout(() => {
      this.#startTimer = undefined;
      this.pumpSoon();
    }, delay).unref();
    const alone = ![...this.containers].some((container) => container.loaded);
    // An app that throws when it is imported will throw again; what the system refused may be there the next time.
    if (!alone || (death === "crashed" && this.#failedStarts < (killed ? MAX_KILLED_STARTS : MAX_FAILED_STARTS)))
      return;
    const what = death === "start timed out" ? "" : death === "load failed" ? "the app failed to load: " : `${death}: `;
    const failure: Failure = {
      code: "INTERNAL_FAILURE",
      message: `${this.#name()}: its container did not start: ${what}${detail}`,
      hint: "The app's module runs when a container starts; its logs tell more: farcall logs.",
    };
    if (this.#settings.minContainers === 0) this.#mayStartAgain();
    this.#failWaiting(failure);
  }

  #mayStartAgain(): void {
    clearTimeout(this.#startTimer);
    this.#startTimer = undefined;
  }

  #failWaiting(failure: Failure): void {
    for (let input = this.#suspects.shift(); input; input = this.#suspects.shift()) {
      if (!input.call.over) input.call.failed(input, failure);
    }
    for (let input = this.#next(); input; input = this.#next()) input.call.failed(input, failure);
  }

  /** Starts and stops containers as the work and the settings ask for. */
  reconcile(): void {
    const retired = this.replaced && this.openCalls === 0;
    const { minContainers, maxContainers, bufferContainers, scaledownWindowMs } = this.#settings;
    const maxInputs = capacityOf(this.workload.options);
    // What does not stop takes room all the same.
    let draining = 0;
    let total = 0;
    let ready = 0;
    let busy = 0;
    let inside = 0;
    for (const container of this.containers) {
      if (container.state === "draining") draining++;
      if (container.state !== "ready" && container.state !== "starting") continue;
      total++;
      inside += container.inputs;
      if (container.state === "ready") ready++;
      if (container.inputs > 0) busy++;
    }
    const waiting = this.#waiting + this.#again.length + this.#suspects.length;
    const buffer = waiting + inside > 0 ? bufferContainers : 0;
    const crowded = this.#host.isCrowded(this);
    const base = this.replaced || crowded ? 0 : minContainers;
    let needed = busy;
    if (waiting > 0) {
      const wanted = Math.max(Math.ceil((waiting + inside) / maxInputs), busy + this.#suspects.length);
      needed = wanted <= total || this.#worthAStart(waiting, ready * maxInputs) ? wanted : total;
    }
    const target = Math.min(maxContainers - draining, Math.max(base, needed + buffer));
    if (total < target && !this.#startTimer) this.#startContainers(target - total);
    if (total > busy)
      this.#stopIdle(total, Math.max(base, busy + buffer), retired || crowded ? 0 : scaledownWindowMs, maxContainers);
  }

  /** There is nothing to keep of it. */
  get isOver(): boolean {
    if (this.openCalls > 0 || this.containers.size > 0) return false;
    return this.replaced || (this.workload.instance !== "" && this.#settings.minContainers === 0);
  }

  /** Since when nothing has run in it, by performance.now(); undefined while something does, or is to. */
  get idleSince(): number | undefined {
    if (this.containers.size === 0 || this.#waiting + this.#again.length + this.#suspects.length > 0) return undefined;
    let since = 0;
    for (const { state, inputs, idleSince } of this.containers) {
      if (state !== "ready" || inputs > 0) return undefined;
      since = Math.max(since, idleSince);
    }
    return since;
  }

  /** Whether what waits would wait long. While the estimate is good, it is looked at again. */
  #worthAStart(waiting: number, slots: number): boolean {
    if (this.#pace === undefined || slots === 0) return true;
    if ((waiting * this.#pace) / slots >= WORTH_A_START_MS) return true;
    // The average says nothing of an input that runs now and does not end.
    if (performance.now() - this.#lastEnd >= WORTH_A_START_MS) return true;
    this.#lookAgain ??= setTimeout(() => {
      this.#lookAgain = undefined;
      this.reconcile();
    }, WORTH_A_START_MS);
    return false;
  }

  #startContainers(count: number): void {
    for (let i = 0; i < count && this.#host.mayStart(this); i++) {
      let container: Container;
      try {
        container = this.#host.start(this);
      } catch (error) {
        this.#startFailed("crashed", (error as Error).message);
        return;
      }
      this.containers.add(container);
      this.#host.changed(this);
    }
  }

  #stopIdle(total: number, keep: number, windowMs: number, max: number): void {
    const now = performance.now();
    let left = total;
    let next = Number.POSITIVE_INFINITY;
    for (const container of this.containers) {
      if (left <= keep) break;
      if (container.state !== "ready" || container.inputs > 0) continue;
      const due = left > max ? now : container.idleSince + windowMs;
      if (due <= now) {
        container.stop();
        left--;
      } else next = Math.min(next, due);
    }
    if (next === Number.POSITIVE_INFINITY || this.#scaleTimer) return;
    this.#scaleTimer = setTimeout(
      () => {
        this.#scaleTimer = undefined;
        this.reconcile();
      },
      Math.min(Math.max(1, next - now), MAX_TIMER_MS),
    );
  }

  // ---- looked at and adjusted from outside

  stats(): FunctionStats {
    let inside = 0;
    let running = 0;
    let runners = 0;
    for (const container of this.containers) {
      if (container.state === "dead") continue;
      runners++;
      inside += container.inputs;
      running += container.running;
    }
    return {
      backlog: this.#waiting + this.#again.length + this.#suspects.length + inside - running,
      numTotalRunners: runners,
      numRunningInputs: running,
    };
  }

  /** The settings in force, were these to be added. Throws InvalidError when they make no sense. */
  merged(settings: AutoscalerSettings): Required<AutoscalerSettings> {
    const known = ["minContainers", "maxContainers", "bufferContainers", "scaledownWindowMs"] as const;
    const merged = { ...this.#settings };
    for (const name of known) {
      const value = settings[name];
      if (value === undefined) continue;
      const least = name === "maxContainers" ? 1 : 0;
      if (!Number.isInteger(value) || value < least) {
        throw new InvalidError(`${name} must be a whole number from ${least} on, not ${value}`);
      }
      merged[name] = value;
    }
    if (merged.minContainers > merged.maxContainers) {
      throw new InvalidError(
        `minContainers (${merged.minContainers}) is above maxContainers (${merged.maxContainers}) for ${this.#name()}`,
        { hint: "Set both in one call of updateAutoscaler." },
      );
    }
    return merged;
  }

  configure(settings: Required<AutoscalerSettings>): void {
    this.#settings = settings;
    clearTimeout(this.#scaleTimer);
    this.#scaleTimer = undefined;
    this.pumpSoon();
  }

  /** Stops all containers, at once with `kill`. */
  close(kill: boolean): void {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#scaleTimer);
    clearTimeout(this.#lookAgain);
    clearTimeout(this.#recallTimer);
    this.#window?.close();
    for (const container of this.containers) {
      if (kill) container.kill("killed", "");
      else container.stop();
    }
  }

  #name(input?: Input): string {
    return `${this.workload.version.app}/${input?.call.fn.schema.name ?? this.workload.name}`;
  }
}
