/**
 * Deployed apps as this engine knows them. The newest version is asked for again when what is known of it has become old; what
 * was read of a version stays.
 */
import type { AppRef, FunctionRef } from "../../../engine/index.ts";
import { NotFoundError } from "../../../runtime/errors.ts";
import type { FunctionSchema } from "../../../schema/index.ts";
import {
  type DeployedApp,
  functionNamed,
  judgeStub,
  type StubOrigin,
  unknownApp,
  unknownVersion,
} from "../../catalog/index.ts";
import type { Reply, Session } from "../client.ts";
import { Status, statusOf } from "../errors.ts";
import { DEPLOYED, inParallel } from "../values.ts";
import { isCarrier } from "./carrier.ts";
import { type Layout, readLayout, readOldLayout } from "./layout.ts";
import { buildManifest, type ManifestParts } from "./manifest.ts";

export const DEPLOY_HINT = "Run `modal deploy FILE`.";
/** Modal is asked for changes no oftener, in milliseconds. */
export const POLL_MS = 5_000;

/** So many earlier versions are searched for the signature of a stub. */
const SEARCHED_VERSIONS = 10;

export interface Deployment extends ManifestParts {
  appId: string;
  app: string;
  environment: string;
  version: number;
  layout: Layout;
  functions: ReadonlyMap<string, FunctionSchema>;
}

export interface ListedApp extends DeployedApp {
  appId: string;
  version: number;
  deployedAt: string;
  functions: number;
}

export class Deployments {
  readonly #session: Session;
  readonly #newest = new Map<string, { at: number; deployment: Promise<Deployment> }>();
  /** By app id and version. */
  readonly #versions = new Map<string, Promise<Deployment>>();
  /** Whether a stub with a signature fits a version: by version, function and signature. */
  readonly #judged = new Map<string, Promise<Error | undefined>>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** What is known may be so old: 0 asks. Rejects with NotFoundError that names the nearest. */
  async get(ref: AppRef, maxAgeMs: number): Promise<Deployment> {
    const newest = await this.#getNewest(ref, maxAgeMs);
    const { version } = ref;
    if (version === undefined || version === newest.version) return newest;
    return this.#remember(`${newest.appId}@${version}`, () => this.#readOld({ ...ref, version }, newest));
  }

  /** What a stub calls, with its schema. Rejects with NotFoundError, and with SignatureMismatchError where the stub does not fit. */
  async find(ref: FunctionRef, maxAgeMs: number): Promise<{ deployment: Deployment; schema: FunctionSchema }> {
    const deployment = await this.get(ref, maxAgeMs);
    const schema = functionNamed(ref.name, deployment);
    const { signature } = ref;
    if (signature !== undefined && signature !== schema.signature) {
      const key = `${deployment.appId}@${deployment.version} ${ref.name} ${signature}`;
      let judged = this.#judged.get(key);
      if (!judged) {
        judged = this.#judge({ ...ref, signature }, { schema, manifest: deployment.manifest }, deployment);
        this.#judged.set(key, judged);
        judged.catch(() => this.#judged.delete(key));
      }
      const mismatch = await judged;
      if (mismatch) throw mismatch;
    }
    return { deployment, schema };
  }

  /** What is known of an app is asked for again. */
  forget({ app, environment }: AppRef): void {
    this.#newest.delete(`${environment}/${app}`);
  }

  #getNewest(ref: AppRef, maxAgeMs: number): Promise<Deployment> {
    const key = `${ref.environment}/${ref.app}`;
    const known = this.#newest.get(key);
    if (known && Date.now() - known.at <= maxAgeMs) return known.deployment;
    const deployment = this.#readNewest(ref);
    this.#newest.set(key, { at: Date.now(), deployment });
    deployment.catch(() => {
      if (this.#newest.get(key)?.deployment === deployment) this.#newest.delete(key);
    });
    return deployment;
  }

  async #readNewest(ref: AppRef): Promise<Deployment> {
    const found = await this.lookUp(ref);
    const { appId, version } = found;
    return this.#remember(`${appId}@${version}`, async () => {
      const newest = { app: ref.app, environment: ref.environment };
      return makeDeployment({ ...newest, ...found }, await readLayout(this.#session, appId, newest));
    });
  }

