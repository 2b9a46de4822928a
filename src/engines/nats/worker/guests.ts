/** The sources that have inputs here: what they send, the calls that come with it, and those that are gone. */
import type { Failure, FunctionRef, Progress } from "../../../engine/index.ts";
import type { DeployedFunction, Pools, Version } from "../../../pool/index.ts";
import { CallHeaderReader } from "../../../wire/call-header.ts";
import { type Frame, FrameReader } from "../../../wire/frames.ts";
import { functionNamed } from "../../catalog/index.ts";
import type { Connection, Msg } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { subjects } from "../names.ts";
import { type OfferedCall, TERMINATE, ToSource, ToWorker } from "../pairs/index.ts";
import type { AppName } from "../registry/index.ts";
import type { Deployed } from "./deployed.ts";
import { Guest } from "./guest.ts";
import { GuestCall } from "./guest-call.ts";
import { type Named, namedOf, Tally } from "./metrics.ts";
import type { Units } from "./units.ts";
import { functionsOf, type WorkerVersions } from "./versions.ts";

const PING_MS = 2_000;

export interface GuestsOptions {
  connection: Connection;
  /** Of the worker. */
  id: string;
  versions: WorkerVersions;
  deployed: () => Deployed;
  pools: Pools;
  units: () => Units;
}

/** A call whose version is on its way to this machine. */
interface Arriving {
  id: string;
  header: OfferedCall;
  granted: number;
  inputs: { index: number; payload: Buffer }[];
}

