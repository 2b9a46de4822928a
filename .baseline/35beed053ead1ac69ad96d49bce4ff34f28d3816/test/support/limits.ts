/**
 * How long a test waits before it calls what it waits for a hang. No test is about time: the limits are so wide that only a
 * hang meets them, and they grow with the slowness of the machine, which vitest.config.ts measures before a run.
 */

/** 1 on a machine at rest; 5 where starting a program takes five times as long. */
const slowness = Math.max(1, Number(process.env["FARCALL_TEST_SLOWNESS"] ?? 1));

/** For a condition to come true. */
export const CONDITION_MS = 240_000 * slowness;
/** For a program to end. Longer than what the program itself may wait for. */
export const PROGRAM_MS = 480_000 * slowness;
/** For a test or a hook, which may run several programs. */
export const TEST_MS = 1_200_000 * slowness;

/** For `expect.poll`, `vi.waitFor` and whatever else takes a limit for a condition. */
export const patient = { timeout: CONDITION_MS };
