/** The host's side of one client: reads its frames, checks them, and does what they ask. What is wrong with one closes this connection and harms no other. */
import type { Socket } from "node:net";
import type { Failure } from "../../../../engine/index.ts";
import type { Call } from "../../../../pool/index.ts";
import { CallHeaderReader } from "../../../../wire/call-header.ts";
import { type Frame, FrameError, FrameReader, FrameWriter } from "../../../../wire/frames.ts";
import {
  type AttachMessage,
  FromHost,
  type Hello,
  OPEN_LOGS,
  type OpenMessage,
  PROTOCOL,
  ToHost,
  type Welcome,
} from "../../protocol.ts";
import { FARCALL_VERSION } from "../../version.ts";
import { Attachment } from "../calls/attachment.ts";
import type { MemoryCall } from "../calls/memory-call.ts";
import { asFailure, warnOf } from "../failures.ts";
import type { Host } from "../host.ts";
import { checkAttach, checkHello, checkOpen, checkRequest, ProtocolError } from "./messages.ts";
import { OpenedDurableCall } from "./opened-durable.ts";
import { answer, subscribe } from "./requests.ts";

/** A client that has not taken so many bytes gets nothing more from disk, then nothing more that would have to run for it. */
const FULL_BYTES = 1024 * 1024;
const CONGESTED_BYTES = 16 * 1024 * 1024;
/** A client that greets later than this, in milliseconds, is none. */
const HELLO_LIMIT_MS = 10_000;

export class Connection {
  readonly writer: FrameWriter;
  readonly calls = new Map<number, MemoryCall | OpenedDurableCall>();
  readonly #attachments = new Map<number, Set<Attachment>>();
  readonly #subscriptions = new Map<number, () => void>();
  readonly #host: Host;
  readonly #socket: Socket;
  readonly #callHeaders = new CallHeaderReader(checkOpen);
  readonly #parked = new Set<Call>();
  #waitingForRoom = new Set<() => void>();
  /** The container that the client runs in. */
  container: string | undefined;
  #greeted = false;
  #closed = false;

