/** Deployed apps with all their versions, and the RPCs that list, describe and stop them. */
import { ServerError, Status } from "nice-grpc";
import type { AppLayout, FunctionMetadata, Handlers } from "./codecs.ts";
import { dataOf, type Functions } from "./functions.ts";
import { AppState, makeId, now } from "./values.ts";

export interface AppVersion {
  /** What tells one deploy from the next: nothing changed where it is the same. */
  key: string;
  functionIds: Record<string, string>;
  classIds: Record<string, string>;
  /** What was said of each function at that time. */
  metadata: Map<string, FunctionMetadata>;
}

export interface App {
  id: string;
  name: string;
  environment: string;
  description: string;
  state: number;
  tags: Record<string, string>;
  createdAt: number;
  deployedAt: number;
  stoppedAt: number;
  version: number;
  versions: Map<number, AppVersion>;
  history: { version: number; deployedAt: number; clientVersion: string; tag: string; rollbackVersion: number }[];
}

export class Apps {
  readonly all = new Map<string, App>();
  /** Environments by name; the first is the default one. */
  readonly environments = ["main"];
  #functions: Functions;
  /** Called when the running containers of functions have to make room for a new version. */
  onReplaced: (functionIds: string[]) => void = () => {};

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  create(environment: string, description: string, state: number): App {
    const app: App = {
      id: makeId("ap"),
      name: "",
      environment: this.environment(environment),
      description,
      state,
      tags: {},
      createdAt: now(),
      deployedAt: 0,
      stoppedAt: 0,
      version: 0,
      versions: new Map(),
      history: [],
    };
    this.all.set(app.id, app);
    return app;
  }

  environment(name: string): string {
    if (!name) return this.environments[0]!;
    if (!this.environments.includes(name)) throw new ServerError(Status.NOT_FOUND, `Environment '${name}' not found`);
    return name;
  }

  need(appId: string): App {
    const app = this.all.get(appId);
    if (!app) throw new ServerError(Status.NOT_FOUND, `App ${appId} not found`);
    return app;
  }

  named(name: string, environment: string): App | undefined {
    const wanted = this.environment(environment);
    return [...this.all.values()].find(
      (app) => app.name === name && app.environment === wanted && app.state === AppState.deployed,
    );
  }

  current(app: App, version = app.version): AppVersion {
    return app.versions.get(version) ?? { key: "", functionIds: {}, classIds: {}, metadata: new Map() };
  }

