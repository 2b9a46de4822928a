/** Everything that the host keeps on disk. The rest of the host sees these interfaces and knows nothing of SQLite. */
import { EngineUnavailableError } from "../../../../runtime/errors.ts";
import type { StatePaths } from "../../paths.ts";
import { Artifacts } from "./artifacts.ts";
import { AttemptsFile } from "./attempts.ts";
import { CallTables } from "./call-tables.ts";
import type { CallStorage } from "./calls.ts";
import { DeployTables } from "./deploy-tables.ts";
import type { DeployStorage } from "./deploys.ts";
import { Logs } from "./logs.ts";
import { Store } from "./store.ts";

export { Artifacts } from "./artifacts.ts";
export type { AttemptsFile } from "./attempts.ts";
export {
  type CallRow,
  type CallStorage,
  type CallWrite,
  InputState,
  isLarge,
  OUTPUT_TYPES,
  type OutputWrite,
  type RecordedInput,
  type RecordedOutput,
  type RecordedQuery,
  type StoredListener,
} from "./calls.ts";
export type { AppName, DeployStorage, NewVersion, StoredVersion, VersionAbout } from "./deploys.ts";
export { isNamed } from "./function-filter.ts";
export { Logs } from "./logs.ts";
export * as maintenance from "./maintenance.ts";

export interface Storage {
  readonly calls: CallStorage;
  readonly attempts: AttemptsFile;
  readonly deploys: DeployStorage;
  readonly artifacts: Artifacts;
  readonly logs: Logs;
  /** Writes what is waiting, and lets go of the directory. Throws when that fails. */
  close(): void;
}

/** `undefined` when another host holds the directory. Throws EngineUnavailableError when it cannot be used. */
export function openStorage(paths: StatePaths, warn: (message: string) => void): Storage | undefined {
  const store = Store.open(paths.database);
  if (!store) return undefined;
  const logs = new Logs(paths.logDatabase, warn);
  const calls = new CallTables(store);
  const deploys = new DeployTables(store);
  const artifacts = new Artifacts(paths.artifacts);
  keepArtifacts(deploys, artifacts);
  const attempts = new AttemptsFile(paths.attempts, calls.lastNumber, warn);
  return {
    calls,
    attempts,
    deploys,
    artifacts,
    logs,
    close: () => {
      logs.close();
      attempts.close();
      store.close();
    },
  };
}

/** Until layout 5 the folder alone had them. */
function keepArtifacts(deploys: DeployStorage, artifacts: Artifacts): void {
  for (const hash of deploys.artifactsNotKept()) {
    const content = artifacts.read(hash);
    if (content) deploys.keepArtifact(content);
  }
}

/** Makes the files of all versions what they should be. Throws EngineUnavailableError. */
export function checkArtifacts(paths: StatePaths): { repairedVersions: string[]; lostVersions: string[] } {
  const store = Store.open(paths.database);
  if (!store)
    throw new EngineUnavailableError(`a host serves ${paths.state}`, { hint: "Stop it with `farcall host stop`." });
  const repairedVersions: string[] = [];
  const lostVersions: string[] = [];
  try {
    const deploys = new DeployTables(store);
    const artifacts = new Artifacts(paths.artifacts);
    keepArtifacts(deploys, artifacts);
    for (const { app, environment, version: number } of deploys.versions()) {
      const version = deploys.version({ app, environment }, number)!;
      const name = `${app} (${environment}) version ${number}`;
      try {
        if (artifacts.ensure(version, () => deploys.artifact(version.artifact))) repairedVersions.push(name);
      } catch {
        lostVersions.push(name);
      }
    }
  } finally {
    store.close();
  }
  return { repairedVersions, lostVersions };
}
