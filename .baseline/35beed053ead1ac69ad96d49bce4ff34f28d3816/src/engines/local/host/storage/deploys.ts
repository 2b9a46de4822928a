/** What is kept of deployed versions, as the registry sees it. All of it is small or rare. */
import type { AutoscalerSettings, DeployEvent, DeploymentRecord } from "../../../../engine/index.ts";
import type { AppManifest } from "../../../../schema/index.ts";
import type { ArtifactContent } from "./artifacts.ts";

export interface AppName {
  app: string;
  environment: string;
}

/** A version as it lies in the database. */
export interface StoredVersion extends AppName {
  version: number;
  etag: string;
  /** Hash of the artifact's code. */
  artifact: string;
  /** Absolute folder of the author's project. */
  root: string;
  /** JSON of a record. */
  secrets: string;
  /** JSON of an AppManifest. */
  manifest: string;
  fingerprint: string;
  /** JSON of a VersionAbout. */
  about: string;
}

/** What people are told about a version. */
export type VersionAbout = Pick<DeploymentRecord, "origin" | "rollbackOf">;

export interface NewVersion {
  /** Its version and time are set here. */
  manifest: AppManifest;
  fingerprint: string;
  artifact: ArtifactContent;
  root: string;
  secrets: Record<string, string>;
  about: VersionAbout;
}

/** Everything here throws EngineUnavailableError. Writes are on disk when they return. */
export interface DeployStorage {
  /** All versions, oldest first. */
  versions(): (AppName & { version: number })[];
  version(app: AppName, version: number): StoredVersion | undefined;
  /** All versions of an app, newest first. */
  history(app: AppName): DeploymentRecord[];
  /** The manifest of a version that exists, as the bytes of its JSON. */
  manifestJson(app: AppName, version: number): Uint8Array;
  /** Gives the app its next version, forgets its autoscaler settings and records the event. */
  insert(version: NewVersion): { manifest: AppManifest; event: DeployEvent };
  remove(app: AppName, lastVersion: number, etag: string): DeployEvent;
  /** Forgets versions of an app, their secrets included. */
  prune(app: AppName, versions: readonly number[]): void;
  /** Hashes of the artifacts that some version needs. */
  artifacts(): Set<string>;
  /** Hashes of those that the database does not have. */
  artifactsNotKept(): string[];
  artifact(hash: string): ArtifactContent | undefined;
  keepArtifact(content: ArtifactContent): void;

  /** The sequence of the newest event. */
  readonly sequence: number;
  eventsAfter(sequence: number): DeployEvent[];

  autoscaler(app: AppName, workload: string): AutoscalerSettings;
  setAutoscaler(app: AppName, workload: string, settings: AutoscalerSettings): void;
  forgetAutoscalers(app: AppName): void;
}
