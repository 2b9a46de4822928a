/**
 * The thread that writes durable calls, so that no disk keeps the host from its other callers. All that has come while it wrote shares its next
 * transaction. When nothing is to be written it moves the log into the database and gives space back to the disk.
 */
import { DatabaseSync } from "node:sqlite";
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { CallWriter } from "./call-writer.ts";
import { CommitMark } from "./commit-mark.ts";
import type { GroupMessage, WriterData, WriterMessage } from "./writes.ts";

/** What one transaction takes at most. */
const TRANSACTION_UNITS = 4_000;
const TRANSACTION_BYTES = 16 * 1024 * 1024;
/** How long nothing was written. */
const IDLE_MS = 1_000;
/** Pages that are given back in one go, and the wait between two. */
const VACUUM_PAGES = 1_000;
const VACUUM_PAUSE_MS = 50;

// The host has made it (store.ts).
const { file, port, groupsDone } = workerData as WriterData;
process.on("uncaughtException", (error) => {
  Atomics.store(groupsDone, 1, 1);
  Atomics.notify(groupsDone, 0);
  throw error;
});
const database = new DatabaseSync(file, { timeout: 20_000 });
database.exec(
  "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = 4000;",
);
const writer = new CallWriter(database);
const mark = new CommitMark(file);
let idleTimer = setTimeout(tidy, IDLE_MS);

port.on("message", (first: WriterMessage) => {
  clearTimeout(idleTimer);
  let groups: GroupMessage[] = [];
  let units = 0;
  let bytes = 0;
  for (let message: WriterMessage | undefined = first; message; message = next()) {
    if ("close" in message) {
      write(groups);
      close(message.close);
      return;
    }
    if (!("group" in message)) continue;
    groups.push(message);
    units += message.units;
    bytes += message.bytes.length;
    if (units < TRANSACTION_UNITS && bytes < TRANSACTION_BYTES) continue;
    write(groups);
    groups = [];
    units = bytes = 0;
  }
  write(groups);
  idleTimer = setTimeout(tidy, IDLE_MS);
});

function next(): WriterMessage | undefined {
  return (receiveMessageOnPort(port) as { message: WriterMessage } | undefined)?.message;
}

function write(groups: readonly GroupMessage[]): void {
  if (groups.length === 0) return;
  const { replies, count } = writer.write(groups);
  if (count !== undefined) mark.set(count);
  port.postMessage(replies);
  done(groups.at(-1)!.group);
}

function close(asGroup: number): void {
  database.close();
  mark.close();
  port.close();
  done(asGroup);
}

function done(group: number): void {
  Atomics.store(groupsDone, 0, group);
  Atomics.notify(groupsDone, 0);
}

/** Whatever fails here succeeds another time. */
function tidy(): void {
  try {
    database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    const { freelist_count: free } = database.prepare("PRAGMA freelist_count").get() as { freelist_count: number };
    if (free > 0) idleTimer = setTimeout(tidy, VACUUM_PAUSE_MS);
    else database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    idleTimer = setTimeout(tidy, 60 * IDLE_MS);
  }
}
