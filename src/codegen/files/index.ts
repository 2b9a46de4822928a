/** Generated files on disk: what has to change, written all at once, and what the last run knew about them. */
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
export { fingerprints, hash, type OutputState, StateStore, stillHolds } from "./state.ts";
