/** All calls of one process, and what they have in common: the workers that have inputs of theirs, and the offers on their way. */
import { randomBytes } from "node:crypto";
import type { CallInfo, CallSink, Failure, InputQuery, InputRecord, Progress } from "../../../engine/index.ts";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import { clearInterval, setInterval } from "../../../runtime/timers.ts";
import type { Frame } from "../../../wire/frames.ts";
import { answer } from "../ask.ts";
import type { Connection, Denial, Msg, Subscription } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { FrameBuffer } from "../frames.ts";
import { PREFIX, SOURCES, subjects } from "../names.ts";
import { outputOf, type Refusal, type SourceRequest, ToSource, ToWorker } from "../pairs/index.ts";
import type { Peer } from "../peer.ts";
import type { Catalog } from "../registry/index.ts";
import { SourceCall } from "./call.ts";
import { CallIds } from "./ids.ts";
import { infoOf } from "./info.ts";
import type { Lane } from "./lane.ts";
import { CallMessages, u32 } from "./messages.ts";
import { type Offer, Offers } from "./offers.ts";
import { Places } from "./places.ts";
import { CallRecord, Records } from "./record.ts";
import { Refusals } from "./refusals.ts";
import { type Entry, Unit, type UnitOwner } from "./unit.ts";
import { Workers } from "./workers.ts";

const LOOK_MS = 500;
/** An offer without an answer for so long is lost, or its answer is. */
const OFFER_LOST_MS = 5_000;
/** Calls wait so long for the first worker. */
const NO_WORKER_MS = 30_000;
const KEPT_CALLS = 1_000;
/** Subjects between sources and workers. */
const CALLING = new RegExp(`^${PREFIX}\\.[bpsuw]\\.`);

export interface SourceOptions {
  connection: Connection;
  catalog: Catalog;
  /** Answers what others ask about its calls; undefined for calls that are kept elsewhere. */
  answer?: ((source: Source, question: unknown) => unknown) | undefined;
}

export class Source implements UnitOwner<SourceCall> {
  readonly #random = randomBytes(9).toString("hex");
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #calls = new Map<number, SourceCall>();
  readonly #recent: SourceCall[] = [];
  readonly #units = new Map<string, Unit<SourceCall>>();
  readonly #workers: Workers;
  readonly #offers = new Offers<SourceCall>();
  readonly #messages = new CallMessages();
  readonly #places: Places;
  readonly #answer: SourceOptions["answer"];
  readonly #records = new Records();
  readonly #refusals: Refusals;
  #lastNumber = 0;
  #started: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  readonly #ids = new CallIds();
  #questions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #noWorkersSince: number | undefined;
  readonly #forget: () => void;

