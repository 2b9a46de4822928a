/** The monitor: what people ask about calls, wherever they are kept. */

import type { CallInfo, InputQuery, InputRecord, LogFilter, Monitor, Output, Progress } from "../../../engine/index.ts";
import { clearTimeout, setTimeout } from "../../../runtime/timers.ts";
import { ask } from "../ask.ts";
import type { Connection } from "../connection.ts";
import type { CallStore, StoredCall } from "../durable/index.ts";
import { streams, subjects } from "../names.ts";
import { REMEMBERED_BYTES } from "../source/index.ts";
import type { Calls } from "./calls.ts";
import { isNamed, readLogs } from "./logs.ts";

const DEFAULT_LIST = 100;
const FIRST_SPAN = 256;
/** Arguments of so many first inputs are shown. */
const SHOWN_FIRST = 10;
/** A call that is not kept is asked about so often whether it has ended. */
const LOOK_MS = 300;

interface Filter {
  app?: string;
  environment?: string;
  function?: string;
  limit?: number;
}

export class NatsMonitor implements Monitor {
  readonly #connection: Connection;
  readonly #store: CallStore;
  readonly #calls: Calls;

  constructor(connection: Connection, store: CallStore, calls: Calls) {
    this.#connection = connection;
    this.#store = store;
    this.#calls = calls;
  }

  async calls(filter: Filter = {}): Promise<CallInfo[]> {
    const limit = filter.limit ?? DEFAULT_LIST;
    const [kept, others] = await Promise.all([this.#kept(filter, limit), this.#calls.list()]);
    return [...kept, ...others.filter((info) => suits(info, filter))]
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
      .slice(0, limit);
  }

  /** Durable calls, newest first. Looks back in growing steps, since only reading forward is cheap. */
  async #kept(filter: Filter, limit: number): Promise<CallInfo[]> {
    const subject = subjects.calls("accepted");
    const last = await this.#connection.lastSequence(streams.calls);
    for (let span = FIRST_SPAN; ; span *= 4) {
      const from = Math.max(1, last - span + 1);
      const infos: CallInfo[] = [];
      for (let seq = from; ; ) {
        const message = await this.#connection.read(streams.calls, { seq, next_by_subj: subject });
        if (!message) break;
        seq = message.seq + 1;
        const call = await this.#store.find(message.subject.split(".")[2] ?? "");
        const { accepted } = call ?? {};
        if (call && accepted && suits(accepted, filter)) infos.push(await this.#store.info(call));
      }
      if (infos.length >= limit || from === 1) return infos.slice(-limit);
    }
  }

  async inputs(id: string, query: InputQuery): Promise<InputRecord[]> {
    const remembered = await this.#calls.inputs(id, query);
    if (remembered) return remembered;
    const call = await this.#store.get(id);
    this.#store.requireResults(call);
    return this.#inputsOf(call, query);
  }

  async #inputsOf(call: StoredCall, query: InputQuery): Promise<InputRecord[]> {
    const { start = 0, end = Number.POSITIVE_INFINITY, failed: onlyFailed = false, limit = end } = query;
    const outputs = new Map((await this.#store.outputs(call)).map((output) => [output.index, output]));
    const records: InputRecord[] = [];
    for await (const { index, payload } of this.#store.inputs(call)) {
      if (records.length >= limit) break;
      if (index < start || index >= end) continue;
      const output = outputs.get(index);
      const failed = output?.kind === "exception" || output?.kind === "failure";
      if (onlyFailed && !failed) continue;
      const shown = (index < SHOWN_FIRST || failed) && payload.length <= REMEMBERED_BYTES;
      records.push({ index, ...(shown && { payload }), outputs: output ? [shortened(output)] : [] });
    }
    return records;
  }

  async *progress(
    id: string,
    { follow = false, signal }: { follow?: boolean; signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Progress, void, undefined> {
    const isOver = async () => (await this.#calls.info(id)).endedAt !== undefined;
    const over = await isOver();
    if (signal?.aborted || (over && follow)) return;
    // The newest of each input: a slow reader misses what lies between.
    const waiting = new Map<number, Progress>();
    let wake = (): void => {};
    const subscription = await this.#connection.subscribe(subjects.progress(id), (error, message) => {
      if (error) return;
      const progress = message.json<Progress>();
      waiting.set(progress.index, progress);
      wake();
    });
    this.#connection.hold();
    const aborted = (): void => wake();
    signal?.addEventListener("abort", aborted);
    try {
      for (const latest of await ask<Progress[]>(this.#connection, "progress", { id })) {
        for (const progress of latest) if (!waiting.has(progress.index)) waiting.set(progress.index, progress);
      }
      for (let ended = false; ; ) {
        for (const [index, progress] of waiting) {
          waiting.delete(index);
          if (signal?.aborted) return;
          yield progress;
        }
        if (!follow || ended || signal?.aborted) return;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, LOOK_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        if (waiting.size === 0) ended = await isOver();
      }
    } finally {
      signal?.removeEventListener("abort", aborted);
      subscription.unsubscribe();
      this.#connection.release();
    }
  }

  logs(filter: LogFilter): ReturnType<Monitor["logs"]> {
    return readLogs(this.#connection, filter);
  }
}

function suits(info: { app: string; environment: string; function: string }, filter: Filter): boolean {
  if (filter.app !== undefined && info.app !== filter.app) return false;
  if (filter.environment !== undefined && info.environment !== filter.environment) return false;
  return filter.function === undefined || isNamed(info.function, filter.function);
}

/** Without what is too large to be shown. */
function shortened(output: Output): Output {
  return "payload" in output && output.payload.length > REMEMBERED_BYTES
    ? { ...output, payload: new Uint8Array() }
    : output;
}
