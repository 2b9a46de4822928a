/** What this worker answers: about itself, what it runs, and what updateAutoscaler is to set. */
import type { AutoscalerSettings, FunctionRef, WorkerReport } from "../../../engine/index.ts";
import {
  deployedSettings,
  mergeSettings,
  type Pools,
  type Version,
  type Workload,
  workloadKey,
  workloadOf,
} from "../../../pool/index.ts";
import { InternalFailure, InvalidError } from "../../../runtime/errors.ts";
import { functionNamed } from "../../catalog/index.ts";
import { answer } from "../ask.ts";
import type { Connection, Msg } from "../connection.ts";
import { failureOf } from "../errors.ts";
import { subjects, WORKERS } from "../names.ts";
import type { Catalog, Overrides } from "../registry/index.ts";
import type { WorkerStats } from "../reports.ts";
import { unitOf } from "../unit.ts";
import type { Deployed } from "./deployed.ts";
import type { Guests } from "./guests.ts";
import type { Units } from "./units.ts";
import { functionsOf, type WorkerVersions } from "./versions.ts";

export interface QuestionsOptions {
  connection: Connection;
  /** Of the worker. */
  id: string;
  catalog: Catalog;
  overrides: Overrides;
  versions: WorkerVersions;
  deployed: Deployed;
  pools: Pools;
  units: Units;
  guests: Guests;
  report(): WorkerReport;
  /** Why no worker can run it; undefined when one can. */
  problemOf(workload: Workload): string | undefined;
  /** Where clients reach web functions; undefined when this worker takes no requests. */
  publicUrl: string | undefined;
}

interface ScaleQuestion {
  ref: FunctionRef;
  settings: AutoscalerSettings;
}

export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  async listen(subscribe: (subject: string, on: (message: Msg) => void, queue?: string) => Promise<void>) {
    const { report, guests, publicUrl } = this.#options;
    const answers = <T>(question: string, of: (asked: T) => Promise<unknown>, queue?: string): Promise<void> =>
      subscribe(subjects.ask(question), (message) => void this.#answer(message, of), queue);
    await answers("workers", async () => report());
    await answers("stats", (ref: FunctionRef) => this.#stats(ref));
    await answers("progress", async ({ id }: { id: string }) => guests.progressOf(id));
    if (publicUrl !== undefined) await answers("web", async () => publicUrl, WORKERS);
    await answers("autoscale", (asked: ScaleQuestion) => this.#updateAutoscaler(asked), WORKERS);
  }

  async #answer<T>(message: Msg, find: (asked: T) => Promise<unknown>): Promise<void> {
    const { id: worker, connection } = this.#options;
    try {
      answer(message, connection, { worker, result: await find(message.json<T>()) });
    } catch (error) {
      answer(message, connection, { worker, failure: failureOf(error, "worker") });
    }
  }

  async #stats(ref: FunctionRef): Promise<WorkerStats> {
    const { pools, units } = this.#options;
    const version = await this.#versionOf(ref);
    const schema = functionNamed(ref.name, { manifest: version.manifest, functions: functionsOf(version) });
    const stats = pools.stats({ version, schema }, ref);
    const name = unitOf({ ...ref, version: 0, schema, instance: ref.instance });
    const waiting = units.bells.waiting(name, ref);
    const problem = this.#options.problemOf(workloadOf({ version, schema }, ref.instance));
    return { ...stats, waiting, ...(problem !== undefined && { startProblem: problem }) };
  }

  async #versionOf(ref: FunctionRef): Promise<Version> {
    const { catalog, versions } = this.#options;
    const { app, environment } = ref;
    const { version } = await catalog.version(ref);
    return versions.load({ app, environment, version });
  }

  async #updateAutoscaler({ ref, settings }: ScaleQuestion): Promise<null> {
    const { catalog, overrides, deployed } = this.#options;
    const version = await this.#versionOf(ref);
    const schema = functionNamed(ref.name, { manifest: version.manifest, functions: functionsOf(version) });
    if (schema.class !== undefined && ref.instance === undefined) {
      throw new InvalidError(`${schema.name} is a method: its containers are those of an instance`, {
        hint: `Update it through an instance: new ${schema.class}(…)${schema.name.slice(schema.class.length)}.updateAutoscaler({ … }).`,
      });
    }
    const workload = workloadOf({ version, schema }, ref.instance);
    const app = await catalog.apps.fresh(version);
    if (!app) throw new InternalFailure(`app ${version.app} has no value`);
    await overrides.set(app, workloadKey(workload), (current) => {
      mergeSettings({ ...deployedSettings(workload.options), ...current }, settings, workload);
      return { ...current, ...settings };
    });
    await deployed.refresh(version);
    return null;
  }
}
