/** What containers print: kept per app, fetched by time, and followed as it comes. */
import type { Context, Handlers, Request } from "./codecs.ts";
import { Bell } from "./values.ts";

export interface LogEntry {
  appId: string;
  functionId: string;
  taskId: string;
  functionCallId: string;
  inputId: string;
  /** 1 stdout, 2 stderr. */
  fileDescriptor: number;
  data: string;
}

type Filter = Pick<Request<"appGetLogs">, "appId" | "functionId" | "functionCallId" | "taskId" | "searchText">;

export class Logs {
  readonly entries: (LogEntry & { timestamp: number; timestampNs: string })[] = [];
  #bell = new Bell();
  #lastNs = 0n;

  add(entry: LogEntry): void {
    // Containers print more often than the clock of milliseconds moves; each entry has a time of its own.
    const clock = BigInt(Date.now()) * 1_000_000n;
    this.#lastNs = clock > this.#lastNs ? clock : this.#lastNs + 1000n;
    this.entries.push({ ...entry, timestamp: Number(this.#lastNs) / 1e9, timestampNs: String(this.#lastNs) });
    this.#bell.ring();
  }

  /** Wakes the streams, of an app that has stopped for example. */
  wake(): void {
    this.#bell.ring();
  }

  readonly rpcs = {
    appFetchLogs: async (request) => {
      const [since, until] = [request.since?.getTime() ?? 0, request.until?.getTime() ?? Number.POSITIVE_INFINITY];
      const found = this.entries.filter((entry) => {
        const ms = entry.timestamp * 1000;
        return ms >= since && ms <= until && matches(entry, request) && isFrom(entry, request.source);
      });
      return { batches: (request.limit ? found.slice(-request.limit) : found).map((entry) => batch(entry, "")) };
    },
    appGetLogs: (request, context) => this.#follow(request, context),
  } satisfies Handlers;

  async *#follow(request: Request<"appGetLogs">, { signal }: Context) {
    let at = Number.parseInt(request.lastEntryId || "0", 10);
    const until = Date.now() + (request.timeout || 55) * 1000;
    while (!signal.aborted && Date.now() < until) {
      while (at < this.entries.length) {
        const entry = this.entries[at++]!;
        if (matches(entry, request) && isFrom(entry, request.fileDescriptor)) yield batch(entry, `${at}-0`);
      }
      await this.#bell.wait(until - Date.now(), signal);
    }
  }
}

function matches(entry: LogEntry, filter: Filter): boolean {
  return (
    entry.appId === filter.appId &&
    (!filter.functionId || entry.functionId === filter.functionId) &&
    (!filter.functionCallId || entry.functionCallId === filter.functionCallId) &&
    (!filter.taskId || entry.taskId === filter.taskId) &&
    entry.data.includes(filter.searchText)
  );
}

function isFrom(entry: LogEntry, source: number): boolean {
  return source === 0 || entry.fileDescriptor === source;
}

function batch(entry: Logs["entries"][number], entryId: string) {
  const { data, fileDescriptor, timestamp, timestampNs, functionCallId, inputId, taskId, functionId } = entry;
  const item = { data, fileDescriptor, timestamp, timestampNs, functionCallId, inputId, containerId: taskId };
  return { taskId, entryId, functionId, inputId, items: [item] };
}
