/** Reads and writes the records of durable calls. */
import { createHash } from "node:crypto";
import type { CallInfo, Failure, InputRange, Output } from "../../../engine/index.ts";
import { NotFoundError, OutputExpiredError } from "../../../runtime/errors.ts";
import { type Frame, FrameReader } from "../../../wire/frames.ts";
import { IndexSet } from "../../../wire/index-set.ts";
import type { Connection } from "../connection.ts";
import { isConflict } from "../errors.ts";
import { type CallRecordKind, callIdIn, streams, subjects } from "../names.ts";
import { outputOf } from "../pairs/index.ts";
import { type Accepted, type Cancelled, type Ended, pack, type Streamed, unpack } from "./records.ts";

/** A call as it is in the store. */
export interface StoredCall {
  accepted: Accepted;
  /** Frames of its inputs, when they are not in the stream. */
  inputs: Buffer;
  /** Outcomes lie in the stream, or are about to. */
  isStreamed: boolean;
  ended?: { record: Ended; outputs: Buffer };
  cancelled?: Cancelled;
}

export class CallStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Undefined when it was never accepted. */
  async find(id: string): Promise<StoredCall | undefined> {
    if (!isId(id)) return undefined;
    const [accepted, ended, cancelled] = await Promise.all([
      this.#record(id, "accepted"),
      this.#end(id),
      this.#record(id, "cancelled"),
    ]);
    if (!accepted) return undefined;
    const { head, frames } = unpack<Accepted>(accepted);
    const call: StoredCall = { accepted: head, inputs: frames, isStreamed: ended !== undefined && !ended.record };
    if (ended?.record) call.ended = { record: ended.record, outputs: ended.outputs };
    if (cancelled) call.cancelled = JSON.parse(Buffer.from(cancelled).toString()) as Cancelled;
    return call;
  }

  async #record(id: string, kind: CallRecordKind): Promise<Uint8Array | undefined> {
    return (await this.#connection.read(streams.calls, { last_by_subj: subjects.call(id, kind) }))?.data;
  }

  async #end(id: string): Promise<StoredEnd | undefined> {
    const query = { last_by_subj: subjects.call(id, "ended") };
    const found = await this.#connection.read(streams.calls, query);
    const end = found && parseEnd(found);
    if (!end || end.record) return end;
    // It is written over once, and a replica may be behind.
    return this.#newestEnd(id);
  }

  async #newestEnd(id: string): Promise<StoredEnd | undefined> {
    const found = await this.#connection.readNewest(streams.calls, { last_by_subj: subjects.call(id, "ended") });
    return found && parseEnd(found);
  }

  /** Rejects with NotFoundError. */
  async get(id: string): Promise<StoredCall> {
    const call = await this.find(id);
    if (call) return call;
    throw unknownCall(id);
  }

  /** Writes a record, unless there is one of that kind: then it resolves to false. */
  async write(id: string, kind: CallRecordKind, data: Uint8Array | string): Promise<boolean> {
    try {
      await this.#connection.append(subjects.call(id, kind), data, { lastSubjectSequence: 0 });
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
      return false;
    }
  }

  /** Outcomes are about to be streamed. False when the call has ended: they would count for some readers and not for others. */
  async stream(id: string): Promise<boolean> {
    const record: Streamed = { streamed: true };
    return (await this.write(id, "ended", pack(record, Buffer.alloc(0)))) || !(await this.#newestEnd(id))?.record;
  }

  /**
   * The call ends, unless it has. False when nothing is written, since `outputs` would come with the record while others lie in
   * the stream.
   */
  async end(id: string, record: Ended, outputs: Uint8Array): Promise<boolean> {
    for (let end: StoredEnd | undefined; ; ) {
      if (!record.inline) end = await this.#newestEnd(id);
      if (end?.record) return true;
      const options = { lastSubjectSequence: end?.sequence ?? 0 };
      try {
        await this.#connection.append(subjects.call(id, "ended"), pack(record, outputs), options);
        return true;
      } catch (error) {
        if (!isConflict(error)) throw error;
        if (record.inline) return (await this.#newestEnd(id))?.record !== undefined;
      }
    }
  }

  /** The inputs of a call, in order. */
  async *inputs({ accepted, inputs }: StoredCall): AsyncGenerator<{ index: number; payload: Buffer }, void, undefined> {
    let found: { index: number; payload: Buffer }[] = [];
    const reader = new FrameReader(({ index, payload }) => found.push({ index, payload: Buffer.from(payload) }));
    reader.push(inputs);
    yield* found;
    if (!accepted.rest) return;
    const subject = subjects.input(accepted.rest.id, accepted.rest.nonce);
    for (let seq = 1, count = found.length; count < accepted.numInputs; ) {
      const message = await this.#connection.read(streams.inputs, { seq, next_by_subj: subject });
      if (!message) throw new OutputExpiredError(`the inputs of call ${accepted.id} are not kept any more`);
      seq = message.seq + 1;
      found = [];
      reader.push(Buffer.from(message.data));
      count += found.length;
      yield* found;
    }
  }

  /** Whether its results have expired. */
  isExpired({ ended }: StoredCall): boolean {
    return ended !== undefined && ended.record.expiresAt < this.#connection.now();
  }

  /** Rejects with OutputExpiredError. */
  requireResults(call: StoredCall): void {
    if (!this.isExpired(call)) return;
    throw new OutputExpiredError(`the results of call ${call.accepted.id} have expired`, {
      hint: "Results are kept for seven days.",
    });
  }

  /** What has come so far, the first outcome of each input. */
  async outputs(call: StoredCall): Promise<Output[]> {
    const reader = new OutputReader(this.#connection, call.accepted.id);
    if (call.ended?.record.inline) return reader.parse(call.ended.outputs);
    const outputs: Output[] = [];
    for (let more = await reader.read(); more; more = await reader.read()) outputs.push(...more);
    return outputs;
  }

  async info(call: StoredCall): Promise<CallInfo> {
    const { accepted, ended, cancelled } = call;
    let counts = ended?.record && { numEnded: ended.record.numEnded, numFailed: ended.record.numFailed };
    if (!counts) {
      const outputs = await this.outputs(call);
      const failed = outputs.filter(({ kind }) => kind === "exception" || kind === "failure");
      counts = { numEnded: outputs.length, numFailed: failed.length };
    }
    const { id, app, environment, instance, version, method, mode, numInputs, createdAt, dueAt } = accepted;
    return {
      id,
      app,
      environment,
      function: accepted.function,
      ...(instance !== undefined && { instance }),
      version,
      method,
      mode,
      numInputs,
      ...counts,
      createdAt: new Date(createdAt).toISOString(),
      ...(dueAt !== undefined && { dueAt: new Date(dueAt).toISOString() }),
      ...(ended && { endedAt: new Date(ended.record.at).toISOString() }),
      cancelled: cancelled !== undefined || ended?.record.cancelled !== undefined,
    };
  }

  /** Cancels in the order of the store, from a sequence on. */
  async cancelAfter(sequence: number): Promise<{ id: string; cancelled: Cancelled; sequence: number } | undefined> {
    const subject = subjects.calls("cancelled");
    const message = await this.#connection.read(streams.calls, { seq: sequence + 1, next_by_subj: subject });
    return message && { id: callIdIn(message.subject), cancelled: message.json<Cancelled>(), sequence: message.seq };
  }

  // ---- what has expired

  /** The ends of calls in the order of the store, from a sequence on. */
  async endAfter(sequence: number): Promise<{ id: string; ended: Ended; sequence: number } | undefined> {
    const subject = subjects.calls("ended");
    for (let seq = sequence + 1; ; ) {
      const message = await this.#connection.read(streams.calls, { seq, next_by_subj: subject });
      if (!message) return undefined;
      const { record } = parseEnd(message);
      if (record) return { id: callIdIn(message.subject), ended: record, sequence: message.seq };
      seq = message.seq + 1;
    }
  }

  /** Removes inputs, outputs and key; that the call was there is still known. */
  async removeResults(id: string): Promise<void> {
    const call = await this.find(id);
    await this.#connection.ask(async ({ jsm }) => {
      await jsm.streams.purge(streams.outputs, { filter: subjects.outputs(id) });
      const inputsOf = call?.accepted.rest?.id;
      if (inputsOf !== undefined) await jsm.streams.purge(streams.inputs, { filter: subjects.inputs(inputsOf) });
    });
    const key = call?.accepted.key;
    if (key === undefined) return;
    const claimed = await this.#connection.readNewest(streams.keys, { last_by_subj: subjects.key(key) });
    if (claimed?.string() !== id) return;
    await this.#connection.ask(({ jsm }) => jsm.streams.purge(streams.keys, { filter: subjects.key(key) }));
  }

  /** Nothing is known of it any more. */
  async forget(id: string): Promise<void> {
    await this.#connection.ask(async ({ jsm }) => {
      for (const kind of ["cancelled", "accepted", "ended"] as const) {
        await jsm.streams.purge(streams.calls, { filter: subjects.call(id, kind) });
      }
    });
  }

  // ---- idempotency keys

  /** The id of the call with this key, which is `id` unless there is one already. */
  async claim(key: string, id: string): Promise<string> {
    for (;;) {
      const found = await this.#connection.readNewest(streams.keys, { last_by_subj: subjects.key(key) });
      if (found) {
        const known = found.string();
        const call = await this.find(known);
        if (!call || !this.isExpired(call)) return known;
      }
      try {
        await this.#connection.append(subjects.key(key), id, { lastSubjectSequence: found?.seq ?? 0 });
        return id;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }
}

interface StoredEnd {
  sequence: number;
  /** Undefined while outcomes are streamed. */
  record: Ended | undefined;
  outputs: Buffer;
}

function parseEnd({ seq, data }: { seq: number; data: Uint8Array }): StoredEnd {
  const { head, frames } = unpack<Ended | Streamed>(data);
  return { sequence: seq, record: "streamed" in head ? undefined : head, outputs: frames };
}

export function unknownCall(id: string): NotFoundError {
  return new NotFoundError(`no call ${id} is known`, {
    hint: "Ids of calls begin with fc-; results are kept for seven days, on the engine that ran them.",
  });
}

/** An id is a part of subjects. */
export function isId(id: string): boolean {
  return /^fc-[0-9a-z]+$/.test(id);
}

/** What a key means: one function in one environment, or one instance of a class. */
export function keyHash(
  {
    app,
    environment,
    name,
    instance,
  }: { app: string; environment: string; name: string; instance?: string | undefined },
  key: string,
): string {
  return createHash("sha256")
    .update(JSON.stringify([environment, app, name, instance ?? "", key]))
    .digest("hex");
}

/** Reads the outcomes of a call in the order of the stream, each input's first one. */
export class OutputReader {
  readonly #connection: Connection;
  readonly #id: string;
  readonly #seen = new IndexSet();
  /** Frames of different writers may lie between each other. */
  readonly #readers = new Map<string, FrameReader>();
  #found: Output[] = [];
  #next = 1;
  #count = 0;

  constructor(connection: Connection, id: string) {
    this.#connection = connection;
    this.#id = id;
  }

  /** Inputs whose outcome was read. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return this.#seen.has(index);
  }

  /** The next ones; undefined when there are no more at present. */
  async read(): Promise<Output[] | undefined> {
    const message = await this.#connection.read(streams.outputs, {
      seq: this.#next,
      next_by_subj: subjects.outputs(this.#id),
    });
    if (!message) return undefined;
    this.#next = message.seq + 1;
    return this.parse(Buffer.from(message.data), message.subject);
  }

  parse(bytes: Buffer, writer = ""): Output[] {
    let reader = this.#readers.get(writer);
    if (!reader) {
      reader = new FrameReader((frame) => this.#onFrame(frame));
      this.#readers.set(writer, reader);
    }
    reader.push(bytes);
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #onFrame(frame: Frame): void {
    if (!this.#seen.add(frame.index)) return;
    this.#count++;
    const output = outputOf({ ...frame, payload: Buffer.from(frame.payload) });
    if (output) this.#found.push(output);
  }
}

/** The failure of a reader that waits for inputs of which the call has none. */
export function rangeFailure({ start = 0, end }: InputRange, { id, numInputs }: Accepted): Failure | undefined {
  if (end === undefined || end <= start || start < numInputs) return undefined;
  const has = numInputs === 0 ? "no inputs" : numInputs === 1 ? "one input" : `${numInputs} inputs`;
  return {
    code: "INVALID",
    message: `index ${start} is out of range: call ${id} has ${has}`,
    hint: "Indices begin at 0.",
  };
}
