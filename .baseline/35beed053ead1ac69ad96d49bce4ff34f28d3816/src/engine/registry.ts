/** The registry: what is and was deployed, and events about deploys. Every engine has one. */
import type { AppManifest, FunctionMode, FunctionSchema } from "../schema/index.ts";
import type { DeploymentOrigin } from "./origin.ts";

/** The environment of apps that do not name one. */
export const DEFAULT_ENVIRONMENT = "main";

export interface AppRef {
  app: string;
  environment: string;
  /** A deployed version; the newest when absent. */
  version?: number | undefined;
}

export interface FunctionRef extends AppRef {
  name: string;
  /** The signature that the caller's stub was generated from. The engine refuses the call when the deployed one is incompatible. */
  signature?: string | undefined;
  /**
   * For a method: the constructor's arguments, encoded by the engine's codec. Equal strings are the same set of arguments, and
   * each set has its own containers, which construct one instance each. Required to call a method; queries may leave it out.
   */
  instance?: string | undefined;
}

export interface AppSummary {
  app: string;
  environment: string;
  version: number;
  deployedAt: string;
  functions: number;
  /** When the newest version was deployed. */
  origin?: DeploymentOrigin;
  /** Changes with every deploy and remove of this app. */
  etag: string;
}

export interface ResolvedFunction {
  app: string;
  environment: string;
  name: string;
  version: number;
  mode: FunctionMode;
  schema: FunctionSchema;
  webUrl?: string;
  /** When its schedule runs it next, ISO 8601. Absent where there is none, or the engine does not say. */
  nextRunAt?: string;
}

/** One version of an app. */
export interface DeploymentRecord {
  version: number;
  /** ISO 8601. */
  deployedAt: string;
  /** How many functions it has. Absent where the engine does not say. */
  functions?: number;
  origin?: DeploymentOrigin;
  /** The version that it copies, if it was registered by a rollback. */
  rollbackOf?: number;
}

export interface DeployEvent {
  /** Grows with each event of a registry; pass it back as `after` to miss none. */
  sequence: number;
  kind: "deployed" | "removed";
  app: string;
  environment: string;
  version: number;
  etag: string;
}

export interface Registry {
  listApps(filter?: { environment?: string }): Promise<AppSummary[]>;
  /** `manifest` is absent when the current etag equals `ifNotEtag`. Rejects with NotFoundError that names the nearest apps. */
  getManifest(
    ref: AppRef,
    options?: { ifNotEtag?: string | undefined },
  ): Promise<{ etag: string; manifest?: AppManifest }>;
  resolve(ref: FunctionRef): Promise<ResolvedFunction>;
  /** The versions of an app that can still be called, newest first. Rejects with NotFoundError that names the nearest apps. */
  history(ref: { app: string; environment: string }): Promise<DeploymentRecord[]>;
  /**
   * Events after `after` (default: from now on), then live ones, across reconnections, until `signal` aborts (it then ends
   * quietly). The iterable is subscribed once the first `next()` has been called; `onReady` says when.
   */
  watchDeploys(options: {
    after?: number;
    signal?: AbortSignal;
    onReady?: (sequence: number) => void;
  }): AsyncIterable<DeployEvent>;
}
