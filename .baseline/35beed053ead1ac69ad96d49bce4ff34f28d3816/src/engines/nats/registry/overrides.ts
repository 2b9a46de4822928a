/**
 * What updateAutoscaler has set. A deploy resets it, and of an app's value and its settings one may be read before the other is
 * written: so settings name the value of the app that they are for, and do not count for another.
 */
import type { AutoscalerSettings } from "../../../engine/index.ts";
import type { Connection, Expectation } from "../connection.ts";
import { isConflict } from "../errors.ts";
import { streams, subjects } from "../names.ts";
import type { AppName, KnownApp } from "./apps.ts";

/** By workload, as pools name it. */
export type AppOverrides = Record<string, AutoscalerSettings>;

interface StoredOverrides {
  /** Sequence of the app's value. */
  of: number;
  overrides: AppOverrides;
}

export class Overrides {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async read(app: KnownApp): Promise<AppOverrides> {
    return (await this.#read(app)).overrides;
  }

  async #read(app: KnownApp): Promise<{ overrides: AppOverrides; sequence: number }> {
    const message = await this.#connection.readNewest(streams.scale, { last_by_subj: subjects.scale(app) });
    const stored = message?.json<StoredOverrides>();
    return { overrides: stored?.of === app.sequence ? stored.overrides : {}, sequence: message?.seq ?? 0 };
  }

  /** Changes the settings of one workload. @param change throws when they make no sense together */
  async set(
    app: KnownApp,
    workload: string,
    change: (current: AutoscalerSettings) => AutoscalerSettings,
  ): Promise<void> {
    for (;;) {
      const { overrides, sequence } = await this.#read(app);
      const next: AppOverrides = { ...overrides, [workload]: change(overrides[workload] ?? {}) };
      if (await this.#write(app, next, { lastSubjectSequence: sequence })) return;
    }
  }

  /** For a deploy that does not change the app's value. */
  async reset(app: KnownApp): Promise<void> {
    const { overrides } = await this.#read(app);
    if (Object.keys(overrides).length > 0) await this.#write(app, {}, {});
  }

  /** False when somebody else has written meanwhile. */
  async #write(app: KnownApp, overrides: AppOverrides, expect: Expectation): Promise<boolean> {
    const stored: StoredOverrides = { of: app.sequence, overrides };
    try {
      await this.#connection.append(subjects.scale(app), JSON.stringify(stored), expect);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    const name: AppName = { app: app.app, environment: app.environment };
    this.#connection.publish(subjects.scaled, JSON.stringify(name));
    return true;
  }
}
