/** The registry: what is deployed, read from Modal. */
import type {
  AppRef,
  AppSummary,
  DeploymentRecord,
  FunctionRef,
  Registry,
  ResolvedFunction,
} from "../../../engine/index.ts";
import type { AppManifest } from "../../../schema/index.ts";
import type { Session } from "../client.ts";
import { type Deployments, isoTime } from "./deployments.ts";
import { metadataOf } from "./layout.ts";
import { watchDeploys } from "./watch.ts";

export class ModalRegistry implements Registry {
  readonly #session: Session;
  readonly #deployments: Deployments;

  constructor(session: Session, deployments: Deployments) {
    this.#session = session;
    this.#deployments = deployments;
  }

  async listApps({ environment }: { environment?: string } = {}): Promise<AppSummary[]> {
    const environments = environment === undefined ? await this.#deployments.environments() : [environment];
    const apps = await this.#deployments.list(environments);
    return apps.map(({ appId, app, environment: at, version, deployedAt, functions }) => {
      return { app, environment: at, version, deployedAt, functions, etag: `${appId}@${version}` };
    });
  }

  async getManifest(
    ref: AppRef,
    { ifNotEtag }: { ifNotEtag?: string | undefined } = {},
  ): Promise<{ etag: string; manifest?: AppManifest }> {
    if (ifNotEtag !== undefined) {
      const { appId, version } = await this.#deployments.lookUp(ref);
      const etag = `${appId}@${ref.version ?? version}`;
      if (etag === ifNotEtag) return { etag };
    }
    const { appId, version, manifest } = await this.#deployments.get(ref, 0);
    return { etag: `${appId}@${version}`, manifest };
  }

  async resolve(ref: FunctionRef): Promise<ResolvedFunction> {
    const { deployment, schema } = await this.#deployments.find(ref, 0);
    const { app, environment, version } = deployment;
    const { name, mode } = schema;
    const { webUrl } = metadataOf(deployment.layout, schema) ?? {};
    return { app, environment, name, version, mode, schema, ...(webUrl && { webUrl }) };
  }

  async history(ref: { app: string; environment: string }): Promise<DeploymentRecord[]> {
    const { appId } = await this.#deployments.lookUp(ref);
    const history = await this.#deployments.history(appId);
    return history.map(({ version, deployedAt, deployedBy, rollbackVersion, commitInfo }): DeploymentRecord => {
      const revision = commitInfo?.commitHash;
      const origin = { ...(deployedBy && { user: deployedBy }), ...(revision && { revision }) };
      return {
        version,
        deployedAt: isoTime(deployedAt),
        ...(Object.keys(origin).length > 0 && { origin }),
        ...(rollbackVersion > 0 && { rollbackOf: rollbackVersion }),
      };
    });
  }

  watchDeploys(options: Parameters<Registry["watchDeploys"]>[0]): ReturnType<Registry["watchDeploys"]> {
    return watchDeploys(this.#session, this.#deployments, options);
  }
}
