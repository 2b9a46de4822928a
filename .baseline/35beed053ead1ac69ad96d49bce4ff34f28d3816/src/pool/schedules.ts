/**
 * Runs functions when their schedules say so. Nothing is kept for it: the times follow from the schedule (and from the deploy,
 * for `every`), and a run is a durable call whose key is its time, so that it is made once, whatever happens to processes and however
 * many look at the same clock.
 *
 * A time that passed while nobody was there, or while the machine slept, is made up for by one run for the newest such time,
 * unless that is more than a day ago.
 */
import type { FunctionRef } from "../engine/index.ts";
import { encodeArguments } from "../runtime/index.ts";
import type { Schedule } from "../schema/index.ts";
import type { DeployedFunction, Version } from "./workload.ts";

/** How late a missed run may be, in milliseconds. */
const MAX_LATE_MS = 86_400_000;
/** Clocks jump and machines sleep: the time is looked at this often at least. */
const MAX_WAIT_MS = 30_000;

/** The first time after `after`; undefined when the schedule has no more. All in milliseconds since 1970. */
type NextTime = (after: number) => number | undefined;

export interface SchedulesOptions {
  versions: { newest(): Iterable<Version> };
  /** Makes a durable call of one input, unless there is one with this key. May throw, or reject. */
  run(ref: FunctionRef, key: string, payload: Uint8Array): void | Promise<void>;
  warn(message: string): void;
  /** Milliseconds since 1970; Date.now by default. */
  now?: () => number;
}

interface Scheduled {
  fn: DeployedFunction;
  next: NextTime;
  /** Times up to here have been seen to. */
  seen: number;
}

export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #now: () => number;
  #scheduled: Scheduled[] = [];
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** There is something to wait for. */
  get active(): boolean {
    return this.#scheduled.length > 0;
  }

  /** Of a function's newest version, which alone is run; ISO 8601. */
  nextRunAt({ app, environment, name, version }: FunctionRef): string | undefined {
    const found = this.#scheduled.find(
      ({ fn }) =>
        fn.schema.name === name &&
        fn.version.app === app &&
        fn.version.environment === environment &&
        fn.version.version === version,
    );
    const time = found?.next(this.#now());
    return time === undefined ? undefined : new Date(time).toISOString();
  }

  /** Reads all schedules again: on start, after a deploy or a removal. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    const scheduled: Scheduled[] = [];
    for (const version of this.#options.versions.newest()) {
      const deployed = Date.parse(version.manifest.deployedAt);
      for (const schema of version.manifest.functions) {
        const { schedule } = schema.options;
        if (!schedule) continue;
        try {
          const next = await nextTime(schedule, deployed);
          scheduled.push({ fn: { version, schema }, next, seen: deployed });
        } catch (error) {
          this.#options.warn(`the schedule of ${version.app}/${schema.name} cannot be read: ${error}`);
        }
      }
    }
    // Another deploy came meanwhile, and reads all of them itself.
    if (generation !== this.#generation) return;
    this.#scheduled = scheduled;
    this.#look();
  }

  close(): void {
    this.#generation++;
    this.#scheduled = [];
    clearTimeout(this.#timer);
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    if (this.#scheduled.length === 0) return;
    const now = this.#now();
    let wait = MAX_WAIT_MS;
    for (const each of this.#scheduled) {
      // The clock was put back: what comes until then counts, and the calls that were made keep their keys.
      if (each.seen > now) each.seen = now;
      each.seen = Math.max(each.seen, now - MAX_LATE_MS);
      const due = lastTime(each.next, each.seen, now);
      each.seen = Math.max(each.seen, due ?? each.seen);
      if (due !== undefined) this.#run(each.fn, due);
      const coming = each.next(Math.max(each.seen, now));
      if (coming !== undefined) wait = Math.min(wait, coming - now);
    }
    this.#timer = setTimeout(this.#look, Math.max(1, wait));
  };

  #run({ version, schema }: DeployedFunction, due: number): void {
    const { app, environment } = version;
    const ref = { app, environment, name: schema.name };
    const failed = (error: unknown): void =>
      this.#options.warn(`${app}/${schema.name} could not be run on its schedule: ${(error as Error).message}`);
    try {
      const running = this.#options.run(ref, `schedule ${new Date(due).toISOString()}`, encodeArguments([]));
      running?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** Throws an error when the cron expression or the time zone is invalid. @param deployed from when on `every` counts */
async function nextTime(schedule: Schedule, deployed: number): Promise<NextTime> {
  if (schedule.kind === "every") {
    const { everyMs } = schedule;
    // Also before the deploy, as far as a clock that was put back can tell.
    return (after) => deployed + everyMs * (Math.floor((after - deployed) / everyMs) + 1);
  }
  const { Cron } = await import("croner");
  const times = new Cron(schedule.expression, { timezone: schedule.timezone, paused: true });
  // Reads the time zone, which the constructor does not.
  times.nextRun();
  return (after) => times.nextRun(new Date(after))?.getTime();
}

/** The newest time after `after` and up to `now`. Looks back in growing steps, since there may be one each second. */
function lastTime(next: NextTime, after: number, now: number): number | undefined {
  for (let span = 1_000; ; span *= 2) {
    const from = Math.max(after, now - span);
    let last: number | undefined;
    for (let time = next(from); time !== undefined && time <= now; time = next(time)) last = time;
    if (last !== undefined || from === after) return last;
  }
}
