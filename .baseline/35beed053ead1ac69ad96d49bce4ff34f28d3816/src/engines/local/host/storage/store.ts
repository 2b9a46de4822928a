/**
 * The host's database: registry, durable calls, their inputs and outputs. Calls are written by a thread of their own
 * (writer.ts), in groups: what comes in one turn is handed over together, what has come while the thread wrote shares its next
 * transaction and sync to the disk, and is acknowledged after it. Reads, and the rare writes of the registry, are this thread's.
 * The other one is started when it is first needed: it takes a sixth of the memory of an idle host.
 */
import { closeSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { FarcallError } from "../../../../runtime/errors.ts";
import { inNextSlice, isSliceOver } from "../../../../wire/slices.ts";
import type { CallWrite } from "./calls.ts";
import { CommitMark } from "./commit-mark.ts";
import { openDatabase, takeLock } from "./database.ts";
import { storeError } from "./store-error.ts";
import { GroupPacker, type GroupReply, type WriteFailure, type WriterData, type WriterMessage } from "./writes.ts";

/** What the writer has at most; more waits here. */
const WRITER_UNITS = 4_000;
const WRITER_BYTES = 16 * 1024 * 1024;
/** What goes into one group at most, so that one turn does not take long. */
const GROUP_UNITS = 1_000;
const GROUP_BYTES = 4 * 1024 * 1024;
const AWAIT_MS = 200;
/** How long nothing was written. */
const TIDY_MS = 1_000;
/** Units that are composed or answered before it is looked at the time. */
const UNITS_AT_ONCE = 16;

type WriteListener = (error: FarcallError | undefined, more: boolean) => void;

interface Write {
  compose: () => readonly CallWrite[];
  done: WriteListener;
}

/** What the writer was given together. */
interface Group {
  listeners: WriteListener[];
  bytes: number;
}

const never = (): boolean => false;

export class Store {
  readonly database: DatabaseSync;
  readonly #file: string;
  readonly #lock: DatabaseSync;
  readonly #mark: CommitMark;
  #port: MessagePort | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  /** The last group that is on disk; and, when the writer has failed, a 1. */
  readonly #groupsDone = new Int32Array(new SharedArrayBuffer(8));
  #lastGroup = 0;
  #writes: Write[] = [];
  /** What the writer has, in order. */
  #groups: Group[] = [];
  /** Of the first of them. */
  #replies: GroupReply[] = [];
  /** Listeners of the first group that know of its reply. */
  #told = 0;
  #unitsOut = 0;
  #bytesOut = 0;
  /** The last group whose outcome is known here. */
  #lastAnswered = 0;
  #scheduled = false;
  #closed = false;

  private constructor(database: DatabaseSync, lock: DatabaseSync, file: string) {
    this.database = database;
    this.#lock = lock;
    this.#file = file;
    this.#mark = new CommitMark(file);
    this.#tidyLater();
  }

  /** To the thread that writes, which is started when there is none. */
  #writer(): MessagePort {
    if (this.#port) return this.#port;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (replies: GroupReply[]) => {
      this.#replies.push(...replies);
      this.#answerSome();
    });
    port1.unref();
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./writer.js", import.meta.url);
    const data: WriterData = { file: this.#file, port: port2, groupsDone: this.#groupsDone };
    const worker = new Worker(entry, {
      workerData: data,
      transferList: [port2],
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    worker.unref();
    worker.on("error", (error) => {
      throw error;
    });
    return port1;
  }

  /** Moves the log into the database once nothing has been written for a while, which is the other thread's work when it runs. */
  #tidyLater(): void {
    clearTimeout(this.#tidyTimer);
    this.#tidyTimer = setTimeout(() => {
      if (this.#port) return;
      try {
        const { freelist_count: free } = this.database.prepare("PRAGMA freelist_count").get() as {
          freelist_count: number;
        };
        // Giving space back takes long.
        if (free > 0) this.#writer();
        else this.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // The next time, or by the next host.
      }
    }, TIDY_MS).unref();
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
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#begin);
  }

  readonly #begin = (): void => {
    this.#scheduled = false;
    if (this.#closed) return;
    while (this.#writes.length > 0 && this.#unitsOut < WRITER_UNITS && this.#bytesOut < WRITER_BYTES) {
      this.#handOver();
      if (this.#writes.length === 0 || !isSliceOver()) continue;
      this.#scheduled = true;
      inNextSlice(this.#begin);
      return;
    }
  };

  #handOver(): void {
    const packer = new GroupPacker();
    const listeners: WriteListener[] = [];
    for (const { compose, done } of this.#writes) {
      if (packer.units >= GROUP_UNITS || packer.bytes >= GROUP_BYTES) break;
      packer.add(compose());
      listeners.push(done);
      if (listeners.length % UNITS_AT_ONCE === 0 && isSliceOver()) break;
    }
    if (listeners.length === this.#writes.length) this.#writes = [];
    else this.#writes.splice(0, listeners.length);
    const { bytes } = packer;
    this.#groups.push({ listeners, bytes });
    this.#unitsOut += listeners.length;
    this.#bytesOut += bytes;
    const message = packer.message(++this.#lastGroup, this.#lastAnswered);
    this.#writer().postMessage(message, [message.bytes.buffer, message.operations.buffer]);
  }

  readonly #answerSome = (): void => this.#answer(isSliceOver);

  /** Tells those who wrote what has become of it. @param mayStop asked now and then whether the rest is to be told later */
  #answer(mayStop: () => boolean): void {
    for (let reply = this.#replies[0]; reply; reply = this.#replies[0]) {
      const { group, failure, failures, more } = reply;
      const { listeners, bytes } = this.#groups[0]!;
      // A listener may wait for the disk, and then all have been told when it returns.
      while (reply === this.#replies[0] && this.#told < listeners.length) {
        const i = this.#told++;
        const error: WriteFailure | undefined = failure ?? failures[i];
        listeners[i]!(error && storeError(error, this.#file), more[i] === true);
        if (i % UNITS_AT_ONCE > 0 || !mayStop()) continue;
        inNextSlice(this.#answerSome);
        return;
      }
      if (reply !== this.#replies[0]) continue;
      this.#told = 0;
      this.#replies.shift();
      this.#groups.shift();
      this.#lastAnswered = group;
      this.#unitsOut -= listeners.length;
      this.#bytesOut -= bytes;
    }
    if (!this.#scheduled) this.#begin();
  }

  /** Returns once everything that was to be written is on disk, or has failed. */
  flush(): void {
    this.#begin();
    while (this.#groups.length > 0) {
      if (this.#replies.length === 0) {
        this.#awaitGroup(this.#lastAnswered + 1);
        this.#takeReplies();
      }
      this.#answer(never);
      this.#begin();
    }
  }

  #takeReplies(): void {
    const reply = receiveMessageOnPort(this.#writer()) as { message: GroupReply[] } | undefined;
    if (reply) this.#replies.push(...reply.message);
    else if (this.#failed) {
      const failure = { message: "the thread that writes it has failed" };
      this.#replies.push({ group: this.#lastAnswered + 1, failure, failures: {}, more: {} });
    }
  }

  get #failed(): boolean {
    return Atomics.load(this.#groupsDone, 1) === 1;
  }

  /** Waits until the writer is done with this group, or has failed. */
  #awaitGroup(group: number): void {
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
        if (this.#port) this.#port.postMessage({ tidy: true } satisfies WriterMessage);
        else this.#tidyLater();
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
    clearTimeout(this.#tidyTimer);
    if (this.#port) {
      this.#port.postMessage({ close: this.#lastGroup + 1 } satisfies WriterMessage);
      this.#awaitGroup(this.#lastGroup + 1);
      this.#port.close();
    }
    this.database.close();
    this.#mark.close();
    this.#lock.close();
  }
}
