/**
 * Reports changes to files and folders, including those that do not exist yet, are replaced the way editors do it, or go away and come
 * back. It watches folders rather than files and takes the system's events as hints: a path has changed if it differs from when it was
 * last looked at. So no change is lost while a watch begins, and none is reported twice.
 *
 * Written here because no chokidar release to date does all of that: 5 does not see a folder that is missing at first, 6 does not
 * see a watched file again once its folder was replaced.
 */
import { existsSync, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname, join, sep } from "node:path";

export class PathWatcher {
  readonly #onChange: (path: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** The last known state of each path that existed. */
  readonly #seen = new Map<string, string>();
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #isRecursive: boolean;

  /**
   * @param onChange called with the absolute path of what was written, appeared or went away
   * @param isRecursive whether a folder's changes include those in the folders inside it
   */
  constructor(onChange: (path: string) => void, { isRecursive }: { isRecursive: boolean }) {
    this.#onChange = onChange;
    this.#isRecursive = isRecursive;
  }

  /** Reports changes to this file from now on. */
  addFile(path: string): void {
    this.#files.add(path);
    this.#remember(path);
    this.#follow(dirname(path));
  }

  /** Reports changes to this folder's content from now on. */
  addFolder(path: string): void {
    this.#folders.add(path);
    this.#remember(path);
    for (const inside of entriesOf(path, this.#isRecursive)) this.#remember(inside);
    this.#follow(path);
  }

  removeFolder(path: string): void {
    this.#folders.delete(path);
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
    for (const seen of this.#seen.keys()) if (isInside(path, seen)) this.#seen.delete(seen);
  }

  /** Absolute paths of everything that existed at the last look. */
  present(): Set<string> {
    return new Set(this.#seen.keys());
  }

  close(): void {
    this.#files.clear();
    this.#folders.clear();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Waits for a missing folder by watching its nearest existing parent. */
  #follow(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const nearest = nearestFolder(folder);
    const before = identity(nearest);
    const isSame = () => identity(nearestFolder(folder)) === before;
    const again = () => {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
      this.#follow(folder);
      this.#lookInto(folder);
    };
    try {
      const isRecursive = this.#isRecursive && this.#folders.has(nearest);
      const watcher = watch(nearest, { recursive: isRecursive }, (_event, name) => {
        if (this.#watchers.get(folder) !== watcher) return;
        if (nearest === folder && name !== null) this.#look(join(folder, name));
        if (!isSame()) again();
      });
      watcher.on("error", () => watcher.close());
      this.#watchers.set(folder, watcher);
      // It appeared or went away before the watcher started.
      if (!isSame()) again();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.#follow(folder);
    }
  }

  /** Looks at everything that is or was in a folder that has been replaced. */
  #lookInto(folder: string): void {
    const inside = [...this.#seen.keys()].filter((path) => isInside(folder, path));
    for (const path of new Set([folder, ...inside, ...entriesOf(folder, this.#isRecursive)])) this.#look(path);
  }

  #look(path: string): void {
    if (!this.#isWatched(path)) return;
    const before = this.#seen.get(path);
    this.#remember(path);
    if (this.#seen.get(path) !== before) this.#onChange(path);
  }

  #remember(path: string): void {
    const now = identity(path);
    if (now === undefined) this.#seen.delete(path);
    else this.#seen.set(path, now);
  }

  #isWatched(path: string): boolean {
    if (this.#files.has(path) || this.#folders.has(path) || this.#folders.has(dirname(path))) return true;
    return this.#isRecursive && [...this.#folders].some((folder) => isInside(folder, path));
  }
}

/** Undefined when the path does not exist. For a folder, only its identity: its content has its own entries. */
function identity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats) return undefined;
  // Another folder may have the name and even the inode of a removed one.
  if (stats.isDirectory()) return `folder ${stats.ino} ${stats.birthtimeNs}`;
  return `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

function nearestFolder(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestFolder(dirname(path));
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}

/** Absolute paths of a folder's entries; empty when it is missing or cannot be read. */
function entriesOf(folder: string, isRecursive: boolean): string[] {
  try {
    return readdirSync(folder, { recursive: isRecursive, encoding: "utf8" }).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
