/** All calls of one process, and what they have in common: the workers that have inputs of theirs, and the offers on their way. */
import { randomBytes } from "node:crypto";
import type {
  CallInfo,
  CallSink,
  Failure,
  InputQuery,
  InputRecord,
  OpenCall,
  Progress,
} from "../../../engine/index.ts";
import { EngineUnavailableError, FarcallError, InternalFailure } from "../../../runtime/errors.ts";
import { CallHeaderWriter } from "../../../wire/call-header.ts";
import type { Frame } from "../../../wire/frames.ts";
import { checkMethod } from "../../catalog/index.ts";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { FrameBuffer } from "../frames.ts";
import { SOURCES, subjects } from "../names.ts";
import { outputOf, TERMINATE, ToSource, ToWorker } from "../pairs/index.ts";
import { Peer } from "../peer.ts";
import type { Catalog } from "../registry/index.ts";
import { unitOf } from "../unit.ts";
import { type Place, SourceCall } from "./call.ts";
import type { Lane } from "./lane.ts";
import { type Offer, Offers } from "./offers.ts";
import { CallRecord, Records } from "./record.ts";
import { type Entry, Unit, type UnitOwner } from "./unit.ts";

const LOOK_MS = 500;
const PING_MS = 2_000;
/** Of an offer nothing was heard: it, or the answer, is lost. */
const OFFER_LOST_MS = 5_000;
/** Calls wait so long for the first worker. */
const NO_WORKER_MS = 30_000;
const KEPT_CALLS = 1_000;

/** The beginning of call ids says whose they are: an id without the rest of the digits. */
const OWNER_DIGITS = 20;

/** Whom to ask about a call that is not kept. */
export function ownerOf(id: string): string {
  return id.slice("fc-".length, "fc-".length + OWNER_DIGITS);
}

class CallIds {
  readonly owner: string = randomBytes(OWNER_DIGITS / 2).toString("hex");
  #last = 0;

  next(): string {
    this.#last++;
    return `fc-${this.owner}${this.#last.toString(16).padStart(12, "0")}`;
  }
}

/** Those of calls that are kept in NATS. */
const keptIds = new CallIds();

export function newCallId(): string {
  return keptIds.next();
}

export interface SourceOptions {
  connection: Connection;
  catalog: Catalog;
  /** Answers what others ask about its calls; undefined for calls that are kept elsewhere. */
  answer?: ((source: Source, question: unknown) => unknown) | undefined;
}

export class Source implements UnitOwner<SourceCall> {
  readonly address: string;
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #calls = new Map<number, SourceCall>();
  readonly #recent: SourceCall[] = [];
  readonly #units = new Map<string, Unit<SourceCall>>();
  readonly #peers = new Map<string, Peer>();
  readonly #offers = new Offers<SourceCall>();
  readonly #headers = new CallHeaderWriter();
  /** By what a reference says; valid as long as the app is as it was. */
  readonly #places = new Map<string, { place: Place; sequence: number }>();
  readonly #answer: SourceOptions["answer"];
  readonly #records = new Records();
  #lastNumber = 0;
  #started: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  readonly #ids = new CallIds();
  #questions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pingedAt = 0;
  #connectedAt = 0;
  #noWorkersSince: number | undefined;
  readonly #forgetReconnect: () => void;

  constructor({ connection, catalog, answer }: SourceOptions) {
    this.#answer = answer;
    this.address = `-.${randomBytes(9).toString("hex")}`;
    this.#connection = connection;
    this.#catalog = catalog;
    this.#forgetReconnect = connection.onReconnect(() => this.#reconnected());
    catalog.apps.onChange((app) => {
      if (app) this.#appChanged(app);
    });
  }

  // ---- calls

