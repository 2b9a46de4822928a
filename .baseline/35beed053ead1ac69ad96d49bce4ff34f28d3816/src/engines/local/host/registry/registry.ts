/** The registry: which versions of which apps are deployed, their functions and artifacts, and the events about them. */
import { hash as digest } from "node:crypto";
import type {
  AppRef,
  AppSummary,
  AutoscalerSettings,
  DeployEvent,
  DeploymentOrigin,
  DeploymentRecord,
  DeployRequest,
  DeployResult,
  FunctionRef,
  ResolvedFunction,
} from "../../../../engine/index.ts";
import { EngineUnavailableError, InvalidError } from "../../../../runtime/errors.ts";
import type { AppManifest, FunctionSchema } from "../../../../schema/index.ts";
import { functionNamed, type StubOrigin, unknownApp, unknownVersion } from "../../../catalog/index.ts";
import { DEPLOY_HINT } from "../../hints.ts";
import type { AppName, Artifacts, DeployStorage, NewVersion, StoredVersion, VersionAbout } from "../storage/index.ts";
import { StubChecks } from "./stub-check.ts";

/** So many versions of an app are kept: callers may ask for each. */
const KEPT_VERSIONS = 20;

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
  origin: DeploymentOrigin | undefined;
}

export interface DeployedFunction {
  version: Version;
  schema: FunctionSchema;
}

/** The versions of one app in one environment. */
interface KnownApp extends AppName {
  /** Oldest first. */
  numbers: number[];
  /** Those that were asked for. */
  read: Map<number, Version>;
  stubs: StubChecks;
}

export class Registry {
  readonly #deploys: DeployStorage;
  readonly #artifacts: Artifacts;
  readonly #apps = new Map<string, KnownApp>();
  readonly #watchers = new Set<(event: DeployEvent) => void>();
  readonly #warn: (message: string) => void;
  /** Versions whose files could not be made whole. */
  readonly #broken = new Set<Version>();

  constructor(deploys: DeployStorage, artifacts: Artifacts, warn: (message: string) => void) {
    this.#deploys = deploys;
    this.#artifacts = artifacts;
    this.#warn = warn;
    for (const { app, environment, version } of deploys.versions()) this.#add({ app, environment }, version);
  }

