/** The deployer: registers apps. An engine whose apps are deployed by another tool leaves it out, and names the tool in `deployHint`. */
import type { AppManifest } from "../schema/index.ts";

/** What runs: one bundled ES module with its source map, named by the hash of its content. */
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
  /** Cancels its calls, stops its containers, forgets its versions. */
  remove(ref: { app: string; environment: string }): Promise<void>;
}
