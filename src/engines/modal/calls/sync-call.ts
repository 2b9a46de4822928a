/**
 * remote, map and what is made of it: calls whose caller waits, and who retries what fails as the function's policy says. An
 * output counts once, and only when it is of the attempt that is waited for.
 */

import { errorToFailure, type FarcallError } from "../../../runtime/errors.ts";
import { clearTimeout, nextTurn, setTimeout } from "../../../runtime/timers.ts";
import { rpcError } from "../errors.ts";
import { inParallel, Outcome } from "../values.ts";
import type { Callee } from "./callee.ts";
import { inputsOf, type Sent } from "./inputs.ts";
import { OpenedCall } from "./opened-call.ts";
import { type Item, outputOf } from "./outputs.ts";
import type { Opened, Plane, Retried } from "./plane.ts";
import { planeOf } from "./planes.ts";
import { nextDelay } from "./retries.ts";

/** Inputs in one request. */
const BATCH = 49;
/** Failures of Modal's own that `remote` retries, whatever the policy says. */
const MAX_LOST = 8;
/** Outputs whose blobs are downloaded at once. */
const DOWNLOADS = 8;

/** An input that was sent and has no output. */
interface Attempt extends Retried {
  /** Failures that count against the policy. */
  failures: number;
  lost: number;
  /** Its request has been answered. */
  sent: boolean;
}

export class SyncCall extends OpenedCall {
  readonly #outstanding = new Map<number, Attempt>();
  readonly #due: Attempt[] = [];
  #retrying = false;
  #allSent = false;
  // Set before anything is sent.
  #plane!: Plane;
  #opened!: Opened;
  #callee!: Callee;

  protected override async run(callee: Callee): Promise<void> {
    const many = this.request.method === "map";
    this.#callee = callee;
    this.#plane = planeOf(callee, this.planeOptions(callee, many ? "map" : "remote"));
    // Modal would show a call without inputs as one that runs.
    if (many && !(await this.anyInput())) return;
    const [first] = many ? [] : await this.#inputs((await this.take(1)) ?? []);
    if (this.over) return;
    if (first) this.#expect([first]);
    this.#opened = await this.#plane.open(first);
    this.named(this.#opened.id);
    if (first) this.#markSent([first]);
    this.#allSent = !many;
    await Promise.all([many && this.#send(), this.#receive()]);
    if (!this.over && this.#opened.id) this.inBackground(this.#plane.clear());
  }

  async #inputs(puts: Parameters<typeof inputsOf>[2]): Promise<Sent[]> {
    const { session } = this.context;
    return inputsOf(session, this.#callee, puts, { kept: false, signal: this.signal });
  }

  // ---- sending ----

  async #send(): Promise<void> {
    while (!this.over) {
      // What is put in the same turn goes in one request.
      await new Promise<void>((resolve) => nextTurn(resolve));
      const room = this.#opened.maxOutstanding - this.#outstanding.size;
      if (room <= 0) {
        await this.change();
        continue;
      }
      const puts = await this.take(Math.min(BATCH, room));
      if (!puts) break;
      const batch = await this.#inputs(puts);
      if (this.over) return;
      this.#expect(batch);
      await this.#plane.put(batch);
      this.#markSent(batch);
    }
    this.#allSent = true;
    this.wake();
  }

  #expect(batch: readonly Sent[]): void {
    for (const each of batch) {
      this.#outstanding.set(each.index, { ...each, attempt: 0, failures: 0, lost: 0, sent: false });
    }
    this.wake();
  }

  #markSent(batch: readonly Sent[]): void {
    for (const { index } of batch) {
      const attempt = this.#outstanding.get(index);
      if (attempt) attempt.sent = true;
    }
    if (this.#due.length > 0) void this.#retryDue();
  }

  // ---- receiving ----

  async #receive(): Promise<void> {
    let quiet = false;
    while (!this.over) {
      if (this.#outstanding.size === 0) {
        if (this.#allSent) return;
        await this.change();
        continue;
      }
      // Only a patient question says for which inputs it waits, which costs a token each.
      const patient = quiet || this.#outstanding.size <= BATCH;
      const items = await this.#plane.outputs([...this.#outstanding.keys()], patient);
      if (this.over) return;
      quiet = items.length === 0;
      await this.#accept(items);
    }
  }

  async #accept(items: readonly Item[]): Promise<void> {
    const final = items.filter((item) => this.#isFinal(item));
    const { session } = this.context;
    const outputs = await inParallel(final, DOWNLOADS, async (item) => {
      try {
        return await outputOf(session, this.id, item, this.signal);
      } catch (error) {
        // One result that cannot be fetched is one input's failure.
        const failure = errorToFailure(rpcError(error, session.url));
        return { kind: "failure" as const, index: item.idx, failure };
      }
    });
    for (const output of outputs) if (!this.over) this.sink.output(output);
    this.wake();
  }

  /** Drops what comes twice or of another attempt, and sends again what is to be retried. */
  #isFinal(item: Item): boolean {
    const attempt = this.#outstanding.get(item.idx);
    if (!attempt || !this.#isOf(attempt, item)) return false;
    const delay = this.#delayOfRetry(attempt, item.result?.status ?? Outcome.internalFailure);
    if (delay === undefined) {
      this.#outstanding.delete(item.idx);
      return true;
    }
    attempt.attempt++;
    if (delay > 0) this.#retryAfter(attempt, delay);
    else this.#retryNow(attempt);
    return false;
  }

  #isOf({ attempt }: Attempt, { retryCount }: Item): boolean {
    return this.#opened.serverRetries ? retryCount >= attempt : retryCount === attempt;
  }

  /** Undefined where the output counts. */
  #delayOfRetry(attempt: Attempt, status: number): number | undefined {
    if (status === Outcome.success || status === Outcome.terminated) return undefined;
    const { policy } = this.#opened;
    if (status !== Outcome.internalFailure) return policy && nextDelay(policy, ++attempt.failures);
    if (this.request.method === "remote") return ++attempt.lost > MAX_LOST ? undefined : 0;
    return policy && ++attempt.failures <= policy.retries ? 0 : undefined;
  }

  // ---- retries ----

  #retryAfter(attempt: Attempt, delayMs: number): void {
    const timer = setTimeout(() => {
      this.signal.removeEventListener("abort", stop);
      this.#retryNow(attempt);
    }, delayMs);
    const stop = () => clearTimeout(timer);
    this.signal.addEventListener("abort", stop, { once: true });
  }

  #retryNow(attempt: Attempt): void {
    this.#due.push(attempt);
    void this.#retryDue();
  }

  /** In as few requests as possible: what becomes due meanwhile goes with the next. */
  async #retryDue(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    try {
      for (;;) {
        await new Promise<void>((resolve) => nextTurn(resolve));
        // An output can come before the answer to the request that its input went with.
        const ready = this.#due.filter(({ sent }) => sent).slice(0, BATCH);
        if (ready.length === 0 || this.over) return;
        for (const each of ready) this.#due.splice(this.#due.indexOf(each), 1);
        await this.#plane.retry(ready);
      }
    } catch (error) {
      this.fail(rpcError(error, this.context.session.url) as FarcallError);
    } finally {
      this.#retrying = false;
    }
  }
}
