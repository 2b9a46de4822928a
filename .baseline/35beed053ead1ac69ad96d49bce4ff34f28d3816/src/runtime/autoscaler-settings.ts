/** Checks what `updateAutoscaler` is given, by the rules that the static options follow too. */
import type { AutoscalerSettings } from "../engine/index.ts";
import { type Checks, checkRecord, describe, duration, integer, isRecord } from "./checks.ts";
import { InvalidError } from "./errors.ts";

export const autoscalerChecks: Checks = {
  minContainers: integer(0),
  maxContainers: integer(1),
  bufferContainers: integer(0),
  scaledownWindowMs: duration(0),
};

/** Throws InvalidError. */
export function checkAutoscalerSettings(subject: string, settings: AutoscalerSettings): void {
  if (!isRecord(settings as unknown))
    throw new InvalidError(`${subject}: settings must be an object, not ${describe(settings)}`);
  checkRecord(subject, "setting", "", settings, autoscalerChecks);
  const { minContainers, maxContainers } = settings;
  if (minContainers !== undefined && maxContainers !== undefined && minContainers > maxContainers) {
    throw new InvalidError(
      `${subject}: minContainers (${minContainers}) is more than maxContainers (${maxContainers})`,
    );
  }
}
