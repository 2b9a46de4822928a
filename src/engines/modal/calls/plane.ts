/** How synchronous calls reach Modal: a call that a caller waits for, with its inputs, outputs and retries. */
import type { FunctionRef } from "../../../engine/index.ts";
import type { Reply, Session } from "../client.ts";
import { CallType, Invocation, Outcome } from "../values.ts";
import type { Callee, Callees } from "./callee.ts";
import type { Sent } from "./inputs.ts";
import type { Item } from "./outputs.ts";
import { openCall, persist } from "./persist.ts";

export type RetryPolicy = NonNullable<Reply<"functionMap">["retryPolicy"]>;

/** One that a generator has yielded. */
export interface Chunk {
  index: number;
  data?: Uint8Array | undefined;
  dataBlobId?: string | undefined;
}

export interface Opened {
  /** "" where Modal does not say. */
  id: string;
  /** What the caller is to do with failed inputs. */
  policy: RetryPolicy | undefined;
  /** The server does it instead: attempts that the caller does not know of. */
  serverRetries: boolean;
  /** So many inputs may be sent and have no output. */
  maxOutstanding: number;
}

export interface Retried extends Sent {
  /** Counts from 1. */
  attempt: number;
}

/** One call on one of Modal's two planes. */
export interface Plane {
  /** @param first the one input of a call that has no more */
  open(first: Sent | undefined): Promise<Opened>;
  put(batch: readonly Sent[]): Promise<void>;
  /** Outputs that have come since the last question, or come soon. @param waiting indices of those that are missing */
  outputs(waiting: readonly number[], patient: boolean): Promise<Item[]>;
  retry(batch: readonly Retried[]): Promise<void>;
  /** What a generator yields, from this index on, which counts from 1. */
  stream(lastIndex: number): AsyncIterable<Chunk>;
  /** The outputs have been taken. */
  clear(): Promise<unknown>;
}

/** Patient or not, in seconds: an impatient question does not ask which inputs were lost, and is asked often. */
export const PATIENT_SECONDS = 55;
export const IMPATIENT_SECONDS = 5;

export interface PlaneOptions {
  session: Session;
  callees: Callees;
  callee: Callee;
  ref: FunctionRef;
  method: "remote" | "remoteGen" | "map";
  signal: AbortSignal;
}

export class ControlPlane implements Plane {
  readonly #options: PlaneOptions;
  #functionId: string;
  #callId = "";
  #callToken = "";
  #lastEntryId = "0-0";
  readonly #tokens = new Map<number, string>();

  constructor(options: PlaneOptions) {
    this.#options = options;
    this.#functionId = options.callee.functionId;
  }

  async open(first: Sent | undefined): Promise<Opened> {
    const { session, callees, ref, method, signal } = this.#options;
    const request = {
      functionId: this.#functionId,
      functionCallType: method === "map" ? CallType.map : CallType.unary,
      functionCallInvocationType: method === "remoteGen" ? Invocation.syncLegacy : Invocation.sync,
      pipelinedInputs: first ? [{ idx: first.index, input: first.input }] : [],
    };
    const opened = await openCall(session, signal, request, async () => {
      callees.forget(ref);
      this.#functionId = (await callees.find(ref, 0)).functionId;
      return this.#functionId;
    });
    this.#callId = opened.functionCallId;
    this.#callToken = opened.functionCallJwt;
    this.#keep(opened.pipelinedInputs);
    return {
      id: opened.functionCallId,
      policy: opened.syncClientRetriesEnabled ? opened.retryPolicy : undefined,
      serverRetries: !opened.syncClientRetriesEnabled,
      maxOutstanding: opened.maxInputsOutstanding || 1000,
    };
  }

  async put(batch: readonly Sent[]): Promise<void> {
    const { session, signal } = this.#options;
    const inputs = batch.map(({ index, input }) => ({ idx: index, input }));
    const request = { functionId: this.#functionId, functionCallId: this.#callId, inputs };
    const answer = await persist(session, signal, (rpc, options) => rpc.functionPutInputs(request, options));
    this.#keep(answer.inputs);
  }

  async outputs(waiting: readonly number[], patient: boolean): Promise<Item[]> {
    const { session, signal } = this.#options;
    const inputJwts = patient ? waiting.flatMap((index) => this.#tokens.get(index) ?? []) : [];
    const request = {
      functionCallId: this.#callId,
      timeout: patient ? PATIENT_SECONDS : IMPATIENT_SECONDS,
      lastEntryId: this.#lastEntryId,
      clearOnSuccess: false,
      requestedAt: Date.now() / 1000,
      inputJwts,
    };
    const answer = await session.poll(signal, (rpc, options) => rpc.functionGetOutputs(request, options));
    this.#lastEntryId = answer.lastEntryId || this.#lastEntryId;
    return answer.outputs;
  }

  async retry(batch: readonly Retried[]): Promise<void> {
    const { session, signal } = this.#options;
    const inputs = batch.map(({ index, input, attempt }) => {
      return { inputJwt: this.#tokens.get(index) ?? "", input, retryCount: attempt };
    });
    const request = { functionCallJwt: this.#callToken, inputs };
    const { inputJwts } = await persist(session, signal, (rpc, options) => rpc.functionRetryInputs(request, options));
    for (const token of inputJwts) {
      const index = indexIn(token) ?? (batch.length === 1 ? batch[0]?.index : undefined);
      if (index !== undefined) this.#tokens.set(index, token);
    }
  }

  async *stream(lastIndex: number): AsyncIterable<Chunk> {
    const { session, signal } = this.#options;
    const rpc = await session.rpc();
    yield* rpc.functionCallGetDataOut({ functionCallId: this.#callId, lastIndex }, { signal });
  }

  async clear(): Promise<unknown> {
    const request = {
      functionCallId: this.#callId,
      timeout: 0,
      lastEntryId: "0-0",
      clearOnSuccess: true,
      requestedAt: Date.now() / 1000,
    };
    return this.#options.session.ask((rpc) => rpc.functionGetOutputs(request));
  }

  #keep(inputs: readonly { idx: number; inputJwt: string }[]): void {
    for (const { idx, inputJwt } of inputs) this.#tokens.set(idx, inputJwt);
  }
}

/** The input that a token stands for: its payload says so. */
function indexIn(token: string): number | undefined {
  try {
    const { idx }: { idx?: unknown } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof idx === "number" ? idx : undefined;
  } catch {
    // A token of another form: the caller that asked for one retry knows whose it is.
    return undefined;
  }
}

/** The server's word for an input that was lost, where it says so in another way. */
export function lostItem(index: number, retryCount: number): Item {
  const result = {
    status: Outcome.internalFailure,
    exception: "",
    exitcode: 0,
    traceback: "",
    serializedTb: new Uint8Array(),
    tbLineCache: new Uint8Array(),
    propagationReason: "",
  };
  return {
    idx: index,
    retryCount,
    result,
    dataFormat: 0,
    inputId: "",
    taskId: "",
    inputStartedAt: 0,
    outputCreatedAt: 0,
    fcTraceTag: "",
  };
}
