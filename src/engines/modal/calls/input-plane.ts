/** The input plane: a server of the function's own, with a shorter protocol. Each attempt of an input has its token. */
import { LASTING, type Request, type Rpc, type RpcOptions } from "../client.ts";
import { headers } from "../headers.ts";
import type { Sent } from "./inputs.ts";
import type { Item } from "./outputs.ts";
import { persist } from "./persist.ts";
import {
  type Chunk,
  IMPATIENT_SECONDS,
  lostItem,
  type Opened,
  PATIENT_SECONDS,
  type Plane,
  type PlaneOptions,
  type Retried,
} from "./plane.ts";

/** In a map, inputs are counted from 1. */
const FIRST = 1;

export class InputPlane implements Plane {
  readonly #options: PlaneOptions;
  readonly #url: string;
  readonly #region: string;
  #callId = "";
  #mapToken = "";
  #lastEntryId = "0-0";
  readonly #tokens = new Map<number, string>();
  readonly #attempts = new Map<number, number>();

  constructor(options: PlaneOptions, { url, region }: { url: string; region: string }) {
    this.#options = options;
    this.#url = url;
    this.#region = region;
  }

  async open(first: Sent | undefined): Promise<Opened> {
    const { functionId } = this.#options.callee;
    if (!first) {
      const { functionCallId, maxInputsOutstanding, retryPolicy, mapToken } = await this.#continueMap([]);
      this.#callId = functionCallId;
      this.#mapToken = mapToken;
      return {
        id: functionCallId,
        policy: retryPolicy,
        serverRetries: false,
        maxOutstanding: maxInputsOutstanding || 1000,
      };
    }
    const request = { functionId, input: { idx: first.index, input: first.input } };
    const { attemptToken, retryPolicy } = await this.#persist((rpc, options) => rpc.attemptStart(request, options));
    this.#tokens.set(first.index, attemptToken);
    this.#attempts.set(first.index, 0);
    return { id: "", policy: retryPolicy, serverRetries: false, maxOutstanding: 1 };
  }

  async put(batch: readonly Sent[]): Promise<void> {
    const { attemptTokens } = await this.#continueMap(batch.map(({ index, input }) => item(index, input)));
    this.#keep(batch, attemptTokens);
  }

  async outputs(waiting: readonly number[], patient: boolean): Promise<Item[]> {
    const seconds = patient ? PATIENT_SECONDS : IMPATIENT_SECONDS;
    if (this.#mapToken) return this.#outputsOfMap(waiting, patient);
    const [index = 0] = waiting;
    const request = {
      attemptToken: this.#tokens.get(index) ?? "",
      requestedAt: Date.now() / 1000,
      timeoutSecs: seconds,
    };
    const { output } = await this.#poll((rpc, options) => rpc.attemptAwait(request, options));
    // The token stands for one attempt.
    return output ? [{ ...output, idx: index, retryCount: this.#attempts.get(index) ?? 0 }] : [];
  }

  async #outputsOfMap(waiting: readonly number[], patient: boolean): Promise<Item[]> {
    const request = {
      mapToken: this.#mapToken,
      lastEntryId: this.#lastEntryId,
      requestedAt: Date.now() / 1000,
      // Lost inputs are asked for apart.
      timeout: IMPATIENT_SECONDS,
    };
    const answer = await this.#poll((rpc, options) => rpc.mapAwait(request, options));
    this.#lastEntryId = answer.lastEntryId || this.#lastEntryId;
    if (answer.outputs.length > 0) return answer.outputs.map((each) => ({ ...each, idx: each.idx - FIRST }));
    return patient ? this.#lost(waiting) : [];
  }

  async #lost(waiting: readonly number[]): Promise<Item[]> {
    const asked = waiting.filter((index) => this.#tokens.has(index));
    const attemptTokens = asked.map((index) => this.#tokens.get(index) ?? "");
    const request = { lastEntryId: this.#lastEntryId, timeout: 0, attemptTokens };
    const { lost } = await this.#poll((rpc, options) => rpc.mapCheckInputs(request, options));
    return asked.filter((_, at) => lost[at]).map((index) => lostItem(index, this.#attempts.get(index) ?? 0));
  }

  async retry(batch: readonly Retried[]): Promise<void> {
    const { functionId } = this.#options.callee;
    if (this.#mapToken) {
      const items = batch.map(({ index, input }) => ({ ...item(index, input), attemptToken: this.#tokens.get(index) }));
      const { attemptTokens } = await this.#continueMap(items);
      this.#keep(batch, attemptTokens);
    } else {
      for (const { index, input } of batch) {
        const request = { functionId, input: { idx: index, input }, attemptToken: this.#tokens.get(index) ?? "" };
        const { attemptToken } = await this.#persist((rpc, options) => rpc.attemptRetry(request, options));
        this.#tokens.set(index, attemptToken);
      }
    }
    for (const { index, attempt } of batch) this.#attempts.set(index, attempt);
  }

  async *stream(lastIndex: number): AsyncIterable<Chunk> {
    const attemptToken = this.#tokens.get(0) ?? "";
    yield* (await this.#rpc()).functionCallGetDataOut({ attemptToken, lastIndex }, this.#rpcOptions());
  }

  /** What was sent by the input plane is not kept. */
  async clear(): Promise<void> {}

  #keep(batch: readonly Sent[], tokens: readonly string[]): void {
    for (const [at, { index }] of batch.entries()) {
      this.#tokens.set(index, tokens[at] ?? "");
      if (!this.#attempts.has(index)) this.#attempts.set(index, 0);
    }
  }

  #continueMap(items: NonNullable<Request<"mapStartOrContinue">["items"]>) {
    const { functionId } = this.#options.callee;
    const known = this.#mapToken ? { mapToken: this.#mapToken, functionCallId: this.#callId } : {};
    const request = { functionId, ...known, items };
    return this.#persist((rpc, options) => rpc.mapStartOrContinue(request, options));
  }

  #poll<T>(run: (rpc: Rpc, options: RpcOptions) => Promise<T>): Promise<T> {
    const { session, signal } = this.#options;
    return session.poll(signal, async (_, options) => run(await this.#rpc(), { ...this.#rpcOptions(), ...options }));
  }

  #persist<T>(run: (rpc: Rpc, options: RpcOptions) => Promise<T>): Promise<T> {
    const { session, signal } = this.#options;
    return persist(session, signal, async () => run(await this.#rpc(), this.#rpcOptions()));
  }

  #rpc(): Promise<Rpc> {
    return this.#options.session.plane(this.#url);
  }

  #rpcOptions(): RpcOptions {
    return { ...LASTING, signal: this.#options.signal, ...headers({ "x-modal-input-plane-region": this.#region }) };
  }
}

function item(index: number, input: Sent["input"]) {
  return { input: { idx: index + FIRST, input } };
}
