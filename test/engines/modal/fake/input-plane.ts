/** The input plane: the shorter protocol that functions with an `inputPlaneUrl` are called by. Map indexes begin at 1. */
import { ServerError, Status } from "nice-grpc";
import type { Calls } from "./calls.ts";
import type { Handlers, PutInputsItem } from "./codecs.ts";
import type { Functions } from "./functions.ts";
import type { Input, Output } from "./model.ts";
import { entryOf, type Outputs } from "./outputs.ts";
import { CallType, Invocation } from "./values.ts";

export class InputPlane {
  #functions: Functions;
  #calls: Calls;
  #outputs: Outputs;

  constructor(functions: Functions, calls: Calls, outputs: Outputs) {
    this.#functions = functions;
    this.#calls = calls;
    this.#outputs = outputs;
  }

  /** The outputs of an input's present attempt. */
  #of(input: Input): Output[] {
    return input.call.outputs.filter(
      ({ inputId, retryCount }) => inputId === input.id && retryCount === input.retryCount,
    );
  }

  readonly rpcs = {
    attemptStart: async ({ functionId, input: item }) => {
      const fn = this.#functions.need(functionId);
      const call = this.#calls.open(fn, CallType.unary, Invocation.sync, true);
      const input = this.#calls.put(call, needed(item));
      call.total = 1;
      return { attemptToken: this.#calls.tokenOf(input), retryPolicy: fn.definition?.retryPolicy };
    },
    attemptAwait: async ({ attemptToken, timeoutSecs }, { signal }) => {
      const input = this.#calls.inputOf(attemptToken);
      const [output] = await this.#outputs.wait(input.call, timeoutSecs, signal, () => {
        this.#outputs.reportLost([attemptToken]);
        return this.#of(input);
      });
      return { output };
    },
    attemptRetry: async ({ attemptToken, input: item }) => {
      const input = this.#calls.inputOf(attemptToken);
      this.#calls.retry(input, item?.input, 0);
      return { attemptToken: this.#calls.tokenOf(input) };
    },
    mapStartOrContinue: async ({ functionId, functionCallId, mapToken, items }) => {
      const known = mapToken || functionCallId;
      const fn = this.#functions.need(functionId);
      const call = known ? this.#calls.need(known) : this.#calls.open(fn, CallType.map, Invocation.sync, true);
      const attemptTokens = items.map(({ input: item, attemptToken }) => {
        if (!attemptToken) return this.#calls.tokenOf(this.#calls.put(call, needed(item)));
        const input = this.#calls.inputOf(attemptToken);
        this.#calls.retry(input, item?.input, 0);
        return this.#calls.tokenOf(input);
      });
      return {
        functionId,
        functionCallId: call.id,
        mapToken: call.id,
        maxInputsOutstanding: this.#calls.maxInputsOutstanding,
        attemptTokens,
        retryPolicy: fn.definition?.retryPolicy,
      };
    },
    mapAwait: async ({ functionCallId, mapToken, lastEntryId, timeout }, { signal }) => {
      const call = this.#calls.need(mapToken || functionCallId || "");
      const after = entryOf(lastEntryId);
      const find = () => call.outputs.filter(({ entry }) => entry > after);
      const outputs = await this.#outputs.wait(call, timeout, signal, find);
      return { outputs, lastEntryId: `${outputs.at(-1)?.entry ?? after}-0` };
    },
    mapCheckInputs: async ({ attemptTokens }) => ({
      lost: attemptTokens.map((token) => this.#calls.inputOf(token).lost),
    }),
  } satisfies Handlers;
}

function needed(item: PutInputsItem | undefined): PutInputsItem {
  if (!item) throw new ServerError(Status.INVALID_ARGUMENT, "the input is missing");
  return item;
}
