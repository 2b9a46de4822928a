/** Generated files on disk: finds the necessary changes, writes them all at once, and remembers the last run's data. */
export {
  compareFiles,
  type FileChange,
  type FileStatus,
  LOCK_FILE,
  MARKER,
  readIfPresent,
  refuseOutside,
  withMarker,
} from "./files.ts";
export { applyChanges, completeInterrupted } from "./install.ts";
export { fingerprints, fingerprintsOf, hash, type OutputState, StateStore, stillHolds } from "./state.ts";
