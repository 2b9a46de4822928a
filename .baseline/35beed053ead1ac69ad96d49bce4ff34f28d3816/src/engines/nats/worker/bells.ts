/** What sources say that waits at them: all workers hear it, so any of them can tell. */
import type { FunctionRef } from "../../../engine/index.ts";

/** What is not said again is forgotten. */
const FORGOTTEN_MS = 2_500;

export interface Bell {
  source: string;
  /** Inputs; 0 when nothing waits any more. */
  waiting: number;
}

export class Bells {
  /** By unit and source. */
  readonly #bells = new Map<string, Map<string, { waiting: number; at: number }>>();

  ring(unit: string, { source, waiting }: Bell): void {
    const bells = this.#bells.get(unit) ?? new Map<string, { waiting: number; at: number }>();
    if (waiting === 0) bells.delete(source);
    else bells.set(source, { waiting, at: performance.now() });
    if (bells.size === 0) this.#bells.delete(unit);
    else this.#bells.set(unit, bells);
  }

  /** @param name of a unit of the function, of any version */
  waiting(name: string, ref: FunctionRef): number {
    const [environment, app, of, , instance] = name.split(".");
    const longAgo = performance.now() - FORGOTTEN_MS;
    let waiting = 0;
    for (const [unit, bells] of this.#bells) {
      const parts = unit.split(".");
      if (parts[0] !== environment || parts[1] !== app || parts[2] !== of) continue;
      if (ref.version !== undefined && parts[3] !== String(ref.version)) continue;
      if (ref.instance !== undefined && parts[4] !== instance) continue;
      for (const bell of bells.values()) if (bell.at > longAgo) waiting += bell.waiting;
    }
    return waiting;
  }
}
