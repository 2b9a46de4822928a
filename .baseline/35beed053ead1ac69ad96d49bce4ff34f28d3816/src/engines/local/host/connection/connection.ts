/** The host's side of one client: reads its frames, checks them and does what they ask. A client that breaks the protocol loses its connection and harms nobody else. */
import type { Socket } from "node:net";
import type { Failure } from "../../../../engine/index.ts";
import { packageVersion } from "../../../../text/index.ts";
import { CallHeaderReader } from "../../../../wire/call-header.ts";
import { FrameFeed } from "../../../../wire/frame-feed.ts";
import { type Frame, FrameError, FrameReader, FrameWriter } from "../../../../wire/frames.ts";
import {
  type AttachMessage,
  FromHost,
  OPEN_LOGS,
  type OpenMessage,
  PROTOCOL,
  ProtocolError,
  ToHost,
  type Welcome,
} from "../../protocol.ts";
import type { FoundCall, MemoryCall, OutputReader, Parked, Peer, ReadOptions } from "../calls/index.ts";
import { asFailure, warnOf } from "../failures.ts";
import type { Services } from "../services.ts";
import { checkAttach, checkHello, checkOpen, checkRequest } from "./messages.ts";
import { OpenedDurableCall } from "./opened-durable.ts";
import { answer, type Client } from "./requests.ts";
import { subscribe } from "./subscriptions.ts";

/** A client that has not taken so many bytes gets nothing more from disk, then nothing more that would have to run for it. */
const FULL_BYTES = 1024 * 1024;
const CONGESTED_BYTES = 16 * 1024 * 1024;
/** A connection that has not greeted within so many milliseconds is closed. */
const HELLO_LIMIT_MS = 10_000;

export class Connection implements Peer, Client {
  readonly #services: Services;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #feed: FrameFeed;
  readonly #onClosed: (connection: Connection) => void;
  readonly #calls = new Map<number, MemoryCall | OpenedDurableCall>();
  readonly #readers = new Map<number, Set<OutputReader>>();
  readonly #subscriptions = new Map<number, () => void>();
  readonly #callHeaders = new CallHeaderReader(checkOpen);
  readonly #parked = new Set<Parked>();
  #waitingForRoom = new Set<() => void>();
  /** Calls that only this host can answer. */
  #memoryCalls = 0;
  #container: string | undefined;
  #greeted = false;
  #closed = false;

