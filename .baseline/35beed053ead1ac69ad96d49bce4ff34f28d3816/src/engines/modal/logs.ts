/** Logs: what is kept, then what comes. Modal numbers no entries: their time, in microseconds, is their number. */
import type { LogEntry, LogFilter } from "../../engine/index.ts";
import type { Deployment } from "./apps/index.ts";
import { POLL_SECONDS, type Reply, type Session } from "./client.ts";
import { rpcError } from "./errors.ts";
import { inParallel, pause } from "./values.ts";

/** How far back logs are read, in milliseconds, and how many entries of an app at most. */
const KEPT_MS = 24 * 3_600_000;
const MAX_ENTRIES = 1_000;
const REOPEN_PAUSE_MS = 1_000;

const STREAMS = { 1: "stdout", 2: "stderr" } as const;

type Batch = Reply<"appFetchLogs">["batches"][number];

/** What logs are filtered by, where Modal knows it: functions by their ids. */
interface Source {
  deployment: Deployment;
  /** Undefined for all of the app. */
  functionId: string | undefined;
  callId: string | undefined;
}

export async function* readLogs(
  session: Session,
  deployments: readonly Deployment[],
  filter: LogFilter,
): AsyncGenerator<LogEntry> {
  const sources = deployments.flatMap((deployment) => sourcesOf(deployment, filter));
  const lists = await inParallel(sources, 8, (source) => fetchKept(session, source, filter));
  const kept = lists.flat().sort((a, b) => a.sequence - b.sequence);
  const { limit = kept.length, follow, signal } = filter;
  const after = filter.after ?? 0;
  const newest = kept.filter(({ sequence }) => sequence > after);
  yield* limit === 0 ? [] : newest.slice(-limit);
  if (!follow || sources.length === 0) return;
  const stop = signal ? AbortSignal.any([signal, session.signal]) : session.signal;
  const last = Math.max(after, kept.at(-1)?.sequence ?? 0);
  yield* merge(
    sources.map((source) => followOne(session, source, last, stop)),
    stop,
  );
}

/** None where the app has no such function. */
function sourcesOf(deployment: Deployment, { function: name, environment, callId }: LogFilter): Source[] {
  if (environment !== undefined && environment !== deployment.environment) return [];
  if (name === undefined) return [{ deployment, functionId: undefined, callId }];
  const schema = deployment.functions.get(name);
  const located = deployment.layout.get(schema?.class === undefined ? name : `${schema.class}.*`);
  return located ? [{ deployment, functionId: located.functionId, callId }] : [];
}

function requestOf({ deployment, functionId = "", callId = "" }: Source) {
  return { appId: deployment.appId, functionId, functionCallId: callId };
}

async function fetchKept(session: Session, source: Source, { after, limit }: LogFilter): Promise<LogEntry[]> {
  const until = new Date();
  const since = new Date(after === undefined ? until.getTime() - KEPT_MS : Math.floor(after / 1000));
  const count = limit === 0 ? 1 : Math.min(limit ?? MAX_ENTRIES, MAX_ENTRIES);
  const request = { ...requestOf(source), since, until, limit: count };
  const { batches } = await session.ask((rpc, options) => rpc.appFetchLogs(request, options));
  return batches.flatMap((batch) => entriesOf(source, batch));
}

async function* followOne(
  session: Session,
  source: Source,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  let lastEntryId = "";
  let last = after;
  while (!signal.aborted) {
    try {
      const rpc = await session.rpc();
      const request = { ...requestOf(source), timeout: POLL_SECONDS, lastEntryId };
      for await (const batch of rpc.appGetLogs(request, { signal })) {
        if (batch.entryId) lastEntryId = batch.entryId;
        for (const entry of entriesOf(source, batch)) {
          if (entry.sequence <= last) continue;
          last = entry.sequence;
          yield entry;
        }
        if (batch.appDone) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A stream that breaks is opened again where the last one ended; what Modal refuses stays refused.
      const { code } = rpcError(error, session.url);
      if (code !== "FARCALL_ENGINE_UNAVAILABLE") throw rpcError(error, session.url);
      await pause(REOPEN_PAUSE_MS, signal);
    }
  }
}

function entriesOf({ deployment }: Source, batch: Batch): LogEntry[] {
  const { app, environment, layout } = deployment;
  const tag = [...layout].find(([, { functionId }]) => functionId === batch.functionId)?.[0] ?? "";
  return batch.items
    .filter(({ data }) => data !== "")
    .map((item): LogEntry => {
      const { data, fileDescriptor, timestamp, timestampNs, functionCallId, containerId } = item;
      const sequence = timestampNs ? Number(BigInt(timestampNs) / 1000n) : Math.round(timestamp * 1e6);
      return {
        sequence,
        time: new Date(sequence / 1000).toISOString(),
        app,
        environment,
        function: tag.replace(/\.\*$/, ""),
        container: containerId || batch.taskId,
        ...(functionCallId && { callId: functionCallId }),
        stream: fileDescriptor === 1 || fileDescriptor === 2 ? STREAMS[fileDescriptor] : "system",
        text: data,
      };
    });
}

/** What comes first, from any of them. */
async function* merge(streams: AsyncGenerator<LogEntry>[], signal: AbortSignal): AsyncGenerator<LogEntry> {
  const next = new Map(streams.map((stream) => [stream, step(stream)]));
  try {
    while (next.size > 0 && !signal.aborted) {
      const { stream, result } = await Promise.race(next.values());
      if (result.done) next.delete(stream);
      else {
        next.set(stream, step(stream));
        yield result.value;
      }
    }
  } finally {
    // Each waits for its own signal; nobody waits for what they still bring.
    for (const [stream, pending] of next) {
      pending.catch(() => {});
      void stream.return(undefined).catch(() => {});
    }
  }
}

async function step(stream: AsyncGenerator<LogEntry>) {
  return { stream, result: await stream.next() };
}
