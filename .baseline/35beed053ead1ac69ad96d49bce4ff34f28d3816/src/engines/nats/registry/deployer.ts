/**
 * Deploys by compare-and-set: code and manifest are stored under their hashes first, and the one write of the app's value
 * makes the version. Of two deploys at the same time, one is version n and the other n + 1.
 */
import { hash as digest, scryptSync } from "node:crypto";
import {
  type Deployer,
  type DeploymentOrigin,
  type DeployRequest,
  type DeployResult,
  earlierVersion,
  type RollbackRequest,
} from "../../../engine/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import { type AppManifest, parseManifest, SchemaError } from "../../../schema/index.ts";
import type { Connection } from "../connection.ts";
import { isConflict } from "../errors.ts";
import type { AppName, KnownApp, StoredApp, StoredVersion } from "./apps.ts";
import type { Catalog } from "./catalog.ts";
import type { Objects } from "./objects.ts";
import type { Overrides } from "./overrides.ts";
import { type PackageRef, packagesOf } from "./portable.ts";
import { recordOf } from "./registry.ts";
import { sealKeyOf, sealSecrets } from "./secrets.ts";
import { isSignedByUs, requireOurs, signed } from "./signatures.ts";

/** So many versions of an app are kept: callers may ask for each. */
const KEPT_VERSIONS = 20;

/** A version without what its number decides. */
type Content = Omit<StoredVersion, "version" | "deployedAt" | "etag" | "manifest" | "signature"> & {
  manifest: AppManifest;
};

export class NatsDeployer implements Deployer {
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #objects: Objects;
  readonly #overrides: Overrides;

