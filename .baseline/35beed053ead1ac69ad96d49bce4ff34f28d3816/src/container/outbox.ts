/**
 * The frames that a container sends: one method for each kind, so that each frame's layout is written
 * in one place.
 */

import type { Failure } from "../engine/index.ts";
import { encodeError, encodeValue, FarcallError } from "../runtime/index.ts";
import { FromContainer, type LogMessage } from "../wire/container-protocol.ts";
import type { FrameWriter } from "../wire/frames.ts";
import type { Input } from "./input.ts";

/** Log text is dropped while more than this waits for the engine: a container must not run out of memory by printing. */
const MAX_BUFFERED_LOG_BYTES = 16 * 1024 * 1024;

/** A failure raised by farcall that ends an input, thrown to where the input ends. */
export class InputFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export class Outbox {
  readonly #writer: FrameWriter;
  readonly #app: string;
  #droppedLogCharacters = 0;

  /** @param app whose functions run here */
  constructor(writer: FrameWriter, app: string) {
    this.#writer = writer;
    this.#app = app;
  }

  flush(): void {
    this.#writer.flush();
  }

  /** Throws SerializationError when the value cannot be sent; nothing is sent then. */
  result({ call, index }: Input, value: unknown): void {
    this.#writer.write(FromContainer.result, call.number, index, encodeValue(value, "result"));
  }

  /** Throws like `result`. */
  yield({ call, index }: Input, value: unknown): void {
    this.#writer.write(FromContainer.yield, call.number, index, encodeValue(value, "yielded value"));
  }

  /** Bytes as they are: a piece of an HTTP response. */
  piece({ call, index }: Input, bytes: Uint8Array): void {
    this.#writer.write(FromContainer.yield, call.number, index, bytes);
  }

  end({ call, index }: Input): void {
    this.#writer.write(FromContainer.end, call.number, index);
  }

  returned({ call, index }: Input): void {
    this.#writer.write(FromContainer.returned, call.number, index);
  }

  exception(input: Input, thrown: unknown): void {
    let payload: Uint8Array;
    try {
      payload = encodeError(thrown, this.#app);
    } catch (error) {
      this.failed(input, error);
      return;
    }
    this.#writer.write(FromContainer.exception, input.call.number, input.index, payload);
  }

  cancelled({ call, index, functionName }: Input): void {
    this.failure(call.number, index, {
      code: "CANCELLED",
      message: `${functionName}: input ${index} was cancelled`,
    });
  }

  /** Arguments that do not fit or cannot be decoded, results that cannot be encoded. */
  failed({ call, index, functionName }: Input, error: unknown): void {
    if (error instanceof InputFailure) {
      this.failure(call.number, index, error.failure);
      return;
    }
    const message = `${functionName}: ${error instanceof Error ? error.message : String(error)}`;
    const hint = error instanceof FarcallError ? error.hint : undefined;
    this.failure(call.number, index, { code: "SERIALIZATION", message, ...(hint !== undefined && { hint }) });
  }

  failure(call: number, index: number, failure: Failure): void {
    this.#json(FromContainer.failure, call, index, failure);
  }

  progress({ call, index }: Input, fraction: number, message: string | undefined): void {
    this.#json(FromContainer.progress, call.number, index, { fraction, message });
    this.#writer.urge();
  }

  /** @param input the input whose code printed it, if known */
  log(stream: LogMessage["stream"], text: string, input: Input | undefined): void {
    if (this.#writer.buffered > MAX_BUFFERED_LOG_BYTES) {
      this.#droppedLogCharacters += text.length;
      return;
    }
    if (this.#droppedLogCharacters > 0) {
      const dropped = this.#droppedLogCharacters;
      this.#droppedLogCharacters = 0;
      const notice = `… ${dropped} characters of output were dropped: they were printed faster than the engine takes them\n`;
      this.log("stderr", notice, input);
    }
    const message: LogMessage = { stream, text };
    if (input) Object.assign(message, { call: input.call.number, index: input.index });
    this.#json(FromContainer.log, input?.call.number ?? 0, input?.index ?? 0, message);
    // Code may loop, or take the process down, before the turn ends: its output then shows where.
    this.#writer.urge();
  }

  #json(type: number, call: number, index: number, message: object): void {
    this.#writer.write(type, call, index, Buffer.from(JSON.stringify(message)));
  }
}
