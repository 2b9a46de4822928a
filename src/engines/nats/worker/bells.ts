/** How much waits at each source: all workers receive it, so any of them can report it. */
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

  /** Of each unit. */
  *all(): Generator<{ unit: string; waiting: number }, void, undefined> {
    for (const [unit, bells] of this.#bells) yield { unit, waiting: sum(bells.values()) };
  }

  /** @param name of a unit of the function, of any version */
  waiting(name: string, ref: FunctionRef): number {
    const [environment, app, of, , instance] = name.split(".");
    let waiting = 0;
    for (const [unit, bells] of this.#bells) {
      const parts = unit.split(".");
      if (parts[0] !== environment || parts[1] !== app || parts[2] !== of) continue;
      if (ref.version !== undefined && parts[3] !== String(ref.version)) continue;
      if (ref.instance !== undefined && parts[4] !== instance) continue;
      waiting += sum(bells.values());
    }
    return waiting;
  }
}

function sum(bells: Iterable<{ waiting: number; at: number }>): number {
  const longAgo = performance.now() - FORGOTTEN_MS;
  let waiting = 0;
  for (const bell of bells) if (bell.at > longAgo) waiting += bell.waiting;
  return waiting;
}
