/** One machine's share of the work: takes inputs from sources all over the cluster and runs them in containers. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FunctionRef, LogEntry, OpenCall, WorkerReport } from "../../../engine/index.ts";
import {
  type ContainerOutput,
  NodeLauncher,
  type PoolLog,
  Pools,
  Processes,
  type RoomLimits,
  Schedules,
  type Version,
  workloadOf,
} from "../../../pool/index.ts";
import type { FarcallError } from "../../../runtime/errors.ts";
import { packageVersion } from "../../../text/index.ts";
import { ask } from "../ask.ts";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { CallStore, OpenedCall } from "../durable/index.ts";
import { subjects } from "../names.ts";
import type { AppName, Catalog, Overrides } from "../registry/index.ts";
import { newCallId, Source } from "../source/index.ts";
import { Deployed } from "./deployed.ts";
import { Guests } from "./guests.ts";
import { Homes } from "./homes.ts";
import { namedOf, type WorkerFigures } from "./metrics.ts";
import { Packages } from "./packages.ts";
import { Questions } from "./questions.ts";
import { aboutThisProcess, Roster } from "./roster.ts";
import { isCounted, Shares } from "./shares.ts";
import { Sweeper } from "./sweeper.ts";
import { Units } from "./units.ts";
import { WorkerVersions } from "./versions.ts";
import { WebPort, type WebPortSettings } from "./web-port.ts";

const FARCALL_VERSION = packageVersion();
const LOOK_MS = 500;

export interface WorkerOptions {
  connection: Connection;
  catalog: Catalog;
  overrides: Overrides;
  /** Absolute folder for the code of apps. */
  folder: string;
  /** Environment variables of every container, besides those that farcall sets. */
  env: Readonly<Record<string, string>>;
  labels: readonly string[];
  /** Public keys of those whose deploys are run; undefined for everybody's. */
  signers: readonly string[] | undefined;
  limits: RoomLimits;
  /** Absent: requests for web functions are not taken here. */
  web: WebPortSettings | undefined;
  /** Writes a line for the worker's operator. */
  log(line: string): void;
}

export class Worker {
  readonly id: string = randomBytes(9).toString("hex");
  readonly #options: WorkerOptions;
  readonly #connection: Connection;
  readonly #versions: WorkerVersions;
  readonly #processes: Processes;
  readonly #pools: Pools;
  readonly #deployed: Deployed;
  readonly #units: Units;
  readonly #guests: Guests;
  readonly #questions: Questions;
  readonly #roster: Roster;
  readonly #about = aboutThisProcess();
  readonly #source: Source;
  readonly #homes: Homes;
  readonly #schedules: Schedules;
  readonly #sweeper: Sweeper;
  readonly #shares: Shares;
  readonly #web: WebPort | undefined;
  #subscriptions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #draining = false;

