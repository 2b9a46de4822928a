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
  Input,
  type OutcomeKind,
  type ParentInput,
  type Pool,
  Queue,
  queueTime,
} from "../../../../pool/index.ts";
import { ProtocolError } from "../../protocol.ts";
import type { DeployedFunction } from "../registry/index.ts";
import {
  type AttemptsFile,
  type CallRow,
  type CallStorage,
  type CallWrite,
  InputState,
  isLarge,
  type OutputWrite,
  type StoredListener,
} from "../storage/index.ts";
import type { Backlog } from "./backlog.ts";
import { InputsDigest } from "./digest.ts";
import type { DueCall, DueCalls } from "./due-calls.ts";
import { infoOfDurable } from "./info.ts";
import type { Peer } from "./peer.ts";
import { ProgressBoard } from "./progress.ts";

/** A small call's inputs are not read back from the disk to which they were just written. */
const KEPT_INPUTS = 256;
const KEPT_BYTES = 256 * 1024;
/** Inputs that are handed to the disk in one go. */
const SAVED_AT_ONCE = 1_024;
/** A disk that is full or cannot be read is tried again after so long, in milliseconds. */
const AGAIN_MS = 1_000;

/** A caller whose connection broke before its call was accepted may come back within this time, in milliseconds. */
const COME_BACK_MS = 60_000;

/** What a durable call needs of the host. */
export interface DurableHost {
  readonly storage: CallStorage;
  readonly attempts: AttemptsFile;
  readonly backlog: Backlog;
  readonly due: DueCalls;
  /** Begins nothing that the next host can do. */
  readonly draining: boolean;
  warn(message: string): void;
}

/** Gets the outputs of a durable call. */
export interface OutputListener {
  /** The input whose code waits for them. */
  readonly waiter: ParentInput | undefined;
  /** An output is on disk. */
  deliver(index: number, state: number, payload: Uint8Array): void;
  /** No more outputs will come. */
  fail(failure: Failure): void;
}

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

export class DurableCall implements Call, DueCall {
  readonly number: number;
  readonly id: string;
  readonly method: OpenCall["method"];
  readonly trace: TraceContext | undefined;
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly inPool = new CallInPool();
  readonly progress = new ProgressBoard();
  readonly granted = 0;
  readonly #readers = new Set<OutputListener>();
  #over = false;
  #accepted = false;
  #cancelled = false;
  /** Sends the inputs, until the call is accepted. */
  #opener: Peer | undefined;
  #caller: Peer | undefined;
  #patientSince = performance.now();
  /** When the last opener went, by performance.now(). */
  #leftAt = 0;
  #logsTo: Peer | undefined;
  #logNumber = 0;
  readonly #onEnd: (call: DurableCall) => void;
  readonly #row: CallRow;
  readonly #host: DurableHost;
  /** On its way to the disk next. */
  #incoming: { index: number; payload: Uint8Array }[] = [];
  /** Nothing of it was written. */
  #isNew: boolean;
  /** Any of its inputs without an outcome may have run before. */
  #resumed = false;
  /** Inputs that came, and those that are on disk or on their way there, before it is accepted. */
  #received = 0;
  #stored = 0;
  #closing: number | undefined;
  #saving = false;
  #onStored: ((stored: number) => void) | undefined;
  #onAccepted: (() => void)[] = [];
  readonly #onCancelled: StoredListener[] = [];
  #kept: { index: number; payload: Uint8Array }[] | undefined = [];
  /** Of `#kept`, then of those in `#page`. */
  #keptBytes = 0;
  /** Of all inputs, when it has a key and they all came to this host. */
  #digest: InputsDigest | undefined;
  #digestValue: Uint8Array | null;
  #numInputs = 0;
  /** In memory, about to run. */
  #page = new Queue<Input>();
  /** Inputs below are taken or in `#page`. */
  #cursor = 0;
  #untaken = 0;
  /** Inputs that wait until it is due. */
  #unbegun = 0;
  /** When its inputs began to wait. */
  #queuedAt = 0;
  /** Inputs whose outcome is written, and those of which that is on disk. */
  #written = 0;
  #ended = 0;
  #failed: number;

  constructor({ host, number, row, fn, pool, isNew, onEnd }: DurableCallOptions) {
    this.#host = host;
    this.#row = row;
    this.#isNew = isNew;
    this.#failed = row.num_failed;
    this.#onEnd = onEnd;
    this.number = number;
    this.id = row.id;
    this.method = row.method;
    // Written by a host, from a value that was checked to be a record of strings.
    this.trace = row.trace === null ? undefined : (JSON.parse(row.trace) as TraceContext);
    this.fn = fn;
    this.pool = pool;
    this.#digestValue = row.digest;
    if (isNew && row.key !== null) this.#digest = new InputsDigest();
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
    return this.#digestValue;
  }

