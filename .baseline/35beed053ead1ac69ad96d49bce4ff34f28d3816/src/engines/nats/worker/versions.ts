/** The deployed versions as pools need them: on this machine, with their code in files and their secrets opened. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AutoscalerSettings } from "../../../engine/index.ts";
import type { Version, Versions } from "../../../pool/index.ts";
import type { FunctionSchema } from "../../../schema/index.ts";
import type { Connection } from "../connection.ts";
import { appKey } from "../names.ts";
import {
  type AppName,
  type AppOverrides,
  type Catalog,
  type KnownApp,
  type Overrides,
  openSecrets,
  requireSigner,
  type StoredVersion,
} from "../registry/index.ts";
import { type Packages, packagesKey } from "./packages.ts";

export interface WorkerVersionsOptions {
  connection: Connection;
  catalog: Catalog;
  overrides: Overrides;
  /** For the code of apps. */
  folder: string;
  /** Public keys of those whose deploys are run; undefined for everybody's. */
  signers: readonly string[] | undefined;
  packages: Packages;
}

export class WorkerVersions implements Versions {
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #overrides: Overrides;
  readonly #folder: string;
  readonly #signers: readonly string[] | undefined;
  readonly #packages: Packages;
  readonly #loaded = new Map<string, Promise<Version>>();
  readonly #ready = new Map<string, Version>();
  /** Numbers, by app. */
  readonly #newest = new Map<string, number>();
  readonly #settings = new Map<string, AppOverrides>();

  constructor({ connection, catalog, overrides, folder, signers, packages }: WorkerVersionsOptions) {
    this.#packages = packages;
    this.#connection = connection;
    this.#catalog = catalog;
    this.#overrides = overrides;
    this.#folder = folder;
    this.#signers = signers;
  }

  // ---- what pools ask

  *newest(): Generator<Version, void, undefined> {
    for (const version of this.#ready.values()) if (this.isNewest(version)) yield version;
  }

  isNewest(version: AppName & { version: number }): boolean {
    return this.#newest.get(appKey(version)) === version.version;
  }

  autoscaler(version: AppName, workload: string): AutoscalerSettings {
    return this.#settings.get(appKey(version))?.[workload] ?? {};
  }

  setAutoscaler(version: AppName, workload: string, settings: AutoscalerSettings): void {
    this.#settings.set(appKey(version), { ...this.#settings.get(appKey(version)), [workload]: settings });
  }

  // ---- what the worker does

  /** What is deployed, now. Returns the newest version; undefined when the app was removed. */
  async update(app: KnownApp): Promise<Version | undefined> {
    const newest = app.versions.at(-1);
    if (!newest) {
      this.#newest.delete(appKey(app));
      this.#settings.delete(appKey(app));
      return undefined;
    }
    const [version, settings] = await Promise.all([this.#load(app, newest), this.#overrides.read(app)]);
    this.#settings.set(appKey(app), settings);
    this.#newest.set(appKey(app), newest.version);
    return version;
  }

  /** What updateAutoscaler has set for the newest version. */
  settingsOf(app: AppName): AppOverrides {
    return this.#settings.get(appKey(app)) ?? {};
  }

  /** It is newer than what this worker has heard of. */
  isAhead(version: AppName & { version: number }): boolean {
    return version.version > (this.#newest.get(appKey(version)) ?? 0);
  }

  /** A version that is on this machine already. */
  known(ref: AppName & { version: number }): Version | undefined {
    return this.#ready.get(versionKey(ref));
  }

  /** Rejects with FarcallError. */
  async load(ref: AppName & { version: number }): Promise<Version> {
    return this.known(ref) ?? this.#load(ref, await this.#catalog.version(ref));
  }

  #load(app: AppName, stored: StoredVersion): Promise<Version> {
    const { app: name, environment } = app;
    const key = versionKey({ app: name, environment, version: stored.version });
    let loading = this.#loaded.get(key);
    if (!loading) {
      loading = this.#fetch({ app: name, environment }, stored);
      this.#loaded.set(key, loading);
      loading.then(
        (version) => this.#ready.set(key, version),
        () => this.#loaded.delete(key),
      );
    }
    return loading;
  }

  async #fetch(app: AppName, stored: StoredVersion): Promise<Version> {
    const { objects } = this.#catalog;
    if (this.#signers) await requireSigner(this.#connection, app, stored, this.#signers);
    const [{ manifest }, code, sourceMap, secrets] = await Promise.all([
      this.#catalog.read(stored),
      objects.get(stored.code),
      objects.get(stored.sourceMap),
      openSecrets(this.#connection, stored.secrets),
    ]);
    const { packages = [] } = stored;
    const root = join(this.#folder, stored.code.hash + (packages.length > 0 ? `-${packagesKey(packages)}` : ""));
    const artifact = join(root, "app.mjs");
    const manifestFile = join(root, `manifest-${stored.manifest.hash}.json`);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    // The map first: a module that is there has its map beside it.
    for (const [file, content] of [
      [`${artifact}.map`, sourceMap],
      [artifact, code],
      [manifestFile, JSON.stringify(manifest)],
    ] as const) {
      writeFileSync(`${file}.${process.pid}`, content, { mode: 0o600 });
      renameSync(`${file}.${process.pid}`, file);
    }
    if (packages.length > 0) await this.#packages.install(packages, root);
    return { ...app, version: stored.version, manifest, artifact, manifestFile, root, secrets };
  }
}

function versionKey({ app, environment, version }: AppName & { version: number }): string {
  return `${appKey({ app, environment })}.${version}`;
}

const functionMaps = new WeakMap<Version, ReadonlyMap<string, FunctionSchema>>();

export function functionsOf(version: Version): ReadonlyMap<string, FunctionSchema> {
  let functions = functionMaps.get(version);
  if (!functions) {
    functions = new Map(version.manifest.functions.map((schema) => [schema.name, schema]));
    functionMaps.set(version, functions);
  }
  return functions;
}
