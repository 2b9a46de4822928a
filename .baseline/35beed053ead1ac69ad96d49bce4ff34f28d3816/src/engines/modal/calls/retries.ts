/** How long a caller waits before it sends an input again that has failed. */
import type { RetryPolicy } from "./plane.ts";

/** As Modal's own clients do. */
const LEAST_DELAY_MS = 1_000;

/**
 * In milliseconds; undefined when the policy allows no more.
 * @param failures that have been counted, this one among them
 */
export function nextDelay(policy: RetryPolicy, failures: number): number | undefined {
  const { retries, initialDelayMs, backoffCoefficient, maxDelayMs } = policy;
  if (failures > retries) return undefined;
  const delay = initialDelayMs * backoffCoefficient ** (failures - 1);
  return Math.max(LEAST_DELAY_MS, maxDelayMs > 0 ? Math.min(delay, maxDelayMs) : delay);
}
