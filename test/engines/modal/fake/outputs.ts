/** How callers come to outputs: those of inputs by long polls, those that a generator yields by a stream. */
import type { Calls } from "./calls.ts";
import type { Context, Handlers, Request } from "./codecs.ts";
import type { Call, Output } from "./model.ts";
import { Outcome } from "./values.ts";

export class Outputs {
  /** Whether the stream of a generator's yields ends with the generator; otherwise it stays open, and nothing comes. */
  endStreams = true;
  #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Waits for what `find` finds, until the time is over. */
  async wait<T>(call: Call, seconds: number, signal: AbortSignal, find: () => T[]): Promise<T[]> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const found = find();
      const left = until - Date.now();
      if (found.length > 0 || left <= 0 || signal.aborted) return found;
      await call.bell.wait(left, signal);
    }
  }

  readonly rpcs = {
    functionGetOutputs: async (request, { signal }) => {
      const call = this.#calls.need(request.functionCallId);
      const after = entryOf(request.lastEntryId);
      const outputs = await this.wait(call, request.timeout, signal, () => {
        this.reportLost(request.inputJwts);
        return select(call, request).filter(({ entry }) => entry > after);
      });
      // Failures stay: a retry of the input takes them away.
      if (request.clearOnSuccess) {
        call.outputs = call.outputs.filter(
          (each) => !outputs.includes(each) || each.result?.status !== Outcome.success,
        );
      }
      return {
        outputs,
        idxs: outputs.map(({ idx }) => idx),
        lastEntryId: `${outputs.at(-1)?.entry ?? after}-0`,
        numUnfinishedInputs: call.inputs.filter(({ done }) => !done).length,
      };
    },
    functionCallGetDataOut: (request, context) => this.#stream(request, context),
    functionCallPutDataOut: async (request) => {
      const call = this.#callOf(request);
      for (const chunk of request.dataChunks) call.chunks.set(Number(chunk.index), chunk);
      call.bell.ring();
      return {};
    },
  } satisfies Handlers;

  #callOf(request: { functionCallId?: string | undefined; attemptToken?: string | undefined }): Call {
    const { functionCallId, attemptToken } = request;
    return attemptToken ? this.#calls.inputOf(attemptToken).call : this.#calls.need(functionCallId ?? "");
  }

  /** Whoever waits for an input by its token is told when its output is lost. */
  reportLost(tokens: string[]): void {
    for (const token of tokens) {
      const input = this.#calls.inputOf(token);
      if (input.lost) this.#calls.end(input, Outcome.internalFailure, "Internal failure: the input was lost");
    }
  }

  async *#stream(request: Request<"functionCallGetDataOut">, { signal }: Context) {
    const call = this.#callOf(request);
    let last = Number(request.lastIndex);
    while (!signal.aborted) {
      const chunk = call.chunks.get(last + 1);
      if (chunk) {
        last++;
        yield chunk;
      } else if (this.endStreams && call.inputs.length > 0 && call.inputs.every(({ done }) => done)) return;
      else await call.bell.wait(60_000, signal);
    }
  }
}

function select(call: Call, { startIdx, endIdx, maxValues }: Request<"functionGetOutputs">): Output[] {
  const found = call.outputs.filter(
    ({ idx }) => (startIdx === undefined || idx >= startIdx) && (endIdx === undefined || idx <= endIdx),
  );
  return maxValues > 0 ? found.slice(0, maxValues) : found;
}

/** The number in an entry id: `12-0`. */
export function entryOf(lastEntryId: string): number {
  return Number.parseInt(lastEntryId || "0", 10);
}
