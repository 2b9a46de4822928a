/** One machine's share of the work: takes inputs from sources all over the cluster and runs them in containers. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AutoscalerSettings, Failure, FunctionRef, LogEntry, OpenCall, Progress } from "../../../engine/index.ts";
import {
  type ContainerOutput,
  deployedSettings,
  mergeSettings,
  NodeLauncher,
  type Pool,
  type PoolLog,
  Pools,
  Processes,
  Schedules,
  type Settings,
  type Version,
  type Workload,
  workloadKey,
  workloadOf,
} from "../../../pool/index.ts";
import { errorToFailure, FarcallError, InternalFailure, InvalidError } from "../../../runtime/errors.ts";
import { packageVersion } from "../../../text/index.ts";
import { CallHeaderReader } from "../../../wire/call-header.ts";
import { type Frame, FrameReader } from "../../../wire/frames.ts";
import { functionNamed } from "../../catalog/index.ts";
import { ask } from "../ask.ts";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { CallStore, OpenedCall } from "../durable/index.ts";
import { fromToken, subjects, WORKERS } from "../names.ts";
import { type OfferedCall, TERMINATE, ToSource, ToWorker } from "../pairs/index.ts";
import type { AppName, Catalog, Overrides } from "../registry/index.ts";
import type { WorkerReport, WorkerStats } from "../reports.ts";
import { newCallId, Source } from "../source/index.ts";
import { unitOf } from "../unit.ts";
import { type Bell, Bells } from "./bells.ts";
import { Deployed } from "./deployed.ts";
import { Guest } from "./guest.ts";
import { GuestCall } from "./guest-call.ts";
import { Homes } from "./homes.ts";
import { aboutThisProcess, Roster } from "./roster.ts";
import { Sweeper } from "./sweeper.ts";
import { WorkerUnit } from "./unit.ts";
import { WorkerVersions } from "./versions.ts";

const FARCALL_VERSION = packageVersion();
/** Inputs that may wait here for others of their key, so that those behind them can overtake. */
const COUNTED_AHEAD = 1_000;
const LOOK_MS = 500;
const PING_MS = 2_000;

export interface WorkerOptions {
  connection: Connection;
  catalog: Catalog;
  overrides: Overrides;
  /** Absolute folder for the code of apps. */
  folder: string;
  /** Environment variables of every container, besides those that farcall sets. */
  env: Readonly<Record<string, string>>;
  labels: readonly string[];
  /** Writes a line for whoever operates the worker. */
  log(line: string): void;
}

interface ScaleQuestion {
  ref: FunctionRef;
  settings: AutoscalerSettings;
}

/** A call whose version is on its way to this machine. */
interface Arriving {
  id: string;
  header: OfferedCall;
  granted: number;
  inputs: { index: number; payload: Buffer }[];
}

