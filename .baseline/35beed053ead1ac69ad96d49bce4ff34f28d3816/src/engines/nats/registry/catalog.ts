/** Finds what a reference names among the deployed apps, and judges stubs against it. Manifests are read once. */
import type { AppRef, FunctionRef, OpenCall } from "../../../engine/index.ts";
import type { SignatureMismatchError } from "../../../runtime/errors.ts";
import type { AppManifest, FunctionSchema } from "../../../schema/index.ts";
import {
  checkMethod,
  functionNamed,
  judgeStub,
  type StubOrigin,
  unknownApp,
  unknownVersion,
} from "../../catalog/index.ts";
import type { AppName, Apps, KnownApp, StoredVersion } from "./apps.ts";
import type { Objects } from "./objects.ts";

const KEPT_MANIFESTS = 200;
const KEPT_VERDICTS = 1_000;

/** A version that is deployed, with what its manifest says. */
export interface Deployed {
  stored: StoredVersion;
  manifest: AppManifest;
  functions: ReadonlyMap<string, FunctionSchema>;
}

type Manifest = Omit<Deployed, "stored">;

export interface DeployedFunction extends Deployed {
  schema: FunctionSchema;
  /** Nothing newer is deployed. */
  newest: boolean;
}

export class Catalog {
  readonly apps: Apps;
  readonly objects: Objects;
  readonly #deployHint: string;
  /** By the hash of the manifest; oldest first. */
  readonly #manifests = new Map<string, Promise<Manifest>>();
  /** By the signatures of stub and function and the manifest. */
  readonly #verdicts = new Map<string, SignatureMismatchError | undefined>();

  constructor(apps: Apps, objects: Objects, deployHint: string) {
    this.apps = apps;
    this.objects = objects;
    this.#deployHint = deployHint;
  }

  /** Rejects with NotFoundError that names the nearest apps. */
  async app(ref: AppName): Promise<KnownApp> {
    const app = await this.apps.read(ref);
    if (app && app.versions.length > 0) return app;
    const deployed = (await this.apps.all()).filter(({ versions }) => versions.length > 0);
    throw unknownApp(ref, deployed, this.#deployHint);
  }

  /** The newest version unless the reference says which. Rejects with NotFoundError. */
  async version(ref: AppRef): Promise<StoredVersion> {
    return versionIn(await this.app(ref), ref);
  }

  /** Rejects with NotFoundError, SignatureMismatchError. */
  async function(ref: FunctionRef): Promise<DeployedFunction> {
    const app = await this.app(ref);
    const deployed = await this.read(versionIn(app, ref));
    const schema = functionNamed(ref.name, deployed);
    if (ref.signature !== undefined && ref.signature !== schema.signature) {
      const mismatch = await this.#judge(ref.signature, { schema, manifest: deployed.manifest }, app);
      if (mismatch) throw mismatch;
    }
    return { ...deployed, schema, newest: deployed.stored.version === app.versions.at(-1)?.version };
  }

  /** The function that a call goes to, at the version that it stays on. Rejects when the call's method does not suit it. */
  async callee(request: OpenCall) {
    const { schema, stored } = await this.function(request.function);
    checkMethod(request, schema);
    // By which workers find it, whatever somebody may have written into the manifest.
    const { app, environment } = request.function;
    const { version } = stored;
    const { instance } = request.function;
    return {
      app,
      environment,
      function: schema.name,
      version,
      mode: schema.mode,
      ...(instance !== undefined && { instance }),
    };
  }

  async read(stored: StoredVersion): Promise<Deployed> {
    const { hash } = stored.manifest;
    let reading = this.#manifests.get(hash);
    if (!reading) {
      reading = this.#read(stored);
      this.#manifests.set(hash, reading);
      reading.catch(() => this.#manifests.delete(hash));
      for (const oldest of this.#manifests.keys()) {
        if (this.#manifests.size <= KEPT_MANIFESTS) break;
        this.#manifests.delete(oldest);
      }
    }
    return { stored, ...(await reading) };
  }

  async #read(stored: StoredVersion): Promise<Manifest> {
    // It is what its hash says, and was checked when it was deployed.
    const manifest = JSON.parse(await this.objects.get(stored.manifest)) as AppManifest;
    return { manifest, functions: new Map(manifest.functions.map((schema) => [schema.name, schema])) };
  }

  async #judge(signature: string, deployed: StubOrigin, app: KnownApp): Promise<SignatureMismatchError | undefined> {
    const { schema, manifest } = deployed;
    const key = [manifest.app, manifest.environment, manifest.version, schema.name, signature].join("\0");
    if (this.#verdicts.has(key)) return this.#verdicts.get(key);
    const verdict = judgeStub(await this.#originOf(signature, schema.name, app), deployed);
    if (this.#verdicts.size >= KEPT_VERDICTS) this.#verdicts.clear();
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  /** The newest version with the stub's signature. */
  async #originOf(signature: string, name: string, { versions }: KnownApp): Promise<StubOrigin | undefined> {
    for (const stored of versions.toReversed()) {
      const { manifest, functions } = await this.read(stored);
      const schema = functions.get(name);
      if (schema?.signature === signature) return { schema, manifest };
    }
    return undefined;
  }
}

function versionIn(app: KnownApp, ref: AppRef): StoredVersion {
  if (ref.version === undefined) return app.versions.at(-1)!;
  const found = app.versions.find(({ version }) => version === ref.version);
  if (found) return found;
  throw unknownVersion(
    ref,
    app.versions.map(({ version }) => version),
  );
}