  // ---- taking inputs in

  /**
   * A client offers to send its inputs. False when another does already, or when all have come. `onStored` is called with how many inputs
   * are on disk, each time that changes.
   */
  receiveFrom(opener: Peer, onStored: (stored: number) => void): boolean {
    if (this.#accepted || this.#opener) return false;
    this.#opener = opener;
    this.#caller = opener;
    this.receive(onStored);
    return true;
  }

  /** As `receiveFrom`, for the host itself. */
  receive(onStored: (stored: number) => void = () => {}): void {
    this.#onStored = onStored;
    this.#save();
  }

  /** Before it was accepted, a client that sends its inputs may go, and come back. */
  openerGone(peer: Peer): void {
    if (this.#accepted || this.#opener !== peer) return;
    this.#opener = undefined;
    this.#abandonUnlessBack();
  }

  /** No caller knows yet that the call is kept, so it is dropped when its opener stays away. */
  #abandonUnlessBack(): void {
    const leftAt = performance.now();
    this.#leftAt = leftAt;
    setTimeout(() => {
      // The opener may have come back, and gone again since.
      if (this.#opener || this.#accepted || this.#leftAt !== leftAt) return;
      this.abandon({
        code: "CANCELLED",
        message: `call ${this.id} never got all its inputs: its caller went away`,
      });
    }, COME_BACK_MS).unref();
  }

  /** Throws ProtocolError for an input that skips others. */
  input(index: number, payload: Uint8Array): void {
    if (this.#over || this.#accepted) return;
    if (index > this.#received) throw new ProtocolError(`input ${index} came before input ${this.#received}`);
    if (index === this.#received) this.#received++;
    const input = { index, payload };
    this.#digest?.add(index, payload);
    this.#incoming.push(input);
    this.#host.backlog.add(payload.length);
    this.#keep(input);
    this.#save();
  }

  /** `onAccepted` is called once everything is on disk. Throws ProtocolError when a different number of inputs has come. */
  noMore(count: number, onAccepted: () => void): void {
    this.whenAccepted(onAccepted);
    if (this.#accepted || this.#over) return;
    if (count !== this.#received) throw new ProtocolError(`${this.#received} of ${count} inputs have come`);
    this.#closing = count;
    this.#digestValue = this.#digest?.value() ?? null;
    this.#digest = undefined;
    this.#save();
  }

  /** The first client that asks gets the logs of its inputs, until that client is gone. */
  logTo(peer: Peer, number: number): void {
    if (this.#logsTo && !this.#logsTo.closed) return;
    this.#logsTo = peer;
    this.#logNumber = number;
  }

  addReader(reader: OutputListener): void {
    this.#readers.add(reader);
    if (reader.waiter) this.pool.awaited();
  }

  removeReader(reader: OutputListener): void {
    if (this.#readers.delete(reader) && reader.waiter) this.pool.released();
  }

  get waiters(): ParentInput[] {
    return [...this.#readers].flatMap(({ waiter }) => waiter ?? []);
  }

  failWaiters(which: (waiter: ParentInput) => boolean, failure: Failure): void {
    for (const reader of [...this.#readers]) if (reader.waiter && which(reader.waiter)) reader.fail(failure);
  }

  /** `onAccepted` is called once it is accepted, whoever sends the inputs. */
  whenAccepted(onAccepted: () => void): void {
    if (this.#accepted) onAccepted();
    else this.#onAccepted.push(onAccepted);
  }

  #keep(input: { index: number; payload: Uint8Array }): void {
    if (!this.#kept) return;
    const { length } = input.payload;
    // A hole means that some came with an earlier connection: the disk has them all.
    const whole = input.index === this.#kept.length;
    const few = this.#kept.length < KEPT_INPUTS && this.#keptBytes + length < KEPT_BYTES;
    if (whole && few && this.#host.backlog.keep(length)) {
      this.#kept.push(input);
      this.#keptBytes += length;
    } else this.#letGo();
  }

  /** The disk alone has its inputs. */
  #letGo(): void {
    this.#kept = undefined;
    this.#host.backlog.release(this.#keptBytes);
    this.#keptBytes = 0;
  }

  #save(): void {
    if (this.#saving) return;
    this.#saving = true;
    let closing: number | undefined;
    let stored = 0;
    let bytes = 0;
    this.#host.storage.write(
      () => {
        this.#saving = false;
        if (this.#over) {
          for (const { payload } of this.#incoming) bytes += payload.length;
          this.#incoming = [];
          return [];
        }
        const all = this.#incoming.length <= SAVED_AT_ONCE;
        if (all) closing = this.#closing;
        const inputs = all ? this.#incoming : this.#incoming.slice(0, SAVED_AT_ONCE);
        this.#incoming = all ? [] : this.#incoming.slice(SAVED_AT_ONCE);
        for (const { payload } of inputs) bytes += payload.length;
        const writes = this.#unsaved(inputs, closing);
        stored = this.#stored;
        if (!all) this.#save();
        return writes;
      },
      (error) => {
        this.#host.backlog.saved(bytes);
        if (this.#over) return;
        if (error) {
          this.abandon({ code: "ENGINE_UNAVAILABLE", message: error.message, hint: error.hint });
          return;
        }
        if (closing !== undefined) this.#accept(closing);
        else this.#onStored?.(stored);
      },
    );
  }

  /** What is to be written of these inputs, and of the call itself. */
  #unsaved(inputs: { index: number; payload: Uint8Array }[], closing: number | undefined): CallWrite[] {
    const writes: CallWrite[] = [];
    if (this.#isNew) writes.push({ kind: "insert", row: this.#row });
    this.#isNew = false;
    if (inputs.length > 0) writes.push({ kind: "inputs", call: this.row, inputs });
    for (const { index } of inputs) if (index >= this.#stored) this.#stored = index + 1;
    if (closing !== undefined) {
      const endedAt = closing === 0 ? Date.now() : null;
      writes.push({ kind: "accept", call: this.row, numInputs: closing, endedAt, digest: this.#digestValue });
    }
    return writes;
  }

  #accept(count: number): void {
    if (this.#accepted) return;
    this.#accepted = true;
    this.#opener = undefined;
    this.#numInputs = count;
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.length === count && this.#isDue) {
      for (const { index, payload } of kept) this.#page.push(new Input(this, index, payload));
      this.#cursor = count;
    } else this.#letGo();
    for (const listener of this.#onAccepted) listener();
    this.#onAccepted = [];
    this.#run(count);
  }

  /** After a restart of the host: inputs without an outcome run again. */
  resume(numInputs: number, unfinished: number): void {
    this.#accepted = true;
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
    this.#abandonUnlessBack();
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
    if (this.#page.length === 0) this.#loadPage();
    const input = this.#page.shift();
    if (this.#page.length === 0) this.#letGo();
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

  #loadPage(): void {
    try {
      for (const { index, payload } of this.#host.storage.waitingInputs(this.row, this.#cursor)) {
        const input = new Input(this, index, payload);
        if (this.#resumed) input.resumes(this.#host.attempts.of(this.row, index));
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
    const output: OutputWrite = {
      kind: "output",
      call: this.row,
      index,
      state,
      payload,
      inputWasLarge: isLarge(input.payload),
    };
    this.#write(output, input.begun);
  }

  #write(output: OutputWrite, runs: number): void {
    const { index, state, payload } = output;
    let written = 0;
    this.#host.backlog.add(payload.length);
    this.#host.storage.write(
      () => {
        written = 1;
        // With the last one, in whatever order they get onto a disk that was full for a while.
        const isLast = ++this.#written === this.#numInputs;
        if (!isLast && runs < 2) return [output];
        const writes: CallWrite[] = [output];
        if (runs > 1) writes.push({ kind: "repeated", call: this.row, index, runs });
        if (isLast) writes.push({ kind: "end", call: this.row, at: Date.now() });
        return writes;
      },
      (error) => {
        this.#host.backlog.saved(payload.length);
        if (error) {
          this.#written -= written;
          this.#host.warn(`an output of ${this.id} could not be stored and is tried again: ${error.message}`);
          setTimeout(() => this.#write(output, runs), AGAIN_MS).unref();
          return;
        }
        this.#host.attempts.forget(this.row, index);
        this.#ended++;
        if (state !== InputState.result) this.#failed++;
        for (const reader of this.#readers) reader.deliver(index, state, payload);
        if (this.#ended === this.#numInputs && !this.#over) this.#finish();
      },
    );
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
    this.#page.clear();
    this.#letGo();
    this.#host.attempts.forgetCall(this.row);
    this.#host.storage.write(
      () => {
        const cancel: CallWrite = { kind: "cancel", call: this.row, at: Date.now() };
        return this.#isNew ? [{ kind: "insert", row: this.#row }, cancel] : [cancel];
      },
      (error) => {
        if (error) this.#host.warn(`the cancellation of ${this.id} could not be stored: ${error.message}`);
        const failure = options.reason ?? cancelledCall(this.id);
        for (const reader of [...this.#readers]) reader.fail(failure);
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
    this.#letGo();
    this.progress.close();
    for (const reader of [...this.#readers]) reader.fail(failure);
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
        num_inputs: this.#accepted ? this.#numInputs : this.#stored,
        num_failed: this.#failed,
        cancelled: Number(this.#cancelled),
      },
      this.#ended,
      this.fn.schema.mode,
    );
    // Only of a call that waits, rather than of one whose last inputs run.
    return startProblem !== undefined && this.#untaken > 0 && !this.#over ? { ...info, startProblem } : info;
  }
}
