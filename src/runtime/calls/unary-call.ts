/** One input, one output: what `remote` and `FunctionCall.get` wait for. */
import type { CallSink, Engine, Failure, OpenCall, Output, Progress } from "../../engine/index.ts";
import { decodeError, decodeValue } from "../codec/index.ts";
import { failureToError } from "../errors.ts";
import type { CallOptionsInit } from "../markers.ts";
import { ignore } from "./inputs.ts";
import { limit } from "./limit.ts";
import { tell } from "./progress.ts";
import { Raised } from "./stacks.ts";

/** Resolves with the value or rejects with Raised. */
export class UnarySink implements CallSink {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  /** Called once when the output has come. */
  onSettled: (() => void) | undefined;
  onProgress: CallOptionsInit["onProgress"];

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  output(output: Output): void {
    this.onSettled?.();
    try {
      this.#resolve(valueOf(output));
    } catch (error) {
      this.#reject(error);
    }
  }

  progress(progress: Progress): void {
    tell(this.onProgress, progress);
  }

  failed(failure: Failure): void {
    this.reject(new Raised(failureToError(failure), false));
  }

  reject(error: unknown): void {
    this.onSettled?.();
    this.#reject(error);
  }
}

/** The result of a unary input; throws Raised. */
export function valueOf(output: Output): unknown {
  switch (output.kind) {
    case "result":
      return decodeValue(output.payload);
    case "exception":
      throw new Raised(decodeError(output.payload), true);
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
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sink = new UnarySink(resolve, reject);
    sink.onProgress = init?.onProgress;
    const handle = engine.invoker.open(request, sink);
    handle.put(0, payload);
    // A call that fails tells its sink.
    handle.end().catch(ignore);
    if (init) {
      sink.onSettled = limit(init, request.function.name, (error) => {
        handle.cancel();
        sink.reject(error);
      });
    }
  });
}
