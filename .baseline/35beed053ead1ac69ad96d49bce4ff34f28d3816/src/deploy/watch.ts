/**
 * `farcall dev`: deploys an app again whenever a file that it is made of changes. Folders are watched rather than files,
 * since editors replace a file when they save it.
 */
import { dirname, join, sep } from "node:path";
import { PathWatcher } from "../watch/index.ts";
import { AppBuilder } from "./build.ts";
import { buildAndRegister, type Deployment, type DeployOptions } from "./deploy.ts";
import { findProject } from "./project.ts";

export interface WatchOptions extends DeployOptions {
  /** Ends the watch. */
  signal: AbortSignal;
  /** After each deploy, also one that changed nothing. */
  onDeployed(deployment: Deployment, details: { ms: number }): void;
  /** A deploy failed; the next change is another try. */
  onFailed(error: unknown): void;
  /** Before a deploy: absolute paths of the files that changed. */
  onChange?(files: string[]): void;
}

/** Editors write in several steps: changes this close together are one, in milliseconds. */
const QUIET_MS = 40;

/** Files that decide how the others are read, in the project's folder. */
const PROJECT_FILES = ["package.json", "tsconfig.json"];

const MODULE = /\.([cm]?[jt]sx?|json)$/;

/** Resolves once the signal aborts. Rejects only when there is no such entry. */
export async function watchApp(options: WatchOptions): Promise<void> {
  const { signal, onDeployed, onFailed, onChange } = options;
  const project = findProject(options.entry, options.root);
  const builder = new AppBuilder(project, options);
  const changes = new Changes(signal);
  changes.watch([project.entry]);
  // Functions come and go while somebody writes them: only those of earlier deploys are asked about.
  const own = new Set<string>();
  const onRemoval: WatchOptions["onRemoval"] = async (removal) => {
    const functions = removal.functions.filter((name) => !own.has(name));
    return functions.length === 0 || ((await options.onRemoval?.({ ...removal, functions })) ?? false);
  };
  try {
    while (!signal.aborted) {
      const started = performance.now();
      const before = changes.present();
      let hasFailed = false;
      try {
        const deployment = await buildAndRegister(builder, { ...options, onRemoval });
        for (const { name } of deployment.manifest.functions) own.add(name);
        onDeployed(deployment, { ms: performance.now() - started });
      } catch (error) {
        if (!signal.aborted) onFailed(error);
        hasFailed = true;
      }
      const files = new Set([...builder.files, ...PROJECT_FILES.map((name) => join(project.root, name))]);
      changes.watch([...files].filter((file) => !file.includes(`${sep}node_modules${sep}`)));
      // After a failure the app may be made of more than is known: of other modules, or of a file that does not exist yet. What was there
      // and is not a module does not count, such as a log that this command's own output goes to.
      const changed = await changes.next(
        (path) => files.has(path) || (hasFailed && (MODULE.test(path) || !before.has(path))),
      );
      if (changed.length > 0) onChange?.(changed);
    }
  } finally {
    changes.close();
    await builder.dispose();
  }
}

/** What has changed in a set of folders since it was last asked. */
class Changes {
  readonly #watcher = new PathWatcher((path) => this.#add(path), { isRecursive: false });
  #folders = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #signal: AbortSignal;
  #notify: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#notify?.());
  }

  /** Watches exactly the folders of these files. */
  watch(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)));
    for (const folder of this.#folders) if (!folders.has(folder)) this.#watcher.removeFolder(folder);
    for (const folder of folders) if (!this.#folders.has(folder)) this.#watcher.addFolder(folder);
    this.#folders = folders;
  }

  /** Absolute paths of what lies in the folders. */
  present(): Set<string> {
    return this.#watcher.present();
  }

  /** Absolute paths that changed and that `counts` accepts, once it has been quiet; empty when the signal aborts. */
  async next(counts: (path: string) => boolean): Promise<string[]> {
    while (!this.#signal.aborted) {
      const found = [...this.#changed].filter(counts);
      this.#changed.clear();
      if (found.length === 0) await this.#event();
      else if (await this.#quiet()) return found;
      else for (const path of found) this.#changed.add(path);
    }
    return [];
  }

  close(): void {
    this.#watcher.close();
  }

  #add(path: string): void {
    this.#changed.add(path);
    this.#notify?.();
  }

  #event(): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = resolve;
    });
  }

  /** True when nothing happens for a while. */
  async #quiet(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const quiet = new Promise<true>((resolve) => {
      timer = setTimeout(() => resolve(true), QUIET_MS);
    });
    const disturbed = await Promise.race([quiet, this.#event()]);
    clearTimeout(timer);
    return disturbed === true;
  }
}