  constructor(options: WorkerOptions) {
    const { connection, catalog, overrides, folder, log } = options;
    const { id } = this;
    this.#options = options;
    this.#connection = connection;
    this.#source = new Source({ connection, catalog });
    this.#web = options.web && new WebPort({ connection, catalog, ...options.web });
    this.#homes = new Homes({ connection, source: this.#source, log });
    this.#roster = new Roster(
      connection,
      () => this.#report(),
      () => this.#units.reconfigure(),
    );
    this.#versions = new WorkerVersions({
      connection,
      catalog,
      overrides,
      folder: join(folder, "apps"),
      signers: options.signers,
      packages: new Packages(join(folder, "packages"), log),
    });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#processes = new Processes({ folder, env: options.env, log: this.#poolLog });
    this.#pools = new Pools({
      versions: this.#versions,
      launchers: {
        typescript: new NodeLauncher(this.#processes, {
          compileCache: process.env["NODE_COMPILE_CACHE"] || join(folder, "compile-cache"),
        }),
      },
      engineUrl: connection.address.url,
      log: this.#poolLog,
      limits: options.limits,
      onIdle: () => this.#units.sync(),
    });
    const shares = new Shares(this.#roster, this.#versions);
    this.#shares = shares;
    this.#guests = new Guests({
      connection,
      id,
      versions: this.#versions,
      deployed: () => this.#deployed,
      pools: this.#pools,
      units: () => this.#units,
    });
    this.#units = new Units({
      connection,
      versions: this.#versions,
      pools: this.#pools,
      id,
      shareOf: (workload) => shares.of(workload),
      isCounted: ({ options: wanted }) => isCounted(wanted),
      guest: (address) => this.#guests.of(address),
      onOffer: (unit, message) => this.#guests.onOffer(unit, message),
      log,
    });
    const store = new CallStore(connection);
    this.#schedules = new Schedules({
      versions: this.#versions,
      run: (ref, key, payload) => this.#spawn(store, ref, key, payload),
      now: () => connection.now(),
      warn: log,
    });
    this.#sweeper = new Sweeper({ store, isOff: () => !this.#roster.isFirst, now: () => connection.now(), log });
    this.#deployed = new Deployed({
      connection,
      catalog,
      versions: this.#versions,
      apply: (version) => this.#apply(version),
      removed: (app) => this.#removed(app),
      settled: () => this.#settled(),
      log,
    });
    this.#questions = new Questions({
      connection,
      id,
      catalog,
      overrides,
      versions: this.#versions,
      deployed: this.#deployed,
      pools: this.#pools,
      units: this.#units,
      guests: this.#guests,
      report: () => this.#report(),
      problemOf: (workload) => shares.problemOf(workload),
      publicUrl: options.web?.publicUrl?.href,
    });
  }

  readonly #poolLog: PoolLog = {
    output: (output) => this.#onOutput(output),
    problem: (what, error) =>
      this.#options.log(error === undefined ? what : `${what}: ${(error as Error).stack ?? error}`),
  };

  async start(): Promise<void> {
    this.#connection.hold();
    this.#connection.onReconnect(() => this.#guests.reconnected());
    let denied: FarcallError | undefined;
    this.#connection.onDenied(({ error }) => {
      denied ??= error;
      this.#options.log(error.message);
    });
    await this.#subscribe();
    await this.#connection.ask(({ nc }) => nc.flush());
    if (denied) throw denied;
    this.#roster.start(await ask<WorkerReport>(this.#connection, "workers", {}, { but: this.id }));
    await this.#deployed.start();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    await this.#homes.start();
    await this.#web?.start();
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
    await subscribe(subjects.bells, (message) => this.#units.onBell(message));
    await this.#questions.listen(subscribe);
  }

  /** @param rest of the subject: `p.<unit>` for answers to pulls, `s.<source>` for frames */
  #onMessage(rest: string, message: Msg): void {
    const name = rest.slice(2);
    if (!rest.startsWith("p")) {
      this.#guests.onMessage(name, message);
      return;
    }
    const nobody = message.data.length === 0 && message.headers?.code === 503;
    this.#units.onPulled(name, nobody ? undefined : Buffer.from(message.data).readUInt32LE(0));
  }

  #look(): void {
    this.#guests.look();
    // An input that runs for long makes its function one of long inputs.
    this.#units.grown();
  }

  #report(): WorkerReport {
    const { maxContainers, memoryMiB } = this.#options.limits;
    const publicUrl = this.#options.web?.publicUrl;
    return {
      id: this.id,
      ...this.#about,
      version: FARCALL_VERSION,
      labels: [...this.#options.labels],
      containers: [...this.#pools.containers()].length,
      ...(maxContainers !== undefined && { maxContainers }),
      usedMemoryMiB: this.#pools.room.usedMemoryMiB,
      ...(memoryMiB !== undefined && { memoryMiB }),
      inputs: this.#units.held,
      ...(publicUrl && { publicUrl: publicUrl.href }),
      draining: this.#draining,
    };
  }

  get figures(): WorkerFigures {
    return {
      report: this.#report(),
      connected: this.#connection.isHeard,
      workers: this.#roster.size,
      homes: this.#homes.size,
      pools: Array.from(this.#pools.all(), (pool) => ({ named: namedOf(pool.workload), stats: pool.stats() })),
      waiting: this.#units.waiting(),
      ended: this.#guests.ended,
    };
  }

  // ---- what is deployed

  #apply(version: Version): void {
    this.#pools.deployed(version);
    // Before what is new has begun to start containers.
    for (const pool of this.#pools.all()) {
      const { app, environment } = pool.workload.version;
      if (app === version.app && environment === version.environment && !pool.replaced) this.#units.configure(pool);
    }
    this.#warm(version);
    for (const schema of version.manifest.functions) {
      const problem = this.#shares.problemOf(workloadOf({ version, schema }));
      if (problem !== undefined) this.#options.log(`${version.app} (${version.environment}): ${problem}`);
    }
  }

  /** Containers that updateAutoscaler wants before anybody calls. */
  #warm(version: Version): void {
    const overrides = this.#versions.settingsOf(version);
    for (const schema of version.manifest.functions) {
      const { minContainers = 0 } = overrides[schema.name] ?? {};
      if (schema.class === undefined && minContainers > 0) this.#units.configure(this.#pools.of({ version, schema }));
    }
  }

  #removed(app: AppName): void {
    this.#guests.removed(app);
    this.#pools.removed({ app: app.app, environment: app.environment });
  }

  async #settled(): Promise<void> {
    this.#units.sync();
    this.#units.reconfigure();
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
      find: () => this.#options.catalog.callee(request),
      onEnd() {},
    });
    call.put(0, payload);
    const accepted = call.end();
    call.detach();
    await accepted;
  }

  // ---- the end

  /** Takes nothing more, and resolves once what it has is done, or after a time: with how many inputs had not ended. */
  async drain(limitMs: number): Promise<number> {
    this.#draining = true;
    this.#guests.drain();
    this.#web?.drain();
    this.#schedules.close();
    this.#roster.report();
    await this.#homes.stop();
    this.#units.close();
    const until = performance.now() + limitMs;
    while (performance.now() < until && this.#isBusy) await new Promise((resolve) => setTimeout(resolve, 50));
    return this.#units.held;
  }

  get #isBusy(): boolean {
    return this.#units.isAwaiting || !this.#guests.isIdle || this.#web?.isIdle === false;
  }

  /** Of web functions; undefined when this worker takes no requests. */
  get webPort(): number | undefined {
    return this.#web?.port;
  }

  async stop(): Promise<void> {
    this.#draining = true;
    this.#schedules.close();
    this.#deployed.stop();
    this.#sweeper.stop();
    await this.#homes.stop();
    await this.#web?.close();
    await this.#source.close();
    clearInterval(this.#timer);
    this.#roster.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#units.close();
    this.#guests.close();
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
