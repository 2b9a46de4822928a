/**
 * The host's database: registry, durable calls, their inputs and outputs. Calls are written by a thread of their own
 * (writer.ts), in groups: what has come while one group was written shares the next transaction and sync to the disk, and is
 * acknowledged after it. Reads, and the rare writes of the registry, are this thread's.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { EngineUnavailableError, type FarcallError } from "../../../../runtime/errors.ts";
import type { CallWrite } from "./calls.ts";
import { CommitMark } from "./commit-mark.ts";
import { LAYOUT, makeTables, upgrade } from "./layout.ts";
import { lostWrites, storeError } from "./store-error.ts";
import { type GroupReply, pack, type WriterData, type WriterMessage } from "./writes.ts";

/** What goes into one group at most. */
const GROUP_WRITES = 2_000;
const GROUP_BYTES = 16 * 1024 * 1024;
const AWAIT_MS = 200;
/** How long this thread waits for the other's transaction. */
const BUSY_MS = 20_000;
/** A database that cannot give space back is made over when it is smaller. */
const VACUUM_BYTES = 256 * 1024 * 1024;

export type WriteListener = (error: FarcallError | undefined, more: boolean) => void;

interface Write {
  compose: () => readonly CallWrite[];
  done: WriteListener;
}

export class Store {
  readonly database: DatabaseSync;
  readonly #file: string;
  readonly #lock: DatabaseSync;
  readonly #mark: CommitMark;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** The last group that is on disk; and, when the writer has failed, a 1. */
  readonly #groupsDone = new Int32Array(new SharedArrayBuffer(8));
  #lastGroup = 0;
  #writes: Write[] = [];
  /** What the writer has. */
  #group: WriteListener[] | undefined;
  #scheduled = false;
  #closed = false;

