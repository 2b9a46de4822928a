/** Deployed versions, deploy events and autoscaler settings in the database. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { AutoscalerSettings, DeployEvent, DeploymentRecord } from "../../../../engine/index.ts";
import type { AppManifest } from "../../../../schema/index.ts";
import type { ArtifactContent } from "./artifacts.ts";
import type { AppName, DeployStorage, NewVersion, StoredVersion, VersionAbout } from "./deploys.ts";
import type { Store } from "./store.ts";

/** So many deploy events are kept for watchers that were away. */
const KEPT_EVENTS = 10_000;

export class DeployTables implements DeployStorage {
  readonly #store: Store;
  #lastSequence: number;

  constructor(store: Store) {
    this.#store = store;
    const last = store.read((database) => database.prepare("SELECT max(sequence) AS last FROM events").get());
    // Grows even when the database is replaced by a new one, so that a watcher's `after` keeps its meaning.
    this.#lastSequence = (last as { last: number | null }).last ?? Date.now();
  }

  get sequence(): number {
    return this.#lastSequence;
  }

  // ---- versions

  versions(): (AppName & { version: number })[] {
    return this.#store.read((database) =>
      database.prepare("SELECT app, environment, version FROM versions ORDER BY version").all(),
    ) as unknown as (AppName & { version: number })[];
  }

  version({ app, environment }: AppName, version: number): StoredVersion | undefined {
    return this.#store.read((database) =>
      database
        .prepare("SELECT * FROM versions WHERE app = ? AND environment = ? AND version = ?")
        .get(app, environment, version),
    ) as StoredVersion | undefined;
  }

  history({ app, environment }: AppName): DeploymentRecord[] {
    const rows = this.#store.read((database) =>
      database
        .prepare(
          `SELECT version, deployed_at AS deployedAt, json_array_length(manifest, '$.functions') AS functions, about
           FROM versions WHERE app = ? AND environment = ? ORDER BY version DESC`,
        )
        .all(app, environment),
    ) as unknown as (DeploymentRecord & { about: string })[];
    return rows.map(({ about, ...record }) => ({ ...record, ...(JSON.parse(about) as VersionAbout) }));
  }

  manifestJson({ app, environment }: AppName, version: number): Uint8Array {
    const row = this.#store.read((database) =>
      database
        .prepare(
          "SELECT CAST(manifest AS BLOB) AS json FROM versions WHERE app = ? AND environment = ? AND version = ?",
        )
        .get(app, environment, version),
    ) as { json: Uint8Array };
    return row.json;
  }

  insert({ manifest, fingerprint, artifact, root, secrets, about }: NewVersion): {
    manifest: AppManifest;
    event: DeployEvent;
  } {
    const { app, environment } = manifest;
    const deployedAt = new Date().toISOString();
    return this.#store.transact((database) => {
      const { version } = database
        .prepare(
          "INSERT INTO apps VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET last_version = last_version + 1 RETURNING last_version AS version",
        )
        .get(app, environment) as { version: number };
      const deployed: AppManifest = { ...manifest, version, deployedAt };
      const etag = `${version}-${fingerprint.slice(0, 16)}`;
      database
        .prepare("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run(
          app,
          environment,
          version,
          deployedAt,
          etag,
          fingerprint,
          artifact.hash,
          root,
          JSON.stringify(secrets),
          JSON.stringify(deployed),
          JSON.stringify(about),
        );
      this.#insertArtifact(artifact);
      this.#deleteAutoscalers({ app, environment });
      return { manifest: deployed, event: this.#record({ kind: "deployed", app, environment, version, etag }) };
    });
  }

  remove({ app, environment }: AppName, lastVersion: number, etag: string): DeployEvent {
    return this.#store.transact((database) => {
      database.prepare("DELETE FROM versions WHERE app = ? AND environment = ?").run(app, environment);
      this.#deleteAutoscalers({ app, environment });
      this.#deleteArtifacts();
      return this.#record({ kind: "removed", app, environment, version: lastVersion, etag: `${etag}-removed` });
    });
  }

  prune({ app, environment }: AppName, versions: readonly number[]): void {
    this.#store.transact((database) => {
      const forget = database.prepare("DELETE FROM versions WHERE app = ? AND environment = ? AND version = ?");
      for (const version of versions) forget.run(app, environment, version);
      this.#deleteArtifacts();
    });
  }

  // ---- artifacts

  artifactsNotKept(): string[] {
    const rows = this.#store.read((database) =>
      database
        .prepare("SELECT DISTINCT artifact FROM versions WHERE artifact NOT IN (SELECT hash FROM artifacts)")
        .all(),
    ) as { artifact: string }[];
    return rows.map(({ artifact }) => artifact);
  }

  artifact(hash: string): ArtifactContent | undefined {
    const row = this.#store.read((database) =>
      database.prepare("SELECT code, source_map FROM artifacts WHERE hash = ?").get(hash),
    ) as { code: Uint8Array; source_map: Uint8Array } | undefined;
    return row && { hash, code: inflated(row.code), sourceMap: inflated(row.source_map) };
  }

  keepArtifact(content: ArtifactContent): void {
    this.#store.transact(() => this.#insertArtifact(content));
  }

  /** Inside a transaction. */
  #insertArtifact({ hash, code, sourceMap }: ArtifactContent): void {
    this.#store.database
      .prepare("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)")
      .run(hash, deflateRawSync(code), deflateRawSync(sourceMap));
  }

  /** Inside a transaction. */
  #deleteArtifacts(): void {
    this.#store.database.prepare("DELETE FROM artifacts WHERE hash NOT IN (SELECT artifact FROM versions)").run();
  }

  artifacts(): Set<string> {
    const rows = this.#store.read((database) =>
      database.prepare("SELECT DISTINCT artifact FROM versions").all(),
    ) as unknown as { artifact: string }[];
    return new Set(rows.map(({ artifact }) => artifact));
  }

  // ---- events

  eventsAfter(sequence: number): DeployEvent[] {
    return this.#store.read((database) =>
      database.prepare("SELECT * FROM events WHERE sequence > ? ORDER BY sequence").all(sequence),
    ) as unknown as DeployEvent[];
  }

  /** Inside a transaction. */
  #record(event: Omit<DeployEvent, "sequence">): DeployEvent {
    const sequence = Math.max(this.#lastSequence + 1, Date.now());
    const { database } = this.#store;
    database
      .prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)")
      .run(sequence, event.kind, event.app, event.environment, event.version, event.etag);
    database
      .prepare(
        "DELETE FROM events WHERE sequence <= (SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1 OFFSET ?)",
      )
      .run(KEPT_EVENTS);
    this.#lastSequence = sequence;
    return { sequence, ...event };
  }

  // ---- autoscaler settings

  autoscaler({ app, environment }: AppName, workload: string): AutoscalerSettings {
    const row = this.#store.read((database) =>
      database
        .prepare("SELECT settings FROM autoscalers WHERE app = ? AND environment = ? AND function = ?")
        .get(app, environment, workload),
    ) as { settings: string } | undefined;
    return row ? (JSON.parse(row.settings) as AutoscalerSettings) : {};
  }

  setAutoscaler({ app, environment }: AppName, workload: string, settings: AutoscalerSettings): void {
    this.#store.transact((database) =>
      database
        .prepare("INSERT OR REPLACE INTO autoscalers VALUES (?, ?, ?, ?)")
        .run(app, environment, workload, JSON.stringify(settings)),
    );
  }

  forgetAutoscalers(app: AppName): void {
    this.#store.transact(() => this.#deleteAutoscalers(app));
  }

  #deleteAutoscalers({ app, environment }: AppName): void {
    this.#store.database.prepare("DELETE FROM autoscalers WHERE app = ? AND environment = ?").run(app, environment);
  }
}

function inflated(bytes: Uint8Array): string {
  return inflateRawSync(bytes).toString("utf8");
}
