/** When a spawned call is to begin, as its caller has said it. */
import type { Check } from "../checks.ts";
import { InvalidError } from "../errors.ts";
import { wallClock } from "../timers.ts";

/** The last time that a Date can hold, in milliseconds. */
const LAST_MS = 8.64e15;

interface DueOptions {
  delayMs?: number | undefined;
  at?: Date | undefined;
}

export const dueChecks: { delayMs: Check; at: Check } = {
  delayMs: (value) =>
    typeof value === "number" && value >= 0 && value <= LAST_MS ? undefined : "must be milliseconds, 0 or more",
  // A Date of another realm, or of fake timers, is one too.
  at: (value) =>
    Object.prototype.toString.call(value) === "[object Date]" && Number.isFinite((value as Date).getTime())
      ? undefined
      : "must be a valid Date",
};

/** In milliseconds since 1970; undefined for at once. Throws InvalidError when both are given. */
export function dueAt(subject: string, { delayMs, at }: DueOptions): number | undefined {
  if (delayMs !== undefined && at !== undefined) {
    throw new InvalidError(`${subject}: delayMs and at say the same thing`, { hint: "Give one of them." });
  }
  if (at !== undefined) return at.getTime();
  return delayMs === undefined ? undefined : Math.min(LAST_MS, Math.ceil(wallClock() + delayMs));
}

/** Throws InvalidError for a call whose caller waits. */
export function refuseDue(subject: string, { delayMs, at }: DueOptions): void {
  if (delayMs === undefined && at === undefined) return;
  throw new InvalidError(`${subject}: ${at === undefined ? "delayMs" : "at"} is for spawn and spawnMap`, {
    hint: "Spawn the call, and read its result with get().",
  });
}
