/** The registry: which versions of which apps are deployed, their functions and artifacts, and the events of that. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  AppRef,
  AppSummary,
  AutoscalerSettings,
  DeployEvent,
  DeploymentRecord,
  DeployRequest,
  DeployResult,
  FunctionRef,
  ResolvedFunction,
} from "../../../../engine/index.ts";
import { InvalidError, NotFoundError, SignatureMismatchError } from "../../../../runtime/errors.ts";
import {
  type AppManifest,
  type Compatibility,
  classOf,
  compareClasses,
  compareFunctions,
  type FunctionSchema,
  methodsOf,
  nearest,
} from "../../../../schema/index.ts";
import type { StatePaths } from "../../paths.ts";
import type { Store } from "../storage/store.ts";

/** A deployed version, as containers need it. */
export interface Version {
  app: string;
  environment: string;
  version: number;
  etag: string;
  manifest: AppManifest;
  functions: ReadonlyMap<string, FunctionSchema>;
  /** Absolute paths. */
  artifact: string;
  manifestFile: string;
  root: string;
  secrets: Record<string, string>;
}

export interface DeployedFunction {
  version: Version;
  schema: FunctionSchema;
}

interface VersionRow {
  app: string;
  environment: string;
  version: number;
  deployed_at: string;
  etag: string;
  fingerprint: string;
  artifact: string;
  root: string;
  secrets: string;
  manifest: string;
}

/** So many deploy events are kept for watchers that were away. */
const KEPT_EVENTS = 10_000;

export class Registry {
  readonly #store: Store;
  readonly #paths: StatePaths;
  readonly #versions = new Map<string, Version>();
  /** Version numbers of each app, newest last. */
  readonly #apps = new Map<string, number[]>();
  readonly #verdicts = new Map<string, SignatureMismatchError | undefined>();
  readonly #watchers = new Set<(event: DeployEvent) => void>();
  #lastSequence: number;

  constructor(store: Store, paths: StatePaths) {
    this.#store = store;
    this.#paths = paths;
    const rows = store.read(() =>
      store.database.prepare("SELECT app, environment, version FROM versions ORDER BY version").all(),
    ) as { app: string; environment: string; version: number }[];
    for (const { app, environment, version } of rows) {
      const key = appKey(app, environment);
      const versions = this.#apps.get(key);
      if (versions) versions.push(version);
      else this.#apps.set(key, [version]);
    }
    const last = store.database.prepare("SELECT max(sequence) AS last FROM events").get() as { last: number | null };
    // Grows even when the database is replaced by a new one, so that a watcher's `after` keeps its meaning.
    this.#lastSequence = last.last ?? Date.now();
  }

  get sequence(): number {
    return this.#lastSequence;
  }

  // ---- reading

  listApps(environment: string | undefined): AppSummary[] {
    const summaries: AppSummary[] = [];
    for (const key of this.#apps.keys()) {
      const [app, of] = key.split("\0") as [string, string];
      if (environment !== undefined && of !== environment) continue;
      const { version, etag, manifest } = this.version({ app, environment: of });
      summaries.push({
        app,
        environment: of,
        version,
        deployedAt: manifest.deployedAt,
        functions: manifest.functions.length,
        etag,
      });
    }
    return summaries.sort((a, b) => compare(a.app, b.app) || compare(a.environment, b.environment));
  }

