/**
 * Follows what is deployed, and what updateAutoscaler has set, for one worker. Notices say that it is time to look. One may get
 * lost, or its sender may end before it is sent; so what the streams have is compared with what was read now and then. Changes are
 * applied one after the other, or an older one could come last.
 */
import type { Version } from "../../../pool/index.ts";
import type { Connection, Subscription } from "../connection.ts";
import { appKey, streams, subjects } from "../names.ts";
import type { AppName, Catalog, KnownApp } from "../registry/index.ts";
import type { WorkerVersions } from "./versions.ts";

const COMPARE_MS = 5_000;

export interface DeployedOptions {
  connection: Connection;
  catalog: Catalog;
  versions: WorkerVersions;
  /** The newest version of an app: it is new, or its settings may be. */
  apply(version: Version): void;
  removed(app: AppName): void;
  /** All that was asked for is applied. */
  settled(): Promise<void>;
  log(line: string): void;
}

export class Deployed {
  readonly #options: DeployedOptions;
  /** To be read again. */
  readonly #names = new Map<string, AppName>();
  #all = true;
  #running: Promise<void> | undefined;
  /** Newest sequences of both streams, from before all was read. */
  #seen = "";
  /** Why apps cannot be run here; they are tried again. */
  readonly #problems = new Map<string, string>();
  #subscription: Subscription | undefined;
  #forget: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DeployedOptions) {
    this.#options = options;
  }

  /** Resolves once all is applied. Rejects with FarcallError. */
  async start(): Promise<void> {
    const { connection, catalog } = this.#options;
    await catalog.apps.listen();
    this.#forget = [catalog.apps.onChange((app) => void this.refresh(app))];
    this.#subscription = await connection.subscribe(subjects.scaled, (error, message) => {
      if (!error) void this.refresh(message.json<AppName>());
    });
    await this.#readAll();
    this.#all = false;
    this.#timer = setInterval(() => void this.#compare(), COMPARE_MS);
  }

  /** Resolves once the app is as it was when this was called, or newer. @param app undefined: any may have changed */
  async refresh(app?: AppName): Promise<void> {
    if (app) this.#names.set(appKey(app), app);
    else this.#all = true;
    do {
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
      await this.#running;
    } while (app && this.#names.has(appKey(app)) && !this.#all);
  }

  async #run(): Promise<void> {
    try {
      while (this.#all || this.#names.size > 0) {
        const names = [...this.#names.values()];
        this.#names.clear();
        if (this.#all) {
          this.#all = false;
          await this.#readAll();
        } else for (const name of names) await this.#read(name);
      }
    } catch (error) {
      // Until it can be read, it is compared again and again.
      this.#all = true;
      this.#options.log(`what is deployed cannot be read: ${(error as Error).message}`);
    }
  }

  async #compare(): Promise<void> {
    if (this.#running) return;
    try {
      if (this.#all || this.#problems.size > 0 || (await this.#sequences()) !== this.#seen) await this.refresh();
    } catch (error) {
      this.#options.log(`whether apps were deployed cannot be read: ${(error as Error).message}`);
    }
  }

  async #sequences(): Promise<string> {
    const { connection } = this.#options;
    return (await Promise.all([streams.apps, streams.scale].map((each) => connection.lastSequence(each)))).join();
  }

  async #readAll(): Promise<void> {
    const seen = await this.#sequences();
    for (const app of await this.#options.catalog.apps.all()) await this.#update(app);
    await this.#options.settled();
    this.#seen = seen;
  }

  async #read(name: AppName): Promise<void> {
    const app = await this.#options.catalog.apps.fresh(name);
    if (app) await this.#update(app);
    await this.#options.settled();
  }

  async #update(app: KnownApp): Promise<void> {
    const { versions, apply, removed, log } = this.#options;
    const key = appKey(app);
    try {
      const version = await versions.update(app);
      if (version) apply(version);
      else removed(app);
      this.#problems.delete(key);
    } catch (error) {
      const problem = `${app.app} (${app.environment}) cannot be run here: ${(error as Error).message}`;
      if (this.#problems.get(key) !== problem) log(problem);
      this.#problems.set(key, problem);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const forget of this.#forget) forget();
    this.#subscription?.unsubscribe();
  }
}
