/**
 * Keeps a config's files up to date with the deployed apps, the config, its templates and the tsconfigs around it. It subscribes before it
 * generates, once, so that no deploy is missed and nothing is done twice; deploys that happen while an engine is unavailable
 * arrive when it returns.
 */
import { basename, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkConfig, type LoadedConfig, loadConfig } from "../config/index.ts";
import { DEFAULT_ENVIRONMENT, type DeployEvent, type Engine } from "../engine/index.ts";
import { matcher } from "../text/index.ts";
import { PathWatcher } from "../watch/index.ts";
import { Engines } from "./engines.ts";
import { StateStore } from "./files/index.ts";
import {
  type AnyConfig,
  asLoaded,
  type ConfigValue,
  type GenerateOptions,
  type GenerateResult,
  generateWith,
} from "./generate.ts";
import { type Settings, settingsOfAll } from "./settings.ts";

export interface WatchOptions extends Omit<GenerateOptions, "dryRun" | "offline"> {
  /** Ends the watch. */
  signal?: AbortSignal | undefined;
  onEvent?: ((event: WatchEvent) => void) | undefined;
}

/** `causes` are texts for people: `images was deployed (version 4)`. */
export type WatchEvent =
  | { kind: "generated"; causes: string[]; result: GenerateResult }
  | { kind: "failed"; causes: string[]; error: unknown };

/** Events that come close together, such as deploys of several apps, lead to one run. */
const DEBOUNCE_MS = 20;

/**
 * Resolves once the signal has aborted. A failure on the way (a mistake in the config, an unavailable engine, an app that
 * is not deployed yet) is an event, and the watch goes on. A config that came from a file is read again when it changes.
 */
export async function watch(config: AnyConfig, options: WatchOptions = {}): Promise<void> {
  const signal = options.signal ?? new AbortController().signal;
  const report = options.onEvent ?? (() => {});
  const first = asLoaded(config, options.cwd);
  const files = "files" in first ? (first as LoadedConfig).files : [];
  const store = new StateStore(first.root, first.file);

  let current: ConfigValue | undefined = first;
  let watched: Iterable<string> = files;
  for (let cause = "started"; !signal.aborted; cause = "the config changed") {
    const changed = new AbortController();
    const paths = new Reactions();
    for (const file of watched) paths.toFile(file, () => changed.abort());
    const until = AbortSignal.any([signal, changed.signal]);
    try {
      if (current) await follow(current, store, paths, cause, { ...options, signal: until, onEvent: report });
    } catch (error) {
      report({ kind: "failed", causes: [cause], error });
    }
    await aborted(until);
    paths.close();
    if (signal.aborted) return;
    await delay(DEBOUNCE_MS);
    // Also for a config that cannot be loaded: the fix may be in another file.
    const tried = new Set<string>([first.file]);
    watched = tried;
    try {
      current = await loadConfig({ file: first.file, onFile: (file) => tried.add(file) });
    } catch (error) {
      current = undefined;
      report({ kind: "failed", causes: ["the config changed"], error });
    }
  }
}

/** Follows the engines and templates of one state of the config until the signal aborts. */
async function follow(
  config: ConfigValue,
  store: StateStore,
  paths: Reactions,
  cause: string,
  options: Following,
): Promise<void> {
  const { signal, onEvent } = options;
  const settings = settingsOfAll(await checkConfig(config.value, config.file), config.root);
  await using engines = new Engines(options.engine);
  const queue = new Queue(async (causes) => {
    try {
      const result = await generateWith(engines, store, config, options);
      const others = result.inputs.filter(
        (input) => !settings.some(({ templates }) => templates && isIn(templates, input)),
      );
      for (const input of others) paths.toFile(input, () => queue.push(`${basename(input)} changed`));
      onEvent({ kind: "generated", causes, result });
    } catch (error) {
      onEvent({ kind: "failed", causes, error });
    }
  });
  for (const { templates } of settings)
    if (templates) paths.toFolder(templates, () => queue.push("the templates changed"));

  const byUrl = Map.groupBy(settings, (item) => engines.url(item.engine));
  const subscriptions = [...byUrl.values()].map((group) => {
    const engine = engines.open(group[0]!.engine);
    const subscription = subscribe(engine, signal, {
      event: (event) => {
        if (group.some((item) => concerns(item, event))) queue.push(wordsFor(event));
      },
      lost: (error) => onEvent({ kind: "failed", causes: ["watching for deploys"], error }),
    });
    return subscription;
  });
  await Promise.all(subscriptions.map(({ ready }) => ready));
  if (!signal.aborted) queue.push(cause);
  await Promise.all(subscriptions.map(({ ended }) => ended));
  await queue.idle();
}