  /** @param id of a durable call, which has one already */
  open(request: OpenCall, sink: CallSink, id: string = this.#ids.next()): SourceCall {
    do this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
    while (this.#calls.has(this.#lastNumber));
    const call = new SourceCall({
      id,
      number: this.#lastNumber,
      request,
      sink,
      offers: this.#offers,
      record: this.#answer && new CallRecord(this.#records),
      cancelAt: (each, peers, terminate) => this.#cancelAt(each, peers, terminate),
      grantAt: (each, peers) => this.#grantAt(each, peers),
      onEnd: (each) => this.#ended(each),
      hold: () => this.#connection.hold(),
      release: () => this.#connection.release(),
    });
    this.#calls.set(call.number, call);
    const place = this.#subscription && this.#knownPlace(request);
    if (place) call.placed(place);
    else void this.#place(call, request);
    return call;
  }

  // ---- what is asked about them

  #find(id: string): SourceCall | undefined {
    for (const call of this.#calls.values()) if (call.id === id) return call;
    return this.#recent.find((call) => call.id === id);
  }

  /** Of a call that runs, or ended not long ago. */
  info(id: string): CallInfo | undefined {
    const call = this.#find(id);
    return call && infoOf(call);
  }

  infos(): CallInfo[] {
    return [...this.#calls.values(), ...this.#recent].flatMap((call) => infoOf(call) ?? []);
  }

  inputs(id: string, query: InputQuery): InputRecord[] | undefined {
    return this.#find(id)?.record?.inputs(query);
  }

  /** False when the call is unknown. */
  cancel(id: string, terminate: boolean, reason: Failure): boolean {
    const call = this.#find(id);
    call?.stop({ terminate, reason });
    return call !== undefined;
  }

  #ended(call: SourceCall): void {
    this.#calls.delete(call.number);
    this.#recent.unshift(call);
    const oldest = this.#recent.length > KEPT_CALLS ? this.#recent.pop() : undefined;
    if (oldest?.record) this.#records.forget(oldest.record);
  }

  async #place(call: SourceCall, request: OpenCall): Promise<void> {
    this.#connection.hold();
    try {
      await this.#start();
      const place = this.#knownPlace(request) ?? (await this.#findPlace(request));
      if (!call.over) call.placed(place);
    } catch (error) {
      call.fail(asFarcallError(error));
    } finally {
      this.#connection.release();
    }
  }

  #knownPlace(request: OpenCall): Place | undefined {
    const known = this.#places.get(placeKey(request));
    const { app, environment } = request.function;
    if (!known || this.#catalog.apps.known({ app, environment })?.sequence !== known.sequence) return undefined;
    return known.place;
  }

  async #findPlace(request: OpenCall): Promise<Place> {
    const { function: ref, method, durable, trace, progress } = request;
    const fn = await this.#catalog.function(ref);
    checkMethod(request, fn.schema);
    const { version } = fn.stored;
    const { app, environment, name, instance } = ref;
    const unit = this.#unit(unitOf({ app, environment, version, schema: fn.schema, instance }));
    const place: Place = {
      fn,
      unit,
      header: {
        function: { app, environment, name, version, ...(instance !== undefined && { instance }) },
        method,
        durable,
        ...(trace && { trace }),
        ...(progress && { progress }),
      },
      repeats: durable || fn.schema.options.retries.maxRetries > 0,
    };
    const sequence = this.#catalog.apps.known({ app, environment })?.sequence;
    // A trace is of one call alone.
    if (sequence !== undefined && !trace) {
      if (this.#places.size > 1_000) this.#places.clear();
      this.#places.set(placeKey(request), { place, sequence });
    }
    return place;
  }