export class Guests {
  readonly #options: GuestsOptions;
  readonly #guests = new Map<string, Guest>();
  readonly #arriving = new Map<Guest, Map<number, Arriving>>();
  readonly #headers = new CallHeaderReader<OfferedCall>((value) => value as OfferedCall);
  readonly #tallies = new Map<string, { named: Named; tally: Tally }>();
  #lastNumber = 0;
  #pingedAt = 0;
  #connectedAt = 0;
  #draining = false;

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  *calls(): Generator<GuestCall, void, undefined> {
    for (const guest of this.#guests.values()) yield* [...guest.calls.values()];
  }

  /** Nothing of theirs is here, or waits for its version. */
  get isIdle(): boolean {
    for (const { calls } of this.#guests.values()) if (calls.size > 0) return false;
    for (const calls of this.#arriving.values()) if (calls.size > 0) return false;
    return true;
  }

  progressOf(id: string): Progress[] {
    return [...this.calls()].flatMap((call) => (call.id === id ? [...call.latest] : []));
  }

  of(address: string): Guest {
    let guest = this.#guests.get(address);
    if (!guest) {
      const { connection, id } = this.#options;
      const to = subjects.source(address, `w.${id}`);
      const reply = subjects.worker(id, `s.${address}`);
      guest = new Guest({
        address,
        send: (message, asks) => connection.publish(to, message, asks === "nothing" ? undefined : reply),
        onFrame: this.#onFrame,
        onProgress: (call, progress) => connection.publish(subjects.progress(call.id), JSON.stringify(progress)),
      });
      this.#guests.set(address, guest);
    }
    return guest;
  }

  // ---- what comes

  /** A message of a source. */
  onMessage(address: string, message: Msg): void {
    if (message.data.length === 0 && message.headers?.code === 503) {
      this.#guests.get(address)?.peer.absent();
      return;
    }
    let guest = this.of(address);
    if (!guest.peer.receive(message.data)) {
      this.#lose(guest);
      guest = this.of(address);
      guest.peer.receive(message.data);
    }
    if (message.reply) guest.peer.pair.answer();
  }

  onOffer(unitName: string, message: Msg): void {
    const unit = this.#options.units().get(unitName);
    const [address, number] = offerOf(message.reply ?? "");
    if (address === undefined || number === undefined) return;
    const guest = this.of(address);
    const stay = this.#draining ? undefined : unit?.stayOf(guest);
    let room = stay?.room ?? 0;
    const returned = new Set<number>();
    const reader = new FrameReader((frame) => {
      if (frame.type !== ToWorker.input || (room > 0 && this.#isHere(guest, frame.call))) {
        if (frame.type === ToWorker.input) room--;
        this.#onFrame(frame, guest);
        return;
      }
      returned.add(frame.call);
      guest.write(ToSource.back, frame.call, frame.index);
    });
    reader.push(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length));
    for (const call of returned) this.#leaveIfEmpty(guest, call);
    if (returned.size > 0) unit?.wanted();
    else unit?.changed();
    guest.took(number, returned.size > 0);
  }

  /** There was no room for any of the call's inputs: its source has no reason to say that it ends. */
  #leaveIfEmpty(guest: Guest, number: number): void {
    guest.calls.get(number)?.leaveIfEmpty();
    const arriving = this.#arriving.get(guest);
    if (arriving?.get(number)?.inputs.length === 0) arriving.delete(number);
  }

  #isHere(guest: Guest, call: number): boolean {
    return guest.calls.has(call) || this.#arriving.get(guest)?.has(call) === true;
  }

  readonly #onFrame = (frame: Frame, guest: Guest): void => {
    const { type, call: number, payload } = frame;
    const call = guest.calls.get(number);
    switch (type) {
      case ToWorker.call:
        // It is said with each group of its inputs.
        if (!this.#isHere(guest, number) && !this.#draining) this.#arrive(guest, number, payload);
        return;
      case ToWorker.closed:
        this.#options.units().get(payload.toString())?.stayOf(guest).closed();
        return;
      case ToWorker.input:
        this.#input(guest, frame);
        return;
      case ToWorker.granted: {
        const total = payload.readUInt32LE(0);
        if (call) call.grant(total);
        const arriving = this.#arriving.get(guest)?.get(number);
        if (arriving) arriving.granted = total;
        return;
      }
      case ToWorker.cancel:
        call?.cancel({ terminate: (frame.flags & TERMINATE) !== 0 });
        this.#arriving.get(guest)?.delete(number);
    }
  };

  #input(guest: Guest, { call: number, index, payload }: Frame): void {
    const call = guest.calls.get(number);
    const arriving = this.#arriving.get(guest)?.get(number);
    if (call && !this.#draining) call.input(index, payload);
    else if (arriving && !this.#draining) arriving.inputs.push({ index, payload });
    // It was on its way when this worker was told to stop, or when all others of its call here had their outcomes: a large input
    // comes later than the call's header before it.
    else guest.write(ToSource.back, number, index);
  }

  // ---- calls

  /** A call comes to this worker. */
  #arrive(guest: Guest, number: number, payload: Buffer): void {
    const { versions, deployed } = this.#options;
    const { id, rest: header } = this.#headers.read(payload);
    const ref = header.function as FunctionRef & { version: number };
    const isAhead = versions.isAhead(ref);
    const version = versions.known(ref);
    if (version && !isAhead) {
      this.#take(guest, number, { id, header, version });
      return;
    }
    const arriving: Arriving = { id, header, granted: 0, inputs: [] };
    const calls = this.#arriving.get(guest) ?? new Map<number, Arriving>();
    this.#arriving.set(guest, calls);
    calls.set(number, arriving);
    // The caller may know of a deploy before this worker does.
    const loading = isAhead
      ? deployed()
          .refresh(ref)
          .then(() => versions.load(ref))
      : versions.load(ref);
    loading.then(
      (loaded) => {
        if (calls.get(number) !== arriving) return;
        calls.delete(number);
        const call = this.#take(guest, number, { id, header, version: loaded });
        if (arriving.granted > 0) call?.grant(arriving.granted);
        for (const input of arriving.inputs) call?.input(input.index, input.payload);
      },
      (error) => {
        if (calls.delete(number)) guest.json(ToSource.failed, number, failureOf(error, "worker"));
      },
    );
  }

  #take(
    guest: Guest,
    sourceNumber: number,
    { id, header, version }: { id: string; header: OfferedCall; version: Version },
  ): GuestCall | undefined {
    const { name, instance } = header.function;
    try {
      const schema = functionNamed(name, { manifest: version.manifest, functions: functionsOf(version) });
      const fn = { version, schema };
      const pool = this.#options.pools.of(fn, instance);
      const stay = this.#options.units().open(pool).stayOf(guest);
      this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
      const tally = this.#tallyOf(fn);
      const call = new GuestCall({ number: this.#lastNumber, id, header, fn, pool, stay, guest, tally, sourceNumber });
      guest.add(sourceNumber, call);
      return call;
    } catch (error) {
      guest.json(ToSource.failed, sourceNumber, failureOf(error, "worker"));
      return undefined;
    }
  }

  /** Inputs that have ended here. */
  get ended(): Iterable<{ named: Named; tally: Tally }> {
    return this.#tallies.values();
  }

  #tallyOf({ version, schema }: DeployedFunction): Tally {
    const named = namedOf({ version, name: schema.class ?? schema.name });
    const key = JSON.stringify(named);
    let known = this.#tallies.get(key);
    if (!known) {
      known = { named, tally: new Tally() };
      this.#tallies.set(key, known);
    }
    return known.tally;
  }

  /** The app is removed: its calls end. */
  removed({ app, environment }: AppName): void {
    const reason: Failure = { code: "CANCELLED", message: `app ${app} (${environment}) was removed` };
    for (const call of this.calls()) {
      const { version } = call.fn;
      if (version.app === app && version.environment === environment) call.fail(reason);
    }
  }

  // ---- what gets lost

  look(): void {
    const now = performance.now();
    const ping = now - this.#pingedAt > PING_MS;
    if (ping) this.#pingedAt = now;
    for (const guest of [...this.#guests.values()]) {
      if (guest.peer.isLost(this.#connectedAt)) this.#lose(guest);
      else if (guest.calls.size > 0 ? ping || guest.peer.isAbsent : guest.peer.isIdle(now)) guest.peer.ping();
    }
  }

  #lose(guest: Guest): void {
    this.#guests.delete(guest.address);
    this.#arriving.delete(guest);
    guest.close();
    this.#options.units().forget(guest);
  }

  reconnected(): void {
    this.#connectedAt = performance.now();
    for (const { peer } of this.#guests.values()) peer.pair.resume();
  }

  // ---- the end

  /** Offers are not taken any more. */
  drain(): void {
    this.#draining = true;
  }

  close(): void {
    for (const { peer } of this.#guests.values()) peer.pair.writer.flush();
    for (const guest of this.#guests.values()) guest.close();
  }
}

/** The source's address and the offer's number, from the subject for answers. */
function offerOf(reply: string): [string, number] | [] {
  const [, , user, random, , number] = reply.split(".");
  return user === undefined || random === undefined || number === undefined
    ? []
    : [`${user}.${random}`, Number(number)];
}
