/** Puts the outcomes of a durable call onto the disk: none counts, and none is told, before it is there. */
import { type CallWrite, InputState, type OutputWrite } from "../storage/index.ts";
import { AGAIN_MS, type DurableHost } from "./durable-host.ts";

interface StoredOutcomesOptions {
  host: DurableHost;
  /** Of the call. */
  id: string;
  failed: number;
  /** One is on disk. */
  onStored: (output: OutputWrite) => void;
}

export class StoredOutcomes {
  readonly #host: DurableHost;
  readonly #id: string;
  readonly #onStored: (output: OutputWrite) => void;
  /** All that there will be, once the call is accepted. */
  #total = 0;
  /** Those that are on their way to the disk or there, those that are there, and of these the ones that are no results. */
  #written = 0;
  #stored = 0;
  #failed: number;

  constructor({ host, id, failed, onStored }: StoredOutcomesOptions) {
    this.#host = host;
    this.#id = id;
    this.#failed = failed;
    this.#onStored = onStored;
  }

  /** The call has `total` inputs, and `stored` outcomes are on disk from before. */
  expect(total: number, stored = 0): void {
    this.#total = total;
    this.#written = this.#stored = stored;
  }

  get stored(): number {
    return this.#stored;
  }

  get failed(): number {
    return this.#failed;
  }

  get complete(): boolean {
    return this.#stored === this.#total;
  }

  /** `runs`: how often the input's code began. */
  write(output: OutputWrite, runs: number): void {
    const { call, index, state, payload } = output;
    let written = 0;
    this.#host.backlog.add(payload.length);
    this.#host.storage.write(
      () => {
        written = 1;
        // With the last one, in whatever order they get onto a disk that was full for a while.
        const isLast = ++this.#written === this.#total;
        if (!isLast && runs < 2) return [output];
        const writes: CallWrite[] = [output];
        if (runs > 1) writes.push({ kind: "repeated", call, index, runs });
        if (isLast) writes.push({ kind: "end", call, at: Date.now() });
        return writes;
      },
      (error) => {
        this.#host.backlog.saved(payload.length);
        if (error) {
          this.#written -= written;
          this.#host.warn(`an output of ${this.#id} could not be stored and is tried again: ${error.message}`);
          setTimeout(() => this.write(output, runs), AGAIN_MS).unref();
          return;
        }
        this.#host.attempts.forget(call, index);
        this.#stored++;
        if (state !== InputState.result) this.#failed++;
        this.#onStored(output);
      },
    );
  }
}
