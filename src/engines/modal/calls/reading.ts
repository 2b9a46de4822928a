/** Outputs of calls that are kept: those that are there, and those to come, in pages as the server has them. */
import type { CallHandle, CallSink, InputRange, Output } from "../../../engine/index.ts";
import {
  errorToFailure,
  type FarcallError,
  failureToError,
  InvalidError,
  OutputExpiredError,
} from "../../../runtime/errors.ts";
import { LASTING, POLL_SECONDS, type Session } from "../client.ts";
import { rpcError } from "../errors.ts";
import { inParallel, pause } from "../values.ts";
import { type Item, outputOf } from "./outputs.ts";

/** Inputs of one question: its last index is included. */
const PAGE = 49;
const DOWNLOADS = 8;
/** A server that answers at once with what it has said before is asked again so late. */
const STALE_PAUSE_MS = 500;

interface Answer {
  outputs: Item[];
  unfinished: number;
  lastEntryId: string;
}

interface Page {
  first: number;
  last: number;
  seconds: number;
  lastEntryId: string;
}

async function readPage(session: Session, callId: string, page: Page, signal: AbortSignal): Promise<Answer> {
  const { first: startIdx, last: endIdx, seconds: timeout, lastEntryId } = page;
  const request = {
    functionCallId: callId,
    timeout,
    lastEntryId,
    clearOnSuccess: false,
    requestedAt: Date.now() / 1000,
    startIdx,
    endIdx,
  };
  const answer = await session.poll(signal, (rpc, options) => rpc.functionGetOutputs(request, options));
  const { outputs, numUnfinishedInputs: unfinished } = answer;
  return { outputs, unfinished, lastEntryId: answer.lastEntryId || lastEntryId };
}

export async function countInputs(session: Session, callId: string, signal: AbortSignal): Promise<number> {
  const { numInputs } = await session.ask((rpc) =>
    rpc.functionCallFromId({ functionCallId: callId }, { ...LASTING, signal }),
  );
  return numInputs;
}

/** What is ready now. Rejects with NotFoundError, OutputExpiredError. */
export async function pollOutputs(session: Session, callId: string, range: InputRange): Promise<Output[]> {
  const { signal } = session;
  const count = await countInputs(session, callId, signal);
  const { start = 0, end = count } = range;
  const found: Output[] = [];
  for (let first = start; first < Math.min(end, count); first += PAGE) {
    const last = Math.min(first + PAGE, end, count) - 1;
    const page = { first, last, seconds: 0, lastEntryId: "0-0" };
    const { outputs, unfinished } = await readPage(session, callId, page, signal);
    if (outputs.length === 0 && unfinished === 0) throw expired(callId);
    const sorted = once(outputs, new Set()).sort((a, b) => a.idx - b.idx);
    found.push(...(await inParallel(sorted, DOWNLOADS, (item) => outputOf(session, callId, item, signal))));
  }
  return found;
}

/** Delivers each output of a range once, until it has all or is detached. */
export class Reading implements Pick<CallHandle, "credit" | "detach"> {
  readonly #session: Session;
  readonly #callId: string;
  readonly #sink: CallSink;
  readonly #abort = new AbortController();
  readonly #open: Set<Reading>;

  constructor(session: Session, callId: string, range: InputRange, sink: CallSink, open: Set<Reading>) {
    this.#session = session;
    this.#callId = callId;
    this.#sink = sink;
    this.#open = open;
    open.add(this);
    void this.#run(range);
  }

  credit(): void {}

  detach(): void {
    this.#abort.abort();
    this.#open.delete(this);
  }

  close(error: FarcallError): void {
    if (this.#abort.signal.aborted) return;
    this.detach();
    this.#sink.failed(errorToFailure(error));
  }

  async #run(range: InputRange): Promise<void> {
    try {
      await this.#read(range);
      this.detach();
    } catch (error) {
      this.close(rpcError(error, this.#session.url));
    }
  }

  async #read(range: InputRange): Promise<void> {
    const { signal } = this.#abort;
    const count = await countInputs(this.#session, this.#callId, signal);
    const { start = 0, end = count } = range;
    if (start < 0 || end > count || (start >= count && count < end)) {
      throw new InvalidError(
        `call ${this.#callId} has ${count} inputs, and was asked for those from ${start} to ${end}`,
      );
    }
    for (let first = start; first < end; first += PAGE) await this.#readPage(first, Math.min(first + PAGE, end) - 1);
  }

  async #readPage(first: number, last: number): Promise<void> {
    const { signal } = this.#abort;
    const delivered = new Set<number>();
    let lastEntryId = "0-0";
    // The first question does not wait: a server that has forgotten the results would let it wait in vain.
    for (let seconds = 0; delivered.size <= last - first; seconds = POLL_SECONDS) {
      const page = { first, last, seconds, lastEntryId };
      const answer = await readPage(this.#session, this.#callId, page, signal);
      signal.throwIfAborted();
      const fresh = once(answer.outputs, delivered);
      const outputs = await inParallel(fresh, DOWNLOADS, (item) => outputOf(this.#session, this.#callId, item, signal));
      for (const output of outputs) {
        signal.throwIfAborted();
        if (output.kind === "failure" && output.failure.code === "CANCELLED") throw failureToError(output.failure);
        this.#sink.output(output);
      }
      if (fresh.length > 0) lastEntryId = answer.lastEntryId;
      else if (answer.unfinished === 0) throw expired(this.#callId);
      else if (answer.outputs.length > 0) await pause(STALE_PAUSE_MS, signal);
    }
  }
}

/** Each input's newest word, once. */
function once(items: readonly Item[], delivered: Set<number>): Item[] {
  return items.filter(({ idx }) => {
    if (delivered.has(idx)) return false;
    delivered.add(idx);
    return true;
  });
}

function expired(callId: string): OutputExpiredError {
  return new OutputExpiredError(`the results of call ${callId} are no longer kept`, {
    hint: "Modal keeps results for seven days.",
  });
}
