/** The quotas of all functions that have a limit. Versions of a function that say the same share one. */
import { Quota } from "./quota.ts";
import type { Workload } from "./workload.ts";

export class Quotas {
  readonly #quotas = new Map<string, Quota>();

  /** Undefined for a function without a limit. */
  of({ version, name, options }: Workload): Quota | undefined {
    const { concurrency, limit } = options;
    if (!concurrency.key && !limit) return undefined;
    const key = JSON.stringify([version.app, version.environment, name, concurrency.key, concurrency.perKey, limit]);
    let quota = this.#quotas.get(key);
    if (!quota) {
      quota = new Quota(options);
      this.#quotas.set(key, quota);
    }
    return quota;
  }
}
