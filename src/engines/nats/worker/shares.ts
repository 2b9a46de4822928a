/** What this worker is to have of all that is wanted of a workload, over all workers. */
import { deployedSettings, type Settings, type Workload, workloadKey } from "../../../pool/index.ts";
import type { Roster } from "./roster.ts";
import { unitNameOf } from "./units.ts";
import type { WorkerVersions } from "./versions.ts";

export class Shares {
  readonly #roster: Roster;
  readonly #versions: WorkerVersions;

  constructor(roster: Roster, versions: WorkerVersions) {
    this.#roster = roster;
    this.#versions = versions;
  }

  of(workload: Workload): Settings {
    const { version, options } = workload;
    const overrides = this.#versions.isNewest(version) ? this.#versions.autoscaler(version, workloadKey(workload)) : {};
    const settings = { ...deployedSettings(options), ...overrides };
    // Limits by key and in time are counted by whoever runs the function, so one worker has all of it.
    if (isCounted(options)) {
      return this.#roster.owns(functionNameOf(workload))
        ? settings
        : { ...settings, minContainers: 0, bufferContainers: 0, maxContainers: 0 };
    }
    const unit = unitNameOf(workload);
    // Without a limit, each machine runs as many as it has cores.
    const isLimited = options.maxContainers > 0 || overrides.maxContainers !== undefined;
    return {
      ...settings,
      minContainers: this.#roster.share(settings.minContainers, unit),
      bufferContainers: this.#roster.share(settings.bufferContainers, unit),
      maxContainers: isLimited ? this.#roster.share(settings.maxContainers, unit) : settings.maxContainers,
    };
  }
}

export function isCounted({ concurrency, limit }: Pick<Workload["options"], "concurrency" | "limit">): boolean {
  return concurrency.key !== undefined || limit !== undefined;
}

/** Whatever the version: old and new are counted together. */
function functionNameOf({ version, name }: Workload): string {
  return JSON.stringify([version.environment, version.app, name]);
}
