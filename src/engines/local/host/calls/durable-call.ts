/**
 * A call that is kept on disk: `spawn`, `spawnMap`, and any call with an idempotency key. Nothing of it runs before all its
 * inputs are on disk, which is when it is accepted. No output is delivered before it is on disk, so an output that a caller has seen
 * is never lost. Its inputs wait on disk and come into memory by the page.
 */

import {
  type CallInfo,
  cancelledCall,
  type Failure,
  type OpenCall,
  type Progress,
  type TraceContext,
} from "../../../../engine/index.ts";
import {
  type Call,
  CallInPool,
  type Input,
  type OutcomeKind,
  type ParentInput,
  type Pool,
  queueTime,
} from "../../../../pool/index.ts";
import type { DeployedFunction } from "../registry/index.ts";
import { type CallRow, type CallWrite, InputState, isLarge, type StoredListener } from "../storage/index.ts";
import type { DueCall } from "./due-calls.ts";
import { AGAIN_MS, type DurableHost } from "./durable-host.ts";
import { infoOfDurable } from "./info.ts";
import { OutputListeners } from "./output-listeners.ts";
import type { Peer } from "./peer.ts";
import { ProgressBoard } from "./progress.ts";
import { ReceivedInputs, type Recipient } from "./received-inputs.ts";
import { StoredOutcomes } from "./stored-outcomes.ts";
import { WaitingInputs } from "./waiting-inputs.ts";

interface DurableCallOptions {
  host: DurableHost;
  /** Names the call to containers. */
  number: number;
  row: CallRow;
  fn: DeployedFunction;
  pool: Pool;
  /** Not on disk yet. */
  isNew: boolean;
  /** The call needs no memory any more. */
  onEnd: (call: DurableCall) => void;
}

export class DurableCall implements Call, DueCall, Recipient {
  readonly number: number;
  readonly id: string;
  readonly method: OpenCall["method"];
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly inPool = new CallInPool();
  readonly progress = new ProgressBoard();
  readonly granted = 0;
  /** Those who read its outputs. */
  readonly readers: OutputListeners;
  #over = false;
  #accepted = false;
  #cancelled = false;
  #caller: Peer | undefined;
  #patientSince = performance.now();
  #logsTo: Peer | undefined;
  #logNumber = 0;
  readonly #onEnd: (call: DurableCall) => void;
  readonly #row: CallRow;
  readonly #host: DurableHost;
  readonly #receivedInputs: ReceivedInputs;
  readonly #waitingInputs: WaitingInputs;
  readonly #outcomes: StoredOutcomes;
  #onAccepted: (() => void)[] = [];
  readonly #onCancelled: StoredListener[] = [];
  #numInputs = 0;
  #untaken = 0;
  /** Inputs that wait until it is due. */
  #unbegun = 0;
  /** When its inputs began to wait. */
  #queuedAt = 0;

