/** The autoscaler's settings of a pool: those that were deployed, and what is set over them. */
import { availableParallelism } from "node:os";
import type { AutoscalerSettings } from "../engine/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import type { ResolvedFunctionOptions } from "../schema/index.ts";
import { nameOf } from "./failures.ts";
import type { Workload } from "./workload.ts";

const NAMES = ["minContainers", "maxContainers", "bufferContainers", "scaledownWindowMs"] as const;

export type Settings = Required<AutoscalerSettings>;

export function deployedSettings(options: ResolvedFunctionOptions): Settings {
  const { minContainers, maxContainers, bufferContainers, scaledownWindowMs } = options;
  return {
    minContainers,
    maxContainers: maxContainers || Math.max(availableParallelism(), minContainers),
    bufferContainers,
    scaledownWindowMs,
  };
}

/** Throws InvalidError when they make no sense together. */
export function mergeSettings(current: Settings, changes: AutoscalerSettings, workload: Workload): Settings {
  const merged = { ...current };
  for (const name of NAMES) {
    const value = changes[name];
    if (value === undefined) continue;
    const least = name === "maxContainers" ? 1 : 0;
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidError(`${name} must be a whole number from ${least} on, not ${value}`);
    }
    merged[name] = value;
  }
  if (merged.minContainers > merged.maxContainers) {
    throw new InvalidError(
      `minContainers (${merged.minContainers}) is above maxContainers (${merged.maxContainers}) for ${nameOf(workload)}`,
      { hint: "Set both in one call of updateAutoscaler." },
    );
  }
  return merged;
}