  /** Throws NotFoundError that names the nearest. */
  version(ref: AppRef): Version {
    const versions = this.#apps.get(appKey(ref.app, ref.environment));
    if (!versions) throw this.#unknownApp(ref);
    const number = ref.version ?? versions.at(-1)!;
    const key = `${appKey(ref.app, ref.environment)}\0${number}`;
    const known = this.#versions.get(key);
    if (known) return known;
    const row = this.#store.read(() =>
      this.#store.database
        .prepare("SELECT * FROM versions WHERE app = ? AND environment = ? AND version = ?")
        .get(ref.app, ref.environment, number),
    ) as VersionRow | undefined;
    if (!row) {
      throw new NotFoundError(`app ${ref.app} (${ref.environment}) has no version ${number}`, {
        hint: `It has ${versions.length > 5 ? `… ${versions.slice(-5).join(", ")}` : versions.join(", ")}.`,
      });
    }
    const version = this.#versionOf(row);
    this.#versions.set(key, version);
    return version;
  }

  /** The manifest of a version, as the bytes of its JSON. */
  manifestJson({ app, environment, version }: Version): Uint8Array {
    const row = this.#store.read(() =>
      this.#store.database
        .prepare(
          "SELECT CAST(manifest AS BLOB) AS json FROM versions WHERE app = ? AND environment = ? AND version = ?",
        )
        .get(app, environment, version),
    ) as { json: Uint8Array };
    return row.json;
  }

  /** The function that a caller means, checked against the signature that its stub has. */
  function(ref: FunctionRef): DeployedFunction {
    const version = this.version(ref);
    const schema = version.functions.get(ref.name);
    if (!schema) {
      const methods = methodsOf(ref.name, version.manifest);
      if (methods.length > 0) {
        throw new NotFoundError(`${ref.app}/${ref.name} is a class, and no function`, {
          hint: `Its methods are ${list(methods.map(({ name }) => name))}.`,
        });
      }
      const classes = (version.manifest.classes ?? []).map(({ name }) => name);
      const near = nearest(ref.name, [...version.functions.keys(), ...classes]);
      throw new NotFoundError(
        `app ${ref.app} (${ref.environment}, version ${version.version}) has no function ${ref.name}`,
        {
          hint:
            near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It has ${list([...version.functions.keys()])}.`,
        },
      );
    }
    if (ref.signature !== undefined && ref.signature !== schema.signature) {
      this.#checkSignature(ref.signature, version, schema);
    }
    return { version, schema };
  }

  resolve(ref: FunctionRef): ResolvedFunction {
    const { version, schema } = this.function(ref);
    return {
      app: version.app,
      environment: version.environment,
      name: schema.name,
      version: version.version,
      mode: schema.mode,
      schema,
    };
  }

  /** Newest first. Throws NotFoundError that names the nearest. */
  history({ app, environment }: AppRef): DeploymentRecord[] {
    if (!this.#apps.has(appKey(app, environment))) throw this.#unknownApp({ app, environment });
    return this.#store.read(() =>
      this.#store.database
        .prepare(
          `SELECT version, deployed_at AS deployedAt, json_array_length(manifest, '$.functions') AS functions
           FROM versions WHERE app = ? AND environment = ? ORDER BY version DESC`,
        )
        .all(app, environment),
    ) as unknown as DeploymentRecord[];
  }

  isNewest(version: Version): boolean {
    return this.#apps.get(appKey(version.app, version.environment))?.at(-1) === version.version;
  }

  /** The newest version of every app. */
  newest(): Version[] {
    return [...this.#apps.keys()].map((key) => {
      const [app, environment] = key.split("\0") as [string, string];
      return this.version({ app, environment });
    });
  }

  // ---- writing

  /** The manifest has been parsed. */
  deploy(request: DeployRequest): DeployResult {
    checkDeployment(request);
    const { manifest, artifact, secrets } = request;
    const { app, environment } = manifest;
    const key = appKey(app, environment);
    const fingerprint = sha256(
      JSON.stringify([
        { ...manifest, version: 0, deployedAt: "" },
        artifact.hash,
        artifact.root,
        Object.entries(secrets).sort(([a], [b]) => compare(a, b)),
      ]),
    );
    const previous = this.#apps.has(key) ? this.version({ app, environment }) : undefined;
    const before = previous ? { previous: previous.manifest } : {};
    if (previous?.etag.endsWith(fingerprint.slice(0, 16))) {
      this.#store.transact(() => this.#forgetAutoscalers(manifest));
      return { version: previous.version, changed: false, manifest: previous.manifest, ...before };
    }
    this.#writeArtifact(request);
    const deployedAt = new Date().toISOString();
    const { version, event, deployed } = this.#store.transact(() => {
      const { database } = this.#store;
      const row = database
        .prepare(
          "INSERT INTO apps VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET last_version = last_version + 1 RETURNING last_version AS version",
        )
        .get(app, environment) as { version: number };
      const deployed: AppManifest = { ...manifest, version: row.version, deployedAt };
      const etag = `${row.version}-${fingerprint.slice(0, 16)}`;
      database
        .prepare("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run(
          app,
          environment,
          row.version,
          deployedAt,
          etag,
          fingerprint,
          artifact.hash,
          artifact.root,
          JSON.stringify(secrets),
          JSON.stringify(deployed),
        );
      this.#forgetAutoscalers(manifest);
      const event = this.#recordEvent({ kind: "deployed", app, environment, version: row.version, etag });
      return { version: row.version, event, deployed };
    });
    const versions = this.#apps.get(key);
    if (versions) versions.push(version);
    else this.#apps.set(key, [version]);
    this.#announce(event);
    return { version, changed: true, manifest: deployed, ...before };
  }

  remove(ref: { app: string; environment: string }): void {
    const key = appKey(ref.app, ref.environment);
    const { version, etag } = this.version(ref);
    const event = this.#store.transact(() => {
      for (const table of ["versions", "autoscalers"]) {
        this.#store.database
          .prepare(`DELETE FROM ${table} WHERE app = ? AND environment = ?`)
          .run(ref.app, ref.environment);
      }
      return this.#recordEvent({ kind: "removed", ...ref, version, etag: `${etag}-removed` });
    });
    this.#apps.delete(key);
    for (const known of [...this.#versions.keys()]) if (known.startsWith(`${key}\0`)) this.#versions.delete(known);
    for (const known of [...this.#verdicts.keys()]) if (known.startsWith(`${key}\0`)) this.#verdicts.delete(known);
    this.#removeUnusedArtifacts();
    this.#announce(event);
  }

  /** A deploy resets what updateAutoscaler has set. */
  #forgetAutoscalers({ app, environment }: AppManifest): void {
    this.#store.database.prepare("DELETE FROM autoscalers WHERE app = ? AND environment = ?").run(app, environment);
  }

  autoscaler(version: Version, name: string): AutoscalerSettings {
    const row = this.#store.read(() =>
      this.#store.database
        .prepare("SELECT settings FROM autoscalers WHERE app = ? AND environment = ? AND function = ?")
        .get(version.app, version.environment, name),
    ) as { settings: string } | undefined;
    return row ? (JSON.parse(row.settings) as AutoscalerSettings) : {};
  }

  setAutoscaler(version: Version, name: string, settings: AutoscalerSettings): void {
    this.#store.transact(() =>
      this.#store.database
        .prepare("INSERT OR REPLACE INTO autoscalers VALUES (?, ?, ?, ?)")
        .run(version.app, version.environment, name, JSON.stringify(settings)),
    );
  }

  // ---- events

  eventsAfter(sequence: number): DeployEvent[] {
    return this.#store.read(() =>
      this.#store.database.prepare("SELECT * FROM events WHERE sequence > ? ORDER BY sequence").all(sequence),
    ) as unknown as DeployEvent[];
  }

  /** Returns the function that stops it. */
  watch(watcher: (event: DeployEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #recordEvent(event: Omit<DeployEvent, "sequence">): DeployEvent {
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
    return { sequence, ...event };
  }

  #announce(event: DeployEvent): void {
    this.#lastSequence = event.sequence;
    for (const watcher of this.#watchers) watcher(event);
  }

  // ---- signatures

  #checkSignature(signature: string, version: Version, schema: FunctionSchema): void {
    const key = `${appKey(version.app, version.environment)}\0${version.version}\0${schema.name}\0${signature}`;
    if (!this.#verdicts.has(key)) this.#verdicts.set(key, this.#judge(signature, version, schema));
    const mismatch = this.#verdicts.get(key);
    // A new one each time, since the stack belongs to who asks.
    if (mismatch) throw new SignatureMismatchError(mismatch.message, { hint: mismatch.hint });
  }

  #judge(signature: string, version: Version, schema: FunctionSchema): SignatureMismatchError | undefined {
    const before = this.#findSignature(signature, version, schema.name);
    const where = `${version.app}/${schema.name} (${version.environment}, version ${version.version})`;
    const hint = "Run codegen, and let the compiler show which calls have to change.";
    if (!before) {
      return new SignatureMismatchError(
        `the stub was generated from a signature of ${where} that this engine has never had deployed`,
        { hint },
      );
    }
    const { verdict, reasons } = compareCalls(before, { fn: schema, manifest: version.manifest });
    if (verdict !== "breaking") return undefined;
    return new SignatureMismatchError(`${where} has changed since the stub was generated: ${reasons.join("; ")}`, {
      hint,
    });
  }

  #findSignature(signature: string, version: Version, name: string) {
    const numbers = this.#apps.get(appKey(version.app, version.environment)) ?? [];
    for (const number of numbers.toReversed()) {
      const { manifest, functions } = this.version({ ...version, version: number });
      const fn = functions.get(name);
      if (fn?.signature === signature) return { fn, manifest };
    }
    return undefined;
  }

  #unknownApp(ref: AppRef): NotFoundError {
    const apps = [...this.#apps.keys()].map((key) => key.split("\0") as [string, string]);
    const elsewhere = apps.filter(([app]) => app === ref.app).map(([, environment]) => environment);
    const message = `no app ${ref.app} is deployed in environment ${ref.environment}`;
    if (elsewhere.length > 0) {
      return new NotFoundError(message, { hint: `It is deployed in ${elsewhere.join(", ")}.` });
    }
    const here = apps.filter(([, environment]) => environment === ref.environment).map(([app]) => app);
    const near = nearest(ref.app, here);
    if (near.length > 0) return new NotFoundError(message, { hint: `Did you mean ${near.join(" or ")}?` });
    return new NotFoundError(message, {
      hint:
        here.length > 0
          ? `Deployed there: ${list(here)}.`
          : 'Nothing is deployed there yet: run "farcall deploy <file>".',
    });
  }

  // ---- files

  #versionOf(row: VersionRow): Version {
    const manifest = JSON.parse(row.manifest) as AppManifest;
    const manifestFile = join(this.#paths.artifacts, row.artifact, `manifest-${row.etag}.json`);
    if (!existsSync(manifestFile)) writeAtomically(manifestFile, row.manifest);
    return {
      app: row.app,
      environment: row.environment,
      version: row.version,
      etag: row.etag,
      manifest,
      functions: new Map(manifest.functions.map((schema) => [schema.name, schema])),
      artifact: join(this.#paths.artifacts, row.artifact, "app.mjs"),
      manifestFile,
      root: row.root,
      secrets: JSON.parse(row.secrets) as Record<string, string>,
    };
  }

  #writeArtifact({ artifact }: DeployRequest): void {
    const folder = join(this.#paths.artifacts, artifact.hash);
    this.#store.read(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // The map first: a module that is there has its map beside it.
      writeAtomically(join(folder, "app.mjs.map"), artifact.sourceMap);
      if (!existsSync(join(folder, "app.mjs"))) writeAtomically(join(folder, "app.mjs"), artifact.code);
    });
  }

  #removeUnusedArtifacts(): void {
    const used = this.#store.read(() =>
      this.#store.database.prepare("SELECT DISTINCT artifact FROM versions").all(),
    ) as { artifact: string }[];
    const keep = new Set(used.map(({ artifact }) => artifact));
    for (const folder of readFolder(this.#paths.artifacts)) {
      if (!keep.has(folder)) rmSync(join(this.#paths.artifacts, folder), { recursive: true, force: true });
    }
  }
}

interface Called {
  fn: FunctionSchema;
  manifest: AppManifest;
}

/** Who calls a method constructs its class too. */
function compareCalls(before: Called, after: Called): Pick<Compatibility, "verdict" | "reasons"> {
  const [was, is] = [classOf(before.fn, before.manifest), classOf(after.fn, after.manifest)];
  const [old, current] = [before.manifest, after.manifest];
  if (was && is) {
    const construction = compareClasses(
      { of: was, declarations: old.declarations },
      { of: is, declarations: current.declarations },
    );
    if (construction.verdict === "breaking") {
      return { ...construction, reasons: construction.reasons.map((reason) => `constructor: ${reason}`) };
    }
  }
  return compareFunctions(
    { fn: before.fn, declarations: old.declarations },
    { fn: after.fn, declarations: current.declarations },
  );
}

function checkDeployment({ manifest, artifact, secrets }: DeployRequest): void {
  if (![manifest.app, manifest.environment, ...manifest.functions.map(({ name }) => name)].every(isName)) {
    throw new InvalidError("a name of the manifest has a zero character");
  }
  if (typeof artifact?.code !== "string" || sha256(artifact.code) !== artifact.hash) {
    throw new InvalidError("the artifact's hash is not the sha256 of its code");
  }
  if (typeof artifact.sourceMap !== "string" || typeof artifact.root !== "string" || typeof secrets !== "object") {
    throw new InvalidError("the deploy request lacks the artifact's source map, its root, or the secrets");
  }
}

/** Keys are made of names with zeros in between. */
function isName(name: string): boolean {
  return !name.includes("\0");
}

function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}

function readFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

function appKey(app: string, environment: string): string {
  return `${app}\0${environment}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function list(names: string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