export class Worker {
  readonly id: string = randomBytes(9).toString("hex");
  readonly #options: WorkerOptions;
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #versions: WorkerVersions;
  readonly #processes: Processes;
  readonly #pools: Pools;
  readonly #deployed: Deployed;
  readonly #guests = new Map<string, Guest>();
  readonly #arriving = new Map<Guest, Map<number, Arriving>>();
  readonly #units = new Map<string, WorkerUnit>();
  readonly #unitPools = new Map<string, Pool>();
  /** Subscriptions to offers, by unit. */
  readonly #groups = new Map<string, Subscription>();
  readonly #bells = new Bells();
  readonly #roster: Roster;
  readonly #about = aboutThisProcess();
  readonly #headers = new CallHeaderReader<OfferedCall>((value) => value as OfferedCall);
  readonly #source: Source;
  readonly #homes: Homes;
  readonly #schedules: Schedules;
  readonly #sweeper: Sweeper;
  #subscriptions: Subscription[] = [];
  #lastNumber = 0;
  #timer: NodeJS.Timeout | undefined;
  #pingedAt = 0;
  #connectedAt = 0;
  #draining = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#catalog = options.catalog;
    this.#versions = new WorkerVersions(
      options.connection,
      options.catalog,
      options.overrides,
      join(options.folder, "apps"),
    );
    this.#source = new Source({ connection: options.connection, catalog: options.catalog });
    this.#homes = new Homes({ connection: options.connection, source: this.#source, log: options.log });
    const store = new CallStore(options.connection);
    this.#schedules = new Schedules({
      versions: this.#versions,
      run: (ref, key, payload) => this.#spawn(store, ref, key, payload),
      warn: options.log,
    });
    this.#sweeper = new Sweeper({ store, isOff: () => !this.#roster.isFirst, log: options.log });
    this.#roster = new Roster(
      options.connection,
      () => this.#report(),
      () => this.#rosterChanged(),
    );
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#processes = new Processes({ folder: options.folder, env: options.env, log: this.#poolLog });
    this.#pools = new Pools({
      versions: this.#versions,
      launchers: {
        typescript: new NodeLauncher(this.#processes, {
          compileCache: process.env["NODE_COMPILE_CACHE"] || join(options.folder, "compile-cache"),
        }),
      },
      engineUrl: options.connection.address.url,
      log: this.#poolLog,
      onIdle: () => this.#syncGroups(),
    });
    this.#deployed = new Deployed({
      connection: options.connection,
      catalog: options.catalog,
      versions: this.#versions,
      apply: (version) => this.#apply(version),
      removed: (app) => this.#removed(app),
      settled: () => this.#settled(),
      log: options.log,
    });
  }

  readonly #poolLog: PoolLog = {
    output: (output) => this.#onOutput(output),
    problem: (what, error) =>
      this.#options.log(error === undefined ? what : `${what}: ${(error as Error).stack ?? error}`),
  };

  async start(): Promise<void> {
    this.#connection.hold();
    this.#connection.onReconnect(() => this.#reconnected());
    await this.#subscribe();
    this.#roster.start(await ask<WorkerReport>(this.#connection, "workers", {}, { but: this.id }));
    await this.#deployed.start();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    await this.#homes.start();
    this.#sweeper.start();
  }

  async #subscribe(): Promise<void> {
    const own = subjects.worker(this.id, "");
    const subscribe = async (subject: string, listener: (message: Msg) => void, queue?: string): Promise<void> => {
      const callback = (error: Error | null, message: Msg): void => {
        try {
          if (!error) listener(message);
        } catch (thrown) {
          this.#options.log(`a message on ${message.subject} is invalid: ${(thrown as Error).message}`);
        }
      };
      this.#subscriptions.push(await this.#connection.subscribe(subject, callback, queue));
    };
    await subscribe(`${own}>`, (message) => this.#onMessage(message.subject.slice(own.length), message));
    await subscribe(subjects.report, (message) => this.#roster.onReport(message));
    await subscribe(subjects.ask("workers"), (message) => void this.#answer(message, async () => this.#report()));
    await subscribe(subjects.bells, (message) => this.#onBell(message));
    await subscribe(
      subjects.ask("stats"),
      (message) => void this.#answer(message, (ref: FunctionRef) => this.#stats(ref)),
    );
    await subscribe(
      subjects.ask("progress"),
      (message) => void this.#answer(message, async ({ id }: { id: string }) => this.#progressOf(id)),
    );
    await subscribe(
      subjects.ask("autoscale"),
      (message) => void this.#answer(message, (asked: ScaleQuestion) => this.#updateAutoscaler(asked)),
      WORKERS,
    );
  }

  // ---- the share of this worker

  #report(): WorkerReport {
    let inputs = 0;
    for (const unit of this.#units.values()) inputs += unit.held;
    return {
      id: this.id,
      ...this.#about,
      version: FARCALL_VERSION,
      labels: [...this.#options.labels],
      containers: [...this.#pools.containers()].length,
      inputs,
      draining: this.#draining,
    };
  }

  #rosterChanged(): void {
    for (const pool of this.#pools.all()) this.#configure(pool);
    for (const unit of this.#units.values()) unit.grown();
  }

  /** Of all that is wanted of a workload, what this worker is to have. */
  #shareOf(workload: Workload, unit: string): Settings {
    const { version, options } = workload;
    const overrides = this.#versions.isNewest(version) ? this.#versions.autoscaler(version, workloadKey(workload)) : {};
    const settings = { ...deployedSettings(options), ...overrides };
    // Limits by key and in time are counted by whoever runs the function, so one worker has all of it.
    if (isCounted(options)) {
      return this.#roster.owns(functionNameOf(workload))
        ? settings
        : { ...settings, minContainers: 0, bufferContainers: 0, maxContainers: 0 };
    }
    // Without a limit, each machine runs as many as it has cores.
    const isLimited = options.maxContainers > 0 || overrides.maxContainers !== undefined;
    return {
      ...settings,
      minContainers: this.#roster.share(settings.minContainers, unit),
      bufferContainers: this.#roster.share(settings.bufferContainers, unit),
      maxContainers: isLimited ? this.#roster.share(settings.maxContainers, unit) : settings.maxContainers,
    };
  }

  #configure(pool: Pool): void {
    const unit = unitNameOf(pool.workload);
    const share = this.#shareOf(pool.workload, unit);
    // What it has already it also runs.
    const held = this.#units.get(unit)?.held ?? 0;
    pool.configure(held > 0 ? { ...share, maxContainers: Math.max(1, share.maxContainers) } : share);
  }

  // ---- what is deployed

  #apply(version: Version): void {
    this.#pools.deployed(version);
    // Before what is new has begun to start containers.
    for (const pool of this.#pools.all()) {
      const { app, environment } = pool.workload.version;
      if (app === version.app && environment === version.environment && !pool.replaced) this.#configure(pool);
    }
    this.#warm(version);
  }

  /** Containers that updateAutoscaler wants before anybody calls. */
  #warm(version: Version): void {
    const overrides = this.#versions.settingsOf(version);
    for (const schema of version.manifest.functions) {
      const { minContainers = 0 } = overrides[schema.name] ?? {};
      if (schema.class === undefined && minContainers > 0) this.#configure(this.#pools.of({ version, schema }));
    }
  }

  async #settled(): Promise<void> {
    this.#syncGroups();
    for (const unit of this.#units.values()) unit.grown();
    await this.#schedules.refresh();
  }

  /** Every worker does this at the same time, and the key makes one call of it. */
  async #spawn(store: CallStore, ref: FunctionRef, key: string, payload: Uint8Array): Promise<void> {
    const request: OpenCall = { function: ref, method: "spawn", durable: true, idempotencyKey: key };
    const call = new OpenedCall({
      connection: this.#connection,
      store,
      id: newCallId(),
      request,
      sink: { output() {}, failed() {} },
      find: () => this.#catalog.callee(request),
      onEnd() {},
    });
    call.put(0, payload);
    const accepted = call.end();
    call.detach();
    await accepted;
  }

  #removed({ app, environment }: AppName): void {
    const reason: Failure = { code: "CANCELLED", message: `app ${app} (${environment}) was removed` };
    for (const call of this.#calls()) {
      const { version } = call.fn;
      if (version.app === app && version.environment === environment) call.fail(reason);
    }
    this.#pools.removed({ app, environment });
  }

  // ---- inputs

  /** @param rest of the subject */
  #onMessage(rest: string, message: Msg): void {
    const kind = rest.slice(0, 1);
    const name = rest.slice(2);
    const nobody = message.data.length === 0 && message.headers?.code === 503;
    if (kind === "p") {
      const unit = this.#units.get(name);
      unit?.pulled(nobody ? undefined : Buffer.from(message.data).readUInt32LE(0));
      // Nothing of it is here, and nobody waits for it.
      if (nobody && unit?.held === 0 && !this.#groups.has(name)) this.#units.delete(name);
    } else if (nobody) this.#guests.get(name)?.peer.absent();
    else this.#receive(name, message);
  }

  #receive(address: string, message: Msg): void {
    let guest = this.#guest(address);
    if (!guest.peer.receive(message.data)) {
      this.#lose(guest);
      guest = this.#guest(address);
      guest.peer.receive(message.data);
    }
    if (message.reply) guest.peer.pair.answer();
  }

  #guest(address: string): Guest {
    let guest = this.#guests.get(address);
    if (!guest) {
      const to = subjects.source(address, `w.${this.id}`);
      const reply = subjects.worker(this.id, `s.${address}`);
      guest = new Guest({
        address,
        send: (message, wantsReply) => this.#connection.publish(to, message, wantsReply ? reply : undefined),
        onFrame: this.#onFrame,
        onProgress: ({ id }, progress) => this.#connection.publish(subjects.progress(id), JSON.stringify(progress)),
      });
      this.#guests.set(address, guest);
    }
    return guest;
  }

  readonly #onFrame = (frame: Frame, guest: Guest): void => {
    const { type, call: number, payload } = frame;
    const call = guest.calls.get(number);
    switch (type) {
      case ToWorker.call:
        if (!call) this.#arrive(guest, number, payload);
        return;
      case ToWorker.input:
        if (call) call.input(frame.index, payload);
        else this.#arriving.get(guest)?.get(number)?.inputs.push({ index: frame.index, payload });
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

  /** A call comes to this worker. */
  #arrive(guest: Guest, number: number, payload: Buffer): void {
    const { id, rest: header } = this.#headers.read(payload);
    const ref = header.function as FunctionRef & { version: number };
    const isAhead = this.#versions.isAhead(ref);
    const version = this.#versions.known(ref);
    if (version && !isAhead) {
      this.#take(guest, number, { id, header, version });
      return;
    }
    const arriving: Arriving = { id, header, granted: 0, inputs: [] };
    const calls = this.#arriving.get(guest) ?? new Map<number, Arriving>();
    this.#arriving.set(guest, calls);
    calls.set(number, arriving);
    // Whoever calls may have heard of a deploy before this worker.
    const loading = isAhead
      ? this.#deployed.refresh(ref).then(() => this.#versions.load(ref))
      : this.#versions.load(ref);
    loading.then(
      (loaded) => {
        if (calls.get(number) !== arriving) return;
        calls.delete(number);
        const call = this.#take(guest, number, { id, header, version: loaded });
        if (arriving.granted > 0) call?.grant(arriving.granted);
        for (const input of arriving.inputs) call?.input(input.index, input.payload);
      },
      (error) => {
        if (calls.delete(number)) guest.json(ToSource.failed, number, failureOf(error));
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
      const pool = this.#pools.of(fn, instance);
      const { app, environment } = version;
      const unitName = unitOf({ app, environment, version: version.version, schema, instance });
      const unit = this.#unit(unitName, pool.workload);
      if (this.#unitPools.get(unitName) !== pool) {
        this.#unitPools.set(unitName, pool);
        this.#configure(pool);
      }
      this.#join(unitName);
      this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
      const call = new GuestCall({ number: this.#lastNumber, id, header, fn, pool, unit, guest, sourceNumber });
      guest.add(sourceNumber, call);
      return call;
    } catch (error) {
      guest.json(ToSource.failed, sourceNumber, failureOf(error));
      return undefined;
    }
  }

  #unit(name: string, workload: Workload): WorkerUnit {
    let unit = this.#units.get(name);
    if (!unit) {
      const { concurrency, batch } = workload.options;
      unit = new WorkerUnit(
        {
          name,
          pool: () => this.#poolState(name, workload),
          pull: (each, room) => this.#pull(each, room),
        },
        concurrency.maxInputs * (batch?.maxSize ?? 1),
        isCounted(workload.options) ? COUNTED_AHEAD : 0,
      );
      this.#units.set(name, unit);
    }
    return unit;
  }

  #poolState(name: string, workload: Workload) {
    const pool = this.#unitPools.get(name);
    let ready = 0;
    if (pool) for (const { state } of pool.containers) if (state === "ready") ready++;
    return { maxContainers: this.#shareOf(workload, name).maxContainers, ready, paceMs: pool?.paceMs };
  }

  #onOffer(unitName: string, message: Msg): void {
    const unit = this.#units.get(unitName);
    const [address, number] = offerOf(message.reply ?? "");
    if (address === undefined || number === undefined) return;
    const guest = this.#guest(address);
    let room = unit && !this.#draining ? unit.room : 0;
    let returned = false;
    const reader = new FrameReader((frame) => {
      if (frame.type !== ToWorker.input || (room > 0 && this.#isHere(guest, frame.call))) {
        if (frame.type === ToWorker.input) room--;
        this.#onFrame(frame, guest);
        return;
      }
      returned = true;
      guest.write(ToSource.back, frame.call, frame.index);
    });
    reader.push(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length));
    if (returned) unit?.wanted();
    guest.took(number, returned);
  }

  #isHere(guest: Guest, call: number): boolean {
    return guest.calls.has(call) || this.#arriving.get(guest)?.has(call) === true;
  }

  // ---- sources that wait

  #onBell(message: Msg): void {
    const name = message.subject.slice(subjects.bell("").length);
    const bell = message.json<Bell>();
    this.#bells.ring(name, bell);
    if (bell.waiting > 0 && !this.#draining) void this.#wanted(name);
  }

  async #wanted(name: string): Promise<void> {
    let unit = this.#units.get(name);
    if (!unit) {
      try {
        unit = await this.#unitNamed(name);
      } catch (error) {
        // The callers have the version that they ask for from the same registry.
        this.#options.log(`${name} cannot be run here: ${(error as Error).message}`);
        return;
      }
    }
    unit.wanted();
  }

  /** From the parts of its name: what is not known of an instance is not needed to make room for it. */
  async #unitNamed(unit: string): Promise<WorkerUnit> {
    const [environment = "", app = "", name = "", number] = unit.split(".").map(fromToken);
    const version = await this.#versions.load({ app, environment, version: Number(number) });
    const schema = version.manifest.functions.find((each) => (each.class ?? each.name) === name);
    if (!schema) throw new InvalidError(`app ${app} has no function ${name}`);
    return this.#unit(unit, workloadOf({ version, schema }));
  }

  #pull(unit: WorkerUnit, room: number): void {
    this.#connection.publish(
      subjects.pulls(unit.name),
      JSON.stringify({ worker: this.id, room }),
      subjects.worker(this.id, `p.${unit.name}`),
    );
  }

  // ---- offers come to workers that have containers

  #join(name: string): void {
    if (this.#groups.has(name) || this.#draining) return;
    const subscription = this.#connection.current?.nc.subscribe(subjects.offers(name), {
      queue: WORKERS,
      callback: (error, message) => {
        try {
          if (!error) this.#onOffer(name, message);
        } catch (thrown) {
          this.#options.log(`an offer of ${name} is invalid: ${(thrown as Error).message}`);
        }
      },
    });
    if (subscription) this.#groups.set(name, subscription);
  }

  #leave(name: string): void {
    this.#groups
      .get(name)
      ?.drain()
      .catch(() => {});
    this.#groups.delete(name);
  }

  #syncGroups(): void {
    const names = new Set<string>();
    for (const pool of this.#pools.all()) {
      if (pool.containers.size === 0) continue;
      const name = unitNameOf(pool.workload);
      names.add(name);
      this.#unit(name, pool.workload);
      this.#unitPools.set(name, pool);
      this.#join(name);
    }
    for (const name of [...this.#groups.keys()]) {
      if (names.has(name) || (this.#units.get(name)?.held ?? 0) > 0) continue;
      this.#leave(name);
      this.#units.get(name)?.close();
      this.#units.delete(name);
      this.#unitPools.delete(name);
    }
  }

  // ---- questions

  async #answer<T>(message: Msg, answer: (asked: T) => Promise<unknown>): Promise<void> {
    try {
      message.respond(JSON.stringify({ worker: this.id, result: await answer(message.json<T>()) }));
    } catch (error) {
      message.respond(JSON.stringify({ worker: this.id, failure: failureOf(error) }));
    }
  }

  async #stats(ref: FunctionRef): Promise<WorkerStats> {
    const version = await this.#versionOf(ref);
    const schema = functionNamed(ref.name, { manifest: version.manifest, functions: functionsOf(version) });
    const stats = this.#pools.stats({ version, schema }, ref);
    return {
      ...stats,
      waiting: this.#bells.waiting(unitOf({ ...ref, version: 0, schema, instance: ref.instance }), ref),
    };
  }

  #progressOf(id: string): Progress[] {
    return [...this.#calls()].flatMap((call) => (call.id === id ? [...call.latest] : []));
  }

  async #versionOf(ref: FunctionRef): Promise<Version> {
    const { app, environment } = ref;
    const { version } = await this.#catalog.version(ref);
    return this.#versions.load({ app, environment, version });
  }

  async #updateAutoscaler({ ref, settings }: ScaleQuestion): Promise<null> {
    const version = await this.#versionOf(ref);
    const schema = functionNamed(ref.name, { manifest: version.manifest, functions: functionsOf(version) });
    if (schema.class !== undefined && ref.instance === undefined) {
      throw new InvalidError(`${schema.name} is a method: its containers are those of an instance`, {
        hint: `Update it through an instance: new ${schema.class}(…)${schema.name.slice(schema.class.length)}.updateAutoscaler({ … }).`,
      });
    }
    const workload = workloadOf({ version, schema }, ref.instance);
    const app = await this.#catalog.apps.fresh(version);
    if (!app) throw new InternalFailure(`app ${version.app} has no value`);
    await this.#options.overrides.set(app, workloadKey(workload), (current) => {
      mergeSettings({ ...deployedSettings(workload.options), ...current }, settings, workload);
      return { ...current, ...settings };
    });
    await this.#deployed.refresh(version);
    return null;
  }

  // ---- what gets lost

  #look(): void {
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
  }

  #reconnected(): void {
    this.#connectedAt = performance.now();
    for (const { peer } of this.#guests.values()) peer.pair.resume();
  }

  *#calls(): Generator<GuestCall, void, undefined> {
    for (const guest of this.#guests.values()) yield* [...guest.calls.values()];
  }

  // ---- the end

  /** Takes nothing more, and resolves once what it has is done, or after a time. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    this.#schedules.close();
    this.#roster.report();
    await this.#homes.stop();
    for (const name of [...this.#groups.keys()]) this.#leave(name);
    for (const unit of this.#units.values()) unit.close();
    const until = performance.now() + limitMs;
    while (performance.now() < until && !this.#calls().next().done)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async stop(): Promise<void> {
    this.#draining = true;
    this.#schedules.close();
    this.#deployed.stop();
    this.#sweeper.stop();
    await this.#homes.stop();
    await this.#source.close();
    clearInterval(this.#timer);
    this.#roster.stop();
    for (const subscription of [...this.#subscriptions, ...this.#groups.values()]) subscription.unsubscribe();
    for (const unit of this.#units.values()) unit.close();
    for (const { peer } of this.#guests.values()) peer.pair.writer.flush();
    for (const guest of this.#guests.values()) guest.close();
    this.#pools.close(true);
    await this.#processes.ended();
    this.#connection.release();
    await this.#connection.close();
  }

  #onOutput({ workload: { version, name }, container, stream, text, call, index }: ContainerOutput): void {
    const { app, environment } = version;
    const place = { app, environment, function: call?.fn.schema.name ?? name, ...(call && { callId: call.id }) };
    const entry: Omit<LogEntry, "sequence"> = {
      ...place,
      time: new Date().toISOString(),
      container,
      ...(call && index !== undefined && { inputIndex: index }),
      stream,
      text,
    };
    // Not waited for: a function that prints much should not be slower for it.
    this.#connection.publish(subjects.log(place), JSON.stringify(entry));
    if (stream === "system") this.#options.log(`${app}/${name} ${container}: ${text.trimEnd()}`);
  }
}

const functionMaps = new WeakMap<Version, ReadonlyMap<string, Version["manifest"]["functions"][number]>>();

function functionsOf(version: Version): ReadonlyMap<string, Version["manifest"]["functions"][number]> {
  let functions = functionMaps.get(version);
  if (!functions) {
    functions = new Map(version.manifest.functions.map((schema) => [schema.name, schema]));
    functionMaps.set(version, functions);
  }
  return functions;
}

function unitNameOf({ version, name, instance }: Workload): string {
  const { app, environment } = version;
  return unitOf({
    app,
    environment,
    version: version.version,
    schema: { name },
    instance: instance === "" ? undefined : instance,
  });
}

function isCounted({ concurrency, limit }: Workload["options"]): boolean {
  return concurrency.key !== undefined || limit !== undefined;
}

/** Whatever the version: old and new are counted together. */
function functionNameOf({ version, name }: Workload): string {
  return JSON.stringify([version.environment, version.app, name]);
}

/** The source's address and the offer's number, from the subject for answers. */
function offerOf(reply: string): [string, number] | [] {
  const [, , user, random, , number] = reply.split(".");
  return user === undefined || random === undefined || number === undefined
    ? []
    : [`${user}.${random}`, Number(number)];
}

function failureOf(error: unknown): Failure {
  if (error instanceof FarcallError) return errorToFailure(error);
  return errorToFailure(new InternalFailure(`the worker failed: ${(error as Error).message}`));
}
