/** The registry: what is deployed, as the engine port asks for it. */
import type {
  AppRef,
  AppSummary,
  DeploymentRecord,
  FunctionRef,
  Registry,
  ResolvedFunction,
} from "../../../engine/index.ts";
import type { AppManifest } from "../../../schema/index.ts";
import { isWeb, pathOf, type WebFunctionName } from "../../web/index.ts";
import { ask } from "../ask.ts";
import type { Connection } from "../connection.ts";
import type { KnownApp, StoredVersion } from "./apps.ts";
import type { Catalog } from "./catalog.ts";
import { watchDeploys } from "./watch.ts";

export class NatsRegistry implements Registry {
  readonly #connection: Connection;
  readonly #catalog: Catalog;

  constructor(connection: Connection, catalog: Catalog) {
    this.#connection = connection;
    this.#catalog = catalog;
  }

  async listApps({ environment }: { environment?: string } = {}): Promise<AppSummary[]> {
    const apps = await this.#catalog.apps.all();
    return apps
      .filter((app) => environment === undefined || app.environment === environment)
      .flatMap((app) => summaryOf(app) ?? [])
      .sort((a, b) => compare(a.app, b.app) || compare(a.environment, b.environment));
  }

  async getManifest(
    ref: AppRef,
    { ifNotEtag }: { ifNotEtag?: string | undefined } = {},
  ): Promise<{ etag: string; manifest?: AppManifest }> {
    const stored = await this.#catalog.version(ref);
    const { etag } = stored;
    if (etag === ifNotEtag) return { etag };
    const { manifest } = await this.#catalog.read(stored);
    return { etag, manifest };
  }

  async resolve(ref: FunctionRef): Promise<ResolvedFunction> {
    const { schema, manifest } = await this.#catalog.function(ref);
    const { app, environment, version } = manifest;
    const webUrl = isWeb(schema) ? await this.#webUrl({ app, environment, name: schema.name }) : undefined;
    return { app, environment, name: schema.name, version, mode: schema.mode, schema, ...(webUrl && { webUrl }) };
  }

  /** Undefined when no worker takes requests. */
  async #webUrl(name: WebFunctionName): Promise<string | undefined> {
    const [base] = await ask<string>(this.#connection, "web", {}, { one: true });
    return base && base.replace(/\/$/, "") + pathOf(name);
  }

  async history(ref: { app: string; environment: string }): Promise<DeploymentRecord[]> {
    const { versions } = await this.#catalog.app(ref);
    return versions.toReversed().map(recordOf);
  }

  watchDeploys(options: Parameters<Registry["watchDeploys"]>[0]): ReturnType<Registry["watchDeploys"]> {
    return watchDeploys(this.#connection, this.#catalog.apps, options);
  }
}

/** Undefined for an app that was removed. */
function summaryOf({ app, environment, versions }: KnownApp): AppSummary | undefined {
  const newest = versions.at(-1);
  if (!newest) return undefined;
  const { version, deployedAt, functions, etag, origin } = newest;
  return { app, environment, version, deployedAt, functions, etag, ...(origin && { origin }) };
}

export function recordOf({ version, deployedAt, functions, origin, rollbackOf }: StoredVersion): DeploymentRecord {
  return {
    version,
    deployedAt,
    functions,
    ...(origin && { origin }),
    ...(rollbackOf !== undefined && { rollbackOf }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
