/** All calls of the host, in memory and on disk: takes them in, finds them by id, keeps and expires what they leave. */
import {
  type CallInfo,
  cancelledCall,
  type Failure,
  type FunctionRef,
  type LogEntry,
  type Progress,
} from "../../../../engine/index.ts";
import type { Call, ParentInput, Pools } from "../../../../pool/index.ts";
import { failureToError, NotFoundError } from "../../../../runtime/errors.ts";
import { FromHost, type OpenMessage } from "../../protocol.ts";
import type { Registry } from "../registry/index.ts";
import {
  type AttemptsFile,
  type CallRow,
  type CallStorage,
  isNamed,
  type RecordedInput,
  type RecordedQuery,
  type StoredListener,
} from "../storage/index.ts";
import { Backlog } from "./backlog.ts";
import { DueCalls } from "./due-calls.ts";
import { DurableCall } from "./durable-call.ts";
import type { DurableHost } from "./durable-host.ts";
import { expiredFailure, infoOf, infoOfStored } from "./info.ts";
import { Intake, newId, type WebRequest } from "./intake.ts";
import { MemoryCall } from "./memory-call.ts";
import { type FoundCall, OutputReader, type ReaderOptions } from "./output-reader.ts";
import type { Peer } from "./peer.ts";
import type { ProgressWatcher } from "./progress.ts";
import { RecentCalls } from "./recent.ts";
import type { WebCall } from "./web-call.ts";

const DAY_MS = 86_400_000;
/** Results are kept for so long after their call has ended. */
const RETENTION_MS = Number(process.env["FARCALL_RETENTION_MS"]) || 7 * DAY_MS;
/** For so long it is remembered that they have expired. */
const TOMBSTONE_MS = RETENTION_MS + 30 * DAY_MS;
const EXPIRY_INTERVAL_MS = 3_600_000;
const DEFAULT_LIST = 100;
/** Calls of the last host are taken up a page at a time, for so long in one turn: callers of this one come first. */
const RESUME_PAGE = 100;
const RESUME_TURN_MS = 3;

interface CallsOptions {
  storage: CallStorage;
  attempts: AttemptsFile;
  registry: Registry;
  pools: Pools;
  warn: (message: string) => void;
}

/** Who reads the outputs of a durable call, and which of them. */
export type ReadOptions = Omit<ReaderOptions, "call" | "storage">;

export class Calls implements DurableHost {
  readonly storage: CallStorage;
  readonly attempts: AttemptsFile;
  readonly backlog = new Backlog();
  readonly due = new DueCalls();
  readonly #warn: (message: string) => void;
  readonly #intake: Intake;
  readonly #recent = new RecentCalls();
  readonly #memory = new Map<string, MemoryCall | WebCall>();
  /** Those that have not ended. */
  readonly #durable = new Map<string, DurableCall>();
  /** Of those, the ones that have an idempotency key, by function and key. */
  readonly #keyed = new Map<string, DurableCall>();
  #draining = false;
  /** Calls of the last host up to this one are not all taken up yet; 0 when they are. */
  #resumingUpTo = 0;
  #closed = false;
  #expiryTimer: NodeJS.Timeout | undefined;

