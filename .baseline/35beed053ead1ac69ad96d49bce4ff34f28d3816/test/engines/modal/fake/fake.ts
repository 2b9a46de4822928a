/** A whole Modal on this machine: control plane, input plane, object store and containers, for tests and examples. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModalClient } from "modal";
import { type App, Apps } from "./apps.ts";
import { Blobs } from "./blobs.ts";
import { Calls } from "./calls.ts";
import type { Handlers, Method } from "./codecs.ts";
import { Containers, type Launched } from "./containers.ts";
import { type Declared, definitionOf } from "./declare.ts";
import { Deploys } from "./deploys.ts";
import { Faults } from "./faults.ts";
import { Functions } from "./functions.ts";
import { InputPlane } from "./input-plane.ts";
import { Logs } from "./logs.ts";
import type { Container } from "./model.ts";
import { Outputs } from "./outputs.ts";
import { launchPython } from "./python-container.ts";
import { RpcServer } from "./server.ts";
import { launchTypeScript } from "./typescript-container.ts";
import { makeId, makeJwt, now } from "./values.ts";

export interface FakeOptions {
  /** The Python that has `modal`, for functions that `modal deploy` brings. */
  python?: string;
  /** Environments; the first is the default one. */
  environments?: string[];
  /** Gets every line that Python containers print. */
  onPrint?: (line: string) => void;
}

export class FakeModal {
  readonly faults = new Faults();
  readonly functions = new Functions();
  readonly apps = new Apps(this.functions);
  readonly calls = new Calls(this.functions, this.faults);
  readonly outputs = new Outputs(this.calls);
  readonly blobs = new Blobs();
  readonly logs = new Logs();
  readonly deploys = new Deploys(this.apps, this.functions, this.blobs);
  readonly containers = new Containers(this.calls, (container) => this.#launch(container));
  #options: FakeOptions;
  #folder = mkdtempSync(join(tmpdir(), "fake-modal-"));
  #controlPlane: RpcServer;
  #inputPlane: RpcServer;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    if (options.environments) this.apps.environments.splice(0, 1, ...options.environments);
    this.calls.onQueued = (fn) => this.containers.wake(fn);
    this.apps.onReplaced = (functionIds) => this.containers.retire(functionIds);
    const { outputs } = this;
    const token = async () => ({ token: makeJwt({ exp: Math.floor(now()) + 3600 }) });
    const parts = [
      this.apps,
      this.functions,
      this.calls,
      this.blobs,
      this.logs,
      this.deploys,
      this.containers,
      outputs,
    ];
    const handlers: Handlers = Object.assign({ authTokenGet: token }, ...parts.map(({ rpcs }) => rpcs));
    this.#controlPlane = new RpcServer(handlers, this.faults);
    const { functionCallGetDataOut, functionCallPutDataOut } = outputs.rpcs;
    const attempts = new InputPlane(this.functions, this.calls, outputs).rpcs;
    this.#inputPlane = new RpcServer(
      { ...attempts, ...this.blobs.rpcs, functionCallGetDataOut, functionCallPutDataOut },
      this.faults,
    );
  }

  static async start(options?: FakeOptions): Promise<FakeModal> {
    const fake = new FakeModal(options);
    await Promise.all([fake.#controlPlane.start(), fake.#inputPlane.start(), fake.blobs.start()]);
    return fake;
  }

  /** The control plane's address: `MODAL_SERVER_URL`. */
  get url(): string {
    return this.#controlPlane.url;
  }

  /** For a function's metadata, whose callers then use the input plane. */
  get inputPlaneUrl(): string {
    return this.#inputPlane.url;
  }

  /** What a program needs in its environment to take the fake for Modal. */
  get env(): Record<string, string> {
    return {
      MODAL_SERVER_URL: this.url,
      MODAL_TOKEN_ID: "ak-fake",
      MODAL_TOKEN_SECRET: "as-fake",
      MODAL_CONFIG_PATH: join(this.#folder, "no-config.toml"),
    };
  }

  /** A client of the npm SDK, which reads the address from the process's environment alone. Close it. */
  connect(): ModalClient {
    const before = Object.keys(this.env).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, this.env);
    try {
      return new ModalClient();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  }

  /** How often an RPC was called since the start or the last `resetCounts`, on both planes. */
  count(method: Method): number {
    return this.counts[method] ?? 0;
  }

  get counts(): Partial<Record<Method, number>> {
    const sum = { ...this.#controlPlane.counts };
    for (const [method, count] of Object.entries(this.#inputPlane.counts) as [Method, number][]) {
      sum[method] = (sum[method] ?? 0) + count;
    }
    return sum;
  }

  resetCounts(): void {
    for (const { counts } of [this.#controlPlane, this.#inputPlane]) {
      for (const method of Object.keys(counts) as Method[]) delete counts[method];
    }
  }

  /** Deploys functions declared in TypeScript as a new version of an app. */
  deploy(name: string, declared: Record<string, Declared>, { environment = "", tag = "" } = {}): App {
    const app = this.apps.named(name, environment) ?? this.apps.create(environment, name, 0);
    app.name = name;
    const before = this.apps.current(app).functionIds;
    const functionIds: Record<string, string> = {};
    const classIds: Record<string, string> = {};
    for (const [key, each] of Object.entries(declared)) {
      const functionTag = each.isClass ? `${key}.*` : key;
      const fn = this.functions.obtain(before[functionTag], app.id, functionTag);
      this.functions.define(fn, definitionOf(functionTag, each), { declared: each });
      functionIds[functionTag] = fn.id;
      if (each.isClass) classIds[key] = makeId("cs");
    }
    this.apps.publish(app, { key: makeId("de"), functionIds, classIds }, { clientVersion: "1.6.4", tag });
    return app;
  }

  /** Both planes go away and come back at the same addresses; what they know stays. */
  async restart({ downMs = 0 } = {}): Promise<void> {
    await Promise.all([this.#controlPlane.stop(), this.#inputPlane.stop()]);
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await Promise.all([this.#controlPlane.start(), this.#inputPlane.start()]);
  }

  async stop(): Promise<void> {
    await this.containers.stop();
    await Promise.all([this.#controlPlane.stop(), this.#inputPlane.stop(), this.blobs.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #launch(container: Container): Launched {
    const { fn, taskId } = container;
    const { appId, id: functionId } = fn;
    if (fn.declared) {
      return launchTypeScript(container, fn.declared, this.url, (item) =>
        this.logs.add({ ...item, appId, functionId, taskId }),
      );
    }
    const { python, onPrint } = this.#options;
    if (!python) throw new Error(`${fn.tag} is a Python function, and this fake was started without a Python`);
    return launchPython(container, {
      python,
      url: this.url,
      folder: join(this.#folder, taskId),
      apps: this.apps,
      deploys: this.deploys,
      onPrint: (data, fileDescriptor) => {
        this.logs.add({ appId, functionId, taskId, fileDescriptor, data, functionCallId: "", inputId: "" });
        onPrint?.(data);
      },
    });
  }
}
