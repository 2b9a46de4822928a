/** A call of the engine in memory: runs its inputs in this process as they come, and keeps their outputs. */
import type { CallInfo, CallSink, Failure, InputRange, OpenCall, Output } from "../../../src/engine/index.ts";
import { cancelledCall } from "../../../src/engine/index.ts";
import { errorToFailure, FarcallError, InvalidError } from "../../../src/runtime/errors.ts";
import type { FunctionSchema } from "../../../src/schema/index.ts";
import { encodeError, encodeValue, jsonCodec } from "./codec.ts";
import { type AnyFunction, within } from "./program.ts";
import type { Version } from "./registry.ts";

/** Whoever reads outputs: the caller of a call that is not durable, or an attachment. */
interface Reader {
  sink: CallSink;
  start: number;
  end: number;
}

/** Where a call is made. */
export interface Place {
  version: Version;
  schema: FunctionSchema;
  /** The function itself; of a method, on its instance. */
  resolve(): AnyFunction | Promise<AnyFunction>;
  /** Inputs that run, of this function. */
  running: { count: number };
}

export class MemoryCall {
  readonly id: string;
  readonly #request: OpenCall;
  readonly #place: Place;
  readonly #outputs: Output[] = [];
  readonly #readers = new Set<Reader>();
  readonly #abort = new AbortController();
  readonly #createdAt = new Date().toISOString();
  #endedAt: string | undefined;
  #put = 0;
  #ended = 0;
  #failed = 0;
  #complete = false;

  constructor(id: string, request: OpenCall, place: Place) {
    this.id = id;
    this.#request = request;
    this.#place = place;
    const { mode, name } = place.schema;
    if (mode === "generator" && request.method !== "remoteGen") {
      throw new InvalidError(`${name} is a generator`, { hint: "Use remoteGen()." });
    }
    if (mode !== "generator" && request.method === "remoteGen") {
      throw new InvalidError(`${name} is not a generator`, { hint: "Use remote()." });
    }
    if (name.includes(".") !== (request.function.instance !== undefined)) {
      throw new InvalidError(
        `${name} ${name.includes(".") ? "needs an instance" : "is not a method, so it has no instances"}`,
      );
    }
  }

  get info(): CallInfo {
    const { app, environment, version } = this.#place.version.manifest;
    const { name, mode } = this.#place.schema;
    return {
      id: this.id,
      app,
      environment,
      function: name,
      version,
      method: this.#request.method,
      mode,
      numInputs: this.#put,
      numEnded: this.#ended,
      numFailed: this.#failed,
      createdAt: this.#createdAt,
      ...(this.#endedAt !== undefined && { endedAt: this.#endedAt }),
      cancelled: this.cancelled,
    };
  }

  get cancelled(): boolean {
    return this.#abort.signal.aborted;
  }

  read(sink: CallSink, { start = 0, end = Number.POSITIVE_INFINITY }: InputRange = {}): () => void {
    const reader = { sink, start, end };
    this.#readers.add(reader);
    for (const output of this.#outputs) this.#hand(reader, output);
    if (this.cancelled && this.#ended < this.#put) this.#refuse(reader, cancelledCall(this.id));
    else if (this.#complete && start >= this.#put && (start > 0 || end !== Number.POSITIVE_INFINITY)) {
      this.#refuse(reader, { code: "INVALID", message: `call ${this.id} has ${this.#put} inputs` });
    }
    return () => void this.#readers.delete(reader);
  }

  poll({ start = 0, end = Number.POSITIVE_INFINITY }: InputRange): Output[] {
    const ready = [...this.#outputs];
    if (this.cancelled) {
      const ended = new Set(ready.map(({ index }) => index));
      for (let index = 0; index < this.#put; index++) {
        if (!ended.has(index)) ready.push({ kind: "failure", index, failure: cancelledCall(this.id) });
      }
    }
    return ready.filter(({ index }) => index >= start && index < end).sort((a, b) => a.index - b.index);
  }

  put(index: number, payload: Uint8Array): void {
    this.#put++;
    void this.#run(index, jsonCodec.decodeArguments(payload).args);
  }

  end(): void {
    this.#complete = true;
  }

  /** @param failure what its readers get; nothing when the caller itself cancels */
  cancel(failure?: Failure): void {
    if (this.cancelled || (this.#complete && this.#ended === this.#put)) return;
    this.#endedAt = new Date().toISOString();
    this.#abort.abort();
    for (const reader of [...this.#readers]) {
      this.#readers.delete(reader);
      if (failure) this.#refuse(reader, failure);
    }
  }

  async #run(index: number, args: unknown[]): Promise<void> {
    const { schema, version, running } = this.#place;
    running.count++;
    const { maxRetries, initialDelayMs } = schema.options.retries;
    for (let attempt = 0; ; attempt++) {
      const context = {
        callId: this.id,
        version: version.manifest.version,
        attempt,
        function: schema.name,
        signal: this.#abort.signal,
      };
      try {
        const fn = await this.#place.resolve();
        const run = async () => (schema.mode === "generator" ? this.#generate(index, fn(...args)) : fn(...args));
        const value = await this.#unlessCancelled(within(context, run));
        if (schema.mode === "generator") this.#output({ kind: "end", index });
        else this.#output({ kind: "result", index, payload: encodeValue(value) });
        break;
      } catch (error) {
        if (error instanceof FarcallError) {
          this.#output({ kind: "failure", index, failure: errorToFailure(error) });
          break;
        }
        if (attempt >= maxRetries || this.cancelled) {
          this.#output({ kind: "exception", index, payload: encodeError(error) });
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, initialDelayMs));
      }
    }
    running.count--;
  }

  /** User code that does not look at its signal is left behind, since nothing here can kill it. */
  #unlessCancelled<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#abort;
    if (this.#place.schema.mode === "generator") return work;
    const stopped = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    return Promise.race([work, stopped]);
  }

  async #generate(index: number, items: unknown): Promise<void> {
    // Leaving the loop runs the generator's `finally`.
    for await (const item of items as AsyncIterable<unknown>) {
      if (this.cancelled) break;
      this.#output({ kind: "yield", index, payload: encodeValue(item) });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #output(output: Output): void {
    if (this.cancelled) return;
    this.#outputs.push(output);
    if (output.kind !== "yield") {
      this.#ended++;
      if (output.kind === "exception" || output.kind === "failure") this.#failed++;
      if (this.#complete && this.#ended === this.#put) this.#endedAt = new Date().toISOString();
    }
    for (const reader of [...this.#readers]) this.#hand(reader, output);
  }

  #hand({ sink, start, end }: Reader, output: Output): void {
    if (output.index < start || output.index >= end) return;
    // Each reader gets bytes of its own, as from a connection.
    sink.output("payload" in output ? { ...output, payload: output.payload.slice() } : output);
  }

  #refuse(reader: Reader, failure: Failure): void {
    this.#readers.delete(reader);
    queueMicrotask(() => reader.sink.failed(failure));
  }
}