  private constructor(database: DatabaseSync, lock: DatabaseSync, file: string) {
    this.database = database;
    this.#lock = lock;
    this.#file = file;
    this.#mark = new CommitMark(file);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (reply: GroupReply) => this.#written(reply));
    port1.unref();
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./writer.js", import.meta.url);
    const data: WriterData = { file, port: port2, groupsDone: this.#groupsDone };
    this.#worker = new Worker(entry, {
      workerData: data,
      transferList: [port2],
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#worker.unref();
    this.#worker.on("error", (error) => {
      throw error;
    });
  }

  /** `undefined` when another host holds the file. Throws EngineUnavailableError when it cannot be used. */
  static open(file: string): Store | undefined {
    let lock: DatabaseSync | undefined;
    let database: DatabaseSync | undefined;
    try {
      lock = takeLock(file);
      // SQLite gives its other files the permissions of this one.
      closeSync(openSync(file, "a", 0o600));
      database = openDatabase(file);
      return new Store(database, lock, file);
    } catch (error) {
      database?.close();
      lock?.close();
      if ((error as { errcode?: number }).errcode === 5) return undefined;
      throw storeError(error, file);
    }
  }

  /**
   * `compose` is called when the next group is put together; `done` when all of it is on disk, or with what went wrong: then
   * nothing of it is.
   */
  write(compose: () => readonly CallWrite[], done: WriteListener): void {
    this.#writes.push({ compose, done });
    if (this.#scheduled || this.#group) return;
    this.#scheduled = true;
    setImmediate(this.#begin);
  }

  readonly #begin = (): void => {
    this.#scheduled = false;
    if (this.#closed || this.#group || this.#writes.length === 0) return;
    const group: WriteListener[] = [];
    const composed: (readonly CallWrite[])[] = [];
    let bytes = 0;
    let taken = 0;
    for (const { compose, done } of this.#writes) {
      if (taken >= GROUP_WRITES || bytes >= GROUP_BYTES) break;
      taken++;
      const writes = compose();
      composed.push(writes);
      group.push(done);
      for (const write of writes) bytes += bytesOf(write);
    }
    this.#writes.splice(0, taken);
    this.#group = group;
    const message = pack(++this.#lastGroup, composed, bytes);
    this.#port.postMessage(message, [message.bytes]);
  };

  #written({ failures, more, failure }: GroupReply): void {
    const group = this.#group ?? [];
    this.#group = undefined;
    for (const [i, done] of group.entries()) {
      const error = failure ?? failures[i];
      done(error && storeError(error, this.#file), more[i] === true);
    }
    this.#begin();
  }

  /** Returns once everything that was to be written is on disk, or has failed. */
  flush(): void {
    this.#await();
    while (this.#writes.length > 0 || this.#group) {
      this.#begin();
      this.#await();
    }
  }

  #await(): void {
    while (this.#group) {
      this.#awaitAnother(this.#lastGroup);
      const reply = receiveMessageOnPort(this.#port) as { message: GroupReply } | undefined;
      if (reply) this.#written(reply.message);
      else if (this.#failed) {
        const message = "the thread that writes it has failed";
        this.#written({ failure: { message }, failures: {}, more: {} });
      }
    }
  }

  get #failed(): boolean {
    return Atomics.load(this.#groupsDone, 1) === 1;
  }

  /** Waits until the writer is done with this group, or has failed. */
  #awaitAnother(group: number): void {
    for (let done = Atomics.load(this.#groupsDone, 0); done < group && !this.#failed; ) {
      // A writer that fails in this very moment is noticed a little later.
      Atomics.wait(this.#groupsDone, 0, done, AWAIT_MS);
      done = Atomics.load(this.#groupsDone, 0);
    }
  }

  /** Runs `body` in a transaction of its own, on disk when it returns. Throws EngineUnavailableError, and then nothing is. */
  transact<T>(body: (database: DatabaseSync) => T): T {
    try {
      this.database.exec("BEGIN IMMEDIATE");
      try {
        const result = body(this.database);
        const { count } = this.database.prepare("UPDATE commits SET count = count + 1 RETURNING count").get() as {
          count: number;
        };
        this.database.exec("COMMIT");
        this.#mark.set(count);
        this.#port.postMessage({ tidy: true } satisfies WriterMessage);
        return result;
      } catch (error) {
        // A full disk rolls back by itself.
        if (this.database.isTransaction) this.database.exec("ROLLBACK");
        throw error;
      }
    } catch (error) {
      throw storeError(error, this.#file);
    }
  }

  /** Runs a query. Throws EngineUnavailableError. */
  read<T>(body: (database: DatabaseSync) => T): T {
    try {
      return body(this.database);
    } catch (error) {
      throw storeError(error, this.#file);
    }
  }

  close(): void {
    this.flush();
    this.#closed = true;
    this.#port.postMessage({ close: this.#lastGroup + 1 } satisfies WriterMessage);
    this.#awaitAnother(this.#lastGroup + 1);
    this.#port.close();
    this.database.close();
    this.#mark.close();
    this.#lock.close();
  }
}

/** Held as long as this process lives. Throws an error with `errcode` 5 when another process has it. */
export function takeLock(file: string): DatabaseSync {
  const path = `${file}-lock`;
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

export function openDatabase(file: string): DatabaseSync {
  const isNew = statSync(file).size === 0;
  const acknowledged = CommitMark.read(file);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    if (isNew) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    // An older farcall holds it as long as its host lives.
    database.exec("BEGIN EXCLUSIVE");
    const { user_version: layout } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (layout > LAYOUT) {
      throw new EngineUnavailableError(
        `the state database ${file} was written by a newer farcall (its layout is ${layout}, this version knows ${LAYOUT})`,
        { hint: "Update farcall, or set FARCALL_HOME to another directory." },
      );
    }
    if (layout === 0 && acknowledged > 0) throw lostWrites(file, acknowledged);
    if (layout === 0) makeTables(database);
    else if (layout < LAYOUT) upgrade(database, layout);
    const { count } = database.prepare("SELECT count FROM commits").get() as { count: number };
    if (layout === LAYOUT && count < acknowledged) throw lostWrites(file, acknowledged - count);
    database.exec("COMMIT");
    giveSpaceBack(database);
    // What a removed version knew is overwritten. Checkpoints are the other thread's.
    database.exec(
      `PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = ${BUSY_MS};`,
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A database of an older farcall never shrinks before it was made over. */
function giveSpaceBack(database: DatabaseSync): void {
  const number = (pragma: string): number =>
    Object.values(database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0]!;
  if (number("auto_vacuum") === 2 || number("page_count") * number("page_size") > VACUUM_BYTES) return;
  try {
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;");
  } catch {
    // The disk has no room for a second one: at the next start, then.
  }
}

function bytesOf(write: CallWrite): number {
  if (write.kind === "output") return write.payload.length;
  if (write.kind !== "inputs") return 0;
  let bytes = 0;
  for (const { payload } of write.inputs) bytes += payload.length;
  return bytes;
}
