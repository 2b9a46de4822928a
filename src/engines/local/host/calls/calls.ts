/** All calls of the host, in memory and on disk: opens them, finds them by id, keeps and expires what they leave. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { CallInfo, Failure, FunctionRef, Progress } from "../../../../engine/index.ts";
import { isNamed, type Pool, type Pools, telemetry } from "../../../../pool/index.ts";
import { failureToError, InvalidError, NotFoundError } from "../../../../runtime/errors.ts";
import type { OpenMessage } from "../../protocol.ts";
import type { Connection } from "../connection/connection.ts";
import type { DeployedFunction, Registry } from "../registry/registry.ts";
import { type CallRow, type CallTables, expiredFailure } from "../storage/call-tables.ts";
import type { AttachedCall } from "./attachment.ts";
import { DurableCall, type DurableHost, type StoredListener } from "./durable-call.ts";
import { type CallSummary, infoOf, MemoryCall } from "./memory-call.ts";
import type { ProgressWatcher } from "./progress.ts";
import { type RecordedInput, Records } from "./record.ts";
import { WebCall } from "./web-call.ts";

const DAY_MS = 86_400_000;
/** Results are kept for so long after their call has ended. */
const RETENTION_MS = Number(process.env["FARCALL_RETENTION_MS"]) || 7 * DAY_MS;
/** And that they have expired is known for so long. */
const TOMBSTONE_MS = RETENTION_MS + 30 * DAY_MS;
const EXPIRY_INTERVAL_MS = 3_600_000;
/** A caller whose connection broke before its call was accepted may come back within this time. */
const COME_BACK_MS = 60_000;
const RECENT_CALLS = 1_000;
const DEFAULT_LIST = 100;

export class Calls implements DurableHost {
  readonly tables: CallTables;
  draining = false;
  readonly #registry: Registry;
  readonly #pools: Pools;
  readonly #warn: (text: string) => void;
  readonly #ephemeral = new Map<string, MemoryCall | WebCall>();
  /** Those that have not ended. */
  readonly #durable = new Map<string, DurableCall>();
  /** Of those, the ones that have an idempotency key, by function and key. */
  readonly #keyed = new Map<string, DurableCall>();
  /** Ended ephemeral calls, a ring. */
  readonly #recent: CallSummary[] = [];
  readonly #records = new Records();
  #recentAt = 0;
  #lastPlace: { ref: FunctionRef; sequence: number; fn: DeployedFunction; pool: Pool } | undefined;
  #lastNumber = 0;
  #expiryTimer: NodeJS.Timeout | undefined;

  constructor(tables: CallTables, registry: Registry, pools: Pools, warn: (text: string) => void) {
    this.tables = tables;
    this.#registry = registry;
    this.#pools = pools;
    this.#warn = warn;
  }

  /** Takes up what the last host left. */
  resume(): void {
    for (const row of this.tables.open()) {
      let fn: DeployedFunction;
      try {
        fn = this.#functionOf(row);
      } catch {
        // Its app was removed while the host that would have cancelled it went down.
        this.tables.store.write(
          () => this.tables.cancelCall(row.number, Date.now()),
          (error) => error && this.warn(`${row.id} could not be cancelled: ${error.message}`),
        );
        continue;
      }
      if (row.num_inputs === null) this.#receiveAgain(row, fn);
      else this.#known(row, fn).resume(row.num_inputs, this.tables.countUnfinished(row.number));
    }
    this.#expire();
    this.#expiryTimer = setInterval(() => this.#expire(), Math.min(EXPIRY_INTERVAL_MS, RETENTION_MS));
    this.#expiryTimer.unref();
  }

  /** Calls that keep the host from stopping by itself. */
  get open(): number {
    return this.#ephemeral.size + this.#durable.size;
  }

  nextNumber(): number {
    this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
    return this.#lastNumber;
  }

  warn(text: string): void {
    this.#warn(text);
  }

  // ---- opening