  constructor(services: Services, socket: Socket, onClosed: (connection: Connection) => void) {
    this.#services = services;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader((frame) => this.#onFrame(frame));
    const helloTimer = setTimeout(() => {
      if (!this.#greeted) socket.destroy();
    }, HELLO_LIMIT_MS);
    this.#feed = new FrameFeed(socket, (chunk, mayStop) => {
      try {
        const read = reader.push(chunk, mayStop);
        this.#waitForDisk();
        return read;
      } catch (error) {
        if (!(error instanceof FrameError || error instanceof ProtocolError || error instanceof SyntaxError))
          warnOf("a client sent what could not be handled", error);
        this.refuse(0, { code: "INVALID", message: `the connection is closed: ${(error as Error).message}` });
        this.flush();
        socket.destroy();
        return chunk.length;
      }
    });
    socket.on("drain", () => this.#drained());
    // `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(helloTimer);
      this.#feed.finish();
      this.#gone();
    });
  }

  /** The container that the client runs in. */
  get container(): string | undefined {
    return this.#container;
  }

  /** The client waits for calls that no other host can answer. */
  get waits(): boolean {
    return this.#memoryCalls > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get full(): boolean {
    return this.#writer.buffered > FULL_BYTES;
  }

  get overloaded(): boolean {
    return this.#writer.buffered >= CONGESTED_BYTES;
  }

  park(parked: Parked): boolean {
    if (!this.overloaded) return false;
    this.#parked.add(parked);
    return true;
  }

  onRoom(listener: () => void): void {
    this.#waitingForRoom.add(listener);
  }

  offRoom(listener: () => void): void {
    this.#waitingForRoom.delete(listener);
  }

  write(type: number, call: number, index: number, payload?: Uint8Array, flags?: number): void {
    this.#writer.write(type, call, index, payload, flags);
  }

  json(type: number, call: number, value: unknown, index = 0): void {
    this.#writer.write(type, call, index, Buffer.from(JSON.stringify(value)));
  }

  refuse(number: number, failure: Failure): void {
    this.json(FromHost.refused, number, failure);
  }

  flush(): void {
    this.#writer.flush();
  }

  callEnded(number: number): void {
    const call = this.#calls.get(number);
    if (!call) return;
    this.#calls.delete(number);
    if (!(call instanceof OpenedDurableCall)) this.#memoryCalls--;
    // Nothing more is to come that could be sent with its last output.
    if (this.#calls.size === 0) this.#writer.urge();
  }

  /** Asks the client to go, once the calls that it has open are done. */
  drain(): void {
    if (!this.#greeted) this.#socket.destroy();
    else if (this.#container === undefined) this.write(FromHost.draining, 0, 0);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** A client that sends more than the disk takes is read again when the disk has caught up. */
  #waitForDisk(): void {
    const { backlog } = this.#services.calls;
    if (!backlog.full || this.#feed.held) return;
    this.#feed.hold();
    backlog.onRoom(() => this.#feed.release());
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
        this.#calls.get(frame.call)?.input(frame.index, frame.payload);
        return;
      case ToHost.open:
        this.#open(frame);
        return;
      case ToHost.end:
        this.#calls.get(frame.call)?.noMore(frame.index);
        return;
      case ToHost.credit:
        if (frame.payload.length !== 4) throw new ProtocolError("the payload of a credit must be four bytes");
        this.#calls.get(frame.call)?.credit(frame.payload.readUInt32LE(0));
        return;
      case ToHost.cancel:
        this.#calls.get(frame.call)?.cancel();
        return;
      case ToHost.detach:
        this.#calls.get(frame.call)?.detach();
        for (const reader of [...(this.#readers.get(frame.call) ?? [])]) reader.close();
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
        throw new ProtocolError(`unknown frame type ${frame.type}`);
    }
  }

  #greet(frame: Frame): void {
    if (frame.type !== ToHost.hello) throw new ProtocolError("the first frame is not a greeting");
    this.#container = checkHello(parse(frame)).container;
    this.#greeted = true;
    const welcome: Welcome = { protocol: PROTOCOL, version: packageVersion(), pid: process.pid };
    this.json(FromHost.welcome, 0, welcome);
    if (this.#services.draining) this.drain();
    this.flush();
  }

  #open(frame: Frame): void {
    const number = frame.call;
    if (this.#calls.has(number)) throw new ProtocolError(`call ${number} is open already`);
    const { id, rest } = this.#callHeaders.read(frame.payload);
    if (id === "") throw new ProtocolError("a call has no id");
    const message: OpenMessage = { ...rest, id, logs: (frame.flags & OPEN_LOGS) !== 0 };
    this.#services.pools.prepare();
    try {
      if (message.durable || message.idempotencyKey !== undefined) this.#openDurable(number, message);
      else {
        this.#calls.set(number, this.#services.calls.openMemory(this, number, message));
        this.#memoryCalls++;
      }
    } catch (error) {
      this.json(FromHost.failed, number, asFailure(error));
    }
  }

  #openDurable(clientNumber: number, message: OpenMessage): void {
    const { calls } = this.#services;
    const call = calls.openDurable(message);
    if (message.logs) call.live?.logTo(this, clientNumber);
    // Whoever spawns does not wait.
    const waiter = message.durable ? undefined : calls.parentOf(message);
    const reader = calls.read(call, { peer: this, clientNumber, waiter });
    const opened = new OpenedDurableCall({ peer: this, clientNumber, call, askedId: message.id, reader });
    this.#calls.set(clientNumber, opened);
  }

  #attach(number: number, message: AttachMessage): void {
    try {
      const call = this.#services.calls.find(message.id);
      if (message.logs) call.live?.logTo(this, number);
      this.#read(number, call, { range: message.range, waiter: this.#services.calls.parentOf(message) });
    } catch (error) {
      this.json(FromHost.failed, number, asFailure(error));
    }
  }

  poll(number: number, { id, range }: AttachMessage, onDone: () => void): void {
    this.#read(number, this.#services.calls.find(id), { range, onScanned: onDone });
  }

  #read(clientNumber: number, call: FoundCall, options: Pick<ReadOptions, "range" | "waiter" | "onScanned">): void {
    const reader = this.#services.calls.read(call, {
      ...options,
      peer: this,
      clientNumber,
      onClosed: (closed) => this.#readerClosed(clientNumber, closed),
    });
    const same = this.#readers.get(clientNumber);
    if (same) same.add(reader);
    else this.#readers.set(clientNumber, new Set([reader]));
    reader.pump();
  }

  #readerClosed(number: number, reader: OutputReader): void {
    const same = this.#readers.get(number);
    same?.delete(reader);
    if (same?.size === 0) this.#readers.delete(number);
  }

  #request(frame: Frame): void {
    const { call: number } = frame;
    const { method, params } = checkRequest(parse(frame));
    try {
      answer(method, { services: this.#services, client: this, number, params });
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.refuse(number, asFailure(error));
    }
  }

  #subscribe(frame: Frame): void {
    const { call: number } = frame;
    const { method, params } = checkRequest(parse(frame));
    try {
      if (this.#subscriptions.has(number)) throw new ProtocolError(`subscription ${number} is open already`);
      const stop = subscribe(method, { services: this.#services, client: this, number, params });
      if (stop) this.#subscriptions.set(number, stop);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.refuse(number, asFailure(error));
    }
  }

  // ---- the connection's state

  #drained(): void {
    for (const readers of [...this.#readers.values()]) for (const reader of [...readers]) reader.pump();
    for (const call of [...this.#calls.values()]) call.pump();
    const listeners = this.#waitingForRoom;
    this.#waitingForRoom = new Set();
    for (const listener of listeners) listener();
    if (this.#writer.buffered > CONGESTED_BYTES / 2) return;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const each of parked) each.resume();
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of [...this.#calls.values()]) call.gone();
    this.#calls.clear();
    this.#memoryCalls = 0;
    for (const readers of [...this.#readers.values()]) for (const reader of [...readers]) reader.close();
    for (const stop of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
    this.#onClosed(this);
  }
}

function parse(frame: Frame): unknown {
  return JSON.parse(frame.payload.toString());
}