  constructor(host: Host, socket: Socket) {
    this.#host = host;
    this.#socket = socket;
    this.writer = new FrameWriter(socket);
    const reader = new FrameReader((frame) => this.#onFrame(frame));
    const helloTimer = setTimeout(() => {
      if (!this.#greeted) socket.destroy();
    }, HELLO_LIMIT_MS);
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        if (!(error instanceof FrameError || error instanceof ProtocolError || error instanceof SyntaxError))
          warnOf("what a client sent", error);
        this.refuse(0, { code: "INVALID", message: `the connection is closed: ${(error as Error).message}` });
        this.writer.flush();
        socket.destroy();
      }
    });
    socket.on("drain", () => this.#drained());
    // `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(helloTimer);
      this.#gone();
    });
  }

  /** Enough is on its way that nothing more should be read from disk for it. */
  get full(): boolean {
    return this.writer.buffered > FULL_BYTES;
  }

  /** The call waits, when so much is on its way that nothing more should run. */
  congested(call: Call): boolean {
    if (!this.overloaded) return false;
    this.#parked.add(call);
    return true;
  }

  /** Once, when the client has taken some of what made it full. */
  onRoom(listener: () => void): void {
    this.#waitingForRoom.add(listener);
  }

  offRoom(listener: () => void): void {
    this.#waitingForRoom.delete(listener);
  }

  /** So much is on its way that what can be done without is left out. */
  get overloaded(): boolean {
    return this.writer.buffered >= CONGESTED_BYTES;
  }

  json(type: number, call: number, value: unknown, index = 0): void {
    this.writer.write(type, call, index, Buffer.from(JSON.stringify(value)));
  }

  refuse(number: number, failure: Failure): void {
    this.json(FromHost.refused, number, failure);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Asks the client to go, once what it has open is done. */
  drain(): void {
    if (!this.#greeted) this.#socket.destroy();
    else if (this.container === undefined) this.writer.write(FromHost.draining, 0, 0);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // ---- frames

  #onFrame(frame: Frame): void {
    // After `destroy` the rest of the chunk still comes.
    if (this.#closed || this.#socket.destroyed) return;
    if (!this.#greeted) {
      this.#greet(frame);
      return;
    }
    switch (frame.type) {
      case ToHost.input:
        this.calls.get(frame.call)?.input(frame.index, frame.payload);
        return;
      case ToHost.open:
        this.#open(frame);
        return;
      case ToHost.end:
        this.calls.get(frame.call)?.noMore(frame.index);
        return;
      case ToHost.credit:
        if (frame.payload.length !== 4) throw new ProtocolError("a credit has four bytes");
        this.calls.get(frame.call)?.credit(frame.payload.readUInt32LE(0));
        return;
      case ToHost.cancel:
        this.calls.get(frame.call)?.cancel();
        return;
      case ToHost.detach:
        this.calls.get(frame.call)?.detach();
        for (const attachment of [...(this.#attachments.get(frame.call) ?? [])]) attachment.close();
        return;
      case ToHost.attach:
        this.#attach(frame.call, checkAttach(parse(frame)));
        return;
      case ToHost.request:
        this.#request(frame);
        return;
      case ToHost.subscribe:
        this.#subscribe(frame);
        return;
      case ToHost.unsubscribe:
        this.#subscriptions.get(frame.call)?.();
        this.#subscriptions.delete(frame.call);
        return;
      default:
        throw new ProtocolError(`there is no frame of type ${frame.type}`);
    }
  }

  #greet(frame: Frame): void {
    if (frame.type !== ToHost.hello) throw new ProtocolError("the first frame is not a greeting");
    const hello: Hello = checkHello(parse(frame));
    this.container = hello.container;
    this.#greeted = true;
    const welcome: Welcome = { protocol: PROTOCOL, version: FARCALL_VERSION, pid: process.pid };
    this.json(FromHost.welcome, 0, welcome);
    if (this.#host.draining) this.drain();
    this.writer.flush();
  }

  #open(frame: Frame): void {
    const number = frame.call;
    if (this.calls.has(number)) throw new ProtocolError(`call ${number} is open already`);
    const { id, rest } = this.#callHeaders.read(frame.payload);
    if (id === "") throw new ProtocolError("a call has no id");
    const message: OpenMessage = { ...rest, id, logs: (frame.flags & OPEN_LOGS) !== 0 };
    this.#host.pools.prepare();
    try {
      const { calls } = this.#host;
      if (message.durable || message.idempotencyKey !== undefined) {
        const call = calls.openDurable(message);
        this.calls.set(number, new OpenedDurableCall(this, number, calls, call, id, message.logs === true));
      } else this.calls.set(number, calls.openEphemeral(this, number, message));
    } catch (error) {
      this.json(FromHost.failed, number, asFailure(error));
    }
  }

  #attach(number: number, message: AttachMessage): void {
    try {
      const { calls } = this.#host;
      const call = calls.attached(message.id);
      if (message.logs) call.live?.logTo(this, number);
      this.#read(number, new Attachment(this, number, calls.tables, call, message.range));
    } catch (error) {
      this.json(FromHost.failed, number, asFailure(error));
    }
  }

  /** Sends the outputs that are there, then calls back. */
  poll(number: number, { id, range }: AttachMessage, onDone: () => void): void {
    const { calls } = this.#host;
    const attachment = new Attachment(this, number, calls.tables, calls.attached(id), range, onDone);
    this.#read(number, attachment);
  }

  #read(number: number, attachment: Attachment): void {
    const same = this.#attachments.get(number);
    if (same) same.add(attachment);
    else this.#attachments.set(number, new Set([attachment]));
    attachment.pump();
  }

  attachmentClosed(number: number, attachment: Attachment): void {
    const same = this.#attachments.get(number);
    same?.delete(attachment);
    if (same?.size === 0) this.#attachments.delete(number);
  }

  #request(frame: Frame): void {
    const { call: number } = frame;
    const { method, params } = checkRequest(parse(frame));
    try {
      answer(this.#host, this, number, method, params);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.refuse(number, asFailure(error));
    }
  }

  #subscribe(frame: Frame): void {
    const { call: number } = frame;
    const { method, params } = checkRequest(parse(frame));
    try {
      if (this.#subscriptions.has(number)) throw new ProtocolError(`subscription ${number} is there already`);
      const stop = subscribe(this.#host, this, number, method, params);
      if (stop) this.#subscriptions.set(number, stop);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.refuse(number, asFailure(error));
    }
  }

  // ---- the connection's state

  #drained(): void {
    for (const attachments of [...this.#attachments.values()]) for (const each of [...attachments]) each.pump();
    for (const side of this.calls.values()) if (side instanceof OpenedDurableCall) side.pump();
    const listeners = this.#waitingForRoom;
    this.#waitingForRoom = new Set();
    for (const listener of listeners) listener();
    if (this.writer.buffered > CONGESTED_BYTES / 2) return;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const call of parked) if (!call.over) call.pool.unpark(call);
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of [...this.calls.values()]) {
      if (call instanceof OpenedDurableCall) call.gone();
      else call.cancel();
    }
    this.calls.clear();
    for (const attachments of [...this.#attachments.values()]) for (const each of [...attachments]) each.close();
    for (const stop of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
    this.#host.connectionClosed(this);
  }
}

function parse(frame: Frame): unknown {
  return JSON.parse(frame.payload.toString());
}
