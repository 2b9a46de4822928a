/** What a test lets go wrong: RPCs that fail or are slow, and outputs that are lost, doubled, late or replaced. */
import { ServerError, type Status } from "nice-grpc";
import type { Method, PutOutputsItem } from "./codecs.ts";
import { Outcome } from "./values.ts";

/** Makes of a container's output what the fake stores of it: nothing, the same twice, another one. */
export type OutputFault = (output: PutOutputsItem) => PutOutputsItem[];

interface Failure {
  status: Status;
  message: string;
  times: number;
  /** The RPC is carried out, and only its answer is lost. */
  after: boolean;
}

export class Faults {
  #failures = new Map<Method, Failure[]>();
  #delays = new Map<Method, number>();
  #outputs = new Map<string, { fault: OutputFault; times: number }[]>();

  /** The next `times` requests of an RPC fail with a status of gRPC; `after`: they are carried out all the same. */
  fail(method: Method, status: Status, { times = 1, message = "injected fault", after = false } = {}): void {
    const failures = this.#failures.get(method) ?? [];
    failures.push({ status, message, times, after });
    this.#failures.set(method, failures);
  }

  /** Every request of an RPC takes so much longer; 0 ends that. */
  slow(method: Method, ms: number): void {
    if (ms > 0) this.#delays.set(method, ms);
    else this.#delays.delete(method);
  }

  /** Changes the next `times` outputs of a function, given by its tag: `add`, `Greeter.*`. */
  outputs(tag: string, fault: OutputFault, { times = 1 } = {}): void {
    const faults = this.#outputs.get(tag) ?? [];
    faults.push({ fault, times });
    this.#outputs.set(tag, faults);
  }

  /** The input has run, but its output never arrives: whoever asks with the input's token is told that it was lost. */
  loseOutputs(tag: string, options?: { times?: number }): void {
    this.outputs(tag, () => [], options);
  }

  duplicateOutputs(tag: string, options?: { times?: number }): void {
    this.outputs(tag, (output) => [output, output], options);
  }

  /** Modal's own failure in place of the output: status 6, retried at once. */
  failInternally(tag: string, options?: { times?: number; message?: string }): void {
    const exception = options?.message ?? "Internal failure: the worker was lost";
    const internal = (output: PutOutputsItem): PutOutputsItem => ({
      ...output,
      dataFormat: 0,
      result: { ...output.result!, status: Outcome.internalFailure, exception, data: undefined, dataBlobId: undefined },
    });
    this.outputs(tag, (output) => [internal(output)], options);
  }

  /** An output of another attempt arrives beside the right one, before it. */
  addOutputsOfOtherAttempts(tag: string, options?: { times?: number }): void {
    this.outputs(tag, (output) => [{ ...output, retryCount: output.retryCount + 1 }, output], options);
  }

  /** Forgets all faults. */
  clear(): void {
    this.#failures.clear();
    this.#delays.clear();
    this.#outputs.clear();
  }

  /** Carries out an RPC with its faults. @internal */
  async around<T>(method: Method, run: () => T | Promise<T>): Promise<T> {
    const delay = this.#delays.get(method);
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    const failures = this.#failures.get(method);
    const failure = failures?.[0];
    if (!failure) return run();
    if (--failure.times === 0) failures.shift();
    if (failure.after) await run();
    throw new ServerError(failure.status, failure.message);
  }

  /** What becomes of an output. @internal */
  apply(tag: string, output: PutOutputsItem): PutOutputsItem[] | undefined {
    const faults = this.#outputs.get(tag);
    const first = faults?.[0];
    if (!first) return undefined;
    if (--first.times === 0) faults.shift();
    return first.fault(output);
  }
}
