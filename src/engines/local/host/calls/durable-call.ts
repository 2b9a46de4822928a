/**
 * A call that is kept on disk: `spawn`, `spawnMap`, and any call with an idempotency key. Nothing of it runs before all its
 * inputs are on disk and it is thereby accepted; no output is delivered before it is on disk, so that one that was seen
 * stays. Its inputs wait on disk and come into memory by the page.
 */

import type { CallInfo, Failure, OpenCall, Progress, TraceContext } from "../../../../engine/index.ts";
import { type Call, CallInPool, Input, type OutcomeKind, type Pool, Queue, queueTime } from "../../../../pool/index.ts";
import type { FarcallError } from "../../../../runtime/errors.ts";
import type { Connection } from "../connection/connection.ts";
import { ProtocolError } from "../connection/messages.ts";
import type { DeployedFunction } from "../registry/registry.ts";
import type { CallRow, CallTables } from "../storage/call-tables.ts";
import { InputState } from "../storage/call-tables.ts";
import type { Attachment } from "./attachment.ts";
import { ProgressBoard } from "./progress.ts";

/** A small call's inputs are not read back from the disk to which they were just written. */
const KEPT_INPUTS = 256;
const KEPT_BYTES = 256 * 1024;
/** A disk that is full or cannot be read is tried again after so long, in milliseconds. */
const AGAIN_MS = 1_000;

export type StoredListener = (error: FarcallError | undefined) => void;

export interface DurableHost {
  readonly tables: CallTables;
  /** A name for containers. */
  nextNumber(): number;
  readonly draining: boolean;
  /** The call needs no memory any more. */
  callEnded(call: DurableCall): void;
  warn(text: string): void;
}

export class DurableCall implements Call {
  readonly number: number;
  readonly id: string;
  readonly method: OpenCall["method"];
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly inPool = new CallInPool();
  readonly progress = new ProgressBoard();
  readonly attachments = new Set<Attachment>();
  /** Who sends its inputs, until it is accepted. */
  opener: Connection | undefined;
  /** When the last opener went, by performance.now(). */
  leftAt = 0;
  logsTo: Connection | undefined;
  logNumber = 0;
  over = false;
  readonly granted = 0;
  accepted = false;
  cancelled = false;
  readonly #row: CallRow;
  readonly #host: DurableHost;
  /** Not on disk yet. */
  #incoming: { index: number; payload: Uint8Array }[] = [];
  #isNew: boolean;
  /** Of its inputs without an outcome nobody knows which have run: all may have. */
  #resumed = false;
  /** Inputs that came, and those on disk, before it is accepted. */
  #received = 0;
  #stored = 0;
  #closing: number | undefined;
  #saving = false;
  #onStored: ((stored: number) => void) | undefined;
  #onAccepted: (() => void)[] = [];
  readonly #onCancelled: StoredListener[] = [];
  #kept: { index: number; payload: Uint8Array }[] | undefined = [];
  #keptBytes = 0;
  #numInputs = 0;
  /** In memory, about to run. */
  #page = new Queue<Input>();
  /** Inputs below are taken or in `#page`. */
  #cursor = 0;
  #untaken = 0;
  /** When its inputs began to wait. */
  #queuedAt = 0;
  /** Inputs whose outcome is written, and those of which that is on disk. */
  #written = 0;
  #ended = 0;
  #failed: number;

