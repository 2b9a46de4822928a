/** One input on its way through the host: from its call's queue into a container and out again, perhaps several times. */
import type { Failure, Progress, TraceContext } from "../engine/index.ts";
import type { DeployedFunction } from "../engines/local/host/registry/registry.ts";
import type { Container } from "./container.ts";
import type { Pool } from "./pool.ts";
import { queueTime } from "./telemetry.ts";

export type OutcomeKind = "result" | "exception" | "end";

/** What the schedules knows of a call; the two kinds of calls differ in where inputs come from and where outputs go. */
export interface Call {
  /** Names the call to containers; unique in this host's life. */
  readonly number: number;
  readonly id: string;
  readonly method: string;
  /** Its input is an HTTP request. */
  readonly web?: true;
  /** Where it was made. */
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  /** Containers that have been told of it. */
  readonly toldContainers: Container[];
  /** A connection that wants its logs, and the call's number there. */
  readonly logsTo: { readonly overloaded: boolean; json(type: number, call: number, value: unknown): void } | undefined;
  readonly logNumber: number;
  /** In the pool's round of calls that have inputs waiting. */
  queued: boolean;
  /** Ended or cancelled: what is left of its inputs is dropped. */
  readonly over: boolean;
  /** Yields that its caller has allowed, all in all. A generator's call has one input. */
  readonly granted: number;
  /** Inputs that wait in its own queue. */
  readonly waiting: number;
  /** Out of that round because its caller reads too slowly; `Pool.unpark` brings it back. */
  parked: boolean;
  /** Its caller reads so slowly that nothing more should run for it now. */
  isBlocked(): boolean;
  take(): Input | undefined;
  yielded(input: Input, payload: Uint8Array): void;
  progressed(progress: Progress): void;
  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void;
  failed(input: Input, failure: Failure): void;
}

export class Input {
  readonly call: Call;
  readonly index: number;
  readonly payload: Uint8Array;
  /** Attempts before this one that user code failed. */
  readonly attempt: number;
  /** Containers that died of it, as far as can be told. */
  crashes = 0;
  /** Runs before this one that were cut off with their containers. */
  cutOff = 0;
  /** Was in a container that died with others: runs alone until it is clear which of them kills. */
  suspect = false;
  /** Yields that were sent to the caller. */
  yielded = 0;

  // ---- while it is in a container

  container: Container | undefined;
  /** What it runs together with: how many of the batch have not ended. */
  batch: { left: number } | undefined;
  previous: Input | undefined;
  next: Input | undefined;
  /** Since when it waits, by performance.now(); 0 when nobody asks. */
  queuedAt = queueTime();
  /** When it began to run, by performance.now(); 0 while it waits in the container. */
  startedAt = 0;
  /** Its outcome is decided (timed out, cancelled): what the container still says of it does not count. */
  decided = false;
  /** When the container is killed for not letting go of it. */
  killAt = 0;
  /** The next attempt, and when it may begin, by performance.now(): once this one has left, as a container tells them apart by index. */
  successor: { input: Input; at: number } | undefined;

  constructor(call: Call, index: number, payload: Uint8Array, attempt = 0) {
    this.call = call;
    this.index = index;
    this.payload = payload;
    this.attempt = attempt;
  }

  /** The same input for the next attempt: this one may still be in its container. */
  again(): Input {
    const next = new Input(this.call, this.index, this.payload, this.attempt + 1);
    next.crashes = this.crashes;
    next.cutOff = this.cutOff;
    next.suspect = this.suspect;
    return next;
  }
}
