/** Watching files and folders. */
export { PathWatcher } from "./path-watcher.ts";
