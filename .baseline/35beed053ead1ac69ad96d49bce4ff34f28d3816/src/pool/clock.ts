/**
 * Times as the pool takes them: when an input began to wait, which only telemetry asks for; and working time, by which limits
 * are judged. While this process stands still (stopped, the machine suspended, busy with something else) it cannot see that
 * an input has ended, so that time counts against nobody.
 */

let observed = false;

/** From now on it is recorded since when inputs wait. */
export function recordQueueTimes(): void {
  observed = true;
}

/** For `Input.queuedAt`: performance.now(), or 0 while nobody asks. */
export function queueTime(): number {
  return observed ? performance.now() : 0;
}

/** How often it is looked whether this process stood still, and how much later than that is a pause, in milliseconds. */
const BEAT_MS = 250;
const PAUSE_MS = 100;

let holders = 0;
let heart: NodeJS.Timeout | undefined;
let lastBeat = 0;
let pausedMs = 0;

function beat(now: number): void {
  const late = now - lastBeat - BEAT_MS;
  if (late > PAUSE_MS) pausedMs += late;
  lastBeat = now;
}

/** performance.now() less the pauses of this process, as far as working time was held. */
export function workingTime(): number {
  const now = performance.now();
  // After a pause, timers fire in any order.
  if (holders > 0 && now - lastBeat > BEAT_MS + PAUSE_MS) beat(now);
  return now - pausedMs;
}

/** From now on pauses are seen, until `releaseWorkingTime`. */
export function holdWorkingTime(): void {
  if (++holders > 1) return;
  lastBeat = performance.now();
  heart = setInterval(() => beat(performance.now()), BEAT_MS).unref();
}

export function releaseWorkingTime(): void {
  if (--holders === 0) clearInterval(heart);
}