interface Following extends WatchOptions {
  signal: AbortSignal;
  onEvent: (event: WatchEvent) => void;
}

/** Endless deploy events without gaps: a broken subscription resumes where it was. */
function subscribe(
  engine: Promise<Engine>,
  signal: AbortSignal,
  on: { event(event: DeployEvent): void; lost(error: unknown): void },
): { ready: Promise<void>; ended: Promise<void> } {
  const { promise: ready, resolve: setReady } = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    let after: number | undefined;
    let complained = "";
    for (let pause = 100; !signal.aborted; pause = Math.min(2 * pause, 5000)) {
      try {
        const { registry } = await engine;
        const onReady = (sequence: number) => {
          after ??= sequence;
          pause = 100;
          complained = "";
          setReady();
        };
        for await (const event of registry.watchDeploys({ ...(after !== undefined && { after }), signal, onReady })) {
          after = event.sequence;
          on.event(event);
        }
      } catch (error) {
        // Reported once, not at every attempt.
        if (!signal.aborted && complained !== String(error)) on.lost(error);
        complained = String(error);
        setReady();
      }
      await delay(pause, undefined, { signal }).catch(() => {});
    }
    setReady();
  };
  return { ready, ended: run() };
}

function concerns({ apps, environment }: Settings, event: DeployEvent): boolean {
  return apps.some((app) => (app.environment ?? environment) === event.environment && matcher([app.name])(event.app));
}

function wordsFor({ kind, app, environment, version }: DeployEvent): string {
  const where = environment === DEFAULT_ENVIRONMENT ? "" : ` in ${environment}`;
  return kind === "deployed" ? `${app} was deployed${where} (version ${version})` : `${app} was removed${where}`;
}

/** Runs one job at a time; causes that arrive meanwhile, or close together, share the next. */
class Queue {
  readonly #work: (causes: string[]) => Promise<void>;
  #causes: string[] = [];
  #running: Promise<void> | undefined;

  constructor(work: (causes: string[]) => Promise<void>) {
    this.#work = work;
  }

  push(cause: string): void {
    if (!this.#causes.includes(cause)) this.#causes.push(cause);
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#causes.length > 0) {
      await delay(DEBOUNCE_MS);
      const causes = this.#causes;
      this.#causes = [];
      await this.#work(causes);
    }
    this.#running = undefined;
  }
}

/** Callbacks for changes to files and folders. Each path is watched once. */
class Reactions {
  readonly #reactions = new Map<string, () => void>();
  readonly #watcher = new PathWatcher((changed) => this.#react(changed), { isRecursive: true });

  toFile(path: string, reaction: () => void): void {
    if (this.#reactions.has(path)) return;
    this.#reactions.set(path, reaction);
    this.#watcher.addFile(path);
  }

  toFolder(path: string, reaction: () => void): void {
    this.#reactions.set(path, reaction);
    this.#watcher.addFolder(path);
  }

  close(): void {
    this.#reactions.clear();
    this.#watcher.close();
  }

  #react(changed: string): void {
    for (const [path, reaction] of this.#reactions) if (isIn(path, changed)) reaction();
  }
}

function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
