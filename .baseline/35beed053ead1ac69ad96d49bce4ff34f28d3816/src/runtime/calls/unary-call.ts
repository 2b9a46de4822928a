/** One input, one output: what `remote` and `FunctionCall.get` wait for. */
import type { CallSink, Engine, Failure, OpenCall, Output, PayloadCodec, Progress } from "../../engine/index.ts";
import type { FindErrorClass } from "../declared-errors.ts";
import { failureToError } from "../errors.ts";
import type { CallOptionsInit } from "../markers.ts";
import { codecOf } from "../payloads.ts";
import { Raised } from "../stacks.ts";
import { ignore } from "./inputs.ts";
import { limit } from "./limit.ts";
import { report } from "./progress.ts";

/** Resolves with the value or rejects with Raised. */
export class UnarySink implements CallSink {
  readonly #codec: PayloadCodec;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onProgress: CallOptionsInit["onProgress"];
  #onSettled: (() => void) | undefined;

  constructor(
    codec: PayloadCodec,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    onProgress?: CallOptionsInit["onProgress"],
  ) {
    this.#codec = codec;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onProgress = onProgress;
  }

  /** `run` is called once, when the output has come. */
  whenSettled(run: () => void): void {
    this.#onSettled = run;
  }

  output(output: Output): void {
    this.#onSettled?.();
    try {
      this.#resolve(valueOf(this.#codec, output));
    } catch (error) {
      this.#reject(error);
    }
  }

  progress(progress: Progress): void {
    report(this.#onProgress, progress);
  }

  failed(failure: Failure): void {
    this.reject(new Raised(failureToError(failure), false));
  }

  reject(error: unknown): void {
    this.#onSettled?.();
    this.#reject(error);
  }
}

/** The result of a unary input; throws Raised. */
export function valueOf(codec: PayloadCodec, output: Output): unknown {
  switch (output.kind) {
    case "result":
      return codec.decodeValue(output.payload);
    case "exception":
      throw new Raised(codec.decodeError(output.payload), true);
    case "failure":
      throw new Raised(failureToError(output.failure), false);
    default:
      // The mode was checked before the call: an engine that sends this breaks its contract.
      throw new Error(`a unary call was answered by "${output.kind}"`);
  }
}

export function runUnary(
  engine: Engine,
  request: OpenCall,
  payload: Uint8Array,
  init: CallOptionsInit | undefined,
  find?: FindErrorClass | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sink = new UnarySink(codecOf(engine, find), resolve, reject, init?.onProgress);
    const handle = engine.invoker.open(request, sink);
    handle.put(0, payload);
    // A failure of the call reaches its sink.
    handle.end().catch(ignore);
    if (init) {
      const unlimit = limit(init, request.function.name, (error) => {
        handle.cancel();
        sink.reject(error);
      });
      sink.whenSettled(unlimit);
    }
  });
}