  /** The function that an opener means; throws when the method does not suit it. */
  functionFor(message: OpenMessage): DeployedFunction {
    const fn = this.#registry.function(message.function);
    const { mode, name, class: of } = fn.schema;
    const { app } = fn.version;
    if ((of === undefined) !== (message.function.instance === undefined)) {
      throw of === undefined
        ? new InvalidError(`${app}/${name} is no method, so it has no instances`)
        : new InvalidError(`${app}/${name} is a method: the call does not say of which instance`, {
            hint: `const ${of} = Class.fromName("${app}", "${of}"), then new ${of}(…)${name.slice(of.length)}`,
          });
    }
    const generates = message.method === "remoteGen";
    if (mode === "web") {
      throw new InvalidError(`${app}/${name} is a web function: ${message.method}() cannot run it`, {
        hint: "send HTTP requests to the URL that getWebUrl() gives",
      });
    }
    if (mode === "generator" && !generates) {
      throw new InvalidError(`${app}/${name} is a generator, which has no ${message.method}()`, {
        hint: "Use remoteGen().",
      });
    }
    if (mode === "unary" && generates) {
      throw new InvalidError(`${app}/${name} is no generator, so it has no remoteGen()`, { hint: "Use remote()." });
    }
    if (generates && (message.durable || message.idempotencyKey !== undefined)) {
      throw new InvalidError(
        `a generator's call cannot be kept on disk: ${app}/${name} has no spawn and takes no idempotency key`,
      );
    }
    return fn;
  }

  openEphemeral(connection: Connection, clientNumber: number, message: OpenMessage): MemoryCall {
    const { fn, pool } = this.#placeOf(message);
    const call = new MemoryCall(
      this.nextNumber(),
      message,
      fn,
      pool,
      connection,
      clientNumber,
      this.#records,
      this.#ephemeralEnded,
    );
    this.#ephemeral.set(call.id, call);
    telemetry?.callOpened(fn, call.method);
    return call;
  }

  /** Calls of one kind come with one and the same reference (CallHeaderReader), and go where the last one went. */
  #placeOf(message: OpenMessage): { fn: DeployedFunction; pool: Pool } {
    const { function: ref } = message;
    const { sequence } = this.#registry;
    if (this.#lastPlace?.ref === ref && this.#lastPlace.sequence === sequence) return this.#lastPlace;
    const fn = this.functionFor(message);
    const pool = this.#pools.of(fn, ref.instance);
    // An instance's pool goes when its last container does.
    if (ref.instance === undefined) this.#lastPlace = { ref, sequence, fn, pool };
    return { fn, pool };
  }

  /** An HTTP request that came for a web function. */
  openWeb(fn: DeployedFunction, payload: Uint8Array, headers: IncomingHttpHeaders, response: ServerResponse): void {
    const call = new WebCall(
      this.nextNumber(),
      newId(),
      fn,
      this.#pools.of(fn),
      payload,
      headers,
      response,
      this.#records,
      this.#ephemeralEnded,
    );
    this.#ephemeral.set(call.id, call);
    telemetry?.callOpened(fn, call.method);
  }

