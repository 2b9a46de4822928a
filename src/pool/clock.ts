/** Times as the pool takes them: when an input began to wait, which only telemetry asks for, and the longest timer there is. */

/** The longest delay of a timer, in milliseconds. */
export const MAX_TIMER_MS: number = 0x7fff_ffff;

let observed = false;

/** From now on it is recorded since when inputs wait. */
export function recordQueueTimes(): void {
  observed = true;
}

/** For `Input.queuedAt`: performance.now(), or 0 while nobody asks. */
export function queueTime(): number {
  return observed ? performance.now() : 0;
}
