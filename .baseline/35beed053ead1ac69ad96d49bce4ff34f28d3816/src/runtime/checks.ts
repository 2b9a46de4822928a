/**
 * Checks of option objects: a short table instead of a validation library, since this travels in every consumer's bundle.
 */
import { nearest } from "../schema/index.ts";
import { InvalidError } from "./errors.ts";
import { MAX_TIMER_MS } from "./timers.ts";

/** Says what is wrong with a value; undefined when nothing is. */
export type Check = (value: unknown) => string | undefined;

export const integer =
  (min: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min
      ? undefined
      : `must be a whole number${min > 0 ? ` of ${min} or more` : ", 0 or more"}`;

export const finite =
  (min: number): Check =>
  (value) =>
    typeof value === "number" && Number.isFinite(value) && value >= min
      ? undefined
      : `must be a number of ${min} or more`;

export const duration =
  (min: number): Check =>
  (value) =>
    typeof value === "number" && value >= min && value <= MAX_TIMER_MS
      ? undefined
      : `must be milliseconds from ${min} to ${MAX_TIMER_MS}`;

export const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");

export const signal: Check = (value) =>
  typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value
    ? undefined
    : "must be an AbortSignal";

/** What each known key may hold. */
export type Checks = Readonly<Record<string, Check>>;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is undefined counts as absent. */
export function checkRecord(subject: string, noun: string, prefix: string, options: object, known: Checks): void {
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!rule) {
      const [near] = nearest(key, Object.keys(known), 1);
      throw new InvalidError(`${subject}: unknown ${noun} "${key}"`, {
        hint: near === undefined ? `Known are ${Object.keys(known).join(", ")}.` : `Did you mean "${near}"?`,
      });
    }
    const problem = value === undefined ? undefined : rule(value);
    if (problem !== undefined) throw new InvalidError(`${subject}: ${prefix}${key} ${problem}, not ${describe(value)}`);
  }
}

export function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? "an object" : String(value);
}
