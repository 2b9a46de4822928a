/** The registry of the engine in memory. Apps come by `install`: it has no deployer. */
import type {
  AppRef,
  DeployEvent,
  DeploymentRecord,
  FunctionRef,
  Registry,
  ResolvedFunction,
} from "../../../src/engine/index.ts";
import { NotFoundError, SignatureMismatchError } from "../../../src/runtime/errors.ts";
import { type AppManifest, compareFunctions, type FunctionSchema, nearest } from "../../../src/schema/index.ts";
import { requestOf, type TestApp } from "../conformance/apps.ts";
import { evaluate, type Program } from "./program.ts";

export interface Version {
  manifest: AppManifest;
  program: Program;
  etag: string;
}

export class MemoryRegistry implements Registry {
  readonly #apps = new Map<string, Version[]>();
  readonly #events: DeployEvent[] = [];
  readonly #watchers = new Set<() => void>();

  install(app: TestApp): void {
    const { manifest } = requestOf(app);
    const key = `${manifest.app}\0${manifest.environment}`;
    const versions = this.#apps.get(key) ?? [];
    this.#apps.set(key, versions);
    const version = versions.length + 1;
    const etag = `${version}`;
    const deployed = { ...manifest, version, deployedAt: new Date().toISOString() };
    versions.push({ manifest: deployed, program: evaluate(app), etag });
    const sequence = this.#events.length + 1;
    this.#events.push({ sequence, kind: "deployed", app: app.name, environment: manifest.environment, version, etag });
    for (const wake of this.#watchers) wake();
  }

  async listApps({ environment }: { environment?: string } = {}) {
    return [...this.#apps.values()]
      .map((versions) => versions.at(-1)!)
      .filter(({ manifest }) => environment === undefined || manifest.environment === environment)
      .map(({ manifest, etag }) => ({
        app: manifest.app,
        environment: manifest.environment,
        version: manifest.version,
        deployedAt: manifest.deployedAt,
        functions: manifest.functions.length,
        etag,
      }));
  }

  async getManifest(ref: AppRef, { ifNotEtag }: { ifNotEtag?: string | undefined } = {}) {
    const { manifest, etag } = this.version(ref);
    return etag === ifNotEtag ? { etag } : { etag, manifest };
  }

  async resolve(ref: FunctionRef): Promise<ResolvedFunction> {
    const { version, schema } = this.function(ref);
    const { app, environment } = version.manifest;
    return { app, environment, name: schema.name, version: version.manifest.version, mode: schema.mode, schema };
  }

  async history(ref: { app: string; environment: string }): Promise<DeploymentRecord[]> {
    return this.#versions(ref)
      .map(({ manifest: { version, deployedAt, functions } }) => ({ version, deployedAt, functions: functions.length }))
      .reverse();
  }

  async *watchDeploys({
    after,
    signal,
    onReady,
  }: Parameters<Registry["watchDeploys"]>[0]): AsyncGenerator<DeployEvent> {
    let at = after ?? this.#events.length;
    onReady?.(at);
    while (!signal?.aborted) {
      const event = this.#events[at];
      if (event) {
        at++;
        yield event;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      this.#watchers.delete(resolve);
    }
  }

  version(ref: AppRef): Version {
    const versions = this.#versions(ref);
    const found = ref.version === undefined ? versions.at(-1) : versions[ref.version - 1];
    if (found) return found;
    throw new NotFoundError(`app ${ref.app} (${ref.environment}) has no version ${ref.version}`, {
      hint: `Its versions are ${versions.map(({ etag }) => etag).join(", ")}.`,
    });
  }

  function(ref: FunctionRef): { version: Version; schema: FunctionSchema } {
    const version = this.version(ref);
    const { functions, declarations } = version.manifest;
    const schema = functions.find(({ name }) => name === ref.name);
    if (!schema) {
      throw new NotFoundError(`app ${ref.app} has no function ${ref.name}`, {
        hint: `Did you mean ${nearest(
          ref.name,
          functions.map(({ name }) => name),
        ).join(" or ")}?`,
      });
    }
    if (ref.signature === undefined || ref.signature === schema.signature) return { version, schema };
    const before = this.#versions(ref)
      .flatMap(({ manifest }) => manifest.functions.map((fn) => ({ fn, declarations: manifest.declarations })))
      .find(({ fn }) => fn.name === ref.name && fn.signature === ref.signature);
    if (before && compareFunctions(before, { fn: schema, declarations }).verdict !== "breaking")
      return { version, schema };
    throw new SignatureMismatchError(`${ref.app}/${ref.name} has changed since the stub was generated`, {
      hint: "Run `npx farcall codegen`.",
    });
  }

  #versions({ app, environment }: AppRef): Version[] {
    const versions = this.#apps.get(`${app}\0${environment}`);
    if (versions) return versions;
    const known = [...this.#apps.keys()].map((key) => key.split("\0") as [string, string]);
    const elsewhere = known.filter(([name]) => name === app).map(([, where]) => where);
    const near = nearest(
      app,
      known.map(([name]) => name),
    );
    throw new NotFoundError(`no app ${app} in environment ${environment}`, {
      hint: elsewhere.length > 0 ? `It is in ${elsewhere.join(", ")}.` : `Did you mean ${near.join(" or ")}?`,
    });
  }
}