  constructor({ host, number, row, fn, pool, isNew, onEnd }: DurableCallOptions) {
    this.#host = host;
    this.#row = row;
    this.#onEnd = onEnd;
    this.number = number;
    this.id = row.id;
    this.method = row.method;
    // Written by a host, from a value that was checked to be a record of strings.
    this.trace = row.trace === null ? undefined : (JSON.parse(row.trace) as TraceContext);
    this.fn = fn;
    this.pool = pool;
    this.readers = new OutputListeners(pool);
    this.#receivedInputs = new ReceivedInputs({ host, recipient: this, row, isNew });
    this.#waitingInputs = new WaitingInputs({ host, call: this, row: row.number });
    this.#outcomes = new StoredOutcomes({
      host,
      id: row.id,
      failed: row.num_failed,
      onStored: ({ index, state, payload }) => {
        this.readers.deliver(index, state, payload);
        if (this.#outcomes.complete && !this.#over) this.#finish();
      },
    });
    pool.opened();
  }

  /** Who sent its inputs; after a restart of the host nobody knows. */
  get caller(): object {
    return this.#caller ?? this.#host;
  }

  /** Since when its inputs wait, by performance.now(). The caller of a `remote` with a key waits for it like that of any other. */
  get patientSince(): number | undefined {
    return this.method === "remote" ? undefined : this.#patientSince;
  }

  get over(): boolean {
    return this.#over;
  }

  /** All its inputs are on disk. */
  get accepted(): boolean {
    return this.#accepted;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** A client that gets its logs, and the number by which that client knows it. */
  get logsTo(): Peer | undefined {
    return this.#logsTo;
  }

  get logNumber(): number {
    return this.#logNumber;
  }

  get numInputs(): number {
    return this.#numInputs;
  }

  /** Its number in the database. */
  get row(): number {
    return this.#row.number;
  }

  /** Of the class whose method it calls; "" when it calls none. */
  get instance(): string {
    return this.#row.instance;
  }

  get key(): string | null {
    return this.#row.key;
  }

  /** Of its inputs, once it is accepted; null when it is not known. */
  get digest(): Uint8Array | null {
    return this.#receivedInputs.digest;
  }

  // ---- taking inputs in

  /**
   * A client offers to send its inputs. False when another does already, or when all have come. `onStored` is called with how many inputs
   * are on disk, each time that changes.
   */
  receiveFrom(opener: Peer, onStored: (stored: number) => void): boolean {
    if (this.#accepted || this.#receivedInputs.opener) return false;
    this.#caller = opener;
    this.#receivedInputs.from(opener, onStored);
    return true;
  }

  /** As `receiveFrom`, for the host itself. */
  receive(onStored: (stored: number) => void = () => {}): void {
    this.#receivedInputs.from(undefined, onStored);
  }

  openerGone(peer: Peer): void {
    this.#receivedInputs.openerGone(peer);
  }

  /** Throws ProtocolError for an input that skips others. */
  input(index: number, payload: Uint8Array): void {
    if (this.#over || this.#accepted) return;
    this.#receivedInputs.add(index, payload);
    this.#waitingInputs.keep(index, payload);
  }

  /** `onAccepted` is called once everything is on disk. Throws ProtocolError when a different number of inputs has come. */
  noMore(count: number, onAccepted: () => void): void {
    this.whenAccepted(onAccepted);
    if (this.#accepted || this.#over) return;
    this.#receivedInputs.close(count);
  }

  /** The first client that asks gets the logs of its inputs, until that client is gone. */
  logTo(peer: Peer, number: number): void {
    if (this.#logsTo && !this.#logsTo.closed) return;
    this.#logsTo = peer;
    this.#logNumber = number;
  }

  get waiters(): ParentInput[] {
    return this.readers.waiters;
  }

  failWaiters(which: (waiter: ParentInput) => boolean, failure: Failure): void {
    this.readers.failWaiters(which, failure);
  }

  /** `onAccepted` is called once it is accepted, whoever sends the inputs. */
  whenAccepted(onAccepted: () => void): void {
    if (this.#accepted) onAccepted();
    else this.#onAccepted.push(onAccepted);
  }

  accept(count: number): void {
    if (this.#accepted) return;
    this.#accepted = true;
    this.#numInputs = count;
    this.#outcomes.expect(count);
    this.#waitingInputs.accepted(count, this.#isDue);
    for (const listener of this.#onAccepted) listener();
    this.#onAccepted = [];
    this.#run(count);
  }

  /** After a restart of the host: inputs without an outcome run again. */
  resume(numInputs: number, unfinished: number): void {
    this.#accepted = true;
    this.#numInputs = numInputs;
    this.#outcomes.expect(numInputs, numInputs - unfinished);
    this.#waitingInputs.resume();
    this.#run(unfinished);
  }

  /** Its inputs began to come before a restart: the caller sends the rest. */
  resumeReceiving(stored: number): void {
    this.#waitingInputs.letGo();
    this.#receivedInputs.resume(stored);
  }

  #run(count: number): void {
    if (count === 0) {
      this.#finish();
      return;
    }
    if (!this.#isDue) {
      this.#unbegun = count;
      this.#host.due.add(this, this.#dueAt);
      return;
    }
    this.#untaken = count;
    this.#patientSince = performance.now();
    this.#queuedAt = queueTime();
    this.pool.enqueue(this, count);
  }

  /** Its time has come. */
  begin(): void {
    const count = this.#unbegun;
    this.#unbegun = 0;
    if (!this.#over) this.#run(count);
  }

  get #dueAt(): number {
    return this.#row.due_at ?? 0;
  }

  get #isDue(): boolean {
    return this.#row.due_at === null || this.#row.due_at <= Date.now();
  }

  // ---- running

  get waiting(): number {
    return this.#untaken;
  }

  /** A host that is about to stop begins nothing that the next host can do; one whose disk is behind waits for it. */
  isBlocked(): boolean {
    if (this.#host.draining) return true;
    if (!this.#host.backlog.full) return false;
    this.#host.backlog.onRoom(() => this.pool.unpark(this));
    return true;
  }

  take(): Input | undefined {
    const input = this.#waitingInputs.next();
    if (input) {
      this.#untaken--;
      input.waits(this.#queuedAt);
    } else this.#takeLater();
    return input;
  }

  /** The disk could not be read. */
  #takeLater(): void {
    const left = this.#untaken;
    this.#untaken = 0;
    setTimeout(() => {
      if (this.#over) return;
      this.#untaken = left;
      this.pool.enqueue(this, left);
    }, AGAIN_MS).unref();
  }

  /** Durable calls have no generators. */
  yielded(): void {}

  progressed(progress: Progress): void {
    this.progress.report(progress);
  }

  attempted({ index, attempt, runs }: Input): void {
    if (!this.#over) this.#host.attempts.set(this.row, index, { attempt, runs });
  }

  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void {
    this.#settle(input, kind === "exception" ? InputState.exception : InputState.result, payload);
  }

  failed(input: Input, failure: Failure): void {
    this.#settle(input, InputState.failure, Buffer.from(JSON.stringify(failure)));
  }

  #settle(input: Input, state: number, payload: Uint8Array): void {
    if (this.#over) return;
    const { index } = input;
    this.progress.inputEnded(index);
    const inputWasLarge = isLarge(input.payload);
    this.#outcomes.write({ kind: "output", call: this.row, index, state, payload, inputWasLarge }, input.begun);
  }

  #finish(): void {
    this.#over = true;
    this.progress.close();
    this.pool.closed(this);
    this.#onEnd(this);
  }

  // ---- giving up

  /** `onStored` is called once the cancellation is on disk, or with the reason why it is not. */
  cancel(options: { terminate?: boolean; reason?: Failure; onStored?: StoredListener } = {}): void {
    if (this.#cancelled && options.onStored) this.#onCancelled.push(options.onStored);
    else if (this.#over) options.onStored?.(undefined);
    if (this.#over) return;
    this.#over = true;
    this.#cancelled = true;
    if (options.onStored) this.#onCancelled.push(options.onStored);
    this.progress.close();
    this.#host.due.remove(this, this.#dueAt);
    this.pool.cancelled(this, this.#untaken, options);
    this.#untaken = 0;
    this.#waitingInputs.clear();
    this.#host.attempts.forgetCall(this.row);
    this.#host.storage.write(
      () => {
        const cancel: CallWrite = { kind: "cancel", call: this.row, at: Date.now() };
        return this.#receivedInputs.isNew ? [{ kind: "insert", row: this.#row }, cancel] : [cancel];
      },
      (error) => {
        if (error) this.#host.warn(`the cancellation of ${this.id} could not be stored: ${error.message}`);
        const failure = options.reason ?? cancelledCall(this.id);
        this.readers.fail(failure);
        this.pool.closed(this);
        this.#onEnd(this);
        for (const listener of this.#onCancelled) listener(error);
      },
    );
  }

  /** It was never accepted and never will be, as if it had not existed. */
  abandon(failure: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#waitingInputs.letGo();
    this.progress.close();
    this.readers.fail(failure);
    this.pool.closed(this);
    this.#onEnd(this);
    this.#host.storage.write(
      () => [{ kind: "delete", call: this.row }],
      (error) => {
        if (error)
          this.#host.warn(`the abandoned call ${this.id} could not be removed from the disk: ${error.message}`);
      },
    );
  }

  info(): CallInfo {
    const { startProblem } = this.pool;
    const info = infoOfDurable(
      {
        ...this.#row,
        num_inputs: this.#accepted ? this.#numInputs : this.#receivedInputs.stored,
        num_failed: this.#outcomes.failed,
        cancelled: Number(this.#cancelled),
      },
      this.#outcomes.stored,
      this.fn.schema.mode,
    );
    // Only of a call that waits, rather than of one whose last inputs run.
    return startProblem !== undefined && this.#untaken > 0 && !this.#over ? { ...info, startProblem } : info;
  }
}