  readonly #ephemeralEnded = (call: MemoryCall | WebCall): void => {
    this.#ephemeral.delete(call.id);
    const oldest = this.#recent[this.#recentAt];
    if (oldest) this.#records.forget(oldest.record);
    this.#recent[this.#recentAt] = call.summary();
    this.#recentAt = (this.#recentAt + 1) % RECENT_CALLS;
  };

  /** A durable call of one input that the host itself makes; nothing when there is one of this key. Throws like `functionFor`. */
  spawn(ref: FunctionRef, key: string, payload: Uint8Array): void {
    const id = newId();
    const message: OpenMessage = { id, function: ref, method: "spawn", durable: true, idempotencyKey: key };
    const { id: known, live } = this.openDurable(message);
    if (known !== id || !live) return;
    live.input(0, payload);
    live.noMore(1, () => {});
  }

  /** The call with this id or key when there is one, otherwise a new one. */
  openDurable(message: OpenMessage): AttachedCall {
    const known = this.#find(message.id) ?? this.#findByKey(message);
    if (known) return known;
    const fn = this.functionFor(message);
    const row: CallRow = {
      number: this.tables.nextNumber(),
      id: message.id,
      app: fn.version.app,
      environment: fn.version.environment,
      function: fn.schema.name,
      instance: message.function.instance ?? "",
      version: fn.version.version,
      method: message.method,
      key: message.idempotencyKey ?? null,
      num_inputs: null,
      cancelled: 0,
      created_at: Date.now(),
      ended_at: null,
      expired: 0,
      num_failed: 0,
      trace: message.trace ? JSON.stringify(message.trace) : null,
    };
    const call = new DurableCall(this, row, fn, this.#pools.of(fn, row.instance), true);
    this.#remember(call);
    telemetry?.callOpened(fn, message.method);
    return attachedTo(call);
  }

  #remember(call: DurableCall): void {
    this.#durable.set(call.id, call);
    if (call.key !== null) this.#keyed.set(keyOf(call), call);
  }

  /** Not acknowledged to anybody: it goes when its opener stays away. */
  abandonUnlessBack(call: DurableCall): void {
    const leftAt = performance.now();
    call.leftAt = leftAt;
    setTimeout(() => {
      // It may have come back, and gone again since.
      if (call.opener || call.accepted || call.leftAt !== leftAt) return;
      call.abandon({
        code: "CANCELLED",
        message: `call ${call.id} never had all its inputs: its caller went away`,
      });
    }, COME_BACK_MS).unref();
  }

  #findByKey({ function: ref, idempotencyKey: key }: OpenMessage): AttachedCall | undefined {
    if (key === undefined) return undefined;
    const { app, environment, name, instance = "" } = ref;
    const live = this.#keyed.get([app, environment, name, instance, key].join("\0"));
    if (live) return attachedTo(live);
    const row = this.tables.byKey(ref, key);
    return row && this.#attachedToRow(row);
  }

  // ---- by id

  /** A durable call. Throws NotFoundError, OutputExpiredError. */
  attached(id: string): AttachedCall {
    const known = this.#find(id);
    if (known) return known;
    const ephemeral = this.#ephemeralInfo(id);
    if (!ephemeral) throw unknownCall(id);
    throw new NotFoundError(`the outputs of call ${id} are not kept: it was made with ${ephemeral.method}()`, {
      hint: "Only calls made with spawn() and spawnMap() can be read by id.",
    });
  }

  #find(id: string): AttachedCall | undefined {
    const live = this.#durable.get(id);
    if (live) return attachedTo(live);
    const row = this.tables.byId(id);
    return row && this.#attachedToRow(row);
  }

  #attachedToRow(row: CallRow): AttachedCall | undefined {
    const live = this.#durable.get(row.id);
    if (live) return attachedTo(live);
    if (row.num_inputs === null) return this.#takeUp(row);
    if (row.expired === 1 || (row.ended_at !== null && row.ended_at < Date.now() - RETENTION_MS)) {
      throw failureToError(expiredFailure(row.id));
    }
    return {
      number: row.number,
      id: row.id,
      numInputs: row.num_inputs ?? 0,
      cancelled: row.cancelled === 1,
      live: undefined,
    };
  }

  /** Abandoned, and either about to be removed from the disk or left there because that failed. */
  #takeUp({ id }: CallRow): AttachedCall | undefined {
    this.tables.store.flush();
    const row = this.tables.byId(id);
    return row && attachedTo(this.#receiveAgain(row, this.#functionOf(row)));
  }

  /** A call some of whose inputs are on disk: its caller may send the rest. */
  #receiveAgain(row: CallRow, fn: DeployedFunction): DurableCall {
    const call = this.#known(row, fn);
    call.resumeReceiving(this.tables.countInputs(row.number));
    this.abandonUnlessBack(call);
    return call;
  }

  /** A call that is on disk, in memory again. */
  #known(row: CallRow, fn: DeployedFunction): DurableCall {
    const call = new DurableCall(this, row, fn, this.#pools.of(fn, row.instance), false);
    this.#remember(call);
    return call;
  }

  /** Throws NotFoundError when its app was removed. */
  #functionOf({ app, environment, function: name, version }: CallRow): DeployedFunction {
    return this.#registry.function({ app, environment, name, version });
  }

  /** `onDone` hears when the call is cancelled for good, also by a host that comes after this one. Throws NotFoundError. */
  cancel(id: string, terminate: boolean, onDone: StoredListener): void {
    const durable = this.#durable.get(id);
    if (durable) {
      durable.cancel({ terminate, onStored: onDone });
      return;
    }
    const call = this.#ephemeral.get(id);
    if (call) call.cancel({ terminate, reason: { code: "CANCELLED", message: `call ${id} was cancelled` } });
    // Cancelling what has ended does nothing; what never was is an error.
    else if (!this.#ephemeralInfo(id) && !this.tables.byId(id)) throw unknownCall(id);
    onDone(undefined);
  }

  /** Of a call that runs; nothing of one that has ended. Throws NotFoundError. */
  progress(id: string): Progress[] {
    const call = this.#running(id);
    return call ? [...call.progress.latest] : [];
  }

  /** Returns what stops it; undefined, without a word to `onEnd`, when the call has ended. Throws NotFoundError. */
  watchProgress(id: string, watcher: ProgressWatcher, onEnd: () => void): (() => void) | undefined {
    return this.#running(id)?.progress.watch(watcher, onEnd);
  }

  #running(id: string): MemoryCall | WebCall | DurableCall | undefined {
    const call = this.#ephemeral.get(id) ?? this.#durable.get(id);
    if (!call) this.info(id);
    return call;
  }

  info(id: string): CallInfo {
    const known = this.#ephemeralInfo(id) ?? this.#durable.get(id)?.info();
    if (known) return known;
    const row = this.tables.byId(id);
    if (!row) throw unknownCall(id);
    return this.tables.infoOfRow(row);
  }

  /** What is remembered of its inputs. Throws NotFoundError, OutputExpiredError. */
  inputs(id: string, start: number, end: number): RecordedInput[] {
    const record = (this.#ephemeral.get(id) ?? this.#recent.find((call) => call.id === id))?.record;
    if (record) return record.inputs(start, end);
    return this.tables.recordedInputs(this.attached(id).number, start, end);
  }

  list(filter: { app?: string; environment?: string; function?: string; limit?: number }): CallInfo[] {
    const limit = filter.limit ?? DEFAULT_LIST;
    const inMemory = [...this.#ephemeral.values()]
      .map((call) => call.summary())
      .concat(this.#recent)
      .map(infoOf);
    const onDisk = this.tables
      .newest(filter, limit)
      .map((row) => this.#durable.get(row.id)?.info() ?? this.tables.infoOfRow(row));
    return inMemory
      .filter((info) => filter.app === undefined || info.app === filter.app)
      .filter((info) => filter.environment === undefined || info.environment === filter.environment)
      .filter((info) => filter.function === undefined || isNamed(info.function, filter.function))
      .concat(onDisk)
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
      .slice(0, limit);
  }

  #ephemeralInfo(id: string): CallInfo | undefined {
    const summary = this.#ephemeral.get(id)?.summary() ?? this.#recent.find((call) => call.id === id);
    return summary && infoOf(summary);
  }

  removeApp(app: { app: string; environment: string }): void {
    const reason: Failure = { code: "CANCELLED", message: `app ${app.app} (${app.environment}) was removed` };
    for (const call of [...this.#ephemeral.values(), ...this.#durable.values()]) {
      const { version } = call.fn;
      if (version.app === app.app && version.environment === app.environment) call.cancel({ terminate: true, reason });
    }
  }

  callEnded(call: DurableCall): void {
    this.#durable.delete(call.id);
    if (call.key !== null) this.#keyed.delete(keyOf(call));
  }

  #expire(): void {
    const now = Date.now();
    let more = false;
    this.tables.store.write(
      () => {
        more = this.tables.expire(now - RETENTION_MS, now - TOMBSTONE_MS);
      },
      (error) => {
        if (error) this.warn(`old results could not be removed: ${error.message}`);
        // With the next group, so that the disk is left to others in between.
        else if (more) this.#expire();
      },
    );
  }

  close(): void {
    clearInterval(this.#expiryTimer);
  }
}

function newId(): string {
  return `fc-${randomUUID().replaceAll("-", "")}`;
}

function attachedTo(call: DurableCall): AttachedCall {
  return { number: call.row, id: call.id, numInputs: call.numInputs, cancelled: call.cancelled, live: call };
}

function keyOf({ key, instance, fn: { version, schema } }: DurableCall): string {
  return [version.app, version.environment, schema.name, instance, key].join("\0");
}

function unknownCall(id: string): NotFoundError {
  return new NotFoundError(`no call ${id} is known`, {
    hint: "Ids of calls begin with fc-; results are kept for seven days, on the engine that ran them.",
  });
}
