/** What updateAutoscaler has set, per app: kept until its next deploy. */
import type { AutoscalerSettings } from "../../../engine/index.ts";
import type { Connection, Expectation } from "../connection.ts";
import { isConflict } from "../errors.ts";
import { streams, subjects } from "../names.ts";
import type { AppName } from "./apps.ts";

/** By workload, as pools name it. */
export type AppOverrides = Record<string, AutoscalerSettings>;

export class Overrides {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async read(app: AppName): Promise<AppOverrides> {
    return (await this.#read(app)).overrides;
  }

  async #read(app: AppName): Promise<{ overrides: AppOverrides; sequence: number }> {
    const message = await this.#connection.readNewest(streams.scale, { last_by_subj: subjects.scale(app) });
    return { overrides: message?.json<AppOverrides>() ?? {}, sequence: message?.seq ?? 0 };
  }

  /** Changes the settings of one workload. @param change throws when they make no sense together */
  async set(
    app: AppName,
    workload: string,
    change: (current: AutoscalerSettings) => AutoscalerSettings,
  ): Promise<void> {
    for (;;) {
      const { overrides, sequence } = await this.#read(app);
      const next: AppOverrides = { ...overrides, [workload]: change(overrides[workload] ?? {}) };
      if (await this.#write(app, next, { lastSubjectSequence: sequence })) return;
    }
  }

  async reset(app: AppName): Promise<void> {
    const { overrides } = await this.#read(app);
    if (Object.keys(overrides).length > 0) await this.#write(app, {}, {});
  }

  /** False when somebody else has written meanwhile. */
  async #write(app: AppName, overrides: AppOverrides, expect: Expectation): Promise<boolean> {
    try {
      await this.#connection.append(subjects.scale(app), JSON.stringify(overrides), expect);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.#connection.publish(subjects.scaled, JSON.stringify({ app: app.app, environment: app.environment }));
    return true;
  }
}
