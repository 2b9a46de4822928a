/**
 * The caller's side of calls. What happens when the host dies under one:
 *
 * - A call that is kept on disk (durable, or with an idempotency key) goes on: its id is made here and inputs are held until
 *   the host has acknowledged them, so sending them again to the next host changes nothing. Outputs come once each.
 * - Any other call that has been sent fails with ENGINE_UNAVAILABLE: it may have run, and running it again is the caller's
 *   decision. One that had not been sent goes to the next host.
 */
import { randomBytes } from "node:crypto";
import {
  type CallHandle,
  type CallSink,
  cancelledCall,
  type Failure,
  type OpenCall,
  type Progress,
} from "../../../engine/index.ts";
import { errorToFailure, type FarcallError, failureToError } from "../../../runtime/errors.ts";
import type { Frame } from "../../../wire/frames.ts";
import { IndexSet } from "../../../wire/index-set.ts";
import { ACCEPTED_ALL, type AttachMessage, FromHost, OPEN_LOGS, ToHost } from "../protocol.ts";
import type { Link } from "./link.ts";
import { outputOf, parse, request } from "./requests.ts";
import type { Channel, Session } from "./session.ts";

/** Bytes on their way to the host, or kept until they are acknowledged, beyond which `drained` waits. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
const MAX_KEPT_INPUTS = 20_000;
/** Large inputs that have no outcome yet wait in the host's memory: so many bytes of them. */
const LARGE_BYTES = 16 * 1024;
const MAX_LARGE_BYTES = 64 * 1024 * 1024;

/** Of this program alone, from its first call on; the calls that it makes are counted. */
let idPrefix: string | undefined;
let lastId = 0;

function newCallId(): string {
  idPrefix ??= `fc-${randomBytes(10).toString("hex")}`;
  lastId++;
  return idPrefix + lastId.toString(16).padStart(12, "0");
}

const NOTHING: CallSink = { output() {}, failed() {} };

export class ClientCall implements CallHandle, Channel {
  readonly id: string = newCallId();
  readonly #session: Session;
  readonly #request: OpenCall;
  readonly #number: number;
  /** Kept on disk by the host. */
  readonly #kept: boolean;
  #sink: CallSink;
  #link: Link | undefined;
  #opened = false;
  /** Inputs from `#base` on that may have to be sent again; all of them before there is a connection. */
  #inputs: Uint8Array[] = [];
  #inputBytes = 0;
  #base = 0;
  #put = 0;
  #ended = 0;
  #noMore = false;
  #accepted = false;
  #over = false;
  #failure: FarcallError | undefined;
  #holding = false;
  #credits = 0;
  #large: Map<number, number> | undefined;
  #largeBytes = 0;
  #seen: IndexSet | undefined;
  #acceptance: PromiseWithResolvers<string> | undefined;
  #roomWaiters: (() => void)[] = [];