  /** Makes these functions the app's new version; false where nothing differs from the present one. */
  publish(
    app: App,
    next: Pick<AppVersion, "key" | "functionIds" | "classIds">,
    about: { clientVersion: string; tag: string; rollbackVersion?: number },
  ): boolean {
    app.state = AppState.deployed;
    if (app.version > 0 && this.current(app).key === next.key) return false;
    app.version++;
    app.deployedAt = now();
    const ids = Object.values(next.functionIds);
    const metadata = new Map(ids.map((id) => [id, this.#functions.need(id).metadata]));
    app.versions.set(app.version, { ...next, metadata });
    const { version, deployedAt } = app;
    app.history.push({ rollbackVersion: 0, ...about, version, deployedAt });
    this.onReplaced(ids.flatMap((id) => this.#functions.family(id).map((fn) => fn.id)));
    return true;
  }

  stop(app: App): void {
    app.state = AppState.stopped;
    app.stoppedAt = now();
    const ids = Object.values(this.current(app).functionIds);
    this.onReplaced(ids.flatMap((id) => this.#functions.family(id).map((fn) => fn.id)));
  }

  /** A container's layout lists what its functions depend on; callers' layouts do not. */
  layout(app: App, { dependencies = false } = {}): AppLayout {
    const { functionIds, classIds, metadata } = this.current(app);
    const ids = Object.values(functionIds);
    const needed = new Set(
      dependencies
        ? ids.flatMap(
            (id) => this.#functions.need(id).definition?.objectDependencies.map((each) => each.objectId) ?? [],
          )
        : [],
    );
    return {
      functionIds,
      classIds,
      objects: [
        ...ids.map((objectId) => ({ objectId, functionHandleMetadata: metadata.get(objectId) ?? {} })),
        ...Object.values(classIds).map((objectId) => ({ objectId, classHandleMetadata: {} })),
        ...[...needed].filter((id) => !ids.includes(id)).map((objectId) => ({ objectId })),
      ],
    };
  }

  readonly rpcs = {
    appList: async ({ environmentName }) => {
      const environment = this.environment(environmentName);
      const apps = [...this.all.values()].filter((app) => app.environment === environment && app.name !== "");
      return {
        apps: apps.map((app) => ({
          appId: app.id,
          name: app.name,
          description: app.description,
          state: app.state,
          createdAt: app.createdAt,
          stoppedAt: app.stoppedAt,
          metadata: this.#handle(app),
        })),
      };
    },
    appGetByDeploymentName: async ({ name, environmentName }) => {
      const app = this.named(name, environmentName);
      return {
        environmentName: this.environment(environmentName),
        ...(app && { appId: app.id, lifecycle: lifecycle(app) }),
      };
    },
    appGetLayout: async ({ appId }) => ({ appLayout: this.layout(this.need(appId)) }),
    appGetInfo: async ({ appId }) => ({ info: this.#handle(this.need(appId)) }),
    appGetLifecycle: async ({ appId }) => ({ lifecycle: lifecycle(this.need(appId)) }),
    appGetTags: async ({ appId }) => ({ tags: this.need(appId).tags }),
    appDeploymentHistory: async ({ appId }) => {
      const app = this.need(appId);
      return {
        productionAppVersion: app.version,
        appDeploymentHistories: app.history.toReversed().map((entry) => ({
          ...entry,
          appId,
          deployedBy: "fake",
          rollbackAllowed: true,
        })),
      };
    },
    appRollback: async ({ appId, version }) => {
      const app = this.need(appId);
      const target = version < 0 ? app.version + version : version;
      if (!app.versions.has(target)) throw new ServerError(Status.NOT_FOUND, `version ${target} not found`);
      const { functionIds, classIds } = this.current(app, target);
      const key = `rollback ${target} at ${app.version}`;
      this.publish(app, { key, functionIds, classIds }, { clientVersion: "", tag: "", rollbackVersion: target });
      return {};
    },
    appStop: async ({ appId }) => {
      this.stop(this.need(appId));
      return {};
    },
    functionGet: async ({ appName, objectTag, environmentName, appVersion }) => {
      const environment = this.environment(environmentName);
      const app = this.named(appName, environment);
      if (!app) throw new ServerError(Status.NOT_FOUND, `App '${appName}' not found in environment '${environment}'`);
      if (appVersion && !app.versions.has(appVersion)) {
        throw new ServerError(Status.NOT_FOUND, `App '${appName}' has no version ${appVersion}`);
      }
      const { functionIds, metadata } = this.current(app, appVersion || app.version);
      const functionId = functionIds[objectTag];
      if (!functionId) {
        throw new ServerError(Status.NOT_FOUND, `Function '${objectTag}' not found in app '${appName}'`);
      }
      const { definition } = this.#functions.need(functionId);
      return {
        functionId,
        handleMetadata: metadata.get(functionId) ?? {},
        ...(definition && { function: dataOf(definition) }),
      };
    },
    environmentList: async () => ({
      items: this.environments.map((name, index) => ({ name, default: index === 0, environmentId: `en-${name}` })),
    }),
    environmentGetOrCreate: async ({ deploymentName }) => {
      const name = this.environment(deploymentName);
      const settings = { imageBuilderVersion: "2025.06", webhookSuffix: "" };
      return { environmentId: `en-${name}`, metadata: { name, settings } };
    },
    workspaceNameLookup: async () => ({ workspaceName: "fake", username: "fake" }),
  } satisfies Handlers;

  #handle(app: App) {
    const { functionIds } = this.current(app);
    return {
      appId: app.id,
      description: app.description,
      environmentName: app.environment,
      lifecycle: lifecycle(app),
      functions: functionIds,
    };
  }
}

function lifecycle({ state, createdAt, deployedAt, stoppedAt, version }: App) {
  return { appState: state, createdAt, createdBy: "fake", deployedAt, deployedBy: "fake", version, stoppedAt };
}
