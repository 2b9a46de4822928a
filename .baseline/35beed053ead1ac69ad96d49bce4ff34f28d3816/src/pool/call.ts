/**
 * What a pool runs: calls, wherever they come from, and their inputs on the way into a container and out again, perhaps
 * several times. An engine implements `Call` for each kind of call that it has; the pool keeps its own part of each call in
 * a `CallInPool`, and each `Input` keeps its own state, so that nobody writes into anybody else's.
 */
import type { Failure, Progress, TraceContext } from "../engine/index.ts";
import type { Batch } from "./batch.ts";
import type { CallInPool } from "./call-in-pool.ts";
import { queueTime } from "./clock.ts";
import type { DeployedFunction, Workload } from "./workload.ts";

export type OutcomeKind = "result" | "exception" | "end";

/** A call as the pool sees it. Kinds of calls differ in where their inputs come from and where their outputs go. */
export interface Call {
  /** Names the call to containers; unique in the life of the process that runs the pool. */
  readonly number: number;
  readonly id: string;
  readonly method: string;
  /** Its input is an HTTP request. */
  readonly web?: true | undefined;
  /** Where it was made. */
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: CallPool;
  /** Whose call it is: callers share a pool by the work that it does for them. */
  readonly caller: object;
  /**
   * Of a call that is kept on disk: since when its inputs wait, by performance.now(). They give way to those whose callers wait, and
   * wait on when containers do not start.
   */
  readonly patientSince: number | undefined;
  /** The inputs whose code waits for its outputs. */
  readonly waiters: Iterable<ParentInput>;
  /** The pool's own part of the call. */
  readonly inPool: CallInPool;
  /** Ended or cancelled: what is left of its inputs is dropped. */
  readonly over: boolean;
  /** Yields that its caller has allowed in all. A generator's call has one input. */
  readonly granted: number;
  /** Inputs that wait in its own queue. */
  readonly waiting: number;
  /** Its caller reads so slowly that nothing more should run for it now; `CallPool.unpark` ends that. */
  isBlocked(): boolean;
  /** The next input of its queue, which thereby leaves it. */
  take(): Input | undefined;
  yielded(input: Input, payload: Uint8Array): void;
  progressed(progress: Progress): void;
  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void;
  failed(input: Input, failure: Failure): void;
  /** Of a call that is kept on disk, and goes on: those of its waiters that `which` chooses are told that they wait in vain. */
  failWaiters?(which: (waiter: ParentInput) => boolean, failure: Failure): void;
  /** `attempt` or `runs` of an input has changed: before it is sent to a container, and when it comes back or is to be repeated. */
  attempted?(input: Input): void;
}

/** An input whose code waits for a call. */
export interface ParentInput {
  readonly call: Call;
  readonly index: number;
}

export interface CancelOptions {
  /** Also kill the containers that run its inputs. */
  terminate?: boolean;
  /** How long its inputs may take to stop, in milliseconds. */
  graceMs?: number;
}

/** The pool as its calls see it. */
export interface CallPool {
  readonly workload: Workload;
  /** Why its containers do not start, as long as something waits for one. */
  readonly startProblem: string | undefined;
  /** Before anything else of the call; `closed` ends it. */
  opened(): void;
  /** `count` more inputs wait in the call's queue. */
  enqueue(call: Call, count: number): void;
  /** The call's caller reads again. */
  unpark(call: Call): void;
  /** The call is cancelled: its `dropped` inputs no longer wait in its queue. */
  cancelled(call: Call, dropped: number, options?: CancelOptions): void;
  /** The call has ended: nothing of it is left in the pool. */
  closed(call: Call): void;
  /** It has got a waiter; `released` when it has lost it. */
  awaited(): void;
  released(): void;
}

/** A container as the inputs in it see it. */
export interface InputContainer {
  credit(input: Input, count: number): void;
}

const NOTHING = new Uint8Array();

/** One input. Fields are written by its own methods alone. */
export class Input {
  readonly call: Call;
  readonly index: number;
  payload: Uint8Array;
  /** What a limit by key goes by; see inputKey. */
  key = "";
  /** Attempts before this one that user code failed. */
  attempt = 0;
  /** Containers that died of it, as far as can be known. */
  crashes = 0;
  /** Runs before this one that were cut off with their containers. */
  cutOff = 0;
  /** How often it began to run, the present time included. */
  begun = 0;
  /** Was in a container that died with others: it runs alone until it is clear which of them kills. */
  suspect = false;
  /** Yields that were sent to the caller. */
  yielded = 0;
  /** Milliseconds of work that its caller has been charged for this attempt. */
  #charged = 0;

