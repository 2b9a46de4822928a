/**
 * The clock and the queues of the runtime and of engines' clients, taken when farcall is loaded: fake timers of a user's test replace the global
 * functions afterwards, and must not hold up a call.
 */

/** `setTimeout` fires at once for more than this: 24.8 days. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask;
/** Milliseconds from a fixed moment. */
export const now: () => number = performance.now.bind(performance);

/** Milliseconds since 1970. */
export const wallClock: () => number = Date.now;

/** After I/O has had its turn. */
export const nextTurn: (run: () => void) => void =
  typeof globalThis.setImmediate === "function" ? globalThis.setImmediate : (run) => void setTimeout(run, 0);
