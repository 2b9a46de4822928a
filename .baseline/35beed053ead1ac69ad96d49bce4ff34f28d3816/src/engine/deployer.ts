/** The deployer: registers apps. An engine whose apps are deployed by another tool leaves it out, and names the tool in `deployHint`. */
import type { AppManifest } from "../schema/index.ts";
import type { DeploymentOrigin } from "./origin.ts";
import type { DeploymentRecord } from "./registry.ts";

/** The code that runs: one bundled ES module with its source map, named by the hash of its content. */
export interface Artifact {
  /** sha256, hex, of `code`. */
  hash: string;
  code: string;
  sourceMap: string;
  /** Absolute folder of the project: where sources in the map and unbundled packages are found. */
  root: string;
}

export interface DeployRequest {
  /** `version` 0 and `deployedAt` "": the registry assigns both. */
  manifest: AppManifest;
  artifact: Artifact;
  /** Values of the secrets that the functions' options name. */
  secrets: Record<string, string>;
  /** Kept with the version. Not part of what makes two deploys equal. */
  origin?: DeploymentOrigin | undefined;
}

export interface RollbackRequest {
  app: string;
  environment: string;
  /** The version to go back to. Default: the one deployed before the newest, or before the version that the newest is a copy of. */
  version?: number | undefined;
  /** The user who rolls back, for the new version's origin. */
  user?: string | undefined;
}

export interface DeployResult {
  version: number;
  /** False when manifest, artifact and secrets equal the newest version's: nothing was registered. */
  changed: boolean;
  manifest: AppManifest;
  /** The newest version before this one. */
  previous?: AppManifest;
}

export interface Deployer {
  deploy(request: DeployRequest): Promise<DeployResult>;
  /**
   * Registers an earlier version again, under the next number: its manifest, artifact and secrets. `changed` is false when it is
   * the newest already. Rejects with NotFoundError that names the versions there are, InvalidError when none is earlier.
   */
  rollback(request: RollbackRequest): Promise<DeployResult>;
  /** Cancels its calls, stops its containers, forgets its versions. */
  remove(ref: { app: string; environment: string }): Promise<void>;
}

/**
 * The version that a rollback goes to by default: the one before the newest. If the newest is itself a rollback, the one before
 * the version that it copies, so that a second rollback goes further back instead of undoing the first.
 * @param history newest first
 */
export function earlierVersion(history: readonly DeploymentRecord[]): number | undefined {
  const [newest] = history;
  const current = newest?.rollbackOf ?? newest?.version ?? 0;
  return history.find(({ version }) => version < current)?.version;
}
