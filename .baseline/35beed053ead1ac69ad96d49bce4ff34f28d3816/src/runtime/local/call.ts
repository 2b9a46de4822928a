/** A call in this process: runs its inputs as they come, and keeps the outputs of a durable one for those who read it by id. */
import type { CallInfo, CallSink, Failure, InputRange, OpenCall, Output } from "../../engine/index.ts";
import { cancelledCall } from "../../engine/index.ts";
import { decodeArguments, encodeError, encodeValue } from "../codec/index.ts";
import { errorToFailure, FarcallError, RemoteError } from "../errors.ts";
import { nextTurn } from "../timers.ts";

export type Runnable = (...args: readonly unknown[]) => unknown;

interface Reader {
  sink: CallSink;
  start: number;
  end: number;
}

export class LocalCall {
  readonly id: string;
  readonly #request: OpenCall;
  readonly #isGenerator: boolean;
  readonly #resolve: () => Runnable | Promise<Runnable>;
  readonly #outputs: Output[] = [];
  readonly #readers = new Set<Reader>();
  readonly #createdAt: string = new Date().toISOString();
  #endedAt: string | undefined;
  #put = 0;
  #ended = 0;
  #failed = 0;
  #isComplete = false;
  #isCancelled = false;
  /** What a generator may still yield, and whoever waits to yield more. */
  #credit = 0;
  #onCredit: (() => void) | undefined;

  /** @param resolve finds what runs; of a method, on its instance */
  constructor(id: string, request: OpenCall, isGenerator: boolean, resolve: () => Runnable | Promise<Runnable>) {
    this.id = id;
    this.#request = request;
    this.#isGenerator = isGenerator;
    this.#resolve = resolve;
  }

  get info(): CallInfo {
    const { app, environment, name } = this.#request.function;
    return {
      id: this.id,
      app,
      environment,
      function: name,
      method: this.#request.method,
      mode: this.#isGenerator ? "generator" : "unary",
      numInputs: this.#put,
      numEnded: this.#ended,
      numFailed: this.#failed,
      createdAt: this.#createdAt,
      ...(this.#endedAt !== undefined && { endedAt: this.#endedAt }),
      cancelled: this.#isCancelled,
    };
  }

  get numRunning(): number {
    return this.#isCancelled ? 0 : this.#put - this.#ended;
  }

  /** Hands over what is there and what comes. Returns how to stop. */
  read(sink: CallSink, { start = 0, end = Number.POSITIVE_INFINITY }: InputRange = {}): () => void {
    const reader = { sink, start, end };
    this.#readers.add(reader);
    for (const output of this.poll({ start, end })) sink.output(output);
    if (this.#isComplete && start >= this.#put && this.#put > 0) {
      this.#refuse(reader, { code: "INVALID", message: `call ${this.id} has ${this.#put} inputs` });
    }
    return () => void this.#readers.delete(reader);
  }

  poll({ start = 0, end = Number.POSITIVE_INFINITY }: InputRange): Output[] {
    const ready = [...this.#outputs];
    if (this.#isCancelled) {
      const ended = new Set(ready.map(({ index }) => index));
      for (let index = 0; index < this.#put; index++) {
        if (!ended.has(index)) ready.push({ kind: "failure", index, failure: cancelledCall(this.id) });
      }
    }
    return ready.filter(({ index }) => index >= start && index < end).sort((a, b) => a.index - b.index);
  }

  put(index: number, payload: Uint8Array): void {
    this.#put++;
    void this.#run(index, payload);
  }

  /** No more inputs. */
  complete(): void {
    this.#isComplete = true;
  }

  credit(count: number): void {
    this.#credit += count;
    this.#onCredit?.();
  }

  /** @param failure what its readers get; nothing when the caller itself cancels */
  cancel(failure?: Failure): void {
    if (this.#isCancelled || (this.#isComplete && this.#ended === this.#put)) return;
    this.#isCancelled = true;
    this.#endedAt = new Date().toISOString();
    this.#onCredit?.();
    for (const reader of [...this.#readers]) {
      if (failure) this.#refuse(reader, failure);
      else this.#readers.delete(reader);
    }
  }

  async #run(index: number, payload: Uint8Array): Promise<void> {
    // As from far away: nothing has run when the method returns.
    await new Promise<void>((resolve) => nextTurn(resolve));
    if (this.#isCancelled) return;
    try {
      const run = await this.#resolve();
      const result = run(...decodeArguments(payload).args);
      if (this.#isGenerator) {
        await this.#generate(index, (await result) as AsyncIterable<unknown>);
        this.#output({ kind: "end", index });
      } else this.#output({ kind: "result", index, payload: encodeValue(await result, "result") });
    } catch (error) {
      this.#output(
        // What came from another function, or of a class of the stubs, is the definition's own to throw.
        error instanceof FarcallError && !(error instanceof RemoteError)
          ? { kind: "failure", index, failure: errorToFailure(error) }
          : { kind: "exception", index, payload: encodeError(error, this.#request.function.app) },
      );
    }
  }

  async #generate(index: number, items: AsyncIterable<unknown>): Promise<void> {
    // Leaving the loop runs the generator's `finally`.
    for await (const item of items) {
      while (this.#credit === 0 && !this.#isCancelled) {
        await new Promise<void>((resolve) => {
          this.#onCredit = resolve;
        });
      }
      if (this.#isCancelled) break;
      this.#credit--;
      this.#output({ kind: "yield", index, payload: encodeValue(item, "yield") });
    }
  }

  #output(output: Output): void {
    if (this.#isCancelled) return;
    this.#outputs.push(output);
    if (output.kind !== "yield") {
      this.#ended++;
      if (output.kind === "exception" || output.kind === "failure") this.#failed++;
      if (this.#isComplete && this.#ended === this.#put) this.#endedAt = new Date().toISOString();
    }
    for (const { sink, start, end } of [...this.#readers]) {
      if (output.index >= start && output.index < end) sink.output(output);
    }
  }

  #refuse(reader: Reader, failure: Failure): void {
    this.#readers.delete(reader);
    nextTurn(() => reader.sink.failed(failure));
  }
}
