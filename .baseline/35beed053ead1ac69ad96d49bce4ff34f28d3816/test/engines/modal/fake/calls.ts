/** Calls and their inputs: how they are opened, filled, retried, cancelled and described. */
import { ServerError, Status } from "nice-grpc";
import { describeCall, describeInput } from "./call-info.ts";
import type { FunctionInput, Handlers, PutInputsItem, PutOutputsItem } from "./codecs.ts";
import type { Faults } from "./faults.ts";
import type { Functions } from "./functions.ts";
import type { Call, Fn, Input } from "./model.ts";
import { Bell, CallType, Invocation, makeId, makeJwt, now, Outcome, readJwt } from "./values.ts";

export class Calls {
  readonly all = new Map<string, Call>();
  readonly inputs = new Map<string, Input>();
  maxInputsOutstanding = 1000;
  /** Whether the server says that callers retry synchronous calls by themselves. */
  syncClientRetries = true;
  /** Called when a function has an input to run. */
  onQueued: (fn: Fn) => void = () => {};
  #functions: Functions;
  #faults: Faults;

  constructor(functions: Functions, faults: Faults) {
    this.#functions = functions;
    this.#faults = faults;
  }

  need(callId: string): Call {
    const call = this.all.get(callId);
    if (!call) throw new ServerError(Status.NOT_FOUND, `Function call ${callId} not found`);
    return call;
  }

  open(fn: Fn, type: number, invocation: number, viaInputPlane = false): Call {
    const call: Call = {
      id: makeId("fc"),
      fn,
      type,
      invocation,
      createdAt: now(),
      inputs: [],
      outputs: [],
      entries: 0,
      chunks: new Map(),
      bell: new Bell(),
      total: undefined,
      cancelled: false,
      viaInputPlane,
    };
    this.all.set(call.id, call);
    return call;
  }

  put(call: Call, item: PutInputsItem): Input {
    if (!item.input) throw new ServerError(Status.INVALID_ARGUMENT, `input ${item.idx} has no data`);
    const input: Input = {
      id: makeId("in"),
      idx: item.idx,
      call,
      enqueuedAt: now(),
      input: item.input,
      retryCount: 0,
      startedAt: undefined,
      finishedAt: undefined,
      container: undefined,
      done: false,
      lost: false,
      timer: undefined,
    };
    call.inputs.push(input);
    this.inputs.set(input.id, input);
    this.#enqueue(input);
    return input;
  }

  /** Runs an input once more; the outputs of earlier attempts are forgotten. */
  retry(input: Input, data: FunctionInput | undefined, retryCount: number): void {
    if (data) input.input = data;
    input.retryCount = retryCount || input.retryCount + 1;
    input.done = false;
    input.lost = false;
    input.call.outputs = input.call.outputs.filter(({ inputId }) => inputId !== input.id);
    this.#enqueue(input);
  }

