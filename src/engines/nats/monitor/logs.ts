/** What containers print, in a stream: one message an entry. */

import type { LogEntry, LogFilter } from "../../../engine/index.ts";
import { clearTimeout, setTimeout } from "../../../runtime/timers.ts";
import type { Connection, Subscription } from "../connection.ts";
import { streams, subjects } from "../names.ts";

/** An entry of a call that was not said may get lost on its way; the next look finds it. */
const LOOK_MS = 2_000;
/** So many messages are looked through at first for the newest entries. */
const FIRST_SPAN = 256;

type StoredEntry = Omit<LogEntry, "sequence">;

export async function* readLogs(
  connection: Connection,
  { app, environment, function: name, callId, after, limit, follow = false, signal }: LogFilter,
): AsyncGenerator<LogEntry, void, undefined> {
  const subject = subjects.logs({ app, environment, callId });
  const suits = (entry: LogEntry): boolean => name === undefined || isNamed(entry.function, name);
  let wake = (): void => {};
  const aborted = (): void => wake();
  let subscription: Subscription | undefined;
  if (follow) {
    connection.hold();
    signal?.addEventListener("abort", aborted);
  }
  try {
    if (follow) subscription = await connection.subscribe(subject, () => wake());
    let next = (after ?? 0) + 1;
    if (limit !== undefined) {
      const newest = await newestEntries(connection, { subject, next, limit, suits });
      next = newest.next;
      for (const entry of newest.entries) {
        if (signal?.aborted) return;
        yield entry;
      }
    }
    while (!signal?.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const entry = await entryFrom(connection, subject, next);
      if (entry) {
        next = entry.sequence + 1;
        if (suits(entry) && !signal?.aborted) yield entry;
        continue;
      }
      if (!follow) return;
      const timer = setTimeout(wake, LOOK_MS);
      await woken;
      clearTimeout(timer);
    }
  } finally {
    signal?.removeEventListener("abort", aborted);
    subscription?.unsubscribe();
    if (follow) connection.release();
  }
}

async function entryFrom(connection: Connection, subject: string, seq: number): Promise<LogEntry | undefined> {
  const message = await connection.read(streams.logs, { seq, next_by_subj: subject });
  return message && { ...message.json<StoredEntry>(), sequence: message.seq };
}

/** Looks back in growing steps, since only reading forward is cheap. */
async function newestEntries(
  connection: Connection,
  {
    subject,
    next,
    limit,
    suits,
  }: { subject: string; next: number; limit: number; suits: (entry: LogEntry) => boolean },
): Promise<{ entries: LogEntry[]; next: number }> {
  const last = await connection.lastSequence(streams.logs);
  if (limit === 0) return { entries: [], next: Math.max(next, last + 1) };
  for (let span = Math.max(FIRST_SPAN, limit); ; span *= 4) {
    const from = Math.max(next, last - span + 1);
    const entries: LogEntry[] = [];
    let at = from;
    for (
      let entry = await entryFrom(connection, subject, at);
      entry;
      entry = await entryFrom(connection, subject, at)
    ) {
      at = entry.sequence + 1;
      if (suits(entry)) entries.push(entry);
    }
    if (entries.length >= limit || from === next)
      return { entries: entries.slice(-limit), next: Math.max(at, last + 1) };
  }
}

/** By its own name, or by that of its class. */
export function isNamed(name: string, by: string): boolean {
  return name === by || name.startsWith(`${by}.`);
}
