/** The calls in memory that ended last, for people who look at them afterwards. */
import type { CallSummary } from "./info.ts";
import { Records } from "./record.ts";

const KEPT_CALLS = 1_000;

export class RecentCalls {
  /** What is remembered of the inputs of calls in memory, those that run included. */
  readonly records: Records = new Records();
  /** A ring. */
  readonly #summaries: CallSummary[] = [];
  #at = 0;

  add(summary: CallSummary): void {
    const oldest = this.#summaries[this.#at];
    if (oldest) this.records.forget(oldest.record);
    this.#summaries[this.#at] = summary;
    this.#at = (this.#at + 1) % KEPT_CALLS;
  }

  find(id: string): CallSummary | undefined {
    return this.#summaries.find((summary) => summary.id === id);
  }

  [Symbol.iterator](): Iterator<CallSummary> {
    return this.#summaries.values();
  }
}
