/**
 * Units that workers say they cannot run. One of them may be set up wrongly while others are busy with the same unit; so calls
 * are only given up when all workers that are there refuse it.
 */
import type { Failure, WorkerReport } from "../../../engine/index.ts";
import { ask } from "../ask.ts";
import type { Connection } from "../connection.ts";

/** A worker that has not refused again after so long, by a bell each second, may have been put right. */
const STALE_MS = 3_000;
/** Of a first refusal others may not have had the time to answer. */
const PATIENCE_MS = 1_500;

interface Refused {
  since: number;
  /** By worker. */
  workers: Map<string, { failure: Failure; at: number }>;
  judging: boolean;
}

export class Refusals {
  readonly #connection: Connection;
  readonly #onRefused: (unit: string, failure: Failure) => void;
  readonly #units = new Map<string, Refused>();

  /** @param onRefused no worker runs the unit, for such a reason */
  constructor(connection: Connection, onRefused: (unit: string, failure: Failure) => void) {
    this.#connection = connection;
    this.#onRefused = onRefused;
  }

  note(unit: string, worker: string, failure: Failure): void {
    const at = performance.now();
    const refused = this.#units.get(unit) ?? { since: at, workers: new Map(), judging: false };
    refused.workers.set(worker, { failure, at });
    this.#units.set(unit, refused);
  }

  look(now: number): void {
    for (const [unit, refused] of this.#units) {
      for (const [worker, { at }] of refused.workers) if (now - at > STALE_MS) refused.workers.delete(worker);
      if (refused.workers.size === 0) this.#units.delete(unit);
      else if (now - refused.since > PATIENCE_MS && !refused.judging) void this.#judge(unit, refused);
    }
  }

  async #judge(unit: string, refused: Refused): Promise<void> {
    refused.judging = true;
    try {
      const workers = await ask<WorkerReport>(this.#connection, "workers", {});
      const [first] = refused.workers.values();
      if (!first || workers.some(({ id, draining }) => !draining && !refused.workers.has(id))) return;
      this.#units.delete(unit);
      this.#onRefused(unit, first.failure);
    } catch {
      // Workers cannot be asked now: it is judged again while they refuse.
    } finally {
      refused.judging = false;
    }
  }
}
