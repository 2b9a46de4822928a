/**
 * A durable call as its caller opens it: inputs go to the stream, and one message commits them. Sent again after an answer
 * got lost, it changes nothing.
 */
import { createHash, type Hash, randomBytes } from "node:crypto";
import { type CallHandle, type CallSink, cancelledCall, type Failure, type OpenCall } from "../../../engine/index.ts";
import { failureToError, InvalidError } from "../../../runtime/errors.ts";
import { nextTurn } from "../../../runtime/timers.ts";
import type { Connection } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { FrameBuffer } from "../frames.ts";
import { subjects } from "../names.ts";
import { Attachment } from "./attachment.ts";
import { type Accepted, INLINE_BYTES, pack } from "./records.ts";
import { type CallStore, keyHash } from "./store.ts";
import { StreamWriter } from "./writer.ts";

const MAX_PENDING_BYTES = 8 * 1024 * 1024;
const INPUT = 1;

/** The function that a call goes to, at the version that it stays on. */
export type Callee = Pick<Accepted, "app" | "environment" | "function" | "instance" | "version" | "mode">;

export interface OpenedCallOptions {
  connection: Connection;
  store: CallStore;
  id: string;
  request: OpenCall;
  sink: CallSink;
  /** Rejects when there is no such function, or the method does not suit it. */
  find: () => Promise<Callee>;
  onEnd(call: OpenedCall): void;
}

export class OpenedCall implements CallHandle {
  readonly id: string;
  readonly #options: OpenedCallOptions;
  readonly #nonce = randomBytes(6).toString("hex");
  readonly #small = new FrameBuffer();
  #writer: StreamWriter | undefined;
  readonly #digest: Hash | undefined;
  #sink: CallSink | undefined;
  #put = 0;
  #acceptance: Promise<string> | undefined;
  #attachment: Attachment | undefined;
  #over = false;
  #accepted: string | undefined;

  constructor(options: OpenedCallOptions) {
    this.id = options.id;
    this.#options = options;
    this.#sink = options.sink;
    if (options.request.idempotencyKey !== undefined) this.#digest = createHash("sha256");
    options.connection.hold();
  }

  put(index: number, payload: Uint8Array): void {
    if (this.#over) return;
    this.#put = index + 1;
    if (this.#digest) {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32LE(payload.length);
      this.#digest.update(length).update(payload);
    }
    if (!this.#writer && this.#small.length + payload.length <= INLINE_BYTES) {
      this.#small.write(INPUT, 0, index, payload);
      return;
    }
    this.#writer ??= new StreamWriter(this.#options.connection, subjects.input(this.id, this.#nonce));
    this.#writer.write(INPUT, index, payload);
  }

  drained(): Promise<void> | undefined {
    const writer = this.#writer;
    if (this.#over || !writer || writer.pendingBytes < MAX_PENDING_BYTES) return undefined;
    return writer.room(MAX_PENDING_BYTES);
  }

  end(): Promise<string> {
    if (!this.#acceptance) {
      this.#acceptance = this.#accept();
      this.#acceptance.catch((error: unknown) => this.fail(failureOf(error)));
    }
    return this.#acceptance;
  }

  async #accept(): Promise<string> {
    const { store, request, find } = this.#options;
    const callee = await find();
    const key = request.idempotencyKey;
    const hash = key === undefined ? undefined : keyHash(request.function, key);
    const id = hash === undefined ? this.id : await store.claim(hash, this.id);
    const digest = this.#digest?.digest("hex");
    if (id !== this.id) {
      const known = await store.find(id);
      // Otherwise the process that claimed the key never accepted the call.
      if (known) {
        if (known.accepted.digest !== digest) throw otherArguments(id);
        return this.#isAccepted(id);
      }
    }
    await this.#writer?.flush();
    if (this.#over) throw failureToError(cancelledCall(this.id));
    const { connection } = this.#options;
    const accepted: Accepted = {
      id,
      ...callee,
      method: request.method,
      numInputs: this.#put,
      createdAt: connection.now(),
      ...(request.dueAt !== undefined && { dueAt: request.dueAt + connection.skew }),
      ...(request.trace && { trace: request.trace }),
      ...(hash !== undefined && digest !== undefined && { key: hash, digest }),
      ...(this.#writer && { rest: { id: this.id, nonce: this.#nonce } }),
    };
    await store.write(id, "accepted", pack(accepted, this.#small.take()));
    return this.#isAccepted(id);
  }

  #isAccepted(id: string): string {
    this.#accepted = id;
    // After a spawn the caller lets go, and only then it is clear that nobody waits.
    nextTurn(() => {
      const sink = this.#sink;
      if (this.#over || !sink) return this.#finish();
      const { connection, store } = this.#options;
      // A caller that wants the outputs of its call waits for them; after a spawn there is nothing left to wait for.
      const holds = !this.#options.request.durable;
      const onEnd = () => this.#finish();
      this.#attachment = new Attachment({ connection, store }, { id, range: {}, sink, holds, onEnd });
      connection.release();
    });
    return id;
  }

  /** Durable calls have no generators. */
  credit(): void {}

  cancel(): void {
    if (this.#over) return;
    const id = this.#accepted;
    this.#sink = undefined;
    this.#finish();
    if (id !== undefined) {
      const record = JSON.stringify({ at: Date.now(), terminate: false });
      // Nobody waits for the answer.
      this.#options.store.write(id, "cancelled", record).catch(() => {});
    }
  }

  detach(): void {
    this.#sink = undefined;
    if (this.#accepted !== undefined) this.#finish();
  }

  fail(failure: Failure): void {
    const sink = this.#sink;
    if (this.#over) return;
    this.#finish();
    sink?.failed(failure);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#attachment) this.#attachment.detach();
    else this.#options.connection.release();
    this.#options.onEnd(this);
  }
}

function otherArguments(id: string): InvalidError {
  return new InvalidError(`the idempotency key is that of call ${id}, which was made with other arguments`, {
    hint: "Use another key for other arguments, or the same arguments for the same key.",
  });
}