  constructor(host: DurableHost, row: CallRow, fn: DeployedFunction, pool: Pool, isNew: boolean) {
    this.#host = host;
    this.#row = row;
    this.#isNew = isNew;
    this.#failed = row.num_failed;
    this.number = host.nextNumber();
    this.id = row.id;
    this.method = row.method;
    // Written by a host, from what was checked to be a record of texts.
    this.trace = row.trace === null ? undefined : (JSON.parse(row.trace) as TraceContext);
    this.fn = fn;
    this.pool = pool;
    pool.opened();
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

  // ---- taking inputs in

  /** `onStored` hears how many inputs are on disk, each time that changes. */
  receive(onStored: (stored: number) => void): void {
    this.#onStored = onStored;
    this.#save();
  }

  /** Throws ProtocolError for one that skips others. */
  input(index: number, payload: Uint8Array): void {
    if (this.over || this.accepted) return;
    if (index > this.#received) throw new ProtocolError(`input ${index} came before input ${this.#received}`);
    if (index === this.#received) this.#received++;
    const input = { index, payload };
    this.#incoming.push(input);
    this.#keep(input);
    this.#save();
  }

  /** `onAccepted` hears when all is on disk, at once when it is. Throws ProtocolError when so many have not come. */
  noMore(count: number, onAccepted: () => void): void {
    this.whenAccepted(onAccepted);
    if (this.accepted || this.over) return;
    if (count !== this.#received) throw new ProtocolError(`of ${count} inputs ${this.#received} have come`);
    this.#closing = count;
    this.#save();
  }

  /** Who asks first has the logs of its inputs, until that connection is gone. */
  logTo(connection: Connection, number: number): void {
    if (this.logsTo && !this.logsTo.closed) return;
    this.logsTo = connection;
    this.logNumber = number;
  }

  /** Hears when it is accepted, whoever sends the inputs. */
  whenAccepted(onAccepted: () => void): void {
    if (this.accepted) onAccepted();
    else this.#onAccepted.push(onAccepted);
  }

  #keep(input: { index: number; payload: Uint8Array }): void {
    if (!this.#kept) return;
    this.#keptBytes += input.payload.length;
    // A hole means that some came with an earlier connection: the disk has them all.
    const whole = input.index === this.#kept.length;
    if (whole && this.#kept.length < KEPT_INPUTS && this.#keptBytes < KEPT_BYTES) this.#kept.push(input);
    else this.#kept = undefined;
  }

  #save(): void {
    if (this.#saving) return;
    this.#saving = true;
    const { tables } = this.#host;
    let closing: number | undefined;
    tables.store.write(
      () => {
        this.#saving = false;
        if (this.over) return;
        if (this.#isNew) tables.insertCall(this.#row);
        for (const { index, payload } of this.#incoming) {
          tables.insertInput(this.row, index, payload);
          if (index >= this.#stored) this.#stored = index + 1;
        }
        this.#incoming = [];
        closing = this.#closing;
        if (closing !== undefined) tables.acceptCall(this.row, closing, closing === 0 ? Date.now() : null);
      },
      (error) => {
        if (this.over) return;
        if (error) {
          this.abandon({ code: "ENGINE_UNAVAILABLE", message: error.message, hint: error.hint });
          return;
        }
        this.#isNew = false;
        if (closing !== undefined) this.#accept(closing);
        else this.#onStored?.(this.#stored);
      },
    );
  }

  #accept(count: number): void {
    if (this.accepted) return;
    this.accepted = true;
    this.opener = undefined;
    this.#numInputs = count;
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.length === count) {
      for (const { index, payload } of kept) this.#page.push(new Input(this, index, payload));
      this.#cursor = count;
    }
    for (const listener of this.#onAccepted) listener();
    this.#onAccepted = [];
    this.#run(count);
  }

  /** After a restart of the host: what has no outcome runs again. */
  resume(numInputs: number, unfinished: number): void {
    this.accepted = true;
    this.#isNew = false;
    this.#resumed = true;
    this.#kept = undefined;
    this.#numInputs = numInputs;
    this.#written = this.#ended = numInputs - unfinished;
    this.#run(unfinished);
  }

  /** Its inputs began to come before a restart: the caller sends the rest. */
  resumeReceiving(stored: number): void {
    this.#isNew = false;
    this.#kept = undefined;
    this.#received = this.#stored = stored;
  }

  #run(count: number): void {
    if (count === 0) {
      this.#finish();
      return;
    }
    this.#untaken = count;
    this.#queuedAt = queueTime();
    this.pool.enqueue(this, count);
  }

  // ---- running

  get waiting(): number {
    return this.#untaken;
  }

  /** A host that is about to stop begins nothing that the next host can do. */
  isBlocked(): boolean {
    return this.#host.draining;
  }

  take(): Input | undefined {
    if (this.#page.length === 0) this.#loadPage();
    const input = this.#page.shift();
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
      if (this.over) return;
      this.#untaken = left;
      this.pool.enqueue(this, left);
    }, AGAIN_MS).unref();
  }

  #loadPage(): void {
    try {
      for (const { index, payload } of this.#host.tables.waitingInputs(this.row, this.#cursor)) {
        const input = new Input(this, index, payload);
        if (this.#resumed) input.mayHaveRun();
        this.#page.push(input);
        this.#cursor = index + 1;
      }
    } catch (error) {
      this.#host.warn(`call ${this.id} cannot be read and is tried again: ${error}`);
    }
  }

  /** Durable calls have no generators. */
  yielded(): void {}

  progressed(progress: Progress): void {
    this.progress.report(progress);
  }

  outcome(input: Input, kind: OutcomeKind, payload: Uint8Array): void {
    this.#settle(input.index, kind === "exception" ? InputState.exception : InputState.result, payload);
  }

  failed(input: Input, failure: Failure): void {
    this.#settle(input.index, InputState.failure, Buffer.from(JSON.stringify(failure)));
  }

  #settle(index: number, state: number, payload: Uint8Array): void {
    if (this.over) return;
    this.progress.inputEnded(index);
    this.#write(index, state, payload);
  }

  #write(index: number, state: number, payload: Uint8Array): void {
    const { tables } = this.#host;
    let written = 0;
    tables.store.write(
      () => {
        tables.setOutput(this.row, index, state, payload);
        written = 1;
        // With the last one, in whatever order they get onto a disk that was full for a while.
        if (++this.#written === this.#numInputs) tables.endCall(this.row, Date.now());
      },
      (error) => {
        if (error) {
          this.#written -= written;
          this.#host.warn(`an output of ${this.id} could not be stored and is tried again: ${error.message}`);
          setTimeout(() => this.#write(index, state, payload), AGAIN_MS).unref();
          return;
        }
        this.#ended++;
        if (state !== InputState.result) this.#failed++;
        for (const attachment of this.attachments) attachment.deliver(index, state, payload);
        if (this.#ended === this.#numInputs && !this.over) this.#finish();
      },
    );
  }

  #finish(): void {
    this.over = true;
    this.progress.close();
    this.pool.closed(this);
    this.#host.callEnded(this);
  }

  // ---- giving up

  /** `onStored` hears when it is on disk that it was cancelled, or why it is not. */
  cancel(options: { terminate?: boolean; reason?: Failure; onStored?: StoredListener } = {}): void {
    if (this.cancelled && options.onStored) this.#onCancelled.push(options.onStored);
    else if (this.over) options.onStored?.(undefined);
    if (this.over) return;
    this.over = true;
    this.cancelled = true;
    if (options.onStored) this.#onCancelled.push(options.onStored);
    this.progress.close();
    this.pool.cancelled(this, this.#untaken, options);
    this.#untaken = 0;
    this.#page.clear();
    const { tables } = this.#host;
    tables.store.write(
      () => {
        if (this.#isNew) tables.insertCall(this.#row);
        tables.cancelCall(this.row, Date.now());
      },
      (error) => {
        if (error) this.#host.warn(`that ${this.id} was cancelled could not be stored: ${error.message}`);
        const failure = options.reason ?? cancelledFailure(this.id);
        for (const attachment of [...this.attachments]) attachment.fail(failure);
        this.pool.closed(this);
        this.#host.callEnded(this);
        for (const listener of this.#onCancelled) listener(error);
      },
    );
  }

  /** It was never accepted, and will not be: as if it had not been. */
  abandon(failure: Failure): void {
    if (this.over) return;
    this.over = true;
    this.progress.close();
    for (const attachment of [...this.attachments]) attachment.fail(failure);
    this.pool.closed(this);
    this.#host.callEnded(this);
    const { tables } = this.#host;
    tables.store.write(
      () => tables.deleteCall(this.row),
      (error) => {
        if (error) this.#host.warn(`what was stored of ${this.id} could not be removed yet: ${error.message}`);
      },
    );
  }

  info(): CallInfo {
    return this.#host.tables.info(
      {
        ...this.#row,
        num_inputs: this.accepted ? this.#numInputs : this.#stored,
        num_failed: this.#failed,
        cancelled: Number(this.cancelled),
      },
      this.#ended,
      this.fn.schema.mode,
    );
  }
}

export function cancelledFailure(id: string): Failure {
  return { code: "CANCELLED", message: `call ${id} was cancelled` };
}