  constructor({ storage, attempts, registry, pools, warn }: CallsOptions) {
    this.storage = storage;
    this.attempts = attempts;
    this.#warn = warn;
    this.#intake = new Intake({
      registry,
      pools,
      records: this.#recent.records,
      host: this,
      onMemoryEnd: (call) => {
        this.#memory.delete(call.id);
        this.#recent.add(call.summary());
      },
      onDurableEnd: (call) => {
        this.#durable.delete(call.id);
        if (call.key !== null) this.#keyed.delete(keyOf(call));
      },
    });
  }

  /** Takes up what the last host left, some calls at a time. One that somebody asks for is taken up when it is asked for. */
  resume(): void {
    this.#resumingUpTo = this.storage.lastNumber;
    this.#resumeSome(0);
    this.#expire();
    this.#expiryTimer = setInterval(() => this.#expire(), Math.min(EXPIRY_INTERVAL_MS, RETENTION_MS));
    this.#expiryTimer.unref();
  }

  #resumeSome(after: number): void {
    if (this.#closed) return;
    const begun = performance.now();
    let last = after;
    try {
      while (performance.now() - begun < RESUME_TURN_MS && last < this.#resumingUpTo) {
        const page = this.storage.open(last, RESUME_PAGE);
        for (const row of page) {
          if (performance.now() - begun > RESUME_TURN_MS) break;
          last = row.number;
          if (row.number <= this.#resumingUpTo && !this.#durable.has(row.id)) this.#takeUp(row);
        }
        if (page.length === 0) last = this.#resumingUpTo;
      }
    } catch (error) {
      this.warn(`calls that were left open cannot be read: ${error}`);
      last = this.#resumingUpTo;
    }
    if (last >= this.#resumingUpTo) this.#resumingUpTo = 0;
    else setTimeout(() => this.#resumeSome(last), RESUME_TURN_MS);
  }

  /** Calls that keep the host from stopping by itself. */
  get open(): number {
    return this.#memory.size + this.#durable.size + (this.#resumingUpTo > 0 ? 1 : 0);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Begins nothing more that the next host can do. */
  drain(): void {
    this.#draining = true;
  }

  warn(message: string): void {
    this.#warn(message);
  }

  // ---- opening

  /** Throws when there is no such function, or the method does not suit it. */
  openMemory(peer: Peer, clientNumber: number, message: OpenMessage): MemoryCall {
    const call = this.#intake.memory(peer, clientNumber, message, this.parentOf(message));
    this.#memory.set(call.id, call);
    return call;
  }

  /** An input of a call that has not ended. */
  parentOf({ parent }: { parent?: string | undefined }): ParentInput | undefined {
    if (parent === undefined) return undefined;
    const colon = parent.lastIndexOf(":");
    const id = parent.slice(0, colon);
    const call = this.#memory.get(id) ?? this.#durable.get(id);
    return call && { call, index: Number(parent.slice(colon + 1)) };
  }

  openWeb(request: WebRequest): void {
    const call = this.#intake.web(request);
    this.#memory.set(call.id, call);
  }

  /** A durable call of one input that the host itself makes, unless there is one with this key. */
  spawn(ref: FunctionRef, key: string, payload: Uint8Array): void {
    const id = newId();
    const message: OpenMessage = { id, function: ref, method: "spawn", durable: true, idempotencyKey: key };
    const { id: known, live } = this.openDurable(message);
    if (known !== id || !live) return;
    live.input(0, payload);
    live.noMore(1, () => {});
  }

  /** The call with this id or key when there is one, otherwise a new one. */
  openDurable(message: OpenMessage): FoundCall {
    const known = this.#find(message.id) ?? this.#findByKey(message);
    return known ?? found(this.#remember(this.#intake.durable(message)));
  }

  #remember(call: DurableCall): DurableCall {
    this.#durable.set(call.id, call);
    if (call.key !== null) this.#keyed.set(keyOf(call), call);
    return call;
  }

  /**
   * A call that is on disk and has not ended, in memory again; undefined when its function is gone. When some of its inputs
   * are not on disk, its caller may send the rest.
   */
  #takeUp(row: CallRow): DurableCall | undefined {
    let call: DurableCall;
    try {
      call = this.#intake.stored(row);
    } catch {
      // Its app was removed, and the host that would have cancelled it went down.
      this.storage.write(
        () => [{ kind: "cancel", call: row.number, at: Date.now() }],
        (error) => error && this.warn(`${row.id} could not be cancelled: ${error.message}`),
      );
      return undefined;
    }
    this.#remember(call);
    if (row.num_inputs === null) call.resumeReceiving(this.storage.countInputs(row.number));
    else call.resume(row.num_inputs, this.storage.countUnfinished(row.number));
    return call;
  }

  // ---- finding

  /** A durable call. Throws NotFoundError, OutputExpiredError. */
  find(id: string): FoundCall {
    const known = this.#find(id);
    if (known) return known;
    const inMemory = this.#memoryInfo(id);
    if (!inMemory) throw unknownCall(id);
    throw new NotFoundError(`the outputs of call ${id} are not kept: it was made with ${inMemory.method}()`, {
      hint: "Only calls made with spawn() and spawnMap() can be read by id.",
    });
  }

  #find(id: string): FoundCall | undefined {
    const live = this.#durable.get(id);
    if (live) return found(live);
    const row = this.storage.byId(id);
    return row && this.#foundRow(row);
  }

  #findByKey({ function: ref, idempotencyKey: key }: OpenMessage): FoundCall | undefined {
    if (key === undefined) return undefined;
    const { app, environment, name, instance = "" } = ref;
    const live = this.#keyed.get(JSON.stringify([app, environment, name, instance, key]));
    if (live) return found(live);
    const row = this.storage.byKey(ref, key);
    return row && this.#foundRow(row);
  }

  #foundRow(row: CallRow): FoundCall | undefined {
    const live = this.#durable.get(row.id);
    if (live) return found(live);
    if (row.num_inputs === null) return this.#foundAbandoned(row);
    // Left by the last host, and its turn has not come yet.
    if (row.ended_at === null && row.number <= this.#resumingUpTo) {
      const call = this.#takeUp(row);
      if (call) return found(call);
    }
    if (row.expired === 1 || (row.ended_at !== null && row.ended_at < Date.now() - RETENTION_MS)) {
      throw failureToError(expiredFailure(row.id));
    }
    const { number, id, num_inputs: numInputs, cancelled, digest } = row;
    return { number, id, numInputs, cancelled: cancelled === 1, digest, live: undefined };
  }

  /** It is either about to be removed from the disk, or was left there because that failed. */
  #foundAbandoned({ id }: CallRow): FoundCall | undefined {
    this.storage.flush();
    const row = this.storage.byId(id);
    const call = row && this.#takeUp(row);
    return call && found(call);
  }

  // ---- reading

  /** Sends the outputs of a durable call as they come. */
  read(call: FoundCall, options: ReadOptions): OutputReader {
    return new OutputReader({ ...options, call, storage: this.storage });
  }

  /** Throws NotFoundError. */
  info(id: string): CallInfo {
    const known = this.#memoryInfo(id) ?? this.#durable.get(id)?.info();
    if (known) return known;
    const row = this.storage.byId(id);
    if (!row) throw unknownCall(id);
    return infoOfStored(row, this.storage);
  }

  #memoryInfo(id: string): CallInfo | undefined {
    const summary = this.#memory.get(id)?.summary() ?? this.#recent.find(id);
    return summary && infoOf(summary);
  }

  /** What is remembered of its inputs. Throws NotFoundError, OutputExpiredError. */
  inputs(id: string, query: RecordedQuery): RecordedInput[] {
    const record = (this.#memory.get(id) ?? this.#recent.find(id))?.record;
    if (record) return record.inputs(query);
    return this.storage.recordedInputs(this.find(id).number, query);
  }

  list(filter: { app?: string; environment?: string; function?: string; limit?: number }): CallInfo[] {
    const limit = filter.limit ?? DEFAULT_LIST;
    const inMemory = [...[...this.#memory.values()].map((call) => call.summary()), ...this.#recent].map(infoOf);
    const onDisk = this.storage
      .newest(filter, limit)
      .map((row) => this.#durable.get(row.id)?.info() ?? infoOfStored(row, this.storage));
    return inMemory
      .filter((info) => filter.app === undefined || info.app === filter.app)
      .filter((info) => filter.environment === undefined || info.environment === filter.environment)
      .filter((info) => filter.function === undefined || isNamed(info.function, filter.function))
      .concat(onDisk)
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
      .slice(0, limit);
  }

  /** The latest progress of a call that runs; none of one that has ended. Throws NotFoundError. */
  progress(id: string): Progress[] {
    const call = this.#running(id);
    return call ? [...call.progress.latest] : [];
  }

  /** Returns the function that stops it; undefined, without calling `onEnd`, when the call has ended. Throws NotFoundError. */
  watchProgress(id: string, watcher: ProgressWatcher, onEnd: () => void): (() => void) | undefined {
    return this.#running(id)?.progress.watch(watcher, onEnd);
  }

  #running(id: string): MemoryCall | WebCall | DurableCall | undefined {
    const call = this.#memory.get(id) ?? this.#durable.get(id);
    if (call) return call;
    this.info(id);
    // One of the last host may not have been taken up yet.
    return this.#resumingUpTo > 0 ? this.#find(id)?.live : undefined;
  }

  /** Sends a line that a call has printed to the client that wants its logs. It may come after the call has ended. */
  sendLog(call: Call, entry: LogEntry): void {
    if (!(call instanceof MemoryCall || call instanceof DurableCall)) return;
    const { logsTo, logNumber } = call;
    // A client that is behind misses some here; `farcall logs` shows all.
    if (logsTo && !logsTo.overloaded) logsTo.json(FromHost.log, logNumber, entry);
  }

  // ---- ending

  /** `onDone` is called once the call is cancelled for good, also for a host that comes after this one. Throws NotFoundError. */
  cancel(id: string, terminate: boolean, onDone: StoredListener): void {
    const durable = this.#durable.get(id) ?? (this.#resumingUpTo > 0 ? this.#find(id)?.live : undefined);
    if (durable) {
      durable.cancel({ terminate, onStored: onDone });
      return;
    }
    const call = this.#memory.get(id);
    if (call) call.cancel({ terminate, reason: cancelledCall(id) });
    // Cancelling a call that has ended does nothing; cancelling one that never was is an error.
    else if (!this.#memoryInfo(id) && !this.storage.byId(id)) throw unknownCall(id);
    onDone(undefined);
  }

  removeApp(app: { app: string; environment: string }): void {
    const reason: Failure = { code: "CANCELLED", message: `app ${app.app} (${app.environment}) was removed` };
    for (const call of [...this.#memory.values(), ...this.#durable.values()]) {
      const { version } = call.fn;
      if (version.app === app.app && version.environment === app.environment) call.cancel({ terminate: true, reason });
    }
  }

  #expire(): void {
    const now = Date.now();
    const warn = (error: unknown): void =>
      this.warn(`old results could not be removed: ${error instanceof Error ? error.message : error}`);
    try {
      this.storage.expire(now - RETENTION_MS, now - TOMBSTONE_MS, (error, more) => {
        if (error) warn(error);
        // With the next group, so that others can use the disk in between.
        else if (more) this.#expire();
      });
    } catch (error) {
      warn(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.due.close();
    clearInterval(this.#expiryTimer);
  }
}

function found(call: DurableCall): FoundCall {
  const { row: number, id, numInputs, cancelled, digest } = call;
  return { number, id, numInputs, cancelled, digest, live: call };
}

function keyOf({ key, instance, fn: { version, schema } }: DurableCall): string {
  return JSON.stringify([version.app, version.environment, schema.name, instance, key]);
}

function unknownCall(id: string): NotFoundError {
  return new NotFoundError(`no call ${id} is known`, {
    hint: "Ids of calls begin with fc-; results are kept for seven days, on the engine that ran them.",
  });
}