  #unit(name: string): Unit<SourceCall> {
    let unit = this.#units.get(name);
    if (!unit) {
      unit = new Unit<SourceCall>(name, this);
      this.#units.set(name, unit);
    }
    return unit;
  }

  #appChanged(app: { app: string; environment: string }): void {
    const concerned = [...this.#calls.values()].filter(
      ({ request: { function: ref } }) => ref.app === app.app && ref.environment === app.environment,
    );
    if (concerned.length === 0) return;
    this.#catalog.apps.read(app).then(
      (known) => {
        if (known?.kind !== "removed") return;
        const reason: Failure = { code: "CANCELLED", message: `app ${app.app} (${app.environment}) was removed` };
        for (const call of concerned) if (call.place) call.stop({ terminate: true, reason });
      },
      // The store cannot be read: the workers, who are told too, stop the calls.
      () => {},
    );
  }

  // ---- starting

  #start(): Promise<void> {
    if (!this.#started) {
      this.#started = this.#subscribe();
      this.#started.catch(() => {
        this.#started = undefined;
      });
    }
    return this.#started;
  }

  async #subscribe(): Promise<void> {
    await this.#catalog.apps.listen();
    const prefix = subjects.source(this.address, "").length;
    this.#subscription = await this.#connection.subscribe(subjects.source(this.address, ">"), (error, message) => {
      if (!error) this.#onMessage(message.subject.slice(prefix), message);
    });
    if (this.#answer) {
      for (const question of ["source", `call.${this.#ids.owner}`]) {
        const asked = await this.#connection.subscribe(subjects.ask(question), (error, message) => {
          if (!error) this.#onQuestion(message);
        });
        this.#questions.push(asked);
      }
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  #onQuestion(message: Msg): void {
    const result = this.#answer?.(this, message.json());
    message.respond(JSON.stringify({ worker: this.address, result }));
  }

  async close(): Promise<void> {
    this.#forgetReconnect();
    clearInterval(this.#timer);
    const error = new EngineUnavailableError(
      `the engine ${this.#connection.address.url} was closed while this was under way`,
    );
    for (const call of [...this.#calls.values()]) call.fail(error);
    for (const unit of this.#units.values()) unit.close();
    for (const { pair } of this.#peers.values()) pair.writer.flush();
    this.#subscription?.unsubscribe();
    for (const asked of this.#questions) asked.unsubscribe();
  }

  // ---- what comes

  /** @param rest of the subject */
  #onMessage(rest: string, message: Msg): void {
    const dot = rest.indexOf(".");
    const kind = rest.slice(0, dot);
    const name = rest.slice(dot + 1);
    const nobody = message.data.length === 0 && message.headers?.code === 503;
    if (kind === "w") {
      if (nobody) this.#peers.get(name)?.absent();
      else this.#receive(name, message);
    } else if (kind === "o") {
      const offer = this.#offers.get(Number(name));
      if (nobody && offer) this.#giveBack(offer);
    } else if (kind === "b" && nobody) this.#noWorkersSince ??= performance.now();
  }

  #receive(id: string, message: Msg): void {
    this.#noWorkersSince = undefined;
    let peer = this.#peer(id);
    if (!peer.receive(message.data)) {
      this.#lose(peer);
      peer = this.#peer(id);
      peer.receive(message.data);
    }
    if (message.reply) peer.pair.answer();
  }

  #peer(id: string): Peer {
    let peer = this.#peers.get(id);
    if (!peer) {
      const to = subjects.worker(id, `s.${this.address}`);
      const reply = subjects.source(this.address, `w.${id}`);
      peer = new Peer({
        id,
        send: (message, wantsReply) => this.#connection.publish(to, message, wantsReply ? reply : undefined),
        onFrame: this.#onFrame,
        onDrain: () => {
          for (const unit of this.#units.values()) unit.roomCame();
        },
      });
      this.#peers.set(id, peer);
    }
    return peer;
  }

  readonly #onFrame = (frame: Frame, peer: Peer): void => {
    if (frame.type === ToSource.room) {
      this.#units.get(frame.payload.toString())?.opened(peer, frame.index);
      return;
    }
    if (frame.type === ToSource.took) {
      this.#offers.took(frame.index, peer, (call) => this.#cancelAt(call, [peer], false));
      return;
    }
    const call = this.#calls.get(frame.call);
    if (!call) return;
    switch (frame.type) {
      case ToSource.back:
        call.back(frame.index);
        call.place?.unit.wait();
        return;
      case ToSource.failed:
        call.fail(json<Failure>(frame));
        return;
      case ToSource.progress:
        call.progress(json<Progress>(frame));
        return;
      default: {
        const output = outputOf(frame);
        if (output) call.output(output);
      }
    }
  };

  // ---- what goes

  offer(unit: Unit<SourceCall>, entries: Entry<SourceCall>[]): void {
    const offer = this.#offers.make(unit, entries);
    for (const { call, index } of entries) call.offered(index, offer);
    const frames = new FrameBuffer();
    this.#write(frames, entries);
    const reply = subjects.source(this.address, `o.${offer.number}`);
    this.#connection.publish(subjects.offers(unit.name), frames.take(), reply);
  }

  /** Calls with their inputs, grouped by call. */
  #write(to: FrameTarget, entries: readonly Entry<SourceCall>[]): void {
    let last: SourceCall | undefined;
    for (const { call, index } of entries) {
      if (call !== last) {
        last = call;
        to.write(ToWorker.call, call.number, 0, this.#headers.write(call.id, call.place!.header));
        if (call.granted > 0) to.write(ToWorker.granted, call.number, 0, u32(call.granted));
      }
      to.write(ToWorker.input, call.number, index, call.payloadOf(index));
    }
  }

  /** No worker runs the unit: what was offered waits, and the first worker with room pulls it. */
  #giveBack(offer: Offer<SourceCall>): void {
    for (const { call, index } of offer.entries.toReversed()) call.back(index);
    this.#offers.forget(offer);
    offer.unit.wait();
  }

  awaitPulls(unit: Unit<SourceCall>): Subscription | undefined {
    return this.#connection.current?.nc.subscribe(subjects.pulls(unit.name), {
      queue: SOURCES,
      callback: (error, message) => {
        if (!error) this.#onPull(unit, message);
      },
    });
  }

  #onPull(unit: Unit<SourceCall>, message: Msg): void {
    const { worker, room } = message.json<{ worker: string; room: number }>();
    this.#noWorkersSince = undefined;
    const peer = this.#peer(worker);
    // It reads slowly, or what it pulled before is still on its way.
    const entries = peer.pair.heldBack > 0 ? [] : unit.pulled(room);
    this.send(unit.laneTo(peer), entries);
    message.respond(u32(entries.length));
  }

  send(lane: Lane, entries: Entry<SourceCall>[]): void {
    for (const { call, index } of entries) call.sentTo(index, lane);
    const { writer } = lane.peer.pair;
    this.#write(writer, entries);
    writer.flush();
  }

  ring(unit: Unit<SourceCall>, waiting: number): void {
    this.#connection.publish(
      subjects.bell(unit.name),
      JSON.stringify({ source: this.address, waiting }),
      subjects.source(this.address, `b.${unit.name}`),
    );
  }

  unitIdle(unit: Unit<SourceCall>): void {
    if (unit.isIdle && this.#units.get(unit.name) === unit && this.#units.size > 1_000) this.#units.delete(unit.name);
  }

  #cancelAt(call: SourceCall, peers: Iterable<Peer>, terminate: boolean): void {
    for (const { pair } of peers) {
      pair.writer.write(ToWorker.cancel, call.number, 0, undefined, terminate ? TERMINATE : 0);
      pair.writer.flush();
    }
  }

  #grantAt(call: SourceCall, peers: Iterable<Peer>): void {
    for (const { pair } of peers) pair.writer.write(ToWorker.granted, call.number, 0, u32(call.granted));
  }

  // ---- what gets lost

  #look(): void {
    const now = performance.now();
    const ping = now - this.#pingedAt > PING_MS;
    if (ping) this.#pingedAt = now;
    for (const peer of [...this.#peers.values()]) {
      if (peer.isLost(this.#connectedAt)) this.#lose(peer);
      else if (peer.inputs > 0 ? ping || peer.isAbsent : peer.isIdle(now) || peer.isAbsent) peer.ping();
    }
    for (const offer of this.#offers.before(now - OFFER_LOST_MS)) {
      this.#offers.forget(offer);
      for (const { call } of offer.entries) call.lost(offer);
    }
    if (this.#noWorkersSince !== undefined && now - this.#noWorkersSince > NO_WORKER_MS) this.#failWaiting();
  }

  #lose(peer: Peer): void {
    this.#peers.delete(peer.id);
    peer.pair.close();
    for (const unit of this.#units.values()) unit.forget(peer);
    for (const call of [...this.#calls.values()]) call.lost(peer);
  }

  /** Nobody has begun them. */
  #failWaiting(): void {
    for (const call of [...this.#calls.values()]) {
      if (call.waiting === 0 || call.request.durable || !call.place) continue;
      call.fail(
        new EngineUnavailableError(
          `no worker of ${this.#connection.address.url} is there to run ${call.request.function.name}`,
          {
            hint: "Start one: `farcall worker`.",
          },
        ),
      );
    }
  }

  #reconnected(): void {
    this.#connectedAt = performance.now();
    for (const { pair } of this.#peers.values()) pair.resume();
    for (const unit of this.#units.values()) unit.reconnected();
  }
}

interface FrameTarget {
  write(type: number, call: number, index: number, payload?: Uint8Array, flags?: number): void;
}

function placeKey({ function: ref, method, durable, progress }: OpenCall): string {
  const { app, environment, name, version = "", signature = "", instance = "-" } = ref;
  return `${method}\0${durable}\0${progress}\0${environment}\0${app}\0${name}\0${version}\0${signature}\0${instance}`;
}

function json<T>({ payload }: Frame): T {
  return JSON.parse(payload.toString()) as T;
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function asFarcallError(error: unknown): FarcallError {
  if (error instanceof FarcallError) return error;
  return new InternalFailure(`the engine failed: ${(error as Error).message}`, { cause: error });
}

/** Undefined while its function is not found. */
function infoOf({ id, request, place, counts }: SourceCall): CallInfo | undefined {
  if (!place) return undefined;
  const { app, environment, name, instance } = request.function;
  const { numInputs, numEnded, numFailed, cancelled, createdAt, endedAt } = counts;
  return {
    id,
    app,
    environment,
    function: name,
    ...(instance !== undefined && { instance }),
    version: place.fn.stored.version,
    method: request.method,
    mode: place.fn.schema.mode,
    numInputs,
    numEnded,
    numFailed,
    createdAt: new Date(createdAt).toISOString(),
    ...(endedAt > 0 && { endedAt: new Date(endedAt).toISOString() }),
    cancelled,
  };
}
