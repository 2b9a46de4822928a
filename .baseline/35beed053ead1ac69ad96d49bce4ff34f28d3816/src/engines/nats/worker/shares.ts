/** What this worker is to have of all that is wanted of a workload, over all workers. */
import { deployedSettings, memoryOf, type Settings, type Workload, workloadKey } from "../../../pool/index.ts";
import { capacityOf } from "./capacity.ts";
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
    const memoryMiB = memoryOf(workload);
    // Limits by key and in time are counted by whoever runs the function, so one worker has all of it.
    if (isCounted(options)) {
      return this.#roster.owns(functionNameOf(workload), memoryMiB)
        ? settings
        : { ...settings, minContainers: 0, bufferContainers: 0, maxContainers: 0 };
    }
    const unit = unitNameOf(workload);
    const share = (total: number): number => this.#roster.share(total, unit, memoryMiB);
    const minContainers = share(settings.minContainers);
    const isLimited = options.maxContainers > 0 || overrides.maxContainers !== undefined;
    return {
      ...settings,
      minContainers,
      bufferContainers: share(settings.bufferContainers),
      maxContainers: isLimited ? share(settings.maxContainers) : Math.max(minContainers, this.#own(memoryMiB)),
    };
  }

  /** Without a limit, each machine runs as many as it has room for: all together they are what all workers can run. */
  #own(memoryMiB: number): number {
    return capacityOf(this.#roster.own, memoryMiB).room;
  }

  /** Why no worker can run it; undefined when one can. */
  problemOf(workload: Workload): string | undefined {
    const memoryMiB = memoryOf(workload);
    if (this.#roster.hasRoomFor(memoryMiB)) return undefined;
    return `${workload.name} needs ${memoryMiB} MiB, and no worker has so much: start one with more --memory, or lower memoryMiB`;
  }
}

export function isCounted({ concurrency, limit }: Pick<Workload["options"], "concurrency" | "limit">): boolean {
  return concurrency.key !== undefined || limit !== undefined;
}

/** Whatever the version: old and new are counted together. */
function functionNameOf({ version, name }: Workload): string {
  return JSON.stringify([version.environment, version.app, name]);
}
