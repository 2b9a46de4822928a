/**
 * What is deployed: one value per app and environment, with all versions that can still be called. Processes keep what they
 * have read, and are told by notices when it is out of date; the value in the store is what counts.
 */

import type { DeployEvent, DeploymentOrigin } from "../../../engine/index.ts";
import { setTimeout } from "../../../runtime/timers.ts";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { appKey, streams, subjects } from "../names.ts";
import type { ObjectRef } from "./objects.ts";
import type { PackageRef } from "./portable.ts";

/** A notice may get lost: what was read is asked for again after so long. */
const TRUSTED_MS = 10_000;
/** A replica may be behind what a notice says. */
const REPLICA_LAG_MS = 20;

export interface AppName {
  app: string;
  environment: string;
}

export interface StoredVersion {
  version: number;
  /** ISO 8601. */
  deployedAt: string;
  etag: string;
  /** Equal for deploys that change nothing. */
  fingerprint: string;
  functions: number;
  /** Of the AppManifest as JSON, of the code and of its source map. */
  manifest: ObjectRef;
  code: ObjectRef;
  sourceMap: ObjectRef;
  /** What the code imports and does not bring: workers install it. */
  packages?: PackageRef[];
  /** The secrets, sealed for the workers; absent when there are none. */
  secrets?: string;
  origin?: DeploymentOrigin;
  rollbackOf?: number;
  /** The deployer's signature of all the rest, when there were credentials: the public nkey, and base64url. */
  signature?: { by: string; value: string };
}

/** The value of an app. A removed one keeps its numbers, so that a version's number means one thing only. */
export interface StoredApp extends AppName {
  kind: DeployEvent["kind"];
  lastVersion: number;
  /** Of the newest version, or of what was removed. */
  etag: string;
  /** Oldest first; none when it is removed. */
  versions: StoredVersion[];
}

/** A value with its place in the store. */
export interface KnownApp extends StoredApp {
  sequence: number;
}

interface Cached {
  app: KnownApp | undefined;
  /** By performance.now(). */
  readAt: number;
}

/** `{ app, environment, sequence }` */
type Notice = AppName & { sequence: number };

export class Apps {
  readonly #connection: Connection;
  readonly #cached = new Map<string, Cached>();
  readonly #reading = new Map<string, Promise<KnownApp | undefined>>();
  /** What notices have said: a value that is older is out of date. */
  readonly #sequences = new Map<string, number>();
  readonly #listeners = new Set<(app: AppName | undefined) => void>();
  #subscription: Promise<Subscription> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onReconnect(() => {
      this.#cached.clear();
      for (const listener of [...this.#listeners]) listener(undefined);
    });
  }

  /** Called after each change, with `undefined` when any app may have changed. Returns the function that stops it. */
  onChange(listener: (app: AppName | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known without asking; undefined when it has to be asked for. */
  known(name: AppName): KnownApp | undefined {
    const cached = this.#cached.get(appKey(name));
    return cached && performance.now() - cached.readAt < TRUSTED_MS ? cached.app : undefined;
  }

  /** Undefined when it was never deployed. One that was removed has no versions. */
  async read(name: AppName): Promise<KnownApp | undefined> {
    await this.listen();
    const key = appKey(name);
    const cached = this.#cached.get(key);
    if (cached && performance.now() - cached.readAt < TRUSTED_MS) return cached.app;
    let reading = this.#reading.get(key);
    if (!reading) {
      reading = this.#read(name, key).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  async #read(name: AppName, key: string): Promise<KnownApp | undefined> {
    for (;;) {
      const app = await this.fresh(name);
      const sequence = app?.sequence ?? 0;
      if (sequence >= (this.#sequences.get(key) ?? 0)) {
        this.#cached.set(key, { app, readAt: performance.now() });
        return app;
      }
      await new Promise((resolve) => setTimeout(resolve, REPLICA_LAG_MS));
    }
  }

  /** As it is in the store. */
  async fresh(name: AppName): Promise<KnownApp | undefined> {
    const message = await this.#connection.readNewest(streams.apps, { last_by_subj: subjects.app(name) });
    return message && parse(message);
  }

  /** Every app that was ever deployed. */
  async all(): Promise<KnownApp[]> {
    await this.listen();
    const keys = await this.#connection.ask(async ({ jsm }) => {
      const info = await jsm.streams.info(streams.apps, { subjects_filter: subjects.apps });
      return Object.keys(info.state.subjects ?? {});
    });
    const apps = await Promise.all(
      keys.map(async (subject) => {
        const message = await this.#connection.readNewest(streams.apps, { last_by_subj: subject });
        return message && parse(message);
      }),
    );
    return apps.filter((app) => app !== undefined);
  }

  /** Stores the next value of an app, if nobody has changed it since `previous`. Rejects with a conflict otherwise. */
  async write(app: StoredApp, previous: KnownApp | undefined): Promise<KnownApp> {
    const { seq } = await this.#connection.append(subjects.app(app), JSON.stringify(app), {
      lastSubjectSequence: previous?.sequence ?? 0,
    });
    const { app: name, environment } = app;
    const notice: Notice = { app: name, environment, sequence: seq };
    this.#noticed(notice);
    this.#connection.publish(subjects.deployed, JSON.stringify(notice));
    return { ...app, sequence: seq };
  }

  /** The first change after a sequence. */
  async after(sequence: number): Promise<KnownApp | undefined> {
    const message = await this.#connection.read(streams.apps, { seq: sequence + 1, next_by_subj: subjects.apps });
    return message && parse(message);
  }

  /** Of the newest change. */
  lastSequence(): Promise<number> {
    return this.#connection.lastSequence(streams.apps);
  }

  /** Notices come from now on. */
  async listen(): Promise<void> {
    const subscribing = this.#subscription;
    if (subscribing && !(await subscribing).isClosed()) return;
    if (this.#subscription !== subscribing) return this.listen();
    this.#subscription = this.#connection.subscribe(subjects.deployed, (_error, message) => this.#onNotice(message));
    this.#subscription.catch(() => {
      this.#subscription = undefined;
    });
    await this.#subscription;
    this.#cached.clear();
  }

  #onNotice(message: Msg): void {
    this.#noticed(message.json<Notice>());
  }

  #noticed({ app, environment, sequence }: Notice): void {
    const key = appKey({ app, environment });
    if (sequence <= (this.#sequences.get(key) ?? 0)) return;
    this.#sequences.set(key, sequence);
    const cached = this.#cached.get(key);
    if (cached && (cached.app?.sequence ?? 0) < sequence) this.#cached.delete(key);
    for (const listener of [...this.#listeners]) listener({ app, environment });
  }
}

function parse(message: { seq: number; json<T>(): T }): KnownApp {
  return { ...message.json<StoredApp>(), sequence: message.seq };
}
