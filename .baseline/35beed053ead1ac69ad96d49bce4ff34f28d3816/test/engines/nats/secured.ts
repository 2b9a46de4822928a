/** A server that lets each user do what its role is for and nothing else, users of every role, and workers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../../src/engine/index.ts";
import {
  initializeNats,
  natsEngine,
  newSealKey,
  newUserKey,
  type Role,
  serverConfig,
} from "../../../src/engines/nats/index.ts";
import { Worker } from "./cluster.ts";
import { NatsServer } from "./server.ts";

/** A developer deploys and calls; another caller is one of the same role. */
const USERS = {
  producer: ["producer"],
  caller: ["caller"],
  "another caller": ["caller"],
  worker: ["worker"],
  operator: ["operator"],
  developer: ["producer", "caller"],
} as const satisfies Record<string, readonly Role[]>;

export type User = keyof typeof USERS;

export interface SecuredOptions {
  workers?: number;
  /** Environment variables of the workers. */
  env?: Record<string, string>;
  /** Of the server. Default: NATS_SERVER. */
  binary?: string | undefined;
}

export class Secured {
  readonly server: NatsServer;
  readonly workers: Worker[] = [];
  readonly #folder: string;
  readonly #keys: ReadonlyMap<User, string>;
  readonly #sealKey: string;
  readonly #workerEnv: Record<string, string>;

  private constructor(
    server: NatsServer,
    folder: string,
    keys: ReadonlyMap<User, string>,
    sealKey: string,
    env: Record<string, string>,
  ) {
    this.server = server;
    this.#folder = folder;
    this.#keys = keys;
    this.#sealKey = sealKey;
    this.#workerEnv = {
      FARCALL_NATS_CREDS: this.credentials("worker"),
      FARCALL_NATS_CONTAINER_CREDS: this.credentials("another caller"),
      FARCALL_NATS_SEAL_SEED: join(folder, "seal.seed"),
      ...env,
    };
  }

  static async start({ workers = 1, env = {}, binary }: SecuredOptions = {}): Promise<Secured> {
    const folder = mkdtempSync(join(tmpdir(), "fk-"));
    const keys = new Map<User, string>();
    for (const user of Object.keys(USERS) as User[]) {
      const { publicKey, seed } = await newUserKey();
      writeFileSync(join(folder, `${user}.nk`), `${seed}\n`, { mode: 0o600 });
      keys.set(user, publicKey);
    }
    const seal = await newSealKey();
    writeFileSync(join(folder, "seal.seed"), `${seal.seed}\n`, { mode: 0o600 });
    const config = serverConfig([...keys].map(([user, publicKey]) => ({ user: publicKey, roles: USERS[user] })));
    const server = await NatsServer.start({ config, ...(binary !== undefined && { binary }) });
    const secured = new Secured(server, folder, keys, seal.publicKey, env);
    try {
      await initializeNats(server.url, { replicas: 1 }, secured.env("operator"));
      for (let i = 0; i < workers; i++) await secured.addWorker();
    } catch (error) {
      await secured[Symbol.asyncDispose]();
      throw error;
    }
    return secured;
  }

  /** The file with the user's credentials. */
  credentials(user: User): string {
    return join(this.#folder, `${user}.nk`);
  }

  publicKey(user: User): string {
    return this.#keys.get(user)!;
  }

  env(user: User): Record<string, string> {
    return { FARCALL_NATS_CREDS: this.credentials(user), FARCALL_NATS_SEAL_KEY: this.#sealKey };
  }

  engine(user: User = "developer", env: Record<string, string> = {}): Engine {
    return natsEngine(this.server.url, { ...this.env(user), ...env });
  }

  /** Resolves once it takes work. */
  async addWorker(env: Record<string, string> = {}): Promise<Worker> {
    const worker = new Worker(this.server.url, { ...this.#workerEnv, ...env });
    this.workers.push(worker);
    await worker.start();
    return worker;
  }

  /** Kills all, and starts all again. */
  async interrupt(): Promise<void> {
    await Promise.all([this.server, ...this.workers].map((each) => each.kill()));
    await this.server.start();
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [...this.workers, this.server]) await each[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