  constructor(connection: Connection, catalog: Catalog, overrides: Overrides) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#objects = catalog.objects;
    this.#overrides = overrides;
  }

  async deploy(request: DeployRequest): Promise<DeployResult> {
    const { manifest, artifact, secrets, origin } = request;
    await checkDeployment(request);
    const packages = packagesOf(artifact);
    const fingerprint = fingerprintOf(request, sealKeyOf(this.#connection), packages);
    const [code, sourceMap, sealed] = await Promise.all([
      this.#objects.put(artifact.code),
      this.#objects.put(artifact.sourceMap),
      sealSecrets(this.#connection, secrets),
    ]);
    const content: Content = {
      fingerprint,
      functions: manifest.functions.length,
      manifest,
      code,
      sourceMap,
      ...(packages.length > 0 && { packages }),
      ...(sealed !== undefined && { secrets: sealed }),
      ...(origin && { origin }),
    };
    return this.#register(manifest, content);
  }

  async rollback({ app, environment, version, user }: RollbackRequest): Promise<DeployResult> {
    const name = { app, environment };
    const { versions } = await this.#catalog.app(name);
    const to = version ?? earlierVersion(versions.toReversed().map(recordOf));
    if (to === undefined) {
      throw new InvalidError(`app ${app} (${environment}) has no earlier version to go back to`, {
        hint: "Name the version to go back to. `farcall history` lists them.",
      });
    }
    const stored = await this.#catalog.version({ ...name, version: to });
    await requireOurs(this.#connection, name, stored);
    const { manifest } = await this.#catalog.read(stored);
    const { version: _, deployedAt: __, etag: ___, rollbackOf: ____, signature, origin: from, ...rest } = stored;
    const origin: DeploymentOrigin | undefined = user === undefined ? from : { ...from, user };
    const content: Content = { ...rest, manifest, ...(origin && { origin }), rollbackOf: to };
    return this.#register(name, content);
  }

  /** After the newest version, unless that is the same. */
  async #register({ app, environment }: AppName, content: Content): Promise<DeployResult> {
    const name = { app, environment };
    for (;;) {
      const known = await this.#catalog.apps.fresh(name);
      const newest = known?.versions.at(-1);
      const previous = newest && (await this.#catalog.read(newest)).manifest;
      const isSame =
        newest?.fingerprint === content.fingerprint && (await isSignedByUs(this.#connection, name, newest));
      if (isSame && known && previous) {
        // A deploy resets what updateAutoscaler has set; one that is stored does so by itself.
        await this.#overrides.reset(known);
        return { version: newest.version, changed: false, manifest: previous, previous };
      }
      const manifest = await this.#write(name, content, known);
      if (!manifest) continue;
      return { version: manifest.version, changed: true, manifest, ...(previous && { previous }) };
    }
  }

  /** Undefined when somebody else has written meanwhile. */
  async #write(name: AppName, content: Content, known: KnownApp | undefined): Promise<AppManifest | undefined> {
    const version = (known?.lastVersion ?? 0) + 1;
    const deployedAt = new Date(this.#connection.now()).toISOString();
    const manifest: AppManifest = { ...content.manifest, version, deployedAt };
    const stored = await signed(this.#connection, name, {
      ...content,
      version,
      deployedAt,
      etag: `${version}-${content.fingerprint.slice(0, 16)}`,
      manifest: await this.#objects.put(JSON.stringify(manifest)),
    });
    const all = [...(known?.versions ?? []), stored];
    const versions = all.slice(-KEPT_VERSIONS);
    const value: StoredApp = { ...name, kind: "deployed", lastVersion: version, etag: stored.etag, versions };
    if (!(await this.#store(value, known))) return undefined;
    await this.#forget(all.slice(0, -KEPT_VERSIONS), versions);
    return manifest;
  }

  /** False when somebody else has written meanwhile. */
  async #store(value: StoredApp, known: KnownApp | undefined): Promise<boolean> {
    try {
      await this.#catalog.apps.write(value, known);
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
      // The answer to our own write may have got lost, and then it was written again.
      const now = await this.#catalog.apps.fresh(value);
      return now !== undefined && JSON.stringify({ ...now, sequence: 0 }) === JSON.stringify({ ...value, sequence: 0 });
    }
  }

  async remove({ app, environment }: AppName): Promise<void> {
    const name = { app, environment };
    for (;;) {
      await this.#catalog.app(name);
      const known = await this.#catalog.apps.fresh(name);
      if (!known || known.versions.length === 0) continue;
      const { lastVersion, etag, versions } = known;
      if (!(await this.#store({ ...name, kind: "removed", lastVersion, etag, versions: [] }, known))) continue;
      await this.#forget(versions, []);
      return;
    }
  }

  /** Removes what only these versions have. Code may be shared with another app, whose manifest says so by its hash. */
  async #forget(gone: readonly StoredVersion[], kept: readonly StoredVersion[]): Promise<void> {
    if (gone.length === 0) return;
    const others = (await this.#catalog.apps.all()).flatMap(({ versions }) => versions);
    const used = new Set([...kept, ...others].flatMap((each) => objectsOf(each).map(({ hash }) => hash)));
    const unused = gone.flatMap(objectsOf).filter(({ hash }) => !used.has(hash));
    await Promise.all(unused.map((ref) => this.#objects.remove(ref)));
  }
}

function objectsOf({ manifest, code, sourceMap }: StoredVersion) {
  return [manifest, code, sourceMap];
}

async function checkDeployment({ manifest, artifact }: DeployRequest): Promise<void> {
  try {
    // Workers and callers read it as it is.
    await parseManifest(manifest);
  } catch (error) {
    if (error instanceof SchemaError) throw new InvalidError(error.message, { hint: error.hint });
    throw error;
  }
  if (digest("sha256", artifact.code) !== artifact.hash) {
    throw new InvalidError("the artifact's hash is not the sha256 of its code");
  }
}

/** The same for deploys that change nothing. Whoever may read it must not be able to try secrets out: hence scrypt. */
function fingerprintOf(
  { manifest, artifact, secrets }: DeployRequest,
  sealKey: string | undefined,
  packages: readonly PackageRef[],
): string {
  const names = Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1));
  const salt = `${manifest.environment}/${manifest.app}`;
  // Sealed for other keys they are to be stored again.
  const secret = names.length > 0 ? [scryptSync(JSON.stringify(names), salt, 32).toString("hex"), sealKey] : "";
  const content = [{ ...manifest, version: 0, deployedAt: "" }, artifact.hash, secret];
  return digest("sha256", JSON.stringify(packages.length > 0 ? [...content, packages] : content));
}
