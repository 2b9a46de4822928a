/** Everything that the host keeps on disk. The rest of the host sees these interfaces and knows nothing of SQLite. */
import type { StatePaths } from "../../paths.ts";
import { Artifacts } from "./artifacts.ts";
import { CallTables } from "./call-tables.ts";
import type { CallStorage } from "./calls.ts";
import { DeployTables } from "./deploy-tables.ts";
import type { DeployStorage } from "./deploys.ts";
import { Logs } from "./logs.ts";
import { Store } from "./store.ts";

export { Artifacts } from "./artifacts.ts";
export {
  type CallRow,
  type CallStorage,
  type CallWrite,
  InputState,
  OUTPUT_TYPES,
  type RecordedInput,
  type RecordedOutput,
  type StoredListener,
} from "./calls.ts";
export type { AppName, DeployStorage, NewVersion, StoredVersion, VersionAbout } from "./deploys.ts";
export { isNamed } from "./function-filter.ts";
export { Logs } from "./logs.ts";

export interface Storage {
  readonly calls: CallStorage;
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
  return {
    calls: new CallTables(store),
    deploys: new DeployTables(store),
    artifacts: new Artifacts(paths.artifacts),
    logs,
    close: () => {
      logs.close();
      store.close();
    },
  };
}