  constructor({ connection, catalog, answer }: SourceOptions) {
    this.#answer = answer;
    this.#connection = connection;
    this.#catalog = catalog;
    this.#workers = new Workers({
      connection,
      address: () => this.address,
      onFrame: this.#onFrame,
      onDrain: () => {
        for (const unit of this.#units.values()) unit.roomCame();
      },
      onLost: (peer) => this.#lost(peer),
      onUndelivered: (peer) => this.#undelivered(peer),
    });
    this.#refusals = new Refusals(connection, (unit, failure) => {
      for (const call of [...this.#calls.values()]) {
        if (call.place?.unit.name === unit && call.waiting > 0) call.fail(failure);
      }
    });
    this.#places = new Places(catalog, (name) => this.#unit(name));
    const stop = [
      connection.onReconnect(() => this.#reconnected()),
      connection.onDenied((denial) => this.#denied(denial)),
    ];
    this.#forget = () => {
      for (const each of stop) each();
    };
    catalog.apps.onChange((app) => {
      if (app) this.#appChanged(app);
    });
  }

  /** Its first part is the user: others may not listen there. Final once there is a link. */
  get address(): string {
    return `${this.#connection.user}.${this.#random}`;
  }

  // ---- calls

  /** @param id of a durable call, which has one already */
  open(request: SourceRequest, sink: CallSink, id: string = this.#ids.next()): SourceCall {
    do this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
    while (this.#calls.has(this.#lastNumber));
    const call = new SourceCall({
      id,
      number: this.#lastNumber,
      request,
      sink,
      offers: this.#offers,
      // Requests and responses are not arguments and results, and may be secret.
      record: this.#answer && request.method !== "web" ? new CallRecord(this.#records) : undefined,
      cancelAt: (each, peers, terminate) => this.#messages.cancel(each, peers, terminate),
      grantAt: (each, peers) => this.#messages.grant(each, peers),
      onEnd: (each) => this.#ended(each),
      hold: () => this.#connection.hold(),
      release: () => this.#connection.release(),
    });
    this.#calls.set(call.number, call);
    const place = this.#subscription && this.#places.known(request);
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

  async #place(call: SourceCall, request: SourceRequest): Promise<void> {
    this.#connection.hold();
    try {
      await this.#start();
      const place = this.#places.known(request) ?? (await this.#places.find(request));
      if (!call.over) call.placed(place);
    } catch (error) {
      call.fail(failureOf(error));
    } finally {
      this.#connection.release();
    }
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
    answer(message, this.#connection, { worker: this.address, result });
  }

  async close(): Promise<void> {
    this.#forget();
    clearInterval(this.#timer);
    const error = new EngineUnavailableError(
      `the engine ${this.#connection.address.url} was closed while this was under way`,
    );
    for (const call of [...this.#calls.values()]) call.fail(error);
    for (const unit of this.#units.values()) unit.close();
    this.#workers.flush();
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
      if (nobody) this.#workers.absent(name);
      else {
        this.#noWorkersSince = undefined;
        this.#workers.receive(name, message);
      }
    } else if (kind === "d") {
      if (nobody) this.#workers.undelivered(name);
    } else if (kind === "o") {
      const offer = this.#offers.get(Number(name));
      if (nobody && offer) this.#giveBack(offer);
    } else if (kind === "b" && nobody) this.#noWorkersSince ??= performance.now();
  }

  readonly #onFrame = (frame: Frame, peer: Peer): void => {
    if (frame.type === ToSource.room) {
      this.#units.get(frame.payload.toString())?.opened(peer, frame.index);
      if (frame.index === 0) peer.pair.writer.write(ToWorker.closed, 0, 0, frame.payload);
      return;
    }
    if (frame.type === ToSource.refused) {
      const { unit, failure } = json<Refusal>(frame);
      this.#refusals.note(unit, peer.id, failure);
      return;
    }
    if (frame.type === ToSource.took) {
      this.#offers.took(frame.index, peer, (call) => this.#messages.cancel(call, [peer], false));
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
    this.#messages.write(frames, entries);
    const reply = subjects.source(this.address, `o.${offer.number}`);
    this.#connection.publish(subjects.offers(unit.name), frames.take(), reply);
  }

  /** No worker runs the unit: what was offered waits, and the first worker with room pulls it. */
  #giveBack(offer: Offer<SourceCall>): void {
    for (const { call, index } of offer.entries.toReversed()) call.back(index);
    this.#offers.forget(offer);
    offer.unit.wait();
  }

  awaitPulls(unit: Unit<SourceCall>): Subscription | undefined {
    const onPull = (error: Error | null, message: Msg): void => {
      if (!error) this.#onPull(unit, message);
    };
    return this.#connection.subscribeNow(subjects.pulls(unit.name), onPull, SOURCES);
  }

  #onPull(unit: Unit<SourceCall>, message: Msg): void {
    const { worker, room } = message.json<{ worker: string; room: number }>();
    this.#noWorkersSince = undefined;
    const peer = this.#workers.of(worker);
    // It reads slowly, or what it pulled before is still on its way.
    const entries = peer.pair.heldBack > 0 ? [] : unit.pulled(room);
    this.send(unit.laneTo(peer), entries);
    if (message.reply) this.#connection.publish(message.reply, u32(entries.length));
  }

  send(lane: Lane, entries: Entry<SourceCall>[]): void {
    if (entries.length > 0) lane.peer.doubt();
    for (const { call, index } of entries) call.sentTo(index, lane);
    const { writer } = lane.peer.pair;
    this.#messages.write(writer, entries);
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

  // ---- what gets lost

  #look(): void {
    const now = performance.now();
    this.#workers.look();
    this.#refusals.look(now);
    for (const offer of this.#offers.before(now - OFFER_LOST_MS)) {
      this.#offers.forget(offer);
      for (const { call } of offer.entries) call.lost(offer);
    }
    if (this.#noWorkersSince !== undefined && now - this.#noWorkersSince > NO_WORKER_MS) this.#failWaiting();
  }

  #lost(peer: Peer): void {
    for (const unit of this.#units.values()) unit.forget(peer);
    for (const call of [...this.#calls.values()]) call.lost(peer);
  }

  #undelivered(peer: Peer): void {
    for (const unit of this.#units.values()) unit.forget(peer);
    for (const call of [...this.#calls.values()]) call.undelivered(peer);
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

  /** Nothing of what waits gets to a worker. */
  #denied({ subject, error }: Denial): void {
    if (!CALLING.test(subject)) return;
    for (const call of [...this.#calls.values()]) call.fail(error);
  }

  #reconnected(): void {
    this.#workers.reconnected();
    for (const unit of this.#units.values()) unit.reconnected();
  }
}

function json<T>({ payload }: Frame): T {
  return JSON.parse(payload.toString()) as T;
}
