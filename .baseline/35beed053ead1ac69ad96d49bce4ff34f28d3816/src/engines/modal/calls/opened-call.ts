/** What every kind of call has in common: inputs that wait, the id once Modal has given one, and the ways in which it ends. */
import type { CallHandle, CallSink, OpenCall } from "../../../engine/index.ts";
import { errorToFailure, type FarcallError } from "../../../runtime/errors.ts";
import { checkMethod } from "../../catalog/index.ts";
import { POLL_MS } from "../apps/deployments.ts";
import { LASTING, type Session } from "../client.ts";
import { rpcError } from "../errors.ts";
import { type Callee, type Callees, checkFormat } from "./callee.ts";
import type { Put } from "./inputs.ts";
import type { PlaneOptions } from "./plane.ts";

export interface CallContext {
  session: Session;
  callees: Callees;
  /** Calls that have not ended, for whoever closes the engine. */
  open: Set<OpenedCall>;
  /** What is sent without anybody waiting for the answer: before the engine is closed, it has to be out. */
  background: Set<Promise<unknown>>;
}

/** So many inputs wait here before `drained` makes the caller wait. */
const MAX_WAITING = 1_000;

export abstract class OpenedCall implements CallHandle {
  protected readonly context: CallContext;
  protected readonly request: OpenCall;
  protected readonly waiting: Put[] = [];
  /** Index of the last input that was put, and 1: how many there are when all have been put. */
  protected total = 0;
  protected ended = false;
  #over = false;
  #id = "";
  readonly #sink: CallSink;
  readonly #abort = new AbortController();
  readonly #accepted = Promise.withResolvers<string>();
  #changed = Promise.withResolvers<void>();
  #room: PromiseWithResolvers<void> | undefined;
  #cancelled = false;

  constructor(context: CallContext, request: OpenCall, sink: CallSink) {
    this.context = context;
    this.request = request;
    this.#sink = sink;
    // Whoever does not wait for the end gets the failure by the sink.
    this.#accepted.promise.catch(() => {});
    context.open.add(this);
    void this.#run();
  }

  /** Carries out the call. Rejects with what ends it too early. */
  protected abstract run(callee: Callee): Promise<void>;

  async #run(): Promise<void> {
    try {
      const callee = await this.context.callees.find(this.request.function, POLL_MS);
      checkMethod(this.request, callee.schema);
      checkFormat(callee);
      if (!this.#over) await this.run(callee);
      this.#finish();
      this.#accepted.resolve(this.#id);
    } catch (error) {
      if (this.#over) this.#accepted.resolve(this.#id);
      else this.fail(rpcError(error, this.context.session.url));
    }
  }

  get id(): string {
    return this.#id;
  }

  put(index: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.waiting.push({ index, payload });
    this.total = Math.max(this.total, index + 1);
    this.wake();
  }

  drained(): Promise<void> | undefined {
    if (this.waiting.length < MAX_WAITING || this.#over) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  end(): Promise<string> {
    this.ended = true;
    this.wake();
    return this.#accepted.promise;
  }

  credit(_count: number): void {}

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    if (this.#over && this.request.durable) return;
    this.#finish();
    if (this.#id) this.#cancelOnServer();
  }

  detach(): void {
    if (!this.request.durable || this.ended) this.#finish();
  }

  /** The engine is closed: durable calls go on. */
  close(error: FarcallError): void {
    const { durable } = this.request;
    this.fail(error, { cancel: !durable });
  }

  // ---- for those that carry it out ----

  protected get over(): boolean {
    return this.#over;
  }

  /** Aborts when the call is over. */
  protected get signal(): AbortSignal {
    return this.#abort.signal;
  }

  protected get sink(): CallSink {
    return this.#sink;
  }

  /** Modal has given the call its id. One that was cancelled meanwhile is cancelled there too. */
  protected named(id: string): void {
    this.#id = id;
    if (!this.request.durable) this.#accepted.resolve(id);
    if (this.#cancelled && id) this.#cancelOnServer();
  }

  /** Something has changed that `change` waits for. */
  protected wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves at the next change. */
  protected change(): Promise<void> {
    return this.#changed.promise;
  }

  /** Whether there is an input at all: resolves when the first one waits, or when there will be none. */
  protected async anyInput(): Promise<boolean> {
    while (this.waiting.length === 0 && !this.ended && !this.#over) await this.change();
    return this.waiting.length > 0;
  }

  /** Up to so many of the inputs that wait; undefined when there are no more. */
  protected async take(count: number): Promise<Put[] | undefined> {
    if (!(await this.anyInput()) || this.#over) return undefined;
    const taken = this.waiting.splice(0, count);
    if (this.waiting.length < MAX_WAITING) this.#makeRoom();
    return taken;
  }

  protected fail(error: FarcallError, { cancel = !this.request.durable } = {}): void {
    if (this.#over) return;
    this.#finish();
    this.#accepted.reject(error);
    if (this.#id && cancel && !this.#cancelled) this.#cancelOnServer();
    // Of an id that comes later, `named` takes care.
    this.#cancelled = cancel;
    this.#sink.failed(errorToFailure(error));
  }

  /** Sends what nobody waits for. Its failure changes nothing for the caller. */
  protected inBackground(request: Promise<unknown>): void {
    const { background } = this.context;
    const sent = request.catch(() => {}).finally(() => background.delete(sent));
    background.add(sent);
  }

  protected planeOptions(callee: Callee, method: PlaneOptions["method"]): PlaneOptions {
    const { session, callees } = this.context;
    return { session, callees, callee, ref: this.request.function, method, signal: this.signal };
  }

  protected cancelRequest(id: string): Promise<unknown> {
    const { session } = this.context;
    return session.ask((rpc) => rpc.functionCallCancel({ functionCallId: id, terminateContainers: false }, LASTING));
  }

  #cancelOnServer(): void {
    this.inBackground(this.cancelRequest(this.#id));
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.waiting.length = 0;
    this.context.open.delete(this);
    this.#abort.abort();
    this.#makeRoom();
    this.wake();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
