/** Calls wherever they are: of this process, of other processes that call, or kept in NATS. */
import { type CallInfo, cancelledCall, type InputQuery, type InputRecord, type Output } from "../../../engine/index.ts";
import { ask } from "../ask.ts";
import type { Connection } from "../connection.ts";
import { type CallStore, isId, unknownCall } from "../durable/index.ts";
import { ownerOf, type Source } from "../source/index.ts";

/** What sources answer; `null` from those that do not know the call. */
export interface SourceQuestion {
  kind: "list" | "info" | "inputs" | "cancel";
  id?: string;
  query?: InputQuery;
  terminate?: boolean;
}

/** InputRecord as JSON. */
interface WrittenRecord {
  index: number;
  payload?: string;
  outputs: (
    | Exclude<Output, { payload: Uint8Array }>
    | { kind: "result" | "exception" | "yield"; index: number; payload: string }
  )[];
}

export class Calls {
  readonly #connection: Connection;
  readonly #store: CallStore;
  readonly #own: () => Source | undefined;

  /** @param own the calls of this process, once there are any */
  constructor(connection: Connection, store: CallStore, own: () => Source | undefined) {
    this.#connection = connection;
    this.#store = store;
    this.#own = own;
  }

  /** Those that are not kept. */
  async list(): Promise<CallInfo[]> {
    const own = this.#own();
    const question: SourceQuestion = { kind: "list" };
    const others = await ask<CallInfo[]>(this.#connection, "source", question, own ? { but: own.address } : {});
    return [...others.flat(), ...(own?.infos() ?? [])];
  }

  /** Rejects with NotFoundError. */
  async info(id: string): Promise<CallInfo> {
    const own = this.#own()?.info(id);
    if (own) return own;
    const kept = await this.#store.find(id);
    if (kept) return this.#store.info(kept);
    const other = await this.#askOwner<CallInfo>({ kind: "info", id });
    if (other) return other;
    throw unknownCall(id);
  }

  /** Undefined when no process remembers the call. */
  async inputs(id: string, query: InputQuery): Promise<InputRecord[] | undefined> {
    const own = this.#own()?.inputs(id, query);
    if (own) return own;
    if (await this.#store.find(id)) return undefined;
    const written = await this.#askOwner<WrittenRecord[]>({ kind: "inputs", id, query });
    return written?.map(readRecord);
  }

  async cancel(id: string, terminate: boolean): Promise<void> {
    if (this.#own()?.cancel(id, terminate, cancelledCall(id))) return;
    const kept = await this.#store.find(id);
    if (kept) {
      if (!kept.ended) await this.#store.write(id, "cancelled", JSON.stringify({ at: Date.now(), terminate }));
      return;
    }
    const done = await this.#askOwner<true>({ kind: "cancel", id, terminate });
    if (done === undefined) throw unknownCall(id);
  }

  /** The process whose call it is: undefined when that is gone, or knows it no longer. */
  async #askOwner<T>(question: SourceQuestion & { id: string }): Promise<T | undefined> {
    if (!isId(question.id)) return undefined;
    const owner = `call.${ownerOf(question.id)}`;
    const [answer] = await ask<T | null>(this.#connection, owner, question, { one: true });
    return answer ?? undefined;
  }
}

/** What a source answers. */
export function answerOf(source: Source, { kind, id = "", query = {}, terminate = false }: SourceQuestion): unknown {
  switch (kind) {
    case "list":
      return source.infos();
    case "info":
      return source.info(id) ?? null;
    case "inputs":
      return source.inputs(id, query)?.map(writeRecord) ?? null;
    case "cancel":
      return source.cancel(id, terminate, cancelledCall(id)) || null;
  }
}

function writeRecord({ index, payload, outputs }: InputRecord): WrittenRecord {
  return {
    index,
    ...(payload && { payload: Buffer.from(payload).toString("base64") }),
    outputs: outputs.map((output) =>
      "payload" in output ? { ...output, payload: Buffer.from(output.payload).toString("base64") } : output,
    ),
  };
}

function readRecord({ index, payload, outputs }: WrittenRecord): InputRecord {
  return {
    index,
    ...(payload !== undefined && { payload: Buffer.from(payload, "base64") }),
    outputs: outputs.map((output) =>
      "payload" in output ? { ...output, payload: Buffer.from(output.payload, "base64") } : output,
    ),
  };
}