  /** The newest version of an app, by one question. Rejects with NotFoundError. */
  async lookUp(ref: AppRef): Promise<{ appId: string; version: number; deployedAt: string }> {
    const { app: name, environment: environmentName } = ref;
    const found = await this.#session.ask(async (rpc, options) => {
      try {
        return await rpc.appGetByDeploymentName({ name, environmentName }, options);
      } catch (error) {
        if (statusOf(error) === Status.notFound) return undefined;
        throw error;
      }
    });
    if (!found?.appId) throw await this.#unknown(ref);
    return { appId: found.appId, ...lifecycleOf(found.lifecycle) };
  }

  async #unknown(ref: AppRef): Promise<NotFoundError> {
    const environments = await this.environments();
    if (!environments.includes(ref.environment)) {
      return new NotFoundError(`Modal has no environment ${ref.environment}, in which to look for app ${ref.app}`, {
        hint: `There ${environments.length === 1 ? "is" : "are"} ${environments.join(", ")}.`,
      });
    }
    return unknownApp(ref, await this.list(environments), DEPLOY_HINT);
  }

  async #readOld(ref: AppRef & { version: number }, newest: Deployment): Promise<Deployment> {
    const { appId } = newest;
    const history = await this.history(appId);
    const record = history.find(({ version }) => version === ref.version);
    if (!record) throw unknownVersion(ref, history.map(({ version }) => version).reverse());
    const layout = await readOldLayout(this.#session, ref, newest.layout);
    const { version } = ref;
    const app = { app: ref.app, environment: ref.environment };
    return makeDeployment({ ...app, appId, version, deployedAt: isoTime(record.deployedAt) }, layout);
  }

  /** Newest first. */
  async history(appId: string): Promise<Reply<"appDeploymentHistory">["appDeploymentHistories"]> {
    const { appDeploymentHistories } = await this.#session.ask((rpc, options) =>
      rpc.appDeploymentHistory({ appId }, options),
    );
    return appDeploymentHistories.toSorted((a, b) => b.version - a.version);
  }

  async environments(): Promise<string[]> {
    const { items } = await this.#session.ask((rpc, options) => rpc.environmentList({}, options));
    return items.map(({ name }) => name);
  }

  /** What is deployed in these environments, by one question for each. Unknown ones have nothing. */
  async list(environments: readonly string[]): Promise<ListedApp[]> {
    const lists = await inParallel(environments, 8, (environment) => this.#listOne(environment));
    return lists.flat();
  }

  async #listOne(environment: string): Promise<ListedApp[]> {
    const listed = await this.#session.ask(async (rpc, options) => {
      try {
        return (await rpc.appList({ environmentName: environment }, options)).apps;
      } catch (error) {
        if (statusOf(error) === Status.notFound) return [];
        throw error;
      }
    });
    const deployed = listed.filter(({ state, name }) => state === DEPLOYED && name !== "");
    return inParallel(deployed, 8, async ({ name, metadata }): Promise<ListedApp> => {
      const ref = { app: name, environment };
      if (!metadata?.lifecycle?.version) {
        const { appId, version, manifest } = await this.get(ref, 0);
        return { ...ref, appId, version, deployedAt: manifest.deployedAt, functions: manifest.functions.length };
      }
      const tags = Object.keys(metadata.functions).filter((tag) => !isCarrier(tag));
      return { ...ref, appId: metadata.appId, ...lifecycleOf(metadata.lifecycle), functions: tags.length };
    });
  }

  async #judge(
    ref: FunctionRef & { signature: string },
    deployed: StubOrigin,
    deployment: Deployment,
  ): Promise<Error | undefined> {
    const { app, environment } = ref;
    const first = Math.max(1, deployment.version - SEARCHED_VERSIONS);
    for (let version = deployment.version - 1; version >= first; version--) {
      const older = await this.#getOld({ app, environment, version });
      const schema = older?.functions.get(ref.name);
      if (older && schema?.signature === ref.signature)
        return judgeStub({ schema, manifest: older.manifest }, deployed);
    }
    return judgeStub(undefined, deployed);
  }

  /** Undefined for a version that Modal no longer has. */
  async #getOld(ref: AppRef): Promise<Deployment | undefined> {
    try {
      return await this.get(ref, POLL_MS);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  #remember(key: string, read: () => Promise<Deployment>): Promise<Deployment> {
    const known = this.#versions.get(key);
    if (known) return known;
    const reading = read();
    this.#versions.set(key, reading);
    reading.catch(() => this.#versions.delete(key));
    return reading;
  }
}

function makeDeployment(
  about: DeployedApp & { appId: string; version: number; deployedAt: string },
  layout: Layout,
): Deployment {
  const { app, environment, appId, version, deployedAt } = about;
  const parts = buildManifest({ app, environment, version }, deployedAt, layout);
  const functions = new Map(parts.manifest.functions.map((fn) => [fn.name, fn]));
  return { ...parts, appId, app, environment, version, layout, functions };
}

type Lifecycle = Reply<"appGetByDeploymentName">["lifecycle"];

function lifecycleOf(lifecycle: Lifecycle): { version: number; deployedAt: string } {
  return { version: lifecycle?.version ?? 0, deployedAt: isoTime(lifecycle?.deployedAt ?? 0) };
}

/** @param seconds since 1970 */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