  #enqueue(input: Input): void {
    input.container = undefined;
    input.startedAt = undefined;
    input.call.fn.queue.push(input);
    this.onQueued(input.call.fn);
  }

  /** What a container says of an input, after the faults of a test. Outputs of earlier attempts count for nothing. */
  complete(output: PutOutputsItem): void {
    const input = this.inputs.get(output.inputId);
    if (!input || input.done || output.retryCount !== input.retryCount) return;
    this.#release(input);
    const outputs = this.#faults.apply(input.call.fn.tag, output) ?? [output];
    if (outputs.length === 0) {
      input.lost = true;
      input.call.bell.ring();
    } else if (!this.#retriesItself(input, outputs.at(-1)!)) {
      for (const each of outputs) this.#store(input, each);
    }
  }

  /** Ends an input without its container. */
  end(input: Input, status: number, exception: string): void {
    if (input.done) return;
    const taskId = this.#release(input);
    const result = {
      status,
      exception,
      exitcode: 0,
      traceback: "",
      serializedTb: new Uint8Array(),
      tbLineCache: new Uint8Array(),
      propagationReason: "",
    };
    const { id: inputId, retryCount } = input;
    this.#store(
      input,
      {
        inputId,
        result,
        inputStartedAt: input.startedAt ?? 0,
        outputCreatedAt: now(),
        dataFormat: 0,
        retryCount,
        functionCallId: "",
        fromInputPlane: false,
      },
      taskId,
    );
  }

  #store(input: Input, output: PutOutputsItem, taskId = input.container?.taskId ?? ""): void {
    const { call } = input;
    input.done = true;
    input.lost = false;
    input.finishedAt = now();
    call.outputs.push({ ...output, idx: input.idx, entry: ++call.entries, taskId });
    call.bell.ring();
  }

  #release(input: Input): string {
    clearTimeout(input.timer);
    input.container?.running.delete(input);
    return input.container?.taskId ?? "";
  }

  /** The server retries what is not called synchronously: spawned calls, and generators. */
  #retriesItself(input: Input, { result }: PutOutputsItem): boolean {
    const policy = input.call.fn.definition?.retryPolicy;
    const failed = result?.status === Outcome.failure || result?.status === Outcome.timeout;
    if (!failed || !policy || input.retryCount >= policy.retries || input.call.cancelled) return false;
    if (input.call.invocation === Invocation.sync && this.syncClientRetries) return false;
    const delay = policy.initialDelayMs * policy.backoffCoefficient ** input.retryCount;
    const again = () => this.retry(input, undefined, 0);
    setTimeout(again, Math.min(delay, policy.maxDelayMs || delay)).unref();
    return true;
  }

  cancel(call: Call, terminateContainers: boolean): void {
    call.cancelled = true;
    for (const input of call.inputs.filter(({ done }) => !done)) {
      const { container } = input;
      if (!container || container.ended) {
        call.fn.queue = call.fn.queue.filter((each) => each !== input);
        this.end(input, Outcome.terminated, "Input was cancelled by user");
      } else {
        container.cancels.push(input.id);
        container.heartbeat.ring();
        if (terminateContainers) container.kill();
      }
    }
  }

  /** The input that a token of `FunctionMap`, `FunctionPutInputs` or `FunctionRetryInputs` stands for. */
  inputOf(token: string): Input {
    const { in: id } = readJwt(token);
    const input = typeof id === "string" ? this.inputs.get(id) : undefined;
    if (!input) throw new ServerError(Status.NOT_FOUND, "the input of this token is not known");
    return input;
  }

  tokenOf({ id, idx, retryCount }: Input): string {
    return makeJwt({ in: id, idx, retry_count: retryCount });
  }

  #accept(call: Call, item: PutInputsItem) {
    const input = this.put(call, item);
    return { idx: input.idx, inputId: input.id, inputJwt: this.tokenOf(input) };
  }

  readonly rpcs = {
    functionMap: async (request) => {
      const fn = this.#functions.need(request.functionId);
      const call = this.open(fn, request.functionCallType, request.functionCallInvocationType);
      if (call.type === CallType.unary) call.total = 1;
      return {
        functionCallId: call.id,
        functionCallJwt: makeJwt({ fc: call.id }),
        pipelinedInputs: request.pipelinedInputs.map((item) => this.#accept(call, item)),
        retryPolicy: fn.definition?.retryPolicy,
        syncClientRetriesEnabled: this.syncClientRetries,
        maxInputsOutstanding: this.maxInputsOutstanding,
      };
    },
    functionPutInputs: async ({ functionCallId, inputs }) => {
      const call = this.need(functionCallId);
      return { inputs: inputs.map((item) => this.#accept(call, item)) };
    },
    functionFinishInputs: async ({ functionCallId, numInputs }) => {
      this.need(functionCallId).total = numInputs;
      return {};
    },
    functionRetryInputs: async ({ functionCallJwt, inputs }) => {
      const call = this.need(String(readJwt(functionCallJwt)["fc"]));
      return {
        inputJwts: inputs.map((item) => {
          const input = this.inputOf(item.inputJwt);
          if (input.call !== call) throw new ServerError(Status.INVALID_ARGUMENT, "the input belongs to another call");
          this.retry(input, item.input, item.retryCount);
          return this.tokenOf(input);
        }),
      };
    },
    functionCallCancel: async ({ functionCallId, terminateContainers }) => {
      this.cancel(this.need(functionCallId), terminateContainers);
      return {};
    },
    functionCallFromId: async ({ functionCallId }) => {
      const { id, fn, total, inputs } = this.need(functionCallId);
      const metadata = { appId: fn.appId, functionId: fn.id };
      return { functionCallId: id, numInputs: total ?? inputs.length, metadata };
    },
    functionCallGetInfo: async ({ functionCallId }) => ({ info: describeCall(this.need(functionCallId)) }),
    functionCallList: async ({ functionId }) => ({ functionCalls: this.#of(functionId, true).map(describeCall) }),
    functionCallFetch: async ({ functionId, tail, range, allVariants }) => {
      const oldest = this.#of(functionId, allVariants)
        .flatMap((call) => call.inputs)
        .sort((a, b) => a.enqueuedAt - b.enqueuedAt);
      const [since, until] = [range?.since?.getTime() ?? 0, range?.until?.getTime() ?? Number.POSITIVE_INFINITY];
      const within = ({ enqueuedAt }: Input) => enqueuedAt * 1000 >= since && enqueuedAt * 1000 < until;
      const found = range
        ? oldest.filter(within).slice(0, range.limit)
        : oldest.slice(-Math.max(1, tail?.count ?? 1)).reverse();
      return { functionCallInputs: found.map(describeInput) };
    },
  } satisfies Handlers;

  /** The calls of a function, newest first, with those of a class's bound variants. */
  #of(functionId: string, variants: boolean): Call[] {
    const found = [...this.all.values()].filter(
      ({ fn }) => fn.id === functionId || (variants && fn.baseId === functionId),
    );
    return found.reverse();
  }
}