  #add(name: AppName, version: number): void {
    const key = appKey(name);
    const known = this.#apps.get(key);
    if (known) known.numbers.push(version);
    else this.#apps.set(key, { ...name, numbers: [version], read: new Map(), stubs: new StubChecks() });
  }

  /** Of the newest event. */
  get sequence(): number {
    return this.#deploys.sequence;
  }

  // ---- reading

  listApps(environment: string | undefined): AppSummary[] {
    const summaries: AppSummary[] = [];
    for (const { app, environment: of } of this.#apps.values()) {
      if (environment !== undefined && of !== environment) continue;
      const newest = this.#readable({ app, environment: of });
      if (!newest) continue;
      const { version, etag, manifest, origin } = newest;
      const { deployedAt, functions } = manifest;
      const summary = { app, environment: of, version, deployedAt, functions: functions.length, etag };
      summaries.push(origin ? { ...summary, origin } : summary);
    }
    return summaries.sort((a, b) => compare(a.app, b.app) || compare(a.environment, b.environment));
  }

  /** The newest version unless the reference says which. Throws NotFoundError that names the nearest. */
  version(ref: AppRef): Version {
    return this.#versionOf(this.#app(ref), ref.version);
  }

  #app(ref: AppRef): KnownApp {
    const known = this.#apps.get(appKey(ref));
    if (!known) throw unknownApp(ref, [...this.#apps.values()], DEPLOY_HINT);
    return known;
  }

  #versionOf(app: KnownApp, number: number = app.numbers.at(-1)!): Version {
    const known = app.read.get(number);
    if (known) return known;
    const stored = this.#deploys.version(app, number);
    if (!stored) throw unknownVersion({ ...app, version: number }, app.numbers);
    const version = this.#read(stored);
    app.read.set(number, version);
    try {
      this.#ensure(version);
    } catch (error) {
      // It is listed, described, deployed again and removed like others.
      this.#broken.add(version);
      this.#warn(`${nameOf(version)} cannot run: ${(error as Error).message}`);
    }
    return version;
  }

  /** Makes the files of a version what they should be. Throws EngineUnavailableError. */
  #ensure(version: Version): void {
    const stored = this.#deploys.version(version, version.version);
    if (!stored) throw new EngineUnavailableError(`${nameOf(version)} is not kept any more`);
    if (this.#artifacts.ensure(stored, () => this.#deploys.artifact(stored.artifact)))
      this.#warn(`the code of ${nameOf(version)} was missing or damaged and is written again`);
  }

  /** Throws EngineUnavailableError when the files of a version are lost. */
  checkRunnable(version: Version): void {
    if (!this.#broken.has(version)) return;
    this.#ensure(version);
    this.#broken.delete(version);
  }

  /** Before a container loads them: files that were removed or changed under this host are written again. Throws EngineUnavailableError. */
  makeReady(version: Version): void {
    if (!this.#artifacts.looksWhole(version)) this.#ensure(version);
  }

  /** `undefined`, and a line in the log, for what cannot be read: other apps go on without it. */
  #readable(ref: AppRef): Version | undefined {
    try {
      return this.version(ref);
    } catch (error) {
      this.#warn(`app ${ref.app} (${ref.environment}) cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  #read(stored: StoredVersion): Version {
    // Both were written by `deploy`, from what had been checked.
    const manifest = JSON.parse(stored.manifest) as AppManifest;
    const secrets = JSON.parse(stored.secrets) as Record<string, string>;
    return {
      app: stored.app,
      environment: stored.environment,
      version: stored.version,
      etag: stored.etag,
      manifest,
      functions: new Map(manifest.functions.map((schema) => [schema.name, schema])),
      artifact: this.#artifacts.codeFile(stored.artifact),
      manifestFile: this.#artifacts.manifestPath(stored),
      root: stored.root,
      secrets,
      origin: (JSON.parse(stored.about) as VersionAbout).origin,
    };
  }

  /** The manifest of a version, as the bytes of its JSON. */
  manifestJson(version: Version): Uint8Array {
    return this.#deploys.manifestJson(version, version.version);
  }

  /** The function that a caller means, checked against the signature in the caller's stub. */
  function(ref: FunctionRef): DeployedFunction {
    const app = this.#app(ref);
    const version = this.#versionOf(app, ref.version);
    const schema = functionNamed(ref.name, version);
    if (ref.signature !== undefined && ref.signature !== schema.signature) {
      const deployed: StubOrigin = { schema, manifest: version.manifest };
      app.stubs.check(ref.signature, deployed, () => this.#originOf(ref.signature!, app, ref.name));
    }
    return { version, schema };
  }

  #originOf(signature: string, app: KnownApp, name: string): StubOrigin | undefined {
    for (const number of app.numbers.toReversed()) {
      const { manifest, functions } = this.#versionOf(app, number);
      const schema = functions.get(name);
      if (schema?.signature === signature) return { schema, manifest };
    }
    return undefined;
  }

  resolve(ref: FunctionRef): ResolvedFunction {
    const { version, schema } = this.function(ref);
    const { app, environment } = version;
    return { app, environment, name: schema.name, version: version.version, mode: schema.mode, schema };
  }

  /** Newest first. Throws NotFoundError that names the nearest. */
  history({ app, environment }: AppRef): DeploymentRecord[] {
    return this.#deploys.history(this.#app({ app, environment }));
  }

  isNewest(version: Version): boolean {
    return this.#apps.get(appKey(version))?.numbers.at(-1) === version.version;
  }

  /** The newest version of every app. */
  newest(): Version[] {
    return [...this.#apps.values()].map((app) => this.#readable(app)).filter((version) => version !== undefined);
  }

  // ---- writing

  /** The manifest has been parsed. */
  deploy(request: DeployRequest): DeployResult {
    checkDeployment(request);
    const { manifest, artifact, secrets } = request;
    const fingerprint = fingerprintOf(request);
    const known = this.#apps.get(appKey(manifest));
    const previous = known && this.#readable({ app: known.app, environment: known.environment });
    const before = previous ? { previous: previous.manifest } : {};
    if (previous?.etag.endsWith(fingerprint.slice(0, 16))) {
      // Whatever was lost of it is there again.
      this.#deploys.keepArtifact(artifact);
      this.#ensure(previous);
      this.#broken.delete(previous);
      // A deploy resets what updateAutoscaler has set.
      this.#deploys.forgetAutoscalers(manifest);
      return { version: previous.version, changed: false, manifest: previous.manifest, ...before };
    }
    this.#artifacts.write(artifact);
    const { root } = artifact;
    const about = request.origin ? { origin: request.origin } : {};
    const deployed = this.#insert({ manifest, fingerprint, artifact, root, secrets, about });
    return { version: deployed.version, changed: true, manifest: deployed, ...before };
  }

  /** `changed` is false when the newest version equals it: a request that is sent again does nothing again. */
  rollback({ app, environment, version: number, user }: AppName & { version: number; user?: string }): DeployResult {
    const name = { app, environment };
    const newest = this.version(name);
    const { manifest, secrets, origin: from } = this.version({ ...name, version: number });
    // The line above has found it.
    const { fingerprint, artifact: hash, root } = this.#deploys.version(name, number)!;
    if (newest.etag.endsWith(fingerprint.slice(0, 16))) {
      return { version: newest.version, changed: false, manifest: newest.manifest, previous: newest.manifest };
    }
    const artifact = this.#deploys.artifact(hash);
    if (!artifact) {
      throw new EngineUnavailableError(`the code of version ${number} of app ${app} is missing`, {
        hint: "Deploy that version's source again.",
      });
    }
    this.#artifacts.write(artifact);
    const origin = user === undefined ? from : { ...from, user };
    const about = { ...(origin && { origin }), rollbackOf: number };
    const deployed = this.#insert({ manifest, fingerprint, artifact, root, secrets, about });
    return { version: deployed.version, changed: true, manifest: deployed, previous: newest.manifest };
  }

  #insert(version: NewVersion): AppManifest {
    const { manifest, event } = this.#deploys.insert(version);
    this.#add({ app: manifest.app, environment: manifest.environment }, manifest.version);
    this.#announce(event);
    return manifest;
  }

  /**
   * Forgets old versions of an app and their secrets: all but the newest KEPT_VERSIONS and those in `used`. Returns their numbers.
   */
  prune(name: AppName, used: ReadonlySet<number>): number[] {
    const known = this.#app(name);
    const pruned = known.numbers.slice(0, -KEPT_VERSIONS).filter((number) => !used.has(number));
    if (pruned.length === 0) return pruned;
    this.#deploys.prune(name, pruned);
    known.numbers = known.numbers.filter((number) => !pruned.includes(number));
    for (const number of pruned) known.read.delete(number);
    this.#artifacts.removeAllBut(this.#deploys.artifacts());
    return pruned;
  }

  remove({ app, environment }: AppName): void {
    const number = this.#app({ app, environment }).numbers.at(-1)!;
    const { version, etag } = this.#readable({ app, environment }) ?? { version: number, etag: String(number) };
    const event = this.#deploys.remove({ app, environment }, version, etag);
    this.#apps.delete(appKey({ app, environment }));
    this.#artifacts.removeAllBut(this.#deploys.artifacts());
    this.#announce(event);
  }

  autoscaler(version: Version, workload: string): AutoscalerSettings {
    return this.#deploys.autoscaler(version, workload);
  }

  setAutoscaler(version: Version, workload: string, settings: AutoscalerSettings): void {
    this.#deploys.setAutoscaler(version, workload, settings);
  }

  // ---- events

  eventsAfter(sequence: number): DeployEvent[] {
    return this.#deploys.eventsAfter(sequence);
  }

  /** Returns the function that stops it. */
  watch(watcher: (event: DeployEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #announce(event: DeployEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}

function checkDeployment({ manifest, artifact, secrets }: DeployRequest): void {
  // The keys of the host's maps are names with such characters in between.
  const named = [manifest.app, manifest.environment, ...manifest.functions.map(({ name }) => name)];
  if (named.some((name) => name.includes("\0"))) {
    throw new InvalidError("a name in the manifest contains a NUL character");
  }
  if (typeof artifact?.code !== "string" || digest("sha256", artifact.code) !== artifact.hash) {
    throw new InvalidError("the artifact's hash is not the sha256 of its code");
  }
  if (typeof artifact.sourceMap !== "string" || typeof artifact.root !== "string" || typeof secrets !== "object") {
    throw new InvalidError("the deploy request lacks the artifact's source map, its root, or the secrets");
  }
}

/** The same for deploys that change nothing. */
function fingerprintOf({ manifest, artifact, secrets }: DeployRequest): string {
  return digest(
    "sha256",
    JSON.stringify([
      { ...manifest, version: 0, deployedAt: "" },
      artifact.hash,
      artifact.root,
      Object.entries(secrets).sort(([a], [b]) => compare(a, b)),
    ]),
  );
}

function appKey({ app, environment }: AppName): string {
  return `${app}\0${environment}`;
}

function nameOf({ app, environment, version }: Version): string {
  return `version ${version} of ${app} (${environment})`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