  // ---- while it is in a container

  container: InputContainer | undefined;
  batch: Batch | undefined;
  /** Its neighbours in the container, see InputList. */
  previous: Input | undefined;
  next: Input | undefined;
  /** Since when it waits, by performance.now(); 0 while nobody asks. */
  queuedAt: number = queueTime();
  /** When it began to run, by performance.now(); 0 while it waits in the container. */
  startedAt = 0;
  /** Its outcome is decided (timed out, cancelled): what the container still says about it does not count. */
  decided = false;
  /** When it runs out of time, and when the container is killed for not letting go of it; both by workingTime(). */
  dueAt = 0;
  killAt = 0;
  /** Of a generator: since when it waits for its reader, by workingTime(). */
  readerSince: number | undefined;
  /** The next attempt, and when it may begin, by performance.now(): once this one has left, since a container tells them apart by index. */
  successor: { readonly input: Input; readonly at: number } | undefined;

  constructor(call: Call, index: number, payload: Uint8Array) {
    this.call = call;
    this.index = index;
    this.payload = payload;
  }

  /** It will not be sent again: its call is over. Its memory is free while it still runs. */
  dropPayload(): void {
    this.payload = NOTHING;
  }

  /** The same input for the next attempt: this one may still be in its container. */
  again(): Input {
    const next = new Input(this.call, this.index, this.payload);
    next.key = this.key;
    next.attempt = this.attempt + 1;
    next.crashes = this.crashes;
    next.cutOff = this.cutOff;
    next.begun = this.begun;
    next.suspect = this.suspect;
    this.call.attempted?.(next);
    return next;
  }

  keyed(key: string): void {
    this.key = key;
  }

  /** @param since see queueTime */
  waits(since: number): void {
    this.queuedAt = since;
  }

  /** Runs of it that began, the present one included. */
  get runs(): number {
    return this.attempt + this.cutOff + (this.container ? 1 : 0);
  }

  /** An earlier process began to run it `runs` times, of which `attempt` failed, and did not live to see the last one end. */
  resumes({ attempt, runs }: { attempt: number; runs: number }): void {
    this.attempt = attempt;
    this.cutOff = runs - attempt;
    this.begun = runs;
  }

  enter(container: InputContainer, previous: Input | undefined): void {
    this.container = container;
    this.previous = previous;
    this.next = undefined;
    this.startedAt = 0;
    if (previous) previous.next = this;
    this.call.attempted?.(this);
  }

  joins(batch: Batch): void {
    this.batch = batch;
  }

  begin(now: number): void {
    this.startedAt = now;
    this.begun++;
  }

  /** @param dueAt by workingTime() */
  limit(dueAt: number): void {
    this.dueAt = dueAt;
    this.readerSince = undefined;
  }

  waitForReader(now: number): void {
    this.readerSince = now;
  }

  /** The time that it waited does not count. */
  readerCame(now: number): void {
    this.dueAt += now - (this.readerSince ?? now);
    this.readerSince = undefined;
  }

  /** Out of its container. */
  leave(): void {
    if (this.previous) this.previous.next = this.next;
    if (this.next) this.next.previous = this.previous;
    this.container = undefined;
    this.batch = undefined;
  }

  /** Its container has died. */
  lostContainer(): void {
    this.container = undefined;
    if (this.startedAt > 0) this.cutOff++;
    this.startedAt = 0;
    this.call.attempted?.(this);
  }

  /** Whatever the container still says about it does not count, and it has until `killAt` to stop. */
  decide(killAt: number): void {
    this.decided = true;
    this.killAt = killAt;
  }

  sent(): void {
    this.yielded++;
  }

  /** Its container died while nothing else was in it. */
  blame(): void {
    this.crashes++;
  }

  /** Its container died, of this input or of another. */
  suspected(): void {
    this.suspect = true;
  }

  followedBy(input: Input, at: number): void {
    this.successor = { input, at };
  }

  /** It takes so many milliseconds of work, as far as is known. */
  charge(ms: number): void {
    this.call.inPool.charge(ms - this.#charged);
    this.#charged = ms;
  }

  /** Grants `count` more yields to it, if it is in a container. */
  credit(count: number): void {
    this.container?.credit(this, count);
  }
}