  constructor(session: Session, open: OpenCall, sink: CallSink) {
    this.#session = session;
    this.#request = open;
    this.#sink = sink;
    this.#kept = open.durable || open.idempotencyKey !== undefined;
    if (this.#kept) this.#seen = new IndexSet();
    this.#number = session.add(this);
    session.start(this.#number);
  }

  get movable(): boolean {
    return this.#kept;
  }

  // ---- what the caller does

  put(index: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.#put = index + 1;
    if (this.#kept || !this.#link) {
      this.#inputs.push(payload);
      this.#inputBytes += payload.length;
    }
    if (payload.length >= LARGE_BYTES && !this.#kept) {
      this.#large ??= new Map();
      this.#large.set(index, payload.length);
      this.#largeBytes += payload.length;
    }
    this.#link?.writer.write(ToHost.input, this.#number, index, payload);
    this.#hold();
  }

  drained(): Promise<void> | undefined {
    return this.#over || this.#hasRoom() ? undefined : new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  end(): Promise<string> {
    if (!this.#noMore) {
      this.#noMore = true;
      this.#link?.writer.write(ToHost.end, this.#number, this.#put);
      this.#hold();
    }
    if (!this.#kept || this.#accepted) {
      const done = Promise.resolve(this.id);
      if (this.#ended === this.#put) this.#finish();
      return done;
    }
    if (!this.#acceptance) {
      this.#acceptance = Promise.withResolvers();
      // The sink gets a failure too, so a caller that listens there need not handle it twice.
      this.#acceptance.promise.catch(() => {});
      if (this.#over) this.#acceptance.reject(this.#failure ?? failureToError(cancelledCall(this.id)));
    }
    return this.#acceptance.promise;
  }

  credit(count: number): void {
    this.#credits += count;
    if (this.#link && !this.#over) writeCredit(this.#link, this.#number, count);
  }

  cancel(): void {
    if (this.#over) return;
    if (this.#link) this.#link.writer.write(ToHost.cancel, this.#number, 0);
    else if (this.#opened) {
      // The host that knew this number is gone, and the call may live on in the next. Nobody waits for the answer.
      request(this.#session, "cancel", { id: this.id }).catch(() => {});
    }
    this.#acceptance?.reject(failureToError(cancelledCall(this.id)));
    this.#finish();
  }

  detach(): void {
    this.#sink = NOTHING;
    if (this.#over) return;
    // The call goes on, so all of it must get to the host, and onto its disk when it is kept.
    if (this.#kept ? !this.#accepted : !this.#opened) return;
    if (!this.#kept) this.#link?.writer.write(ToHost.detach, this.#number, 0);
    this.#finish();
  }

  // ---- what the connection brings

  up(link: Link): void {
    this.#link = link;
    if (this.#accepted) {
      const message: AttachMessage = { id: this.id, range: {} };
      if (link.wantsLogs) message.logs = true;
      link.json(ToHost.attach, this.#number, message);
      return;
    }
    const payload = link.callHeaders.writeKind(this.id, this.#request);
    link.writer.write(ToHost.open, this.#number, 0, payload, link.wantsLogs ? OPEN_LOGS : 0);
    this.#opened = true;
    for (let i = 0; i < this.#inputs.length; i++) {
      link.writer.write(ToHost.input, this.#number, this.#base + i, this.#inputs[i]!);
    }
    if (!this.#kept) this.#forgetInputs(this.#put);
    if (this.#credits > 0) writeCredit(link, this.#number, this.#credits);
    if (this.#noMore) link.writer.write(ToHost.end, this.#number, this.#put);
    this.#wakeIfRoom();
    if (!this.#kept && this.#sink === NOTHING) this.detach();
  }

  down(): void {
    this.#link = undefined;
    if (this.#kept) return;
    this.#fail({
      code: "ENGINE_UNAVAILABLE",
      message: `the host stopped while call ${this.id} to ${this.#request.function.name} was under way`,
      hint: "It may already have run. Retry only if running it twice is safe, or pass callOptions({ idempotencyKey }) so that farcall can retry.",
    });
  }

  drain(): void {
    this.#wakeIfRoom();
  }

  unreachable(error: FarcallError): void {
    // Never from within `open` or `put`: connecting takes at least a turn.
    this.#fail(errorToFailure(error), error);
  }

  frame(frame: Frame): void {
    switch (frame.type) {
      case FromHost.yield:
        this.#sink.output(outputOf(frame));
        return;
      case FromHost.result:
      case FromHost.exception:
      case FromHost.end:
      case FromHost.failure:
        this.#outcome(frame);
        return;
      case FromHost.accepted:
        this.#accept(frame);
        return;
      case FromHost.failed:
        this.#fail(parse(frame) as Failure);
        return;
      case FromHost.progress:
        this.#sink.progress?.(parse(frame) as Progress);
    }
  }

  #outcome(frame: Frame): void {
    if (this.#seen && !this.#seen.add(frame.index)) return;
    this.#ended++;
    if (this.#large) this.#forgetLarge(frame.index);
    this.#sink.output(outputOf(frame));
    if (this.#ended < this.#put) return;
    if (this.#noMore && (this.#accepted || !this.#kept)) this.#finish();
    else if (!this.#kept) this.#unhold();
  }

  #accept(frame: Frame): void {
    this.#forgetInputs(frame.index);
    if (frame.flags & ACCEPTED_ALL) {
      this.#accepted = true;
      this.#forgetInputs(this.#put);
      this.#acceptance?.resolve(frame.payload.length > 0 ? frame.payload.toString() : this.id);
      if (this.#sink === NOTHING) this.detach();
      else if (this.#ended === this.#put) this.#finish();
      // A caller that wants the outputs of its call waits for them; after a spawn there is nothing left to wait for.
      else if (this.#request.durable) this.#unhold();
    }
    this.#wakeIfRoom();
  }

  #fail(failure: Failure, error: FarcallError = failureToError(failure)): void {
    if (this.#over) return;
    this.#finish();
    this.#failure = error;
    this.#acceptance?.reject(error);
    this.#sink.failed(failure);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    // The host keeps what a connection reads until it is told that nothing more is wanted.
    if (this.#kept) this.#link?.writer.write(ToHost.detach, this.#number, 0);
    this.#link = undefined;
    this.#inputs = [];
    this.#unhold();
    this.#session.remove(this.#number);
    this.#wakeIfRoom();
  }

  // ---- room

  #hasRoom(): boolean {
    if (this.#inputBytes > MAX_KEPT_BYTES || this.#inputs.length > MAX_KEPT_INPUTS) return false;
    if (this.#largeBytes > MAX_LARGE_BYTES) return false;
    return this.#link === undefined || this.#link.writer.buffered < MAX_UNSENT_BYTES;
  }

  #wakeIfRoom(): void {
    if (this.#roomWaiters.length === 0 || !(this.#over || this.#hasRoom())) return;
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }

  #forgetInputs(below: number): void {
    const count = Math.min(below - this.#base, this.#inputs.length);
    if (count <= 0) return;
    for (let i = 0; i < count; i++) this.#inputBytes -= this.#inputs[i]!.length;
    this.#inputs = count === this.#inputs.length ? [] : this.#inputs.slice(count);
    this.#base += count;
  }

  #forgetLarge(index: number): void {
    const bytes = this.#large?.get(index);
    if (bytes === undefined) return;
    this.#large!.delete(index);
    this.#largeBytes -= bytes;
    this.#wakeIfRoom();
  }

  #hold(): void {
    if (this.#holding || this.#over) return;
    this.#holding = true;
    this.#session.hold();
  }

  #unhold(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#session.release();
  }
}

function writeCredit(link: Link, number: number, count: number): void {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32LE(count);
  link.writer.write(ToHost.credit, number, 0, payload);
}
