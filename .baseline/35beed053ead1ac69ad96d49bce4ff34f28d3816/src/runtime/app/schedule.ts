/** When a function runs by itself. What a schedule says is kept as plain data: the engine reads it. */
import type { Schedule } from "../../schema/index.ts";
import { InvalidError } from "../errors.ts";

export interface CronOptions {
  /** Of the tz database: `Europe/Berlin`. Default: UTC. */
  timezone?: string;
}

/**
 * At times that a cron expression names: `cron("0 9 * * *", { timezone: "Europe/Berlin" })` is every day at nine. Five fields
 * (minute, hour, day, month, weekday), or six with seconds first. An expression that makes no sense is refused by the deploy.
 */
export function cron(expression: string, options: CronOptions = {}): Schedule {
  const fields = typeof expression === "string" ? expression.trim().split(/\s+/).length : 0;
  if (fields !== 5 && fields !== 6) {
    throw new InvalidError(`cron(): ${JSON.stringify(expression)} is not a cron expression`, {
      hint: 'A cron expression has five fields: minute, hour, day of the month, month, day of the week. An example is "0 9 * * *".',
    });
  }
  const { timezone = "UTC" } = options;
  return { kind: "cron", expression: expression.trim(), timezone };
}

export interface Period {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
}

const UNITS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000 } as const;

/** Again and again after so long: `every({ hours: 1, minutes: 30 })`, counted from the deploy. A second is the least. */
export function every(period: Period): Schedule {
  let everyMs = 0;
  for (const [unit, count] of Object.entries(period)) {
    const unitMs = Object.hasOwn(UNITS, unit) ? UNITS[unit as keyof typeof UNITS] : undefined;
    if (unitMs === undefined || typeof count !== "number" || !(count >= 0)) {
      throw new InvalidError(`every(): ${unit}: ${String(count)} cannot be part of a period`, {
        hint: "Write `every({ days, hours, minutes, seconds })`, each of them a number.",
      });
    }
    everyMs += count * unitMs;
  }
  if (everyMs >= 1_000 && Number.isSafeInteger(everyMs)) return { kind: "every", everyMs };
  throw new InvalidError(`every(): ${everyMs} ms is not a period`, {
    hint: "The shortest period is a second: `every({ seconds: 1 })`.",
  });
}
